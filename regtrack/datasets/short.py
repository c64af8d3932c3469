"""The dataset of the short task: 1,000-base inputs, each with one label per marker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from regtrack.datasets.arrays import REMEDY, Array, open_array, pieces_of, save_array
from regtrack.datasets.dataset import Dataset
from regtrack.datasets.settings import SPLITS
from regtrack.errors import InputError
from regtrack.genome.fasta import BASES
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.short_input import BIN, FLANK, LENGTH

Numbers = npt.NDArray[np.int64]
_PIECE = 1 << 14


@dataclass(frozen=True)
class Samples:
    """The samples of one split, as they are on disk.

    Parameters
    ----------
    labels
        uint8 (n, markers / 8 rounded up): `np.packbits` of the labels.
    bins
        uint32 (n, 2): chromosome and start of the labelled bin, sorted; or None.
    codes
        uint8 (n, 1000): N=0 A=1 C=2 T=3 G=4; or None.

    Raises
    ------
    ValueError
        Unless there are bins or codes, as many as labels.
    """

    labels: Array
    bins: Array | None = None
    codes: Array | None = None

    def __post_init__(self) -> None:
        inputs = self.bins if self.codes is None else self.codes
        if inputs is None or len(inputs) != len(self.labels):
            raise ValueError("expected one input per row of labels")

    def save(self, folder: Path, split: str) -> None:
        """Write bins and labels, as `open_samples` reads them."""
        save_array(labels_path(folder, split), self.labels)
        if self.bins is not None:
            save_array(bins_path(folder, split), self.bins)


def labels_path(folder: Path, split: str) -> Path:
    """The file of a split's labels."""
    return folder / f"{split}.labels.npy"


def bins_path(folder: Path, split: str) -> Path:
    """The file of a split's bins, where its inputs come from a genome."""
    return folder / f"{split}.bins.npy"


def codes_path(folder: Path, split: str) -> Path:
    """The file of a split's coded inputs, where they do not come from a genome."""
    return folder / f"{split}.codes.npy"


def sample_paths(folder: Path, from_genome: bool) -> list[Path]:
    """The files of the arrays of all splits."""
    inputs = bins_path if from_genome else codes_path
    return [path(folder, split) for split in SPLITS for path in (inputs, labels_path)]


def open_samples(folder: Path, markers: int, from_genome: bool) -> dict[str, Samples]:
    """Open the arrays of all splits without reading them.

    Raises
    ------
    InputError
        When an array is missing or damaged, as far as that shows without reading it;
        `check_samples` reads them.
    """
    return {split: _open_split(folder, split, markers, from_genome) for split in SPLITS}


