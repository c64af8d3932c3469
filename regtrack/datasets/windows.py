"""Windows of one length on a genome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regtrack.genome.intervals import Interval, IntervalSet, Positions


@dataclass(frozen=True)
class Windows:
    """Windows of one length, in the order of the genome.

    Parameters
    ----------
    chroms
        Names of all chromosomes of the genome.
    chrom
        int64 (n,): each window's chromosome, as index into `chroms`.
    start
        int64 (n,): its first base, 0-based.
    length
        Bases of each window.

    Raises
    ------
    ValueError
        When the arrays differ in shape, or a window is out of order or given twice.
    """

    chroms: tuple[str, ...]
    chrom: Positions
    start: Positions
    length: int

    def __post_init__(self) -> None:
        if self.chrom.shape != self.start.shape or self.chrom.ndim != 1:
            raise ValueError("chrom and start must be flat arrays of one length")
        later = self.chrom[1:] > self.chrom[:-1]
        behind = self.start[1:] >= self.start[:-1] + self.length
        if np.any((self.chrom[1:] < self.chrom[:-1]) | ~(later | behind)):
            raise ValueError("windows must be sorted and must not overlap")

    @classmethod
    def grid(cls, chrom_sizes: Mapping[str, int], length: int) -> Windows:
        """All windows that begin at a multiple of `length` and end inside their chromosome."""
        counts = np.array([size // length for size in chrom_sizes.values()], dtype=np.int64)
        chrom = np.repeat(np.arange(len(counts)), counts)
        number = np.arange(len(chrom)) - np.repeat(np.cumsum(counts) - counts, counts)
        return cls(tuple(chrom_sizes), chrom, number * length, length)

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.start)

    def __getitem__(self, index: int) -> Interval:
        start = int(self.start[index])
        return Interval(self.chroms[int(self.chrom[index])], start, start + self.length)

    def choose(self, choice: npt.NDArray[np.bool_] | Positions) -> Windows:
        """Some of the windows, by a bool or by ascending numbers."""
        return Windows(self.chroms, self.chrom[choice], self.start[choice], self.length)

    def on(self, number: int) -> slice:
        """Slice of the windows on the chromosome `chroms[number]`."""
        first, last = np.searchsorted(self.chrom, [number, number + 1])
        return slice(int(first), int(last))

    def regions(self) -> dict[str, IntervalSet]:
        """Union of the windows, per chromosome that has any, in the genome's order."""
        regions = {}
        for number, name in enumerate(self.chroms):
            starts = self.start[self.on(number)]
            if len(starts):
                regions[name] = IntervalSet.of(starts, starts + self.length)
        return regions

    def count(self, bases: Callable[[str], IntervalSet]) -> Positions:
        """Per window, how many of its bases lie in `bases(chromosome)`; int64 (n,)."""
        counts = np.zeros(len(self), dtype=np.int64)
        for number, name in enumerate(self.chroms):
            here = self.on(number)
            starts = self.start[here]
            if len(starts):
                inside = bases(name)
                counts[here] = inside.bases_before(starts + self.length)
                counts[here] -= inside.bases_before(starts)
        return counts
