"""A genome laid out on one line, so that all its chromosomes are worked on together."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping
from itertools import accumulate

import numpy as np

from regtrack.genome.intervals import EMPTY, IntervalSet, Positions, Regions


class Line:
    """All chromosomes of a genome one after another, a base apart: what is of two never touches.

    A genome may have 100,000 of them, and a step of Python for each costs more than the bases.

    Parameters
    ----------
    chrom_sizes
        Names and lengths, in the genome's order.

    Attributes
    ----------
    starts
        By name, the position on the line of a chromosome's first base.
    """

    def __init__(self, chrom_sizes: Mapping[str, int]) -> None:
        firsts = accumulate((size + 1 for size in chrom_sizes.values()), initial=0)
        self.starts: Mapping[str, int] = dict(zip(chrom_sizes, firsts, strict=False))

    def chrom_at(self, position: int) -> str:
        """The chromosome that a position is on."""
        names, firsts = list(self.starts), list(self.starts.values())
        return names[bisect.bisect_right(firsts, position) - 1]

    def origins(self, chroms: Iterable[str]) -> Positions:
        """Where some chromosomes begin; int64."""
        return np.array([self.starts[chrom] for chrom in chroms], np.int64)

    def lay(self, regions: Regions) -> IntervalSet:
        """The bases of a genome as one set of positions on the line."""
        some = {chrom: intervals for chrom, intervals in regions.items() if len(intervals)}
        if not some:
            return EMPTY
        origins = np.repeat(self.origins(some), [len(intervals) for intervals in some.values()])
        return IntervalSet.of(
            np.concatenate([intervals.starts for intervals in some.values()]) + origins,
            np.concatenate([intervals.ends for intervals in some.values()]) + origins,
        )
