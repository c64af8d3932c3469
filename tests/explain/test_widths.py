"""Widths: how many bases around a positive one hold most of a norm."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from regtrack.explain.gradient import by_distance, distances, share_beyond, widths
from regtrack.genome.intervals import IntervalSet


def test_a_base_is_as_far_away_as_the_nearest_positive_one() -> None:
    positives = IntervalSet.of([13, 20], [15, 21])
    assert distances(10, 25, positives).tolist() == [3, 2, 1, 0, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 4]


def test_positive_bases_may_lie_outside() -> None:
    assert distances(0, 4, IntervalSet.of([6], [9])).tolist() == [6, 5, 4, 3]
    assert distances(10, 13, IntervalSet.of([6], [9])).tolist() == [2, 3, 4]


def test_both_sides_add_up_and_an_absent_value_adds_nothing() -> None:
    norm = np.array([1, np.nan, 4, 8, 16], np.float32)
    assert by_distance(norm, np.array([2, 1, 0, 1, 2])).tolist() == [4, 8, 17]


def test_widths_are_twice_the_distance_and_the_base_itself() -> None:
    #         within 0: 50%, within 1: 60%, within 3: 90%, within 4: 100%
    profile = np.array([50.0, 10, 0, 30, 10])
    assert widths(profile) == (1, 7, 9)


def test_all_in_the_positive_bases_is_a_width_of_one() -> None:
    assert widths(np.array([3.0, 0, 0])) == (1, 1, 1)


def test_without_any_norm_there_is_no_width() -> None:
    assert widths(np.zeros(5)) == (None, None, None)
    assert widths(np.zeros(0)) == (None, None, None)
    assert share_beyond(np.zeros(5), 2) is None


def test_the_share_beyond_a_distance_leaves_that_distance_out() -> None:
    profile = np.array([1.0, 1, 1, 1])
    assert share_beyond(profile, 1) == 0.5
    assert share_beyond(profile, 3) == 0.0
    assert share_beyond(profile, 250) == 0.0


NORMS = st.floats(0, 1e6, allow_subnormal=False)


@given(arrays(np.float64, st.integers(1, 40), elements=NORMS).filter(np.any))
def test_widths_grow_with_the_share_and_never_leave_the_halo(profile: np.ndarray) -> None:
    found = [width or 0 for width in widths(profile)]
    assert found == sorted(found)
    halo = len(profile) - 1
    for width, share in zip(found, (0.5, 0.9, 0.99), strict=True):
        assert 1 <= width <= 2 * halo + 1
        reach = width // 2
        assert profile[: reach + 1].sum() >= share * profile.sum() * (1 - 1e-9)
        assert profile[:reach].sum() <= share * profile.sum() * (1 + 1e-9)
