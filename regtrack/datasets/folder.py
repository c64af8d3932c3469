"""Dataset folders as a training opens them: in seconds, with labels left on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from regtrack.datasets.arrays import REMEDY
from regtrack.datasets.contents import CONTENTS, Contents
from regtrack.datasets.dataset import Dataset
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.labels import LABEL_FILES, IntervalLabels
from regtrack.datasets.settings import SPLITS
from regtrack.datasets.short import ShortDataset, check_samples, open_samples, sample_paths
from regtrack.datasets.tables import KNOWN, WINDOWS, read_windows
from regtrack.datasets.windows import Windows
from regtrack.errors import InputError
from regtrack.genome.assemblies import describe, describe_other
from regtrack.genome.fasta import Genome
from regtrack.paths import from_text


def open_dataset(path: Path, genome: Path | None = None, *, checked: bool = False) -> Dataset:
    """Open a dataset folder that `regtrack prepare` made.

    All of its files are read, which takes some seconds per GB, and compared with the checksums
    and the sizes in `dataset.json`.

    Parameters
    ----------
    genome
        FASTA to read instead of the one that the folder names: it may have moved. A
        dataset from the DeepSEA files needs none.
    checked
        Do not read the arrays, as another process checks them; only their types and shapes
        are checked.

    Raises
    ------
    InputError
        When the folder is no dataset, is of a newer format or damaged; when the FASTA is
        missing, has other chromosomes, or another sequence in the validation windows.
    """
    contents = Contents.read(path)
    splits: dict[str, Windows] = {}
    opened = None
    if contents.genome is not None:
        contents.check_file(path / WINDOWS)
        splits = read_windows(path, contents.chrom_sizes)
        opened = _open_genome(path, contents, splits, genome or _genome_of(path, contents.genome))
    known = contents.known()
    if contents.task == "dense" and opened is not None:
        _check_windows(path, contents, splits)
        labels = IntervalLabels.open(path, contents.chrom_sizes, known)
        for name in () if checked else LABEL_FILES:
            contents.check_file(path / name)
        if not checked:
            labels.check()
        return DenseDataset(
            path,
            contents.markers,
            contents.assembly,
            contents.chrom_sizes,
            opened,
            contents.digest,
            contents.window,
            labels,
            splits,
        )
    samples = open_samples(path, len(contents.markers), from_genome=opened is not None)
    if not checked:
        for file in sample_paths(path, from_genome=opened is not None):
            contents.check_file(file)
        check_samples(path, samples, contents.chrom_sizes)
    return ShortDataset(
        path,
        contents.markers,
        contents.assembly,
        contents.chrom_sizes,
        opened,
        contents.digest,
        known,
        samples,
    )


def _check_windows(path: Path, contents: Contents, splits: Mapping[str, Windows]) -> None:
    """Refuse tables that are not of one dataset."""
    contents.check_file(path / KNOWN)
    length = splits[SPLITS[0]].length
    if length != contents.window:
        raise InputError(
            path / WINDOWS,
            f"has windows of {length:,} bases, but {CONTENTS} names {contents.window:,}; {REMEDY}",
        )


def _genome_of(folder: Path, genome: str) -> Path:
    """Path of the FASTA that `dataset.json` names, relative to the folder or absolute."""
    return from_text(os.path.normpath(folder.resolve() / genome))


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
            f"made with another genome: {fasta} {problem}; run regtrack prepare again",
        )
    return genome


def _other_sizes(sizes: Mapping[str, int], contents: Contents) -> str:
    """`is hg38 (chr1 has ... bases), not hg19 (...)`: the first difference, or nothing."""
    expected = contents.chrom_sizes
    for chrom, size in expected.items():
        if chrom not in sizes:
            return f"has no {chrom}"
        if sizes[chrom] != size:
            there = describe_other(expected, chrom, sizes, contents.assembly)
            return f"is {describe(sizes, chrom)}, not {there}"
    more = [chrom for chrom in sizes if chrom not in expected]
    return f"has {more[0]}, which was not there" if more else ""
