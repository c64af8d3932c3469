"""Called peaks as arrays, and how parts of them become whole."""

from __future__ import annotations

import numpy as np

from regtrack.genome.intervals import Positions
from regtrack.tracks.rules import PeakRules
from regtrack.tracks.segments import Records

# A called peak, or a part of one: 0-based, half-open, on a chromosome or on a genome's `Line`; and
# which of `regtrack.tracks.calling.LEVELS` it was called at.
CALLED = np.dtype([("start", "<i8"), ("end", "<i8"), ("level", "u1")])

# The level of peaks that are called at a marker's own threshold.
OWN = 255


def joined(called: Records, rules: PeakRules, breaks: Positions) -> Records:
    """Whole peaks of one marker, from parts of them.

    Parameters
    ----------
    called
        CALLED, in any order; parts of one level are disjoint.
    breaks
        int64, rising: positions that no peak goes across, where chromosomes begin on a line.

    Returns
    -------
    CALLED
        Sorted by level, then by position.
    """
    found = called[np.lexsort((called["start"], called["level"]))]
    if not len(found):
        return found
    starts, ends, levels = found["start"], found["end"], found["level"]
    chroms = np.searchsorted(breaks, starts, side="right")
    apart = (
        (levels[1:] != levels[:-1])
        | (chroms[1:] != chroms[:-1])
        | (starts[1:] - ends[:-1] > rules.max_gap)
    )
    firsts = np.flatnonzero(np.append(True, apart))
    whole = found[firsts]
    whole["end"] = ends[np.append(firsts[1:], len(found)) - 1]
    long: Records = whole[whole["end"] - whole["start"] >= rules.min_length]
    return long
