"""Peaks: runs of bases at or above a threshold, joined over small gaps, of a minimal length.

For scores of tracks and of models, and for the choice of thresholds: these want peaks at many
thresholds, so all of them are followed at once, in one pass over the probabilities or the segments
of a track. Those of the peak files are called block by block, at one threshold, by the same rules:
`block_peaks.py`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.genome.intervals import Positions
from regtrack.tracks.peaks.called import CALLED_PEAK, OWN_THRESHOLD, CalledPeaks
from regtrack.tracks.peaks.rules import MarkerRules, PeakRules
from regtrack.tracks.segments import Records

# Bases of probabilities that are looked at together, by the highest of them.
PEAK_BIN = 8

# Markers whose flags are looked at together, as one 64-bit word.
_WORD = 8

# Called peaks that a kernel hands over at once, at least.
_ROOM = 1 << 14

_Whole = npt.NDArray[np.int64]
_Ranks = npt.NDArray[np.int32]


# Two an octave of the odds, near 0 and near 1 alike.
_BELOW_HALF = [step * 2.0**octave for octave in range(-10, -1) for step in (1, 1.5)]
_FROM_HALF = [0.5, *(1 - p for p in reversed(_BELOW_HALF) if p >= 2.0**-7)]

# The thresholds at which peaks are tried, which rise: float32 values, so that `>=` is exact.
THRESHOLDS = np.array(_BELOW_HALF + _FROM_HALF, np.float32)
_COUNT = len(THRESHOLDS)

# How many of them a float32 is at or above, by its bits but the last `_BITS`: what these say is no
# matter, for no threshold has any of them.
_BITS = 16
_LOWEST = np.arange(1 << (31 - _BITS), dtype=np.int32) << _BITS
_RANKS = np.searchsorted(THRESHOLDS, _LOWEST.view(np.float32), side="right").astype(np.int32)


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
    rules
        How runs are joined. What is too short is dropped, but at the edges of what was fed, where
        it may be a part of a longer peak: `called.joined` has the last word.
    thresholds
        float32 (markers,): further thresholds, each marker's own.
    """

    def __init__(
        self, markers: int, rules: PeakRules, thresholds: npt.NDArray[np.float32] | None = None
    ) -> None:
        self._rules = rules
        self._own = np.full(markers, np.inf, np.float32) if thresholds is None else thresholds
        # Where it stands among them all; behind those that are as high.
        self._place = np.searchsorted(THRESHOLDS, self._own, side="right")
        shape = (markers, _COUNT + 1)
        self._starts, self._lasts = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
        # The highest probability of the bin that is being read.
        self._highest = np.zeros(markers, np.float32)
        # How many thresholds a marker is at or above, before and in this bin, and where that
        # differs: looked at in words of eight.
        self._ranks, self._next = np.zeros(markers, np.int32), np.zeros(markers, np.int32)
        self._changed = np.zeros(-(-markers // _WORD) * _WORD, np.uint8)
        # First base of all, and of the bin that is being read.
        self._state = np.full(2, -1, np.int64)
        self._position = -1
        room = _ROOM + markers * (_COUNT + 1)
        self._out = tuple(np.empty(room, np.int64) for _ in range(4))
        self._found: list[tuple[_Whole, ...]] = []

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Take the next bases; where they do not touch the last ones, runs end.

        Parameters
        ----------
        start
            Position of the first base, 0-based.
        probabilities
            float32 (markers, bases), fastest when the markers of a base lie side by side.
        """
        if self._position < 0:
            self._state[:] = start
        elif start != self._position:
            self._lower()
            self._state[1] = start
        by_base = np.ascontiguousarray(probabilities.T)
        done = 0
        while done < len(by_base):
            done += self._follow(by_base[done:], start + done)
        self._position = start + len(by_base)

    def finish(self) -> CalledPeaks:
        """What was called; the caller is then spent."""
        self._lower()
        marker, number = np.nonzero(self._starts >= 0)
        starts, lasts = self._starts[marker, number], self._lasts[marker, number]
        kept = (
            (lasts - starts >= self._rules.min_length)
            | (self._position - lasts <= self._rules.max_gap)
            | (starts - self._state[0] <= self._rules.max_gap)
        )
        self._found.append((marker[kept], number[kept], starts[kept], lasts[kept]))
        marker, number, starts, lasts = (
            np.concatenate(part) for part in zip(*self._found, strict=True)
        )
        found = np.empty(len(marker), CALLED_PEAK)
        found["start"], found["end"] = starts, lasts
        found["threshold"] = _numbers(number, self._place[marker])
        return CalledPeaks.of(len(self._own), marker, found)

    def _follow(self, by_base: npt.NDArray[np.float32], position: int) -> int:
        """Read some bases, at least one; returns how many. Of none, a bin ends here."""
        done, count = _follow_bases(
            by_base,
            position,
            self._own,
            _RANKS,
            self._highest,
            self._highest.view(np.int32),
            self._ranks,
            self._next,
            self._changed,
            self._changed.view(np.uint64),
            self._starts,
            self._lasts,
            self._state,
            self._rules.max_gap,
            self._rules.min_length,
            *self._out,
        )
        if count:
            self._found.append(tuple(part[:count].copy() for part in self._out))
        return done

    def _lower(self) -> None:
        """Let all runs end where the last base was."""
        self._follow(np.empty((0, len(self._own)), np.float32), self._position)
        reached = np.arange(_COUNT + 1) < self._ranks[:, None]
        self._lasts[reached] = self._position
        self._ranks[:] = 0


class SegmentPeakCaller:
    """The same for the segments of one track, on the line of its genome.

    Parameters
    ----------
    marker_rules
        How the marker's own peaks are called; the rules are those of all thresholds.
    """

    def __init__(self, marker_rules: MarkerRules) -> None:
        self._rules = marker_rules.peak_rules
        self._own = np.float32(marker_rules.counted_from)
        self._place = int(np.searchsorted(THRESHOLDS, self._own, side="right"))
        self._starts, self._lasts = (np.full(_COUNT + 1, -1, np.int64) for _ in range(2))
        # Rank, end of the last segment, and where its chromosome begins.
        self._state = np.array([0, -1, -1], np.int64)
        self._out = tuple(np.empty(_ROOM, np.int64) for _ in range(3))
        self._found: list[tuple[_Whole, ...]] = []

    def add(self, records: Records, origins: Positions) -> None:
        """Take the next segments.

        Parameters
        ----------
        records
            SEGMENT, sorted and disjoint on each chromosome.
        origins
            int64: for each, where its chromosome begins on the line.
        """
        done = 0
        while done < len(records):
            done, count = _follow_segments(
                records,
                origins,
                done,
                self._own,
                _RANKS,
                self._state,
                self._starts,
                self._lasts,
                self._rules.max_gap,
                self._rules.min_length,
                *self._out,
            )
            self._found.append(tuple(part[:count].copy() for part in self._out))

    def finish(self) -> Records:
        """CALLED_PEAK, in no order; the caller is then spent."""
        rank, position, _ = self._state
        self._lasts[:rank] = position
        (number,) = np.nonzero(self._starts >= 0)
        starts, lasts = self._starts[number], self._lasts[number]
        kept = lasts - starts >= self._rules.min_length
        self._found.append((number[kept], starts[kept], lasts[kept]))
        number, starts, lasts = (np.concatenate(part) for part in zip(*self._found, strict=True))
        found = np.empty(len(number), CALLED_PEAK)
        found["start"], found["end"] = starts, lasts
        found["threshold"] = _numbers(number, self._place)
        return found


def _numbers(numbers: _Whole, own: npt.NDArray[np.intp] | int) -> _Whole:
    """Numbers of thresholds as CALLED_PEAK has them, where the `own`-th is the marker's own."""
    return np.where(numbers == own, OWN_THRESHOLD, numbers - (numbers > own))


@compiled
def _move(
    before: int,
    rank: int,
    position: int,
    starts: _Whole,
    lasts: _Whole,
    begin: int,
    max_gap: int,
    min_length: int,
    out_number: _Whole,
    out_start: _Whole,
    out_end: _Whole,
    count: int,
) -> int:
    """Let runs begin or end where the rank of a marker changes; returns how many peaks are out."""
    for number in range(rank, before):
        lasts[number] = position
    for number in range(before, rank):
        start, last = starts[number], lasts[number]
        if start >= 0:
            if position - last <= max_gap:
                continue
            if last - start >= min_length or start - begin <= max_gap:
                out_number[count], out_start[count], out_end[count] = number, start, last
                count += 1
        starts[number] = position
    return count


@compiled
def _follow_bases(
    probabilities: npt.NDArray[np.float32],
    position: int,
    own: npt.NDArray[np.float32],
    rank_of: _Ranks,
    highest: npt.NDArray[np.float32],
    highest_bits: npt.NDArray[np.int32],
    ranks: _Ranks,
    following: _Ranks,
    changed: npt.NDArray[np.uint8],
    words: npt.NDArray[np.uint64],
    starts: _Whole,
    lasts: _Whole,
    state: _Whole,
    max_gap: int,
    min_length: int,
    out_marker: _Whole,
    out_number: _Whole,
    out_start: _Whole,
    out_end: _Whole,
) -> tuple[int, int]:
    """Go on until the end, or until there is no room for peaks of another bin.

    Returns how many bases were read, and how many peaks are out. Without a base, the bin that
    was being read ends.
    """
    bases, markers = probabilities.shape
    most = len(out_marker) - markers * (_COUNT + 1)
    count = 0
    for base in range(max(bases, 1)):
        begins = (position + base) % PEAK_BIN == 0 or bases == 0
        if begins and position + base > state[1]:
            if count > most:
                return base, count
            for marker in range(markers):
                rank = rank_of[highest_bits[marker] >> _BITS]
                following[marker] = rank + np.int32(highest[marker] >= own[marker])
            for marker in range(markers):
                changed[marker] = following[marker] != ranks[marker]
            for word in range(len(words)):
                if words[word] == 0:
                    continue
                for marker in range(_WORD * word, min(_WORD * (word + 1), markers)):
                    if not changed[marker]:
                        continue
                    behind = _move(
                        ranks[marker],
                        following[marker],
                        state[1],
                        starts[marker],
                        lasts[marker],
                        state[0],
                        max_gap,
                        min_length,
                        out_number,
                        out_start,
                        out_end,
                        count,
                    )
                    out_marker[count:behind] = marker
                    count = behind
                    ranks[marker] = following[marker]
            highest[:] = 0
            state[1] = position + base
        if base < bases:
            for marker in range(markers):
                highest[marker] = max(highest[marker], probabilities[base, marker])
    return bases, count


@compiled
def _follow_segments(
    records: Records,
    origins: Positions,
    first: int,
    own: np.float32,
    rank_of: _Ranks,
    state: _Whole,
    starts: _Whole,
    lasts: _Whole,
    max_gap: int,
    min_length: int,
    out_number: _Whole,
    out_start: _Whole,
    out_end: _Whole,
) -> tuple[int, int]:
    """Go on from a segment until the end, or until there is no room for peaks of another one."""
    count = 0
    nowhere = -(max_gap + 1)  # so far from any start that none is at an edge
    most = len(out_number) - 2 * len(starts)
    for index in range(first, len(records)):
        if count > most:
            return index, count
        origin = origins[index]
        start = origin + np.int64(records[index]["start"])
        if start != state[1] or origin != state[2]:
            for number in range(state[0]):
                lasts[number] = state[1]
            state[0] = 0
        if origin != state[2]:
            for number in range(len(starts)):
                if starts[number] >= 0 and lasts[number] - starts[number] >= min_length:
                    out_number[count] = number
                    out_start[count], out_end[count] = starts[number], lasts[number]
                    count += 1
                starts[number] = -1
            state[2] = origin
        value = records[index]["value"]
        rank = rank_of[np.float32(value).view(np.int32) >> _BITS] + (value >= own)
        if rank != state[0]:
            count = _move(
                state[0],
                rank,
                start,
                starts,
                lasts,
                nowhere,
                max_gap,
                min_length,
                out_number,
                out_start,
                out_end,
                count,
            )
            state[0] = rank
        state[1] = origin + np.int64(records[index]["end"])
    return len(records), count
