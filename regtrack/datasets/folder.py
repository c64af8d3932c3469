"""Dataset folders as a training opens them: in seconds, with labels left on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from regtrack.datasets.contents import Contents
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.labels import IntervalLabels
from regtrack.datasets.settings import SPLITS
from regtrack.datasets.short import ShortDataset, open_samples
from regtrack.datasets.tables import read_windows
from regtrack.datasets.windows import Windows
from regtrack.errors import InputError
from regtrack.genome.assemblies import describe, describe_other
from regtrack.genome.fasta import Genome

__all__ = ["SPLITS", "DenseDataset", "ShortDataset", "Windows", "open_dataset"]


def open_dataset(path: Path, genome: Path | None = None) -> DenseDataset | ShortDataset:
    """Open a dataset folder that `regtrack prepare` made.

    Parameters
    ----------
    genome
        FASTA to read instead of the one that the folder names: it may have moved. What
        comes from the DeepSEA files needs none.

    Raises
    ------
    InputError
        When the folder is no dataset, is of a newer format or damaged; when the FASTA is
        missing, has other chromosomes, or another sequence in the validation windows.
    """
    contents = Contents.read(path)
    if contents.genome is None:
        return ShortDataset(
            path,
            contents.markers,
            contents.assembly,
            contents.chrom_sizes,
            None,
            contents.digest,
            contents.known(),
            open_samples(path, len(contents.markers), from_genome=False),
        )
    splits = read_windows(path, contents.chrom_sizes)
    opened = _open_genome(path, contents, splits, genome or Path(contents.genome))
    if contents.task == "dense":
        return DenseDataset(
            path,
            contents.markers,
            contents.assembly,
            contents.chrom_sizes,
            opened,
            contents.window,
            IntervalLabels.open(path, contents.chrom_sizes, contents.known()),
            contents.digest,
            splits,
        )
    return ShortDataset(
        path,
        contents.markers,
        contents.assembly,
        contents.chrom_sizes,
        opened,
        contents.digest,
        contents.known(),
        open_samples(path, len(contents.markers), from_genome=True),
    )


def _open_genome(
    path: Path, contents: Contents, splits: Mapping[str, Windows], fasta: Path
) -> Genome:
    """The genome, if it is the one that the dataset was made with."""
    if not fasta.exists():
        raise InputError(
            path,
            f"made with {fasta}, which is missing; --genome says where the FASTA lies now",
        )
    genome = Genome(fasta)
    problem = _other_sizes(genome.chrom_sizes, contents)
    if not problem and genome.digest(splits["valid"].regions()) != contents.sequence:
        problem = "has another sequence in the validation windows"
    if problem:
        raise InputError(
            path,
            f"made with another genome: {fasta} {problem}; regtrack prepare makes it anew",
        )
    return genome


def _other_sizes(found: Mapping[str, int], contents: Contents) -> str:
    """`is hg38 (chr1 has ... bases), not hg19 (...)`: the first difference, or nothing."""
    expected = contents.chrom_sizes
    for chrom, size in expected.items():
        if chrom not in found:
            return f"has no {chrom}"
        if found[chrom] != size:
            there = describe_other(expected, chrom, found, contents.assembly)
            return f"is {describe(found, chrom)}, not {there}"
    more = [chrom for chrom in found if chrom not in expected]
    return f"has {more[0]}, which was not there" if more else ""
