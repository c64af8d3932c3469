"""Random training windows from the known parts of some regions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from regtrack.errors import InputError
from regtrack.genome.intervals import EMPTY, IntervalSet

# The paper drops a window when more than a tenth of it is N.
MAX_UNKNOWN = 0.1


class RandomWindows:
    """Draws window starts, each allowed start of all regions being equally likely.

    A window lies wholly inside a region, starts at a multiple of the network's stride,
    and is N in at most a tenth of its bases.

    Parameters
    ----------
    regions
        Where windows may lie, per chromosome.
    known
        The bases of these regions that are not N.
    length, stride
        Of a window, in bases.

    Raises
    ------
    InputError
        When no window fits.
    """

    def __init__(
        self,
        regions: Mapping[str, IntervalSet],
        known: Mapping[str, IntervalSet],
        length: int,
        stride: int,
    ) -> None:
        self._length = length
        self._stride = stride
        self._starts: dict[str, IntervalSet] = {}
        for chrom, intervals in regions.items():
            firsts: list[int] = []
            lasts: list[int] = []
            for start, end in intervals:
                steps = np.arange(-(-start // stride), (end - length) // stride + 1)
                positions = steps * stride
                here = known.get(chrom, EMPTY)
                bases = here.bases_before(positions + length) - here.bases_before(positions)
                allowed = np.zeros(len(steps) + 2, dtype=bool)
                allowed[1:-1] = bases >= (1 - MAX_UNKNOWN) * length
                edges = np.flatnonzero(allowed[1:] != allowed[:-1])
                firsts += (edges[0::2] + -(-start // stride)).tolist()
                lasts += (edges[1::2] + -(-start // stride)).tolist()
            if firsts:
                # Kept in steps of the stride, so that each allowed start is one "base".
                self._starts[chrom] = IntervalSet.of(firsts, lasts)
        self._cumulated = np.cumsum([starts.bases for starts in self._starts.values()])
        if not self._starts:
            raise InputError(
                "--train",
                f"no window of {length:,} bases with at most {MAX_UNKNOWN:.0%} N fits into the "
                "training regions",
            )

    def __len__(self) -> int:
        """Number of different windows."""
        return int(self._cumulated[-1])

    def draw(self, random: np.random.Generator) -> tuple[str, int, int]:
        """Chromosome, start and end (0-based, half-open) of one window."""
        rank = int(random.integers(len(self)))
        index = int(np.searchsorted(self._cumulated, rank, side="right"))
        chrom = list(self._starts)[index]
        before = int(self._cumulated[index - 1]) if index else 0
        start = int(self._starts[chrom].nth_base(rank - before)) * self._stride
        return chrom, start, start + self._length
