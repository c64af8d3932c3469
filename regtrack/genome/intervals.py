"""Intervals on a chromosome, one (`Interval`) and many (`IntervalSet`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, order=True)
class Interval:
    """A stretch of one chromosome, 0-based, half-open.

    Raises
    ------
    ValueError
        Unless `0 <= start < end`.
    """

    chrom: str
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"not an interval: {self.chrom} {self.start} {self.end}")

    def __len__(self) -> int:
        return self.end - self.start

    def __str__(self) -> str:
        """As browsers print it: 1-based, inclusive, with thousands separators."""
        return f"{self.chrom}:{self.start + 1:,}-{self.end:,}"


@dataclass(frozen=True)
class IntervalSet:
    """A set of bases of one chromosome as sorted, disjoint, non-touching intervals.

    Parameters
    ----------
    starts, ends
        int64 arrays of equal length, 0-based, half-open. Use `IntervalSet.of` for
        intervals in any order that may overlap.
    """

    starts: Positions
    ends: Positions

    def __post_init__(self) -> None:
        if self.starts.shape != self.ends.shape or self.starts.ndim != 1:
            raise ValueError("starts and ends must be flat arrays of one length")
        if len(self.starts) == 0:
            return
        # Methods, not functions, which take twice as long: there may be 100,000 short sets.
        if self.starts[0] < 0 or (self.ends <= self.starts).any():
            raise ValueError("an interval must not be negative or empty")
        if (self.starts[1:] <= self.ends[:-1]).any():
            raise ValueError("intervals must be sorted and must not touch")

    @classmethod
    def of(cls, starts: npt.ArrayLike, ends: npt.ArrayLike) -> IntervalSet:
        """Union of intervals given in any order; touching ones become one."""
        first = np.asarray(starts, dtype=np.int64)
        last = np.asarray(ends, dtype=np.int64)
        if np.any(last <= first):
            raise ValueError("an interval must not be negative or empty")
        order = np.argsort(first, kind="stable")
        first, last = first[order], last[order]
        furthest = np.maximum.accumulate(last)
        opens = np.ones(len(first), dtype=bool)
        opens[1:] = first[1:] > furthest[:-1]
        closes = np.append(opens[1:], True)[: len(first)]
        return cls(first[opens], furthest[closes])

    @classmethod
    def union(cls, sets: Sequence[IntervalSet]) -> IntervalSet:
        """Bases that are in any of some sets."""
        if not sets:
            return EMPTY
        return cls.of(
            np.concatenate([part.starts for part in sets]),
            np.concatenate([part.ends for part in sets]),
        )

    def __len__(self) -> int:
        """Number of intervals."""
        return len(self.starts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.starts.tolist(), self.ends.tolist(), strict=True)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IntervalSet):
            return NotImplemented
        return np.array_equal(self.starts, other.starts) and np.array_equal(self.ends, other.ends)

    __hash__ = None  # type: ignore[assignment]

    @property
    def bases(self) -> int:
        """Number of bases in the set."""
        return int((self.ends - self.starts).sum())

    def intersect(self, other: IntervalSet) -> IntervalSet:
        """Bases that are in both sets."""
        return IntervalSet(*other.pieces(self.starts, self.ends)[:2])

    def pieces(self, starts: Positions, ends: Positions) -> tuple[Positions, Positions, Positions]:
        """Parts of some intervals, in any order, that are in the set.

        Returns
        -------
        starts, ends, owners
            int64; an owner is the number of the interval that a piece is a part of, and rises.
        """
        first = np.searchsorted(self.ends, starts, side="right")
        last = np.searchsorted(self.starts, ends, side="left")
        hits = last - first
        owners = np.repeat(np.arange(len(starts)), hits)
        mine = np.arange(hits.sum()) + np.repeat(first - (np.cumsum(hits) - hits), hits)
        return (
            np.maximum(starts[owners], self.starts[mine]),
            np.minimum(ends[owners], self.ends[mine]),
            owners,
        )

    def minus(self, other: IntervalSet) -> IntervalSet:
        """Bases of this set that are not in the other."""
        if not len(self):
            return self
        starts = np.concatenate(([0], other.ends))
        ends = np.concatenate((other.starts, [max(int(self.ends[-1]), int(starts[-1])) + 1]))
        some = starts < ends
        return self.intersect(IntervalSet(starts[some], ends[some]))

    def overlapping(self, other: IntervalSet) -> IntervalSet:
        """The intervals of this set, whole, that share a base with the other."""
        shared = other.bases_before(self.ends) > other.bases_before(self.starts)
        return IntervalSet(self.starts[shared], self.ends[shared])

    def clip(self, start: int, end: int) -> IntervalSet:
        """Bases of the set inside [start, end)."""
        first = np.searchsorted(self.ends, start, side="right")
        last = np.searchsorted(self.starts, end, side="left")
        return IntervalSet(
            np.maximum(self.starts[first:last], start), np.minimum(self.ends[first:last], end)
        )

    def units(self, length: int) -> list[int]:
        """Numbers of the stretches of one length, from a multiple of it on, that hold a base."""
        units: set[int] = set()
        for start, end in self:
            units.update(range(start // length, (end - 1) // length + 1))
        return sorted(units)

    def bases_before(self, positions: npt.ArrayLike) -> Positions:
        """For each position, the number of bases of the set left of it.

        The bases inside [a, b) are then `bases_before(b) - bases_before(a)`.
        """
        at = np.asarray(positions, dtype=np.int64)
        cumulated = np.concatenate(([0], np.cumsum(self.ends - self.starts)))
        index = np.searchsorted(self.starts, at, side="right")
        overshoot = np.zeros(at.shape, dtype=np.int64)
        inside = index > 0
        overshoot[inside] = np.maximum(self.ends[index[inside] - 1] - at[inside], 0)
        return cumulated[index] - overshoot

    def holds(self, positions: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """For each position, whether it is in the set."""
        at = np.asarray(positions, dtype=np.int64)
        index = np.searchsorted(self.starts, at, side="right")
        last_ends = np.concatenate(([0], self.ends))[index]
        return (index > 0) & (at < last_ends)

    def nth_base(self, ranks: npt.ArrayLike) -> Positions:
        """Positions of the bases of the given ranks (0 is the first), `bases_before` reversed.

        Raises
        ------
        IndexError
            For a rank that the set does not have.
        """
        rank = np.asarray(ranks, dtype=np.int64)
        cumulated = np.concatenate(([0], np.cumsum(self.ends - self.starts)))
        if np.any(rank < 0) or np.any(rank >= cumulated[-1]):
            raise IndexError(f"the set has {cumulated[-1]} bases")
        index = np.searchsorted(cumulated, rank, side="right") - 1
        positions: Positions = self.starts[index] + rank - cumulated[index]
        return positions


@dataclass(frozen=True)
class IntervalSets:
    """Several sets on one chromosome, as few arrays: a step of Python for each takes longer.

    Parameters
    ----------
    offsets
        int64 (sets + 1,): the intervals of set i are those from `offsets[i]` to `offsets[i + 1]`.
    starts, ends
        int64, 0-based, half-open; those of one set are as `IntervalSet` has them.
    """

    offsets: Positions
    starts: Positions
    ends: Positions

    @classmethod
    def of(cls, sets: int, rows: Positions, starts: Positions, ends: Positions) -> IntervalSets:
        """Unions of intervals given in any order, each with the row of its set.

        Raises
        ------
        ValueError
            When an interval is negative or empty.
        """
        # Set after set on one line, a base apart.
        span = int(ends.max(initial=0)) + 1
        union = IntervalSet.of(starts + span * rows, ends + span * rows)
        offsets = np.searchsorted(union.starts, span * np.arange(sets + 1))
        origins = span * np.repeat(np.arange(sets), np.diff(offsets))
        return cls(offsets, union.starts - origins, union.ends - origins)

    def __getitem__(self, row: int) -> IntervalSet:
        own = slice(self.offsets[row], self.offsets[row + 1])
        return IntervalSet(self.starts[own], self.ends[own])

    def __len__(self) -> int:
        """Number of sets."""
        return len(self.offsets) - 1


EMPTY = IntervalSet.of([], [])

# Bases of a genome: per chromosome that has any.
Regions = Mapping[str, IntervalSet]


def intersect(first: Regions, second: Regions) -> dict[str, IntervalSet]:
    """Bases in both, per chromosome that has any, in the order of `second`."""
    by_chrom = {
        chrom: first.get(chrom, EMPTY).intersect(intervals) for chrom, intervals in second.items()
    }
    return {chrom: intervals for chrom, intervals in by_chrom.items() if len(intervals)}


def subtract(first: Regions, second: Regions) -> dict[str, IntervalSet]:
    """Bases of the first that are not in the second, per chromosome that has any."""
    rest = {
        chrom: intervals.minus(second[chrom]) if chrom in second else intervals
        for chrom, intervals in first.items()
    }
    return {chrom: intervals for chrom, intervals in rest.items() if len(intervals)}


def total_bases(regions: Regions) -> int:
    """Number of bases, over all chromosomes."""
    return sum(intervals.bases for intervals in regions.values())


def cut(intervals: IntervalSet, length: int) -> tuple[Positions, Positions, Positions]:
    """Cut intervals at the multiples of `length`, so that each piece lies in one bin.

    Returns
    -------
    bins, starts, ends
        int64 arrays of one length, from left to right. Bin `b` is [b * length, (b + 1) *
        length); starts and ends are 0-based, half-open, on the chromosome.
    """
    first = intervals.starts // length
    pieces = (intervals.ends - 1) // length - first + 1
    source = np.repeat(np.arange(len(intervals)), pieces)
    bins = np.arange(len(source)) - np.repeat(np.cumsum(pieces) - pieces - first, pieces)
    return (
        bins,
        np.maximum(intervals.starts[source], bins * length),
        np.minimum(intervals.ends[source], (bins + 1) * length),
    )
