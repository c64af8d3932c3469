"""The peaks of a block's tracks: where they are, how high, and where their summits lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.genome.intervals import Positions
from regtrack.tracks.peaks.rules import MarkerRules, PeakRules
from regtrack.tracks.peaks.runs import NO_BOUNDS, Calling, call_segments
from regtrack.tracks.segments import BlockSegments, Records

# A peak, or the part of one that lies on a block: 0-based, half-open; its highest value; the summit
# and the mean around it, by which those of several parts are compared.
PEAK = np.dtype(
    [("start", "<u4"), ("end", "<u4"), ("value", "<f4"), ("summit", "<u4"), ("mean", "<f4")]
)


@dataclass(frozen=True)
class BlockRules:
    """How the peaks of a block's markers are called.

    Parameters
    ----------
    thresholds
        float32 (markers,): value from which each marker's peaks are called; one that none reaches
        where it is to have none.
    peak_rules
        How they are made of runs.
    stride
        Bases over which values are averaged to find a summit: the steps of the network, in which
        its probabilities rise and fall.
    """

    thresholds: npt.NDArray[np.float32]
    peak_rules: PeakRules
    stride: int

    @classmethod
    def of(cls, marker_rules: Sequence[MarkerRules], stride: int) -> BlockRules:
        """Of the rules of each marker, which join runs alike."""
        thresholds = np.array([rules.called_from for rules in marker_rules], np.float32)
        return cls(thresholds, marker_rules[0].peak_rules, stride)


def block_peaks(
    segments: BlockSegments,
    block_rules: BlockRules,
    bounds: tuple[int, int] = NO_BOUNDS,
    ranges: npt.NDArray[np.float32] | None = None,
) -> tuple[Records, Positions]:
    """PEAK of all markers on a block, one marker after another, and each one's number.

    They are runs of segments at or above the threshold, joined over gaps. Short ones are there
    only at the block's edges, where they may go on in the next block.

    Parameters
    ----------
    bounds
        Start and end of the block, 0-based, half-open: peaks may go on at either. Without it,
        these segments are all that there are.
    ranges
        float32 (markers,): of signals, each marker's range; None for probabilities.
    """
    records, offsets = segments.records, segments.offsets
    markers = len(offsets) - 1
    # There is room for one of each segment.
    calling = Calling.of(markers, 1, block_rules.peak_rules, len(records), bounds)
    call_segments(calling, records, offsets, block_rules.thresholds)
    rows, _, starts, ends = calling.taken()
    peaks = np.empty(len(rows), PEAK)
    peaks["start"], peaks["end"] = starts, ends
    scales = np.ones(markers, np.float32) if ranges is None else ranges
    _measure(records, offsets, rows, block_rules.stride, scales, peaks)
    return peaks, np.bincount(rows, minlength=markers)


@compiled
def _measure(
    records: Records,
    offsets: Positions,
    rows: Positions,
    stride: int,
    scales: npt.NDArray[np.float32],
    peaks: Records,
) -> None:
    """Fill in how high each peak is, and where its summit lies; `rows` are the peaks' markers."""
    first = behind = 0
    for number in range(len(peaks)):
        peak = peaks[number]
        marker = rows[number]
        first = max(behind, offsets[marker])
        of_marker = records[first : offsets[marker + 1]]
        first += np.searchsorted(of_marker["start"], peak["start"])
        behind = first
        top = first
        while behind < offsets[marker + 1] and records[behind]["end"] <= peak["end"]:
            top = behind if records[behind]["value"] > records[top]["value"] else top
            behind += 1
        highest = records[top]["value"]
        last_digits = 1e-7 * float(scales[marker])  # what differs in these is as high
        near = _around(records, first, top, behind, stride, last_digits)
        summit, mean = _summit(records, *near, stride, last_digits)
        peak_start, peak_end = np.int64(peak["start"]), np.int64(peak["end"])
        peak["value"], peak["mean"] = highest, mean
        peak["summit"] = min(max(summit, peak_start), peak_end - 1)


@compiled
def _around(
    records: Records, first: int, top: int, behind: int, stride: int, last_digits: float
) -> tuple[int, int]:
    """Those of some segments that a summit may be made of; `top` is the highest of them.

    One mean is known: one as high needs a segment as high, and what lies beside that.
    """
    window = np.int64(records[top]["start"])
    least = _mean(records, top, behind, window, stride) - last_digits
    left, right = first, behind
    while records[left]["value"] < least:
        left += 1
    while records[right - 1]["value"] < least:
        right -= 1
    from_base = np.int64(records[left]["start"]) - stride
    to_base = np.int64(records[right - 1]["end"]) + stride
    while left > first and records[left - 1]["end"] > from_base:
        left -= 1
    while right < behind and records[right]["start"] < to_base:
        right += 1
    return left, right


@compiled
def _summit(
    records: Records, first: int, behind: int, stride: int, last_digits: float
) -> tuple[np.int64, float]:
    """Middle of the highest plateau of some segments, and its height.

    That is of means over `stride` bases, where a base without a value is 0. Means rise and fall
    between windows that begin at a segment's start or end at a segment's end, and nowhere else.
    """
    best = -1.0
    left = right = np.int64(0)  # first and last base of the first window of the plateau, and so on
    opening, closing = first, first
    low = right_low = first
    fresh = False
    while opening < behind or closing < behind:
        start_of = np.int64(records[opening]["start"]) if opening < behind else np.int64(2**62)
        end_of = np.int64(records[closing]["end"]) - stride if closing < behind else np.int64(2**62)
        window = min(start_of, end_of)
        if start_of == window:
            opening += 1
        if end_of == window:
            closing += 1
        while low < behind and np.int64(records[low]["end"]) <= window:
            low += 1
        mean = _mean(records, low, behind, window, stride)
        if mean > best + last_digits:
            best, left, right, fresh, right_low = mean, window, window, True, low
        elif fresh and mean >= best - last_digits:
            # In between, means can only sag: a plateau is as high in the middle, too.
            middle = (right + window) // 2
            fresh = _mean(records, right_low, behind, middle, stride) >= best - last_digits
            if fresh:
                right, right_low = window, low
        else:
            fresh = False
    return (left + right + stride) // 2, best


@compiled
def _mean(records: Records, first: int, behind: int, window: np.int64, stride: int) -> float:
    """Mean value of a window of `stride` bases, from a segment on that does not lie behind it."""
    opening = records[first]
    if opening["start"] <= window and window + stride <= opening["end"]:
        return np.float64(opening["value"])
    total = 0.0
    index = first
    while index < behind and np.int64(records[index]["start"]) < window + stride:
        start = max(np.int64(records[index]["start"]), window)
        end = min(np.int64(records[index]["end"]), np.int64(window + stride))
        if start < end:
            total += (end - start) * np.float64(records[index]["value"])
        index += 1
    return total / stride
