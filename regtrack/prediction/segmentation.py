"""The fewest segments that keep every value within a bound of its probability.

Per marker, left to right: extend a segment while some value lies within `max_error` of
every probability in it, that is while the running maximum of p - e stays at or under the
running minimum of p + e. Bases whose probability is under the floor need no segment; one
is extended over them only on the way to a base that does. Of signals, bound and floor are
shares of each marker's range.

The kernels go base by base, over all markers at once, in loops that a compiler turns into
vector instructions: marker by marker it takes ten times as long.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.prediction.settings import ARITHMETIC_MARGIN
from regtrack.tracks.segments import SEGMENT, BlockSegments

# Bases handed to the kernel at once: bounds the buffers for its output.
_SLICE = 512

# Bounds of a segment that is not open: no value is outside.
_ANYTHING = np.float32(np.inf)

# Markers whose flags are looked at together, as one 64-bit word.
_WORD = 8

_Whole = npt.NDArray[np.int32]
_Bound = npt.NDArray[np.float32]

# Of the open segment of each marker: start (-1 where none is open) and end, running bounds
# up to the last base reached, and the upper one as it was at the end. (The lower one rises
# only at bases at or above the floor, and there the end moves, too.)
_State = tuple[_Whole, _Whole, _Bound, _Bound, _Bound]

# Segments as they are cut: marker, start, end, and the bounds between which the value lies.
# Positions are relative to the segmenter's first base.
_Cuts = tuple[_Whole, _Whole, _Whole, _Bound, _Bound]


class Limits(NamedTuple):
    """What segments keep, both without the margin.

    Parameters
    ----------
    error, floor
        Distance from the value of any base, and value under which a base needs no segment.
    ranges
        float32 (markers,): of signals, what these are shares of; None for probabilities.
    units
        float64 (markers,): the power of ten, at least the range, that decimals are counted from.
    """

    error: np.float32
    floor: np.float32
    ranges: _Bound | None
    units: npt.NDArray[np.float64]

    @classmethod
    def of(
        cls, markers: int, max_error: float, floor: float, ranges: Sequence[float] = ()
    ) -> Limits:
        """As `Segmenter` takes them.

        Raises
        ------
        ValueError
            When `max_error` leaves no room for `ARITHMETIC_MARGIN`.
        """
        if max_error <= 2 * ARITHMETIC_MARGIN:
            raise ValueError(f"max_error must be above {2 * ARITHMETIC_MARGIN}")
        return cls(
            np.float32(max_error - ARITHMETIC_MARGIN),
            np.float32(floor - ARITHMETIC_MARGIN),
            np.array(ranges, np.float32) if ranges else None,
            np.array([10.0 ** math.ceil(math.log10(scale)) for scale in ranges or [1.0] * markers]),
        )


class Segmenter:
    """Turns probabilities into segments, fed from left to right, for all markers at once.

    Parameters
    ----------
    markers
        Number of markers.
    max_error
        Largest distance of a segment's value from the probability of any of its bases.
    floor
        Probability under which a base needs no segment.
    ranges
        Of signals, the range of each marker, which `max_error` and `floor` are shares of; none for
        probabilities.
    keep_first
        Give the first base a segment in every marker, also under the floor: a track without any
        segment breaks genome browsers.

    Raises
    ------
    ValueError
        When `max_error` leaves no room for `ARITHMETIC_MARGIN`.
    """

    def __init__(
        self,
        markers: int,
        max_error: float,
        floor: float,
        ranges: Sequence[float] = (),
        *,
        keep_first: bool = False,
    ) -> None:
        self._limits = Limits.of(markers, max_error, floor, ranges)
        self._units = self._limits.units if ranges else None
        self._keep_next = keep_first
        self._state: _State = (
            np.full(markers, -1, np.int32),
            np.zeros(markers, np.int32),
            np.full(markers, -_ANYTHING),
            np.full(markers, _ANYTHING),
            np.zeros(markers, np.float32),
        )
        self._counts = np.zeros(markers, np.int64)
        # A flag for each marker, which is also looked at in words of eight.
        self._crossed = np.zeros(-(-markers // _WORD) * _WORD, np.uint8)
        room = _SLICE * markers
        self._cuts: _Cuts = (
            np.empty(room, np.int32),
            np.empty(room, np.int32),
            np.empty(room, np.int32),
            np.empty(room, np.float32),
            np.empty(room, np.float32),
        )
        self._kept: list[tuple[_Whole, _Whole, _Whole, _Bound]] = []
        self._origin = -1
        self._position = -1

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Take the next bases; where they do not touch the last ones, a gap is left.

        Parameters
        ----------
        start
            Position of the first base, 0-based, not left of any base added before.
        probabilities
            float32 (markers, bases), fastest when the markers of a base lie side by side.
        """
        if start < self._position:
            raise ValueError("bases must be added from left to right")
        if start != self._position:
            self._close()
        if self._origin < 0:
            self._origin = start
        by_base = np.ascontiguousarray(probabilities.T)
        if self._keep_next:
            self._extend(by_base[:1], start, np.float32(-1))
            start, by_base = start + 1, by_base[1:]
            self._keep_next = False
        for first in range(0, len(by_base), _SLICE):
            self._extend(by_base[first : first + _SLICE], start + first, self._limits.floor)
        self._position = start + len(by_base)

    def finish(self) -> BlockSegments:
        """All segments, sorted by marker and position. The segmenter is then spent."""
        self._close()
        offsets = np.concatenate(([0], np.cumsum(self._counts)))
        records = np.empty(int(offsets[-1]), SEGMENT)
        place = offsets[:-1].copy()
        for piece in self._kept:
            _sort_in(*piece, self._origin, place, records)
        return BlockSegments(offsets, records)

    def _extend(self, part: npt.NDArray[np.float32], position: int, floor: np.float32) -> None:
        limits = self._limits
        self._keep(
            _extend_all(
                part,
                position - self._origin,
                limits.error,
                floor,
                limits.ranges,
                np.float32(ARITHMETIC_MARGIN),
                self._crossed,
                self._crossed.view(np.uint64),
                self._state,
                self._cuts,
            )
        )

    def _close(self) -> None:
        """End the open segments."""
        self._keep(_cut_all(self._state, self._cuts))

    def _keep(self, count: int) -> None:
        """Put aside the first `count` of what was cut."""
        if not count:
            return
        marker, start, end, low, high = self._cuts
        self._counts += np.bincount(marker[:count], minlength=len(self._counts))
        values = shortest_decimals(low[:count], high[:count], marker[:count], self._units)
        self._kept.append((marker[:count].copy(), start[:count].copy(), end[:count].copy(), values))


