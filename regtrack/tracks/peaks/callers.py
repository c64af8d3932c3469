"""Peaks of probabilities, and of the segments of a track, at many thresholds at once.

For scores of tracks and of models, and for the choice of thresholds: all thresholds are followed in
one pass. The peaks of the peak files are called block by block: `block_peaks.py`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regtrack.genome.intervals import Positions
from regtrack.tracks.peaks.called import CALLED_PEAK, OWN_THRESHOLD, CalledPeaks
from regtrack.tracks.peaks.rules import MarkerRules, PeakRules
from regtrack.tracks.peaks.runs import (
    Calling,
    Reading,
    close_bases,
    close_segments,
    follow_bases,
    follow_ranks,
    follow_segments,
    rank_of,
    rank_table,
)
from regtrack.tracks.segments import Records

# Bases of probabilities that are looked at together, by the highest of them.
PEAK_BIN = 8

# Called peaks that a kernel hands over at once, at least.
_ROOM = 1 << 14

# Two an octave of the odds, near 0 and near 1 alike.
_BELOW_HALF = [step * 2.0**octave for octave in range(-10, -1) for step in (1, 1.5)]
_FROM_HALF = [0.5, *(1 - p for p in reversed(_BELOW_HALF) if p >= 2.0**-7)]

# The thresholds at which peaks are tried, which rise: float32 values, so that `>=` is exact.
THRESHOLDS = np.array(_BELOW_HALF + _FROM_HALF, np.float32)
_COUNT = len(THRESHOLDS)
THRESHOLD_RANKS = rank_table(THRESHOLDS)
_NO_RANKS = rank_table(THRESHOLDS[:0])


class ProbabilityPeakCaller:
    """Calls peaks of many markers at all `THRESHOLDS`, fed from left to right.

    Probabilities are looked at `PEAK_BIN` bases at a time, from multiples of it on, by the highest
    of them: to follow each base at each threshold would take longer than to predict it. So a peak's
    edges lie up to `PEAK_BIN` - 1 bases outside of its first and last base at or above the
    threshold.

    Parameters
    ----------
    markers
        Number of markers.
    peak_rules
        How runs are joined. What is too short is dropped, but at the edges of what was fed, where
        it may be a part of a longer peak: `called.joined` has the last word.
    thresholds
        float32 (markers,): further thresholds, each marker's own.
    own_only
        Call at these alone, and look at each base.
    """

    def __init__(
        self,
        markers: int,
        peak_rules: PeakRules,
        thresholds: npt.NDArray[np.float32] | None = None,
        own_only: bool = False,
    ) -> None:
        self._own_thresholds = (
            np.full(markers, np.inf, np.float32) if thresholds is None else thresholds
        )
        shared = THRESHOLDS[:0] if own_only else THRESHOLDS
        self._table = _NO_RANKS if own_only else THRESHOLD_RANKS
        # Where it stands among them all; behind those that are as high.
        self._place = np.searchsorted(shared, self._own_thresholds, side="right")
        self._calling = Calling.of(markers, len(shared) + 1, peak_rules, _ROOM)
        self._reading = Reading.of(markers, 1 if own_only else PEAK_BIN)
        self._position = -1
        self._peaks: list[Positions] = []

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Take the next bases; where they do not touch the last ones, runs end.

        Parameters
        ----------
        start
            Position of the first base, 0-based.
        probabilities
            float32 (markers, bases), fastest when the markers of a base lie side by side.
        """
        self._go_to(start)
        by_base = np.ascontiguousarray(probabilities.T)
        done = 0
        while done < len(by_base):
            done += self._follow(by_base[done:], start + done)
        self._position = start + len(by_base)

    def add_ranks(self, start: int, end: int, bins: npt.NDArray[np.uint8]) -> None:
        """Take consecutive bases; of these, what peaks need.

        Where they touch the last ones, they begin with a bin.

        Parameters
        ----------
        start, end
            Position of the first base and behind the last, 0-based.
        bins
            uint8 (bins, markers), as `rank_bins` cuts them: how many thresholds, the marker's own
            among them, the highest probability is at or above.
        """
        self._go_to(start)
        positions = rank_bins(start, end)[:, 0]
        done = 0
        while done < len(bins):
            done = follow_ranks(self._calling, self._reading, bins, positions, done)
            self._peaks.append(self._calling.taken())
        self._position = self._reading.first[0] = end

    def finish(self) -> CalledPeaks:
        """What was called; the caller is then spent."""
        self._end_runs()
        self._calling.bounds[1] = self._position
        close_bases(self._calling, self._reading)
        self._peaks.append(self._calling.taken())
        marker, number, starts, ends = np.concatenate(self._peaks, axis=1)
        called = _called(number, starts, ends, self._place[marker])
        return CalledPeaks.of(len(self._own_thresholds), marker, called)

    def _follow(self, by_base: npt.NDArray[np.float32], position: int) -> int:
        """Read some bases, at least one; returns how many. Of none, a bin ends here."""
        done = follow_bases(
            self._calling, self._reading, by_base, position, self._table, self._own_thresholds
        )
        if self._calling.filled[0]:
            self._peaks.append(self._calling.taken())
        return done

    def _go_to(self, start: int) -> None:
        """What comes next begins at this base: where that does not touch the last one, runs end."""
        if self._position < 0:
            self._calling.bounds[0] = self._reading.first[0] = start
        elif start != self._position:
            self._end_runs()
            self._reading.first[0] = start

    def _end_runs(self) -> None:
        """Let all runs end where the last base was."""
        self._follow(np.empty((0, len(self._own_thresholds)), np.float32), self._position)
        lasts, ranks = self._calling.lasts, self._reading.ranks
        lasts[np.arange(lasts.shape[1]) < ranks[:, None]] = self._position
        ranks[:] = 0


