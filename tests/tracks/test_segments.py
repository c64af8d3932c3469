"""Segments check themselves: writers crash on what is refused here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regtrack.tracks.segments import Segments


def segments(starts: list[int], ends: list[int], values: list[float]) -> Segments:
    return Segments(
        np.array(starts, np.int64), np.array(ends, np.int64), np.array(values, np.float32)
    )


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param(([], [], []), id="none"),
        pytest.param(([0], [1], [0]), id="a single base"),
        pytest.param(([0, 5], [5, 9], [0.2, 0.2]), id="touching, of one value"),
        pytest.param(([3, 50], [5, 90], [0, 1]), id="the whole range of values"),
    ],
)
def test_segments_that_can_be_written_are_accepted(columns: tuple[Any, Any, Any]) -> None:
    assert len(segments(*columns)) == len(columns[0])


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        (([0, 5], [5], [0.1, 0.2]), "one length"),
        (([0, 5], [5, 9], [0.1]), "one length"),
        (([-1], [5], [0.1]), "negative or empty"),
        (([5], [5], [0.1]), "negative or empty"),
        (([0, 7], [3, 6], [0.1, 0.2]), "negative or empty"),
        (([0, 4], [5, 9], [0.1, 0.2]), "sorted and must not overlap"),
        (([5, 0], [9, 5], [0.1, 0.2]), "sorted and must not overlap"),
        (([0], [5], [-0.001]), "a probability"),
        (([0], [5], [1.001]), "a probability"),
        (([0], [5], [float("nan")]), "a probability"),
        (([0], [5], [float("inf")]), "a probability"),
    ],
)
def test_segments_that_would_crash_a_writer_are_refused(
    columns: tuple[Any, Any, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        segments(*columns)
