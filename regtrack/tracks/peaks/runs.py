"""The one loop of peak calling: runs of bases at or above thresholds, joined over small gaps.

Whatever peaks are called of, bases or segments, from left to right each has a *rank*: how many of
some rising thresholds its value is at or above. At threshold i a run begins where the rank rises
above i, and ends where it falls to i or below. Only `_step` joins runs, and only `_hand_over` says
what is a peak. (Parts of peaks, from stretches that were called apart, are joined in `called.py`.)

All kernels stand in this file, as what a compiled function calls must. They write to `out`, int64
(4, room): line, number of the threshold, start and end of each peak. `starts` and `lasts`, int64,
have for each threshold where the peak begins that may go on, or -1, and where its last run ended.
A line is what no peak leaves: a marker, or a chromosome.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.genome.intervals import Positions
from regtrack.tracks.segments import Records

Ranks = npt.NDArray[np.int32]

# Before and behind of all bases: so far from any peak that none is at an edge.
NO_BOUNDS = (-(2**40), 2**40)

# The rank of a float32 is looked up by its bits but the last of these: what they say is no matter
# where no threshold has any of them.
RANK_BITS = 16

# Markers whose flags are looked at together, as one 64-bit word.
WORD = 8


def rank_table(thresholds: npt.NDArray[np.float32]) -> Ranks:
    """Ranks of all values from 0 on, for `rank_of`; the thresholds rise, with last bits of 0."""
    lowest = np.arange(1 << (31 - RANK_BITS), dtype=np.int32) << RANK_BITS
    return np.searchsorted(thresholds, lowest.view(np.float32), side="right").astype(np.int32)


def rank_of(values: npt.NDArray[np.float32], table: Ranks) -> Ranks:
    """int32: the rank of each value."""
    ranks: Ranks = table[np.ascontiguousarray(values).view(np.int32) >> RANK_BITS]
    return ranks


@compiled
def _hand_over(
    line: int,
    number: int,
    starts: Positions,
    lasts: Positions,
    begin: int,
    end: int,
    max_gap: int,
    min_length: int,
    out: Positions,
    count: int,
) -> int:
    """Write a peak that is long enough, or may go on beyond one end of what was read."""
    start, last = starts[number], lasts[number]
    if last - start >= min_length or start - begin <= max_gap or end - last <= max_gap:
        out[0, count], out[1, count] = line, number
        out[2, count], out[3, count] = start, last
        return count + 1
    return count


@compiled
def _step(
    line: int,
    before: int,
    rank: int,
    position: int,
    starts: Positions,
    lasts: Positions,
    begin: int,
    max_gap: int,
    min_length: int,
    out: Positions,
    count: int,
) -> int:
    """Let runs begin or end where the rank changes; returns how many peaks are out."""
    for number in range(rank, before):
        lasts[number] = position
    for number in range(before, rank):
        if starts[number] >= 0:
            if position - lasts[number] <= max_gap:
                continue
            count = _hand_over(
                line, number, starts, lasts, begin, position, max_gap, min_length, out, count
            )
        starts[number] = position
    return count


@compiled
def _close(
    line: int,
    rank: int,
    position: int,
    starts: Positions,
    lasts: Positions,
    begin: int,
    end: int,
    max_gap: int,
    min_length: int,
    out: Positions,
    count: int,
) -> int:
    """Let a line end; returns how many peaks are out."""
    for number in range(len(starts)):
        if number < rank:
            lasts[number] = position
        if starts[number] >= 0:
            count = _hand_over(
                line, number, starts, lasts, begin, end, max_gap, min_length, out, count
            )
        starts[number] = -1
    return count


@compiled
def _step_all(
    following: npt.NDArray[np.integer],
    ranks: Ranks,
    changed: npt.NDArray[np.uint8],
    words: npt.NDArray[np.uint64],
    state: Positions,
    starts: Positions,
    lasts: Positions,
    max_gap: int,
    min_length: int,
    out: Positions,
    count: int,
) -> int:
    """Take each marker from its rank to the one of the bin; returns how many peaks are out."""
    markers = len(ranks)
    for marker in range(markers):
        changed[marker] = following[marker] != ranks[marker]
    for word in range(len(words)):
        if words[word] == 0:
            continue
        for marker in range(WORD * word, min(WORD * (word + 1), markers)):
            if not changed[marker]:
                continue
            count = _step(
                marker,
                ranks[marker],
                following[marker],
                state[1],
                starts[marker],
                lasts[marker],
                state[0],
                max_gap,
                min_length,
                out,
                count,
            )
            ranks[marker] = following[marker]
    return count


@compiled
def follow_bases(
    probabilities: npt.NDArray[np.float32],
    position: int,
    bin_length: int,
    own: npt.NDArray[np.float32],
    table: Ranks,
    highest: npt.NDArray[np.float32],
    highest_bits: npt.NDArray[np.int32],
    ranks: Ranks,
    following: Ranks,
    changed: npt.NDArray[np.uint8],
    words: npt.NDArray[np.uint64],
    starts: Positions,
    lasts: Positions,
    state: Positions,
    max_gap: int,
    min_length: int,
    out: Positions,
) -> tuple[int, int]:
    """Read bases until the end, or until there is no room for peaks of another bin.

    Returns how many bases were read, and how many peaks are out. Without a base, the bin that
    was being read ends. `state` is the first base of all, and of that bin.
    """
    bases, markers = probabilities.shape
    most = out.shape[1] - starts.size
    count = 0
    for base in range(max(bases, 1)):
        begins = (position + base) % bin_length == 0 or bases == 0
        if begins and position + base > state[1]:
            if count > most:
                return base, count
            for marker in range(markers):
                rank = table[highest_bits[marker] >> RANK_BITS]
                following[marker] = rank + np.int32(highest[marker] >= own[marker])
            count = _step_all(
                following,
                ranks,
                changed,
                words,
                state,
                starts,
                lasts,
                max_gap,
                min_length,
                out,
                count,
            )
            highest[:] = 0
            state[1] = position + base
        if base < bases:
            for marker in range(markers):
                highest[marker] = max(highest[marker], probabilities[base, marker])
    return bases, count


@compiled
def follow_ranks(
    bins: npt.NDArray[np.uint8],
    positions: Positions,
    first: int,
    ranks: Ranks,
    changed: npt.NDArray[np.uint8],
    words: npt.NDArray[np.uint64],
    state: Positions,
    starts: Positions,
    lasts: Positions,
    max_gap: int,
    min_length: int,
    out: Positions,
) -> tuple[int, int]:
    """The same from bin `first` on, where each marker's rank in each bin is known already.

    `bins` are (bins, markers), and `positions` where each bin begins. Returns which bin comes
    next, and how many peaks are out.
    """
    most = out.shape[1] - starts.size
    count = 0
    for number in range(first, len(bins)):
        if count > most:
            return number, count
        state[1] = positions[number]
        count = _step_all(
            bins[number],
            ranks,
            changed,
            words,
            state,
            starts,
            lasts,
            max_gap,
            min_length,
            out,
            count,
        )
    return len(bins), count


@compiled
def close_bases(
    position: int,
    ranks: Ranks,
    starts: Positions,
    lasts: Positions,
    begin: int,
    max_gap: int,
    min_length: int,
    out: Positions,
) -> int:
    """Let all markers end where the last base was; returns how many peaks are out."""
    count = 0
    for marker in range(len(ranks)):
        count = _close(
            marker,
            ranks[marker],
            position,
            starts[marker],
            lasts[marker],
            begin,
            position,
            max_gap,
            min_length,
            out,
            count,
        )
    return count


@compiled
def close_segments(
    state: Positions,
    starts: Positions,
    lasts: Positions,
    begin: int,
    end: int,
    max_gap: int,
    min_length: int,
    out: Positions,
    count: int,
) -> int:
    """Let the line of `follow_segments` end; returns how many peaks are out."""
    count = _close(
        state[0], state[1], state[2], starts, lasts, begin, end, max_gap, min_length, out, count
    )
    state[1], state[2] = 0, -1
    return count


@compiled
def follow_segments(
    records: Records,
    ranks: Ranks,
    firsts: Positions,
    lines: Positions,
    origins: Positions,
    first: int,
    state: Positions,
    starts: Positions,
    lasts: Positions,
    begin: int,
    end: int,
    max_gap: int,
    min_length: int,
    out: Positions,
) -> tuple[int, int]:
    """Read segments from `first` on until the end, or until there is no room for peaks of another.

    Section i, from segment `firsts[i]` to `firsts[i + 1]`, is of line `lines[i]`, and its
    positions count from `origins[i]`. `state` is the line, the rank and the end of the last
    segment. Returns which segment comes next, and how many peaks are out.
    """
    count = 0
    most = out.shape[1] - 2 * len(starts)
    section = int(np.searchsorted(firsts, first, side="right")) - 1
    for index in range(first, len(records)):
        if count > most:
            return index, count
        while firsts[section + 1] <= index:
            section += 1
        if lines[section] != state[0]:
            count = close_segments(
                state, starts, lasts, begin, end, max_gap, min_length, out, count
            )
            state[0] = lines[section]
        start = origins[section] + np.int64(records[index]["start"])
        if start != state[2]:  # bases without a value are under every threshold
            _step(
                state[0],
                state[1],
                0,
                state[2],
                starts,
                lasts,
                begin,
                max_gap,
                min_length,
                out,
                count,
            )
            state[1] = 0
        rank = ranks[index]
        if rank != state[1]:
            count = _step(
                state[0],
                state[1],
                rank,
                start,
                starts,
                lasts,
                begin,
                max_gap,
                min_length,
                out,
                count,
            )
            state[1] = rank
        state[2] = origins[section] + np.int64(records[index]["end"])
    return len(records), count
