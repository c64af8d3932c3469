"""Intervals cut at the multiples of a step, so that each piece lies in one cell."""

from __future__ import annotations

import numpy as np

from regtrack.genome.intervals import IntervalSet, Positions


def cut(intervals: IntervalSet, step: int) -> tuple[Positions, Positions, Positions]:
    """Cut intervals at multiples of `step` bases.

    Returns
    -------
    cells, starts, ends
        int64 arrays of one length, from left to right. Cell `c` is [c * step, (c + 1) *
        step); starts and ends are 0-based, half-open, on the chromosome.
    """
    first = intervals.starts // step
    pieces = (intervals.ends - 1) // step - first + 1
    source = np.repeat(np.arange(len(intervals)), pieces)
    cells = np.arange(len(source)) - np.repeat(np.cumsum(pieces) - pieces - first, pieces)
    return (
        cells,
        np.maximum(intervals.starts[source], cells * step),
        np.minimum(intervals.ends[source], (cells + 1) * step),
    )


def mostly_covered(intervals: IntervalSet, step: int) -> Positions:
    """Cells of which more than half lies in the intervals, ascending."""
    cells, starts, ends = cut(intervals, step)
    if not len(cells):
        return cells
    opens = np.flatnonzero(np.diff(cells, prepend=-1))
    covered = np.add.reduceat(ends - starts, opens)
    found: Positions = cells[opens][2 * covered > step]
    return found
