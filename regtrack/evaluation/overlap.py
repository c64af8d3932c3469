"""Called peaks against measured ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.genome.intervals import IntervalSet, Positions
from regtrack.tracks.called import OWN
from regtrack.tracks.calling import LEVELS
from regtrack.tracks.segments import Records

# Peaks that cover more than so many times what measured ones do are no peaks, however many pairs
# they are in.
MOST_COVERED = 10


@dataclass(frozen=True)
class PeakOverlap:
    """Peaks against peaks; one shared base, of those that are scored, is an overlap.

    Parameters
    ----------
    called, called_hit
        Called peaks that reach into the scored bases, and how many of them overlap a measured one.
    measured, measured_hit
        The reverse.
    paired
        Pairs of a called and a measured peak that overlap, each peak in one pair at most; as many
        as there can be.
    called_bases, measured_bases
        Of all of them together.
    called_width, measured_width
        Median width in bases; NaN where there is none.
    """

    called: int
    called_hit: int
    measured: int
    measured_hit: int
    paired: int
    called_bases: int = 0
    measured_bases: int = 0
    called_width: float = math.nan
    measured_width: float = math.nan

    @property
    def precision(self) -> float:
        """Share of called peaks that meet a measured one; NaN without any."""
        return self.called_hit / self.called if self.called else math.nan

    @property
    def recall(self) -> float:
        """Share of measured peaks that are met; NaN without any."""
        return self.measured_hit / self.measured if self.measured else math.nan

    @property
    def f1(self) -> float:
        """Of pairs: a peak that spans several measured ones finds one, and pieces of one are one.

        So neither one peak as wide as the genome nor crumbs score well.
        """
        peaks = self.called + self.measured
        return 2 * self.paired / peaks if peaks else math.nan

    @property
    def is_too_wide(self) -> bool:
        """Whether called peaks cover more than ten times what measured ones do.

        Where few peaks were measured, the best F1 may be that of one as wide as a chromosome.
        """
        return self.called_bases > MOST_COVERED * self.measured_bases


def overlaps(
    called: Records, measured: IntervalSet, where: IntervalSet
) -> tuple[PeakOverlap, list[PeakOverlap]]:
    """Overlaps at a marker's own threshold, and at each of the `LEVELS`.

    Parameters
    ----------
    called
        CALLED: whole peaks, by level and position.
    measured
        Peaks on the same line.
    where
        The bases that are scored.
    """
    here = called[_meet(called["start"], called["end"], where)]
    measured_here = measured.overlapping(where)
    pieces = measured_here.intersect(where)
    owners = np.searchsorted(measured_here.starts, pieces.starts, side="right") - 1
    levels = np.append(np.arange(len(LEVELS)), OWN)
    firsts = np.searchsorted(here["level"], levels, side="left")
    behind = np.searchsorted(here["level"], levels, side="right")
    hits = np.zeros((len(levels), 3), np.int64)
    _count_hits(
        np.ascontiguousarray(here["start"]),
        np.ascontiguousarray(here["end"]),
        firsts,
        behind,
        pieces.starts,
        pieces.ends,
        owners,
        np.zeros(len(measured_here), np.int64),
        hits,
    )
    widths = here["end"] - here["start"]
    reached = np.append(0, np.cumsum(widths))
    measured_width = _median(measured_here.ends - measured_here.starts)
    found = [
        PeakOverlap(
            called=int(last - first),
            called_hit=called_hit,
            measured=len(measured_here),
            measured_hit=measured_hit,
            paired=paired,
            called_bases=int(reached[last] - reached[first]),
            measured_bases=measured_here.bases,
            called_width=_median(widths[first:last]),
            measured_width=measured_width,
        )
        for first, last, (called_hit, measured_hit, paired) in zip(
            firsts, behind, hits.tolist(), strict=True
        )
    ]
    return found[-1], found[:-1]


def _meet(starts: Positions, ends: Positions, where: IntervalSet) -> npt.NDArray[np.bool_]:
    """Which of some intervals share a base with a set."""
    if not len(where):
        return np.zeros(len(starts), np.bool_)
    places = np.searchsorted(where.ends, starts, side="right")
    inside = np.minimum(places, len(where) - 1)
    return (places < len(where)) & (where.starts[inside] < ends)


def _median(widths: Positions) -> float:
    return float(np.median(widths)) if len(widths) else math.nan


@compiled
def _count_hits(
    starts: Positions,
    ends: Positions,
    firsts: Positions,
    behind: Positions,
    piece_starts: Positions,
    piece_ends: Positions,
    owners: Positions,
    met: Positions,
    hits: Positions,
) -> None:
    """Per level: called peaks that are hit, measured ones that are met, and pairs."""
    for level in range(len(firsts)):
        met[:] = 0
        piece = 0
        paired = -1  # the last measured peak that is in a pair
        for one in range(firsts[level], behind[level]):
            while piece < len(piece_starts) and piece_ends[piece] <= starts[one]:
                piece += 1
            hit = False
            is_paired = False
            index = piece
            while index < len(piece_starts) and piece_starts[index] < ends[one]:
                owner = owners[index]
                hit = True
                if not met[owner]:
                    met[owner] = 1
                    hits[level, 1] += 1
                if not is_paired and owner > paired:
                    is_paired = True
                    paired = owner
                    hits[level, 2] += 1
                index += 1
            if hit:
                hits[level, 0] += 1
