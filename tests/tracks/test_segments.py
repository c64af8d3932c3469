"""Arrays of segments."""

from __future__ import annotations

import numpy as np

from regtrack.tracks.segments import SEGMENT, concatenated


def test_arrays_are_put_one_behind_the_other_and_can_be_written_to() -> None:
    whole = np.zeros(6, SEGMENT)
    whole["start"], whole["end"], whole["value"] = np.arange(6), np.arange(6) + 1, 0.25
    joined = concatenated([whole[::2], whole[:0], whole[1:2]])  # some are no stretch of memory
    assert joined.dtype == SEGMENT
    assert joined.tolist() == [(0, 1, 0.25), (2, 3, 0.25), (4, 5, 0.25), (1, 2, 0.25)]
    joined["value"] = 0.5
    assert whole["value"].tolist() == [0.25] * 6
