"""Called peaks against measured ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.genome.intervals import IntervalSet, IntervalSets, Positions
from regtrack.tracks.peaks.called import CalledPeaks
from regtrack.tracks.peaks.callers import THRESHOLDS
from regtrack.tracks.segments import Records

# A threshold whose peaks cover more than so many times the measured bases is not considered,
# however many pairs they are in (docs/peaks.md).
MOST_COVERED = 5

# What `count_overlaps` counts: all that `PeakOverlap` holds but widths, in its order.
COUNTED = 7


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
        Number of bases in all called, and in all measured, peaks.
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
        """Whether called peaks cover more than five times what measured ones do.

        Where few peaks were measured, the best F1 may be that of one as wide as a chromosome.
        """
        return self.called_bases > MOST_COVERED * self.measured_bases


def overlaps(
    called: Records, measured: IntervalSet, where: IntervalSet
) -> tuple[PeakOverlap, list[PeakOverlap]]:
    """Overlaps at a marker's own threshold, and at each of the `THRESHOLDS`.

    Parameters
    ----------
    called
        CALLED_PEAK: whole peaks, by threshold and position.
    measured
        Peaks on the same line.
    where
        The bases that are scored.
    """
    alone = CalledPeaks(np.array([0, len(called)]), called)
    measured_alone = IntervalSets(np.array([0, len(measured)]), measured.starts, measured.ends)
    (counts,) = count_overlaps(alone, measured_alone, where)
    here = called[_meet(called["start"], called["end"], where)]
    widths = np.split(here["end"] - here["start"], np.cumsum(counts[:-1, 0]))
    measured_here = measured.overlapping(where)
    measured_width = _median(measured_here.ends - measured_here.starts)
    *at_thresholds, own = [
        replace(PeakOverlap(*row), called_width=_median(of_slot), measured_width=measured_width)
        for row, of_slot in zip(counts.tolist(), widths, strict=True)
    ]
    return own, at_thresholds


def count_overlaps(
    called: CalledPeaks, measured: IntervalSets, where: IntervalSet
) -> npt.NDArray[np.int64]:
    """Overlaps of many markers at all `THRESHOLDS` and, at last, at their own threshold.

    Parameters
    ----------
    called
        Whole peaks.
    measured
        Peaks of each marker.
    where
        The bases that are scored.

    Returns
    -------
    int64 array (markers, thresholds + 1, `COUNTED`)
    """
    markers, slots = len(measured), len(THRESHOLDS) + 1
    here = _meet(called.records["start"], called.records["end"], where)
    peaks = called.records[here]
    rows = slots * called.rows[here] + np.minimum(peaks["threshold"], slots - 1)
    order = np.argsort(rows, kind="stable")
    starts, ends = peaks["start"][order], peaks["end"][order]
    offsets = np.append(0, np.cumsum(np.bincount(rows, minlength=markers * slots)))
    meets = _meet(measured.starts, measured.ends, where)
    reached = np.append(0, np.cumsum(meets))
    measured_starts, measured_ends = measured.starts[meets], measured.ends[meets]
    measured_offsets = reached[measured.offsets]
    pieces = where.pieces(measured_starts, measured_ends)
    hits = np.zeros((markers * slots, 3), np.int64)
    _count_hits(
        starts,
        ends,
        offsets,
        *pieces,
        np.searchsorted(pieces[2], measured_offsets),
        np.zeros(len(measured_starts), np.int64),
        hits,
    )
    counts = np.empty((markers, slots, COUNTED), np.int64)
    counts[..., 0] = np.diff(offsets).reshape(markers, slots)
    counts[..., [1, 3, 4]] = hits.reshape(markers, slots, 3)
    counts[..., 2] = np.diff(measured_offsets)[:, None]
    counts[..., 5] = _sums(ends - starts, offsets).reshape(markers, slots)
    counts[..., 6] = _sums(measured_ends - measured_starts, measured_offsets)[:, None]
    return counts


def _meet(starts: Positions, ends: Positions, where: IntervalSet) -> npt.NDArray[np.bool_]:
    """Which of some intervals share a base with a set."""
    if not len(where):
        return np.zeros(len(starts), np.bool_)
    places = np.searchsorted(where.ends, starts, side="right")
    inside = np.minimum(places, len(where) - 1)
    return (places < len(where)) & (where.starts[inside] < ends)


def _median(widths: Positions) -> float:
    return float(np.median(widths)) if len(widths) else math.nan


def _sums(values: Positions, offsets: Positions) -> Positions:
    """Of the values from each offset to the next."""
    return np.diff(np.append(0, np.cumsum(values))[offsets])


@compiled
def _count_hits(
    starts: Positions,
    ends: Positions,
    offsets: Positions,
    piece_starts: Positions,
    piece_ends: Positions,
    owners: Positions,
    piece_offsets: Positions,
    met: Positions,
    hits: Positions,
) -> None:
    """Per marker and threshold: called peaks that are hit, measured ones that are met, and pairs.

    The called ones of a threshold are those from one of the `offsets` to the next, the scored
    pieces of a marker's measured ones those from one of the `piece_offsets` to the next.
    """
    slots = len(hits) // max(len(piece_offsets) - 1, 1)
    for row in range(len(hits)):
        piece, behind = piece_offsets[row // slots], piece_offsets[row // slots + 1]
        paired = -1  # the last measured peak that is in a pair
        for called in range(offsets[row], offsets[row + 1]):
            while piece < behind and piece_ends[piece] <= starts[called]:
                piece += 1
            hit = False
            is_paired = False
            index = piece
            while index < behind and piece_starts[index] < ends[called]:
                owner = owners[index]
                hit = True
                if met[owner] <= row:
                    met[owner] = row + 1
                    hits[row, 1] += 1
                if not is_paired and owner > paired:
                    is_paired = True
                    paired = owner
                    hits[row, 2] += 1
                index += 1
            if hit:
                hits[row, 0] += 1
