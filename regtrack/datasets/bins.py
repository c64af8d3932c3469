"""Samples of the short task: bins with a peak of a factor, labelled by majority."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from regtrack.datasets.settings import SPLITS
from regtrack.datasets.short import Samples
from regtrack.datasets.windows import Windows
from regtrack.genome.intervals import IntervalSet, Positions, cut
from regtrack.genome.markers import Marker
from regtrack.genome.short_input import BIN, FLANK

_FACTOR = "TFBS"


def deciding(markers: Iterable[Marker]) -> tuple[bool, ...]:
    """Per marker, whether its peaks make a bin a sample: TFBS, as in the paper; all without any."""
    factors = tuple(marker.category == _FACTOR for marker in markers)
    return factors if any(factors) else (True,) * len(factors)


def mostly_covered(intervals: IntervalSet, length: int) -> Positions:
    """Bins of `length` bases of which more than half lies in the intervals, ascending."""
    bins, starts, ends = cut(intervals, length)
    if not len(bins):
        return bins
    opens = np.flatnonzero(np.diff(bins, prepend=-1))
    covered = np.add.reduceat(ends - starts, opens)
    mostly: Positions = bins[opens][2 * covered > length]
    return mostly


def label_bins(
    peaks: Iterable[Mapping[str, IntervalSet]],
    decides: Sequence[bool],
    splits: Mapping[str, Windows],
    chrom_sizes: Mapping[str, int],
) -> dict[str, Samples]:
    """The bins of kept windows that a deciding marker covers by more than half, and their labels.

    A bin whose input would reach past its chromosome's ends, or near bins of another split,
    is left out. What is held in memory grows with the positive labels, not with bins times markers.

    Parameters
    ----------
    peaks
        Per marker, the intervals of each chromosome that has any.
    decides
        Per marker, as `deciding` gives it.
    splits
        Windows whose length is a multiple of the bin's: a bin belongs to the split of its
        window, as neighbours share most of their inputs.
    """
    counts = [-(-size // BIN) for size in chrom_sizes.values()]
    first = np.array(list(accumulate(counts, initial=0)), dtype=np.int64)
    split_of = _split_of_bins(splits, chrom_sizes, first)
    wanted = np.zeros(len(split_of), dtype=bool)
    positives: list[npt.NDArray[np.uint32]] = []
    for makes_samples, by_chrom in zip(decides, peaks, strict=True):
        positions = [
            first[number] + mostly_covered(by_chrom[chrom], BIN)
            for number, chrom in enumerate(chrom_sizes)
            if chrom in by_chrom
        ]
        positive = np.concatenate(positions or [np.zeros(0, np.int64)])
        positive = positive[split_of[positive] >= 0]
        positives.append(positive.astype(np.uint32))
        if makes_samples:
            wanted[positive] = True

    kept = np.flatnonzero(wanted)
    row_of = np.zeros(len(wanted), dtype=np.uint32)
    row_of[kept] = np.arange(len(kept))
    packed = np.zeros((len(kept), -(-len(positives) // 8)), dtype=np.uint8)
    for marker, positive in enumerate(positives):
        # As np.packbits does it: the first marker in the highest bit.
        packed[row_of[positive[wanted[positive]]], marker // 8] |= 128 >> marker % 8
    chrom = np.searchsorted(first, kept, side="right") - 1
    bins = np.column_stack((chrom, (kept - first[chrom]) * BIN)).astype(np.uint32)
    chosen = {name: split_of[kept] == number for number, name in enumerate(SPLITS)}
    return {name: Samples(packed[rows], bins=bins[rows]) for name, rows in chosen.items()}


def _split_of_bins(
    splits: Mapping[str, Windows], chrom_sizes: Mapping[str, int], first: npt.NDArray[np.int64]
) -> npt.NDArray[np.int8]:
    """Split of every bin of the genome; -1 for those that are no samples."""
    split_of = np.full(int(first[-1]), -1, dtype=np.int8)
    for number, name in enumerate(SPLITS):
        windows = splits[name]
        begin = first[windows.chrom] + windows.start // BIN
        split_of[begin[:, None] + np.arange(windows.length // BIN)] = number
    for number, size in enumerate(chrom_sizes.values()):
        here = split_of[first[number] : first[number + 1]]
        _drop_shared(here)
        starts = np.arange(len(here)) * BIN
        here[(starts < FLANK) | (starts + BIN + FLANK > size)] = -1
    return split_of


def _drop_shared(split_of: npt.NDArray[np.int8]) -> None:
    """Drop the bins of a chromosome whose inputs may share sequence with another split's.

    An input reaches `FLANK` bases beyond its bin, and training may move it by half a bin.
    """
    before = split_of.copy()
    for away in range(1, -(-(FLANK + BIN // 2) // BIN) + 1):
        left, right = before[:-away], before[away:]
        near = (left >= 0) & (right >= 0) & (left != right)
        split_of[:-away][near] = -1
        split_of[away:][near] = -1