def _open_split(folder: Path, split: str, markers: int, from_genome: bool) -> Samples:
    path = bins_path(folder, split) if from_genome else codes_path(folder, split)
    if from_genome:
        inputs = open_array(path, np.uint32, (None, 2))
    else:
        inputs = open_array(path, np.uint8, (None, LENGTH))
    labels = open_array(labels_path(folder, split), np.uint8, (len(inputs), -(-markers // 8)))
    return Samples(labels, bins=inputs) if from_genome else Samples(labels, codes=inputs)


def check_samples(
    folder: Path, samples: Mapping[str, Samples], chrom_sizes: Mapping[str, int]
) -> None:
    """Read and check the inputs of all splits.

    Raises
    ------
    InputError
        For a bin that does not lie on its chromosome, or a code of no base.
    """
    sizes = np.array(list(chrom_sizes.values()), dtype=np.int64)
    for split, of_split in samples.items():
        for bins in () if of_split.bins is None else pieces_of(of_split.bins):
            chrom, start = bins.astype(np.int64).T
            if np.any(chrom >= len(sizes)) or np.any(start + BIN > sizes[chrom]):
                raise InputError(
                    bins_path(folder, split),
                    f"damaged (a bin that lies on no chromosome of the genome); {REMEDY}",
                )
        for codes in () if of_split.codes is None else pieces_of(of_split.codes):
            if np.any(codes >= len(BASES)):
                raise InputError(
                    codes_path(folder, split),
                    f"damaged (a code above {len(BASES) - 1}, which is not a base); {REMEDY}",
                )


@dataclass(frozen=True)
class ShortDataset(Dataset):
    """Inputs and their labels.

    Parameters
    ----------
    known
        bool (chromosomes, markers): False where absence of a peak says nothing.
    splits
        Samples by split.
    """

    task: ClassVar[str] = "short"

    window: int = field(default=LENGTH, init=False)
    known: npt.NDArray[np.bool_]
    splits: Mapping[str, Samples]

    def size(self, split: str) -> int:
        """Number of samples."""
        return len(self.splits[split].labels)

    def regions(self, split: str) -> dict[str, IntervalSet] | None:
        """The bases of a split's inputs, per chromosome that has any, in the genome's order.

        None for the DeepSEA files, which do not say where their inputs are from.
        """
        bins = self.splits[split].bins
        if bins is None:
            return None
        numbers, starts = np.asarray(bins, dtype=np.int64).T
        regions = {}
        for number, (chrom, size) in enumerate(self.chrom_sizes.items()):
            first, last = np.searchsorted(numbers, [number, number + 1])
            here = starts[first:last]
            if len(here):
                ends = np.minimum(here + BIN + FLANK, size)
                regions[chrom] = IntervalSet.of(np.maximum(here - FLANK, 0), ends)
        return regions

    def codes(
        self, split: str, indices: npt.ArrayLike, shifts: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.uint8]:
        """Coded inputs of some samples.

        Parameters
        ----------
        indices
            int (n,): which samples.
        shifts
            int (n,): bases by which each input is moved to the right; the labels stay. What
            lies outside the chromosome is N.

        Returns
        -------
        uint8 array (n, 1000)
            N=0 A=1 C=2 T=3 G=4.

        Raises
        ------
        ValueError
            For shifts where there is no genome to read from.
        """
        chosen = np.asarray(indices, dtype=np.int64)
        samples = self.splits[split]
        if self.genome is None or samples.bins is None:
            if shifts is not None:
                raise ValueError("these inputs come without a genome and cannot be moved")
            assert samples.codes is not None  # `Samples` has bins or codes
            return np.array(samples.codes[chosen])
        chroms = list(self.chrom_sizes)
        moved = np.broadcast_to(np.asarray(0 if shifts is None else shifts), chosen.shape)
        codes = np.zeros((len(chosen), LENGTH), dtype=np.uint8)
        places = samples.bins[chosen].tolist()
        for row, ((chrom, start), shift) in enumerate(zip(places, moved.tolist(), strict=True)):
            first = start - FLANK + shift
            codes[row] = self.genome.codes(chroms[chrom], first, first + LENGTH)
        return codes

    def labels(self, split: str, indices: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Labels of some samples; uint8 (n, markers) of 0 and 1."""
        packed = self.splits[split].labels[np.asarray(indices, dtype=np.int64)]
        return np.unpackbits(packed, axis=1, count=len(self.markers))

    def known_markers(self, split: str, indices: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Which labels of some samples are known; bool (n, markers)."""
        chosen = np.asarray(indices, dtype=np.int64)
        bins = self.splits[split].bins
        if bins is None:
            return np.ones((len(chosen), len(self.markers)), dtype=bool)
        known: npt.NDArray[np.bool_] = self.known[bins[chosen, 0]]
        return known

    def base_rates(self, split: str) -> npt.NDArray[np.float64]:
        """Share of the samples that are positive; see `Dataset`."""
        positive = np.zeros(len(self.markers), dtype=np.int64)
        counted = np.zeros(len(self.markers), dtype=np.int64)
        for indices in self._pieces(split):
            known = self.known_markers(split, indices)
            positive += (self.labels(split, indices) & known).sum(axis=0, dtype=np.int64)
            counted += known.sum(axis=0, dtype=np.int64)
        shares: npt.NDArray[np.float64] = positive / np.maximum(counted, 1)
        return shares

    def _pieces(self, split: str) -> Iterator[Numbers]:
        """Numbers of all samples, some at a time."""
        size = self.size(split)
        for first in range(0, size, _PIECE):
            yield np.arange(first, min(first + _PIECE, size))
