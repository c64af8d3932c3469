"""The BED files that a command is given: read by one set of rules, and counted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from regtrack.errors import InputError
from regtrack.genome.bed import BedRows, Rules, read_rows
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.row_counts import RowCounts, sentences
from regtrack.notes import note


def read_peaks(path: Path, chrom_sizes: Mapping[str, int], clip: bool) -> BedRows:
    """Read measured peaks, without mitochondria; raises what `read_rows` does.

    For worker processes, whose counts are their parent's to tell.
    """
    return read_rows(path, chrom_sizes, Rules(clip, can_clip=True, mitochondria="left out"))


class BedFiles:
    """Reads BED files that lie on one genome, and tells in the end what it left out of them.

    Parameters
    ----------
    chrom_sizes
        Length of every chromosome of the genome, in bases.
    clip
        As `Rules.clip`.
    """

    def __init__(self, chrom_sizes: Mapping[str, int], clip: bool = False) -> None:
        self._chrom_sizes = chrom_sizes
        self._clip = clip
        self._counts: dict[str, list[RowCounts]] = {}

    def peaks(self, path: Path) -> dict[str, IntervalSet]:
        """Measured peaks, without mitochondria; raises what `read_rows` does."""
        return self._intervals("peaks", read_peaks(path, self._chrom_sizes, self._clip))

    def excluded(self, path: Path) -> dict[str, IntervalSet]:
        """Regions that do not count; those of mitochondria end where the genome's does.

        Raises
        ------
        InputError
            As `read_rows`; also when there is none.
        """
        rules = Rules(self._clip, can_clip=True, mitochondria="clipped")
        rows = read_rows(path, self._chrom_sizes, rules)
        if not rows.intervals:
            raise InputError(path, "holds no region to exclude; is it complete?")
        return self._intervals("excluded regions", rows)

    def regions(self, path: Path) -> dict[str, IntervalSet]:
        """Regions that are asked for.

        Raises
        ------
        InputError
            As `read_rows`; also when there is none.
        """
        rows = read_rows(path, self._chrom_sizes, Rules(self._clip, can_clip=True))
        if not rows.intervals:
            raise InputError(path, "holds no region; expected a BED file")
        return self._intervals("regions", rows)

    def count_peaks(self, counts: RowCounts) -> None:
        """Count what a worker process read."""
        self._counts.setdefault("peaks", []).append(counts)

    def tell(self) -> None:
        """Tell what was left out or clipped, of all files together; what was told is forgotten."""
        for what, counted in self._counts.items():
            for text in sentences(counted, what):
                note(text)
        self._counts.clear()

    def _intervals(self, what: str, rows: BedRows) -> dict[str, IntervalSet]:
        self._counts.setdefault(what, []).append(rows.counts)
        return rows.intervals
