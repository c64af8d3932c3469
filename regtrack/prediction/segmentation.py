"""The fewest segments that keep every value within a bound of its probability.

Per marker, left to right: extend a segment while some value lies within `max_error` of
every probability in it, that is while the running maximum of p - e stays at or under the
running minimum of p + e. Bases whose probability is under the floor need no segment; one
is extended over them only on the way to a base that does.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from regtrack.prediction.settings import ARITHMETIC_MARGIN
from regtrack.tracks.blocks import BlockSegments

# Bases handed to the kernel at once: bounds the buffer for its output.
_SLICE = 512


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

    Raises
    ------
    ValueError
        When `max_error` leaves no room for `ARITHMETIC_MARGIN`.
    """

    def __init__(self, markers: int, max_error: float, floor: float) -> None:
        if max_error <= 2 * ARITHMETIC_MARGIN:
            raise ValueError(f"max_error must be above {2 * ARITHMETIC_MARGIN}")
        self._markers = markers
        self._error = max_error - ARITHMETIC_MARGIN
        self._floor = floor - ARITHMETIC_MARGIN
        self._start = np.full(markers, -1, dtype=np.int64)  # -1: no segment is open
        self._end = np.zeros(markers, dtype=np.int64)
        # Running bounds up to the last base reached, and as they were at `_end`.
        self._bounds = np.zeros((4, markers))
        self._position = -1
        self._pieces: list[tuple[npt.NDArray[np.generic], ...]] = []

    def add(
        self, start: int, probabilities: npt.NDArray[np.float32], keep_first: bool = False
    ) -> None:
        """Take the next bases; where they do not touch the last ones, a gap is left.

        Parameters
        ----------
        start
            Position of the first base, 0-based, not left of any base added before.
        probabilities
            float32 (markers, bases), fastest when the markers of a base lie side by side.
        keep_first
            Give the first base a segment in every marker, also under the floor: a
            track without any segment breaks genome browsers.
        """
        if start < self._position:
            raise ValueError("bases must be added from left to right")
        if start != self._position:
            self._close()
        by_base = probabilities.T
        for first in range(0, len(by_base), _SLICE):
            part = by_base[first : first + _SLICE]
            out_where = np.empty((part.size, 3), dtype=np.int64)
            out_value = np.empty(part.size, dtype=np.float32)
            count = _extend(
                part,
                start + first,
                self._error,
                self._floor,
                keep_first and first == 0,
                self._start,
                self._end,
                self._bounds,
                out_where,
                out_value,
            )
            self._keep(out_where, out_value, count)
        self._position = start + len(by_base)

    def finish(self) -> BlockSegments:
        """All segments, sorted by marker and position. The segmenter is then spent."""
        self._close()
        where = np.concatenate([piece[0] for piece in self._pieces] or [np.empty((0, 3), np.int64)])
        value = np.concatenate([piece[1] for piece in self._pieces] or [np.empty(0, np.float32)])
        return BlockSegments.of(
            self._markers, where[:, 0].astype(np.int32), where[:, 1], where[:, 2], value
        )

    def _close(self) -> None:
        """End the open segments."""
        out_where = np.empty((self._markers, 3), dtype=np.int64)
        out_value = np.empty(self._markers, dtype=np.float32)
        count = _cut_all(self._start, self._end, self._bounds, out_where, out_value)
        self._keep(out_where, out_value, count)

    def _keep(
        self, where: npt.NDArray[np.int64], value: npt.NDArray[np.float32], count: int
    ) -> None:
        if count:
            self._pieces.append((where[:count].copy(), value[:count].copy()))


@numba.njit()
def shortest_decimal(low: float, high: float) -> float:
    """The number with the fewest decimals in [low, high], nearest to the middle."""
    middle = (low + high) / 2
    scale = 1.0
    for _ in range(7):
        value = np.rint(middle * scale) / scale
        if low <= value <= high:
            return float(value)
        scale *= 10
    return middle


@numba.njit()
def _extend(
    probabilities: npt.NDArray[np.float32],
    position: int,
    error: float,
    floor: float,
    keep_first: bool,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    bounds: npt.NDArray[np.float64],
    out_where: npt.NDArray[np.int64],
    out_value: npt.NDArray[np.float32],
) -> int:
    """Extend or cut the open segment of every marker, base by base."""
    low, high, low_at_end, high_at_end = bounds
    count = 0
    for base in range(probabilities.shape[0]):
        needed_anyway = keep_first and base == 0
        here = position + base
        for marker in range(probabilities.shape[1]):
            value = float(probabilities[base, marker])
            if start[marker] >= 0:
                lower = max(low[marker], value - error)
                upper = min(high[marker], value + error)
                if lower <= upper:
                    low[marker], high[marker] = lower, upper
                    if value >= floor:
                        end[marker] = here + 1
                        low_at_end[marker], high_at_end[marker] = lower, upper
                    continue
                count = _cut(marker, start, end, bounds, out_where, out_value, count)
            if value >= floor or needed_anyway:
                start[marker], end[marker] = here, here + 1
                low[marker] = low_at_end[marker] = value - error
                high[marker] = high_at_end[marker] = value + error
    return count


@numba.njit()
def _cut_all(
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    bounds: npt.NDArray[np.float64],
    out_where: npt.NDArray[np.int64],
    out_value: npt.NDArray[np.float32],
) -> int:
    """Cut the open segment of every marker that has one."""
    count = 0
    for marker in range(len(start)):
        if start[marker] >= 0:
            count = _cut(marker, start, end, bounds, out_where, out_value, count)
    return count


@numba.njit()
def _cut(
    marker: int,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    bounds: npt.NDArray[np.float64],
    out_where: npt.NDArray[np.int64],
    out_value: npt.NDArray[np.float32],
    count: int,
) -> int:
    """Write out a marker's open segment as number `count`, and forget it."""
    out_where[count, 0] = marker
    out_where[count, 1] = start[marker]
    out_where[count, 2] = end[marker]
    out_value[count] = shortest_decimal(bounds[2, marker], bounds[3, marker])
    start[marker] = -1
    return count + 1
