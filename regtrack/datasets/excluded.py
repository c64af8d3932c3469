"""The bases that windows should hold few of: BED files, and what cannot be mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from regtrack.errors import InputError
from regtrack.genome.assemblies import describe, describe_other
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.genome.names import nothing_in_common, resolve_chrom
from regtrack.tracks.bigwig_sections import BigWigSections


class Excluded:
    """Excluded bases, given one chromosome at a time: mappability is a large file.

    Parameters
    ----------
    exclude
        BED files.
    mappability
        BigWig. On the chromosomes that it has, bases with a value under `minimum`, or
        without one, are excluded.
    chrom_sizes
        Length of every chromosome of the genome, in bases.
    clip
        As `regtrack.genome.bed.Rules`, for BED files.

    Raises
    ------
    InputError
        As `BedFiles.excluded`; when the BigWig is none, has no
        chromosome in common with the genome, or one of another length.
    """

    def __init__(
        self,
        exclude: Sequence[Path],
        mappability: Path | None,
        minimum: float,
        chrom_sizes: Mapping[str, int],
        clip: bool = False,
    ) -> None:
        files = BedFiles(chrom_sizes, clip)
        self._listed = [files.excluded(path) for path in exclude]
        files.tell()
        self._mappability = mappability
        self._minimum = minimum
        self._chrom_sizes = chrom_sizes
        self._spelling: dict[str, str] = {}
        if mappability is not None:
            with BigWigSections(mappability) as reader:
                self._spelling = _common(mappability, reader.chrom_sizes, chrom_sizes)

    def on(self, chrom: str) -> IntervalSet:
        """The excluded bases of a chromosome."""
        sets = [one[chrom] for one in self._listed if chrom in one]
        if self._mappability is not None and chrom in self._spelling:
            size = self._chrom_sizes[chrom]
            with BigWigSections(self._mappability) as reader:
                mapped = reader.at_least(Interval(self._spelling[chrom], 0, size), self._minimum)
            sets.append(IntervalSet.of([0], [size]).minus(mapped))
        return IntervalSet.union(sets)


def _common(path: Path, found: Mapping[str, int], chrom_sizes: Mapping[str, int]) -> dict[str, str]:
    """The file's spelling of each chromosome of the genome that it has."""
    spelling = {}
    for name, size in found.items():
        chrom = resolve_chrom(name, chrom_sizes)
        if chrom is None:
            continue
        if size != chrom_sizes[chrom]:
            raise InputError(
                path,
                f"is of {describe(found, name)}, but the genome is "
                f"{describe_other(chrom_sizes, chrom, found)}",
            )
        spelling[chrom] = name
    if not spelling:
        raise nothing_in_common(path, found, chrom_sizes)
    return spelling
