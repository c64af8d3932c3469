"""Which markers are predicted, and where: found without torch, which takes seconds to load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from regtrack.errors import InputError
from regtrack.genome.fasta import Genome
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.intervals import Regions
from regtrack.genome.markers import Marker, select_markers
from regtrack.genome.regions import merged, regions_by_text
from regtrack.genome.unknown_sequence import note_unknown, nothing_but_n
from regtrack.models.header import read_table
from regtrack.models.trained_genome import check_assembly
from regtrack.tracks.bbi import LONGEST_CHROM


@dataclass(frozen=True)
class Scope:
    """What a user asked to have predicted, found in a checkpoint and a genome.

    Parameters
    ----------
    model
        Path of the checkpoint.
    genome
        The FASTA file, opened.
    any_genome
        Whether it may be another one than the model was trained on.
    regions
        As typed.
    clip
        As `regtrack.genome.bed.Rules`, for all BED files.
    markers
        In the checkpoint's order.
    asked
        The bases of the regions, per chromosome in the genome's order.
    targets
        Those of them that are not N.
    """

    model: Path
    genome: Genome
    any_genome: bool
    regions: tuple[str, ...]
    clip: bool
    markers: tuple[Marker, ...]
    asked: Regions
    targets: Regions


@dataclass(frozen=True)
class KnownBases:
    """What was found in a genome before, which takes a while, and need not be found again.

    Parameters
    ----------
    asked, targets
        As `Scope`.
    sequence
        SHA-256 of the targets' sequence, as a job has it; None where it is to be read again.
    """

    asked: Regions
    targets: Regions
    sequence: str | None = None


def find_scope(
    model: Path,
    genome: Path,
    regions: Sequence[str],
    marker_patterns: Sequence[str],
    *,
    any_genome: bool = False,
    genes: Path | None = None,
    clip: bool = False,
    known: KnownBases | None = None,
) -> Scope:
    """Find the markers and the regions that a user asked for.

    Parameters
    ----------
    regions
        As typed: `chr22`, `chr22:1,000-2,000`, `COMT+-50kb`, `all`, or the path of a BED file.
    marker_patterns
        As `regtrack.genome.markers.select_markers`.
    any_genome
        Accept a genome that the model was not trained on.
    genes
        As `regtrack.genome.gene_regions.GeneRegions` takes its table.
    clip
        As `regtrack.genome.bed.Rules`, for all BED files.
    known
        What was found of the regions before.

    Raises
    ------
    InputError
        For anything that cannot be used.
    """
    table = read_table(model)
    source = Genome(genome)
    sizes = source.chrom_sizes
    check_assembly(model, table, genome, sizes, any_genome)
    for chrom, size in sizes.items():
        if size > LONGEST_CHROM:
            raise InputError(
                genome, f"{chrom} has {size:,} bases; BigWig files count to {LONGEST_CHROM:,}"
            )
    markers = select_markers(table.markers, marker_patterns)
    if known is None:
        typed = regions_by_text(regions, sizes, clip, GeneRegions(genes, sizes))
        asked = merged(typed.values(), sizes)
        known = KnownBases(asked, source.known(asked))
        if known.targets:
            note_unknown(typed, known.targets, source)
    if not known.targets:
        raise InputError(" ".join(regions), nothing_but_n(known.asked, source))
    return Scope(
        model, source, any_genome, tuple(regions), clip, tuple(markers), known.asked, known.targets
    )