def rank_bins(start: int, end: int) -> Positions:
    """int64 (bins, 2): first base of each bin of some bases, and behind its last, 0-based."""
    edges = np.arange(start // PEAK_BIN, -(-end // PEAK_BIN) + 1, dtype=np.int64) * PEAK_BIN
    edges[0], edges[-1] = start, end
    return np.column_stack((edges[:-1], edges[1:]))


class SegmentPeakCaller:
    """The same for the segments of one track, on the line of its genome.

    Parameters
    ----------
    marker_rules
        How the marker's own peaks are called; the rules are those of all thresholds.
    """

    def __init__(self, marker_rules: MarkerRules) -> None:
        self._own_threshold = np.float32(marker_rules.counted_from)
        self._place = np.searchsorted(THRESHOLDS, self._own_threshold, side="right")
        self._calling = Calling.of(1, _COUNT + 1, marker_rules.peak_rules, _ROOM)
        # Where the chromosome of the last segment begins, its rank, and its end.
        self._state = np.array([-1, 0, -1], np.int64)
        self._peaks: list[Positions] = []

    def add(self, records: Records, firsts: Positions, origins: Positions) -> None:
        """Take the next segments.

        Parameters
        ----------
        records
            SEGMENT, sorted and disjoint on each chromosome.
        firsts, origins
            As `regtrack.tracks.bigwig_sections.Sections`: which segment each section begins with,
            and where its chromosome begins on the line.
        """
        ranks = rank_of(records["value"], THRESHOLD_RANKS)
        ranks += records["value"] >= self._own_threshold
        done = 0
        while done < len(records):
            done = follow_segments(
                self._calling, self._state, records, ranks, firsts, origins, done
            )
            self._peaks.append(self._calling.taken())

    def finish(self) -> Records:
        """CALLED_PEAK, in no order; the caller is then spent."""
        close_segments(self._calling, self._state)
        self._peaks.append(self._calling.taken())
        _, number, starts, ends = np.concatenate(self._peaks, axis=1)
        return _called(number, starts, ends, self._place)


def _called(
    numbers: Positions,
    starts: Positions,
    ends: Positions,
    own_number: npt.NDArray[np.intp] | np.intp,
) -> Records:
    """CALLED_PEAK of peaks by the number of their threshold, where the `own`-th is the marker's."""
    called = np.empty(len(numbers), CALLED_PEAK)
    called["start"], called["end"] = starts, ends
    called["threshold"] = np.where(
        numbers == own_number, OWN_THRESHOLD, numbers - (numbers > own_number)
    )
    return called