@compiled
def shortest_decimals(
    low: _Bound, high: _Bound, marker: _Whole, units: npt.NDArray[np.float64] | None
) -> _Bound:
    """For each interval of a marker, the number with the fewest decimals in [low, high].

    Of several the one nearest to the middle; with more than six, the middle. Decimals are those of
    the marker's unit, which is 1 where there are no units.
    """
    values = np.empty_like(low)
    for index in range(len(low)):
        least, most = np.float64(low[index]), np.float64(high[index])
        middle = (least + most) / 2
        best = middle
        if units is None:
            # By constants it divides several side by side: in a twelfth of the time.
            for scale in (1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1.0):
                best = _decimal(middle, scale, least, most, best)
        else:
            scale = 1e6 / units[marker[index]]
            for _ in range(7):
                best = _decimal(middle, scale, least, most, best)
                scale /= 10
        values[index] = best
    return values


@compiled
def _decimal(
    middle: np.float64, scale: float, least: np.float64, most: np.float64, otherwise: np.float64
) -> np.float64:
    """The multiple of 1 / scale nearest to the middle, if it lies within the bounds."""
    value: np.float64 = np.rint(middle * scale) / scale
    return value if (least <= value) & (value <= most) else otherwise


@compiled
def _error_of(
    value: np.float32, share: np.float32, marker_range: np.float32, margin: np.float32
) -> np.float32:
    """How far from a signal a segment may be; far above the range, not at all.

    Arithmetic in another order moves a signal by a share of itself.
    """
    room = share * marker_range - margin * value
    return room if room > 0 else np.float32(0)


@compiled
def _extend_all(
    probabilities: npt.NDArray[np.float32],
    position: int,
    share: np.float32,
    floor: np.float32,
    ranges: _Bound | None,
    margin: np.float32,
    crossed: npt.NDArray[np.uint8],
    words: npt.NDArray[np.uint64],
    state: _State,
    out: _Cuts,
) -> int:
    """Extend or cut the open segment of every marker, base by base; returns the cuts made."""
    start, end, low, high, high_at_end = state
    bases, markers = probabilities.shape
    count = 0
    for base in range(bases):
        for marker in range(markers):
            value = probabilities[base, marker]
            error = share if ranges is None else _error_of(value, share, ranges[marker], margin)
            crossed[marker] = (value - error > high[marker]) | (low[marker] > value + error)
        for word in range(len(words)):
            if words[word] != 0:
                for marker in range(_WORD * word, min(_WORD * (word + 1), markers)):
                    if crossed[marker]:
                        count = _cut(marker, count, state, out)
        here = np.int32(position + base)
        behind = np.int32(here + 1)
        # Without a branch, so that it becomes vector instructions.
        for marker in range(markers):
            value = probabilities[base, marker]
            error = share if ranges is None else _error_of(value, share, ranges[marker], margin)
            lower, upper = value - error, value + error
            lower = low[marker] if low[marker] > lower else lower
            upper = high[marker] if high[marker] < upper else upper
            needed = value >= (floor if ranges is None else floor * ranges[marker])
            closed = start[marker] < 0
            low[marker] = lower if needed else low[marker]
            high[marker] = upper if needed | (not closed) else high[marker]
            high_at_end[marker] = upper if needed else high_at_end[marker]
            start[marker] = here if needed & closed else start[marker]
            end[marker] = behind if needed else end[marker]
    return count


@compiled
def _cut_all(state: _State, out: _Cuts) -> int:
    """Cut the open segment of every marker that has one."""
    count = 0
    for marker in range(len(state[0])):
        if state[0][marker] >= 0:
            count = _cut(marker, count, state, out)
    return count


@compiled
def _cut(marker: int, count: int, state: _State, out: _Cuts) -> int:
    """Write out a marker's open segment as number `count`, and forget it."""
    start, end, low, high, high_at_end = state
    out_marker, out_start, out_end, out_low, out_high = out
    out_marker[count] = marker
    out_start[count], out_end[count] = start[marker], end[marker]
    out_low[count], out_high[count] = low[marker], high_at_end[marker]
    start[marker] = -1
    low[marker], high[marker] = -_ANYTHING, _ANYTHING
    return count + 1


@compiled
def _sort_in(
    marker: _Whole,
    start: _Whole,
    end: _Whole,
    value: _Bound,
    origin: int,
    place: npt.NDArray[np.int64],
    records: npt.NDArray[np.void],
) -> None:
    """Put segments, given in order of their ends, behind those of their marker."""
    for index in range(len(marker)):
        record = records[place[marker[index]]]
        record["start"], record["end"] = origin + start[index], origin + end[index]
        record["value"] = value[index]
        place[marker[index]] += 1
