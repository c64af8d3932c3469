"""Called peaks as arrays, and how parts of them become whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regtrack.genome.intervals import Positions
from regtrack.tracks.peaks.rules import PeakRules
from regtrack.tracks.segments import Records

Flags = npt.NDArray[np.bool_]

# A called peak, or a part of one: 0-based, half-open, on a chromosome or on a genome's `Line`; and
# the number of the one of `regtrack.tracks.peaks.callers.THRESHOLDS` that it was called at.
CALLED_PEAK = np.dtype([("start", "<i8"), ("end", "<i8"), ("threshold", "u1")])

# Of peaks that are called at a marker's own threshold.
OWN_THRESHOLD = 255


@dataclass(frozen=True)
class CalledPeaks:
    """Called peaks of many markers, or parts of them.

    Parameters
    ----------
    offsets
        int64 (markers + 1,): those of marker i are from `offsets[i]` to `offsets[i + 1]`.
    records
        CALLED_PEAK; of one marker and threshold from left to right.
    """

    offsets: Positions
    records: Records

    @classmethod
    def of(cls, markers: int, rows: Positions, records: Records) -> CalledPeaks:
        """From peaks in any order of their markers, whose rows are given."""
        counts = np.bincount(rows, minlength=markers)
        return cls(np.append(0, np.cumsum(counts)), records[np.argsort(rows, kind="stable")])

    @classmethod
    def union(cls, parts: Sequence[CalledPeaks]) -> CalledPeaks:
        """Of the same markers on several stretches, from left to right."""
        markers = len(parts[0].offsets) - 1
        rows = np.concatenate([part.rows for part in parts])
        return cls.of(markers, rows, np.concatenate([part.records for part in parts]))

    @classmethod
    def side_by_side(cls, parts: Sequence[CalledPeaks]) -> CalledPeaks:
        """Of other markers each, in their order."""
        counts = np.concatenate([np.diff(part.offsets) for part in parts])
        records = np.concatenate([part.records for part in parts])
        return cls(np.append(0, np.cumsum(counts)), records)

    @property
    def rows(self) -> Positions:
        """int64: the marker of each."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def at_least(self, length: int) -> CalledPeaks:
        """Those of so many bases, or more."""
        is_long = self.records["end"] - self.records["start"] >= length
        cumulated = np.append(0, np.cumsum(is_long))
        return CalledPeaks(cumulated[self.offsets], self.records[is_long])

    def by_marker(self) -> list[Records]:
        """CALLED_PEAK of each marker."""
        return np.split(self.records, self.offsets[1:-1])


def joined(called: Records, peak_rules: PeakRules, breaks: Positions) -> Records:
    """Whole peaks of one marker, from parts of them.

    Parameters
    ----------
    called
        CALLED_PEAK, in any order; those of one threshold are disjoint.
    breaks
        int64, rising: positions that no peak goes across, where chromosomes begin on a line.

    Returns
    -------
    CALLED_PEAK
        Sorted by threshold, then by position.
    """
    parts = called[np.lexsort((called["start"], called["threshold"]))]
    if not len(parts):
        return parts
    starts, ends, thresholds = parts["start"], parts["end"], parts["threshold"]
    chroms = np.searchsorted(breaks, starts, side="right")
    barred = (thresholds[1:] != thresholds[:-1]) | (chroms[1:] != chroms[:-1])
    firsts, lasts, is_long = join_parts(starts, ends, peak_rules, barred)
    whole = parts[firsts]
    whole["end"] = ends[lasts]
    long: Records = whole[is_long]
    return long


def join_parts(
    starts: Positions, ends: Positions, peak_rules: PeakRules, barred: Flags | None = None
) -> tuple[Positions, Positions, Flags]:
    """Which consecutive parts are one peak.

    Parameters
    ----------
    starts, ends
        int64, of one part at least, from left to right.
    barred
        Bool (parts - 1,): where a part and the next one are never of one peak.

    Returns
    -------
    int64, int64, bool, (peaks,) each
        The first and the last part of each peak, and whether it is long enough.
    """
    apart = starts[1:] - ends[:-1] > peak_rules.max_gap
    if barred is not None:
        apart |= barred
    firsts = np.flatnonzero(np.append(True, apart))
    lasts = np.append(firsts[1:], len(starts)) - 1
    return firsts, lasts, ends[lasts] - starts[firsts] >= peak_rules.min_length
