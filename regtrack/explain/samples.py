"""Some positive bases of a marker, chosen evenly from all that there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from regtrack.genome.intervals import Regions


@dataclass(frozen=True)
class Sample:
    """One positive base of one marker; `row` is the marker's among those asked for."""

    row: int
    chrom: str
    position: int


def spread(candidates: Regions, most: int) -> list[tuple[str, int]]:
    """At most so many bases of a set, evenly over all of them, in their order."""
    total = sum(intervals.bases for intervals in candidates.values())
    count = min(most, total)
    # The middle one of each of `count` equal parts.
    ranks = (2 * np.arange(count) + 1) * total // (2 * max(count, 1))
    found: list[tuple[str, int]] = []
    before = 0
    for chrom, intervals in candidates.items():
        here = ranks[(ranks >= before) & (ranks < before + intervals.bases)] - before
        found += [(chrom, position) for position in intervals.nth_base(here).tolist()]
        before += intervals.bases
    return found
