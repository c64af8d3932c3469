"""The one loop of peak calling: runs of bases at or above thresholds, joined over small gaps.

Whatever peaks are called of, bases or segments, from left to right each has a *rank*: how many of
some rising thresholds its value is at or above. At threshold i a run begins where the rank rises
above i, and ends where it falls to i or below. Only `_step` joins runs, and only `_hand_over` says
what is a peak. (Parts of peaks, from stretches that were called apart, are joined in `called.py`.)

All kernels stand in this file, as what a compiled function calls must.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.genome.intervals import Positions
from regtrack.tracks.peaks.rules import PeakRules
from regtrack.tracks.segments import Records

Ranks = npt.NDArray[np.int32]

# Before and behind of all bases: so far from any peak that none is at an edge.
NO_BOUNDS = (-(2**40), 2**40)

# The rank of a float32 is looked up by its bits but the last of these: what they say is no matter
# where no threshold has any of them.
RANK_BITS = 16

# Markers whose flags are looked at together, as one 64-bit word.
_WORD = 8


class Calling(NamedTuple):
    """The peaks of some markers while they are called: those that may go on, and finished ones.

    Parameters
    ----------
    starts, lasts
        int64 (markers, thresholds): where the peak begins that may go on, or -1, and where its
        last run ended.
    bounds
        int64 (2,): start and end of all that is read. What is too short is a peak where it may go
        on beyond either.
    max_gap, min_length
        As `PeakRules`.
    peaks
        int64 (4, room): marker, number of the threshold, start and end of each finished peak.
    filled
        int64 (1,): how many of them there are.
    """

    starts: Positions
    lasts: Positions
    bounds: Positions
    max_gap: int
    min_length: int
    peaks: Positions
    filled: Positions

    @classmethod
    def of(
        cls,
        markers: int,
        thresholds: int,
        peak_rules: PeakRules,
        room: int,
        bounds: tuple[int, int] = NO_BOUNDS,
    ) -> Calling:
        """Nothing is read yet; there is room for so many peaks, and one at each threshold."""
        shape = (markers, thresholds)
        return cls(
            starts=np.full(shape, -1, np.int64),
            lasts=np.full(shape, -1, np.int64),
            bounds=np.array(bounds, np.int64),
            max_gap=peak_rules.max_gap,
            min_length=peak_rules.min_length,
            peaks=np.empty((4, room + 2 * markers * thresholds), np.int64),
            filled=np.zeros(1, np.int64),
        )

    def taken(self) -> Positions:
        """Columns of `peaks`: the finished ones, which make room."""
        finished = self.peaks[:, : self.filled[0]].copy()
        self.filled[0] = 0
        return finished


class Reading(NamedTuple):
    """The bin of bases that is being read, of all markers of a `Calling`.

    Parameters
    ----------
    length
        Bases of a bin; it begins at a multiple of it.
    first
        int64 (1,): its first base.
    highest, highest_bits
        float32 (markers,): the highest probability in it; and the same as int32.
    ranks, following
        int32 (markers,): rank before it, and in it.
    changed, words
        uint8: where these differ; and the same as uint64, for several markers at a time.
    """

    length: int
    first: Positions
    highest: npt.NDArray[np.float32]
    highest_bits: Ranks
    ranks: Ranks
    following: Ranks
    changed: npt.NDArray[np.uint8]
    words: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, markers: int, length: int) -> Reading:
        """Nothing is read yet."""
        highest = np.zeros(markers, np.float32)
        changed = np.zeros(-(-markers // _WORD) * _WORD, np.uint8)
        return cls(
            length=length,
            first=np.full(1, -1, np.int64),
            highest=highest,
            highest_bits=highest.view(np.int32),
            ranks=np.zeros(markers, np.int32),
            following=np.zeros(markers, np.int32),
            changed=changed,
            words=changed.view(np.uint64),
        )


def rank_table(thresholds: npt.NDArray[np.float32]) -> Ranks:
    """Ranks of all values from 0 on, for `rank_of`; the thresholds rise, with last bits of 0."""
    lowest = np.arange(1 << (31 - RANK_BITS), dtype=np.int32) << RANK_BITS
    return np.searchsorted(thresholds, lowest.view(np.float32), side="right").astype(np.int32)


def rank_of(values: npt.NDArray[np.float32], table: Ranks) -> Ranks:
    """int32: the rank of each value."""
    ranks: Ranks = table[np.ascontiguousarray(values).view(np.int32) >> RANK_BITS]
    return ranks


@compiled
def _hand_over(calling: Calling, marker: int, threshold: int) -> None:
    """Finish a peak that is long enough, or may go on beyond one end of what is read."""
    start, last = calling.starts[marker, threshold], calling.lasts[marker, threshold]
    margin = min(start - calling.bounds[0], calling.bounds[1] - last)
    if last - start >= calling.min_length or margin <= calling.max_gap:
        place = calling.filled[0]
        calling.peaks[0, place], calling.peaks[1, place] = marker, threshold
        calling.peaks[2, place], calling.peaks[3, place] = start, last
        calling.filled[0] = place + 1


@compiled
def _step(calling: Calling, marker: int, before: int, rank: int, position: np.int64) -> None:
    """Let runs begin or end where the rank changes."""
    for threshold in range(rank, before):
        calling.lasts[marker, threshold] = position
    for threshold in range(before, rank):
        if calling.starts[marker, threshold] >= 0:
            if position - calling.lasts[marker, threshold] <= calling.max_gap:
                continue
            _hand_over(calling, marker, threshold)
        calling.starts[marker, threshold] = position


@compiled
def _close(calling: Calling, marker: int, rank: int, position: np.int64) -> None:
    """Let what has a rank end at a position, and all peaks of the marker."""
    _step(calling, marker, rank, 0, position)
    for threshold in range(calling.starts.shape[1]):
        if calling.starts[marker, threshold] >= 0:
            _hand_over(calling, marker, threshold)
        calling.starts[marker, threshold] = -1


@compiled
def _step_all(calling: Calling, reading: Reading, following: npt.NDArray[np.integer]) -> None:
    """Take each marker from its rank to the one in the bin."""
    ranks, changed, words = reading.ranks, reading.changed, reading.words
    markers = len(ranks)
    for marker in range(markers):
        changed[marker] = following[marker] != ranks[marker]
    for word in range(len(words)):
        if words[word] == 0:
            continue
        for marker in range(_WORD * word, min(_WORD * (word + 1), markers)):
            if changed[marker]:
                _step(calling, marker, ranks[marker], following[marker], reading.first[0])
                ranks[marker] = following[marker]


@compiled
def follow_bases(
    calling: Calling,
    reading: Reading,
    probabilities: npt.NDArray[np.float32],
    position: int,
    table: Ranks,
    own_thresholds: npt.NDArray[np.float32],
) -> int:
    """Read bases until the end, or until there is no room for peaks of another bin.

    Returns how many bases were read. Without a base, the bin that was being read ends. Thresholds
    are those of the table, and each marker's own.
    """
    highest, highest_bits = reading.highest, reading.highest_bits
    following, first = reading.following, reading.first
    bases, markers = probabilities.shape
    most = calling.peaks.shape[1] - calling.starts.size
    for base in range(max(bases, 1)):
        begins = (position + base) % reading.length == 0 or bases == 0
        if begins and position + base > first[0]:
            if calling.filled[0] > most:
                return base
            for marker in range(markers):
                rank = table[highest_bits[marker] >> RANK_BITS]
                following[marker] = rank + np.int32(highest[marker] >= own_thresholds[marker])
            _step_all(calling, reading, following)
            highest[:] = 0
            first[0] = position + base
        if base < bases:
            for marker in range(markers):
                highest[marker] = max(highest[marker], probabilities[base, marker])
    return len(probabilities)


@compiled
def follow_ranks(
    calling: Calling,
    reading: Reading,
    bins: npt.NDArray[np.uint8],
    positions: Positions,
    first: int,
) -> int:
    """The same from bin `first` on, where each marker's rank in each bin is known already.

    `bins` are (bins, markers), and `positions` where each bin begins. Returns which comes next.
    """
    most = calling.peaks.shape[1] - calling.starts.size
    for number in range(first, len(bins)):
        if calling.filled[0] > most:
            return number
        reading.first[0] = positions[number]
        _step_all(calling, reading, bins[number])
    return len(bins)


@compiled
def close_bases(calling: Calling, reading: Reading) -> None:
    """Let all markers end where the last base was, which is the end of all."""
    for marker in range(len(reading.ranks)):
        _close(calling, marker, reading.ranks[marker], calling.bounds[1])


@compiled
def follow_segments(
    calling: Calling,
    state: Positions,
    records: Records,
    ranks: Ranks,
    firsts: Positions,
    origins: Positions,
    first: int,
) -> int:
    """Read segments of one marker from `first` on, or until there is no room for peaks of another.

    Section i, from segment `firsts[i]` to `firsts[i + 1]`, counts positions from `origins[i]`,
    where its chromosome begins. `state` is the origin, the rank and the end of the last segment.
    Returns which segment comes next.
    """
    most = calling.peaks.shape[1] - 2 * calling.starts.size
    section = int(np.searchsorted(firsts, first, side="right")) - 1
    for index in range(first, len(records)):
        if calling.filled[0] > most:
            return index
        while firsts[section + 1] <= index:
            section += 1
        origin = origins[section]
        if origin != state[0]:
            close_segments(calling, state)
            state[0] = origin
        start = origin + np.int64(records[index]["start"])
        if start != state[2]:  # bases without a value are under every threshold
            _step(calling, 0, state[1], 0, state[2])
            state[1] = 0
        rank = ranks[index]
        if rank != state[1]:
            _step(calling, 0, state[1], rank, start)
            state[1] = rank
        state[2] = origin + np.int64(records[index]["end"])
    return len(records)


@compiled
def close_segments(calling: Calling, state: Positions) -> None:
    """Let the chromosome of `follow_segments` end."""
    _close(calling, 0, state[1], state[2])
    state[1], state[2] = 0, -1


@compiled
def call_segments(
    calling: Calling, records: Records, offsets: Positions, thresholds: npt.NDArray[np.float32]
) -> None:
    """The same of many markers on a block, each at one threshold, from the first to the last."""
    for marker in range(len(thresholds)):
        threshold, behind = thresholds[marker], offsets[marker + 1]
        index = offsets[marker]
        while index < behind:
            if records[index]["value"] < threshold:
                index += 1
                continue
            start, end = records[index]["start"], records[index]["end"]
            index += 1
            while index < behind and records[index]["start"] == end:
                if records[index]["value"] < threshold:
                    break
                end = records[index]["end"]
                index += 1
            _step(calling, marker, 0, 1, np.int64(start))
            _step(calling, marker, 1, 0, np.int64(end))
        _close(calling, marker, 0, np.int64(0))
