"""Called peaks are the runs of bases from the threshold on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.evaluation.calling import PeakCaller

THRESHOLDS = np.array([0.25, 0.5, 0.0, 2.0, 0.5, 0.5, 0.5, 0.5, 0.9], np.float32)


def runs_of(values: np.ndarray, threshold: float, start: int) -> list[tuple[int, int]]:
    """The same, base by base."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], values >= threshold, [0]))))
    return [(start + int(a), start + int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def called(caller: PeakCaller) -> list[list[tuple[int, int]]]:
    return [[tuple(run) for run in runs.tolist()] for runs in caller.finish()]


@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(1, 59), max_size=4, unique=True),
    markers=st.sampled_from([1, 2, 8, 9]),
)
def test_runs_are_those_of_all_bases_wherever_stretches_begin(
    seed: int, cuts: list[int], markers: int
) -> None:
    values = np.random.default_rng(seed).random((markers, 60)).astype(np.float32)
    thresholds = THRESHOLDS[:markers]
    caller = PeakCaller(thresholds)
    edges = [0, *sorted(cuts), 60]
    for first, last in itertools.pairwise(edges):
        caller.add(1_000 + first, values[:, first:last])
    assert called(caller) == [
        runs_of(row, threshold, 1_000) for row, threshold in zip(values, thresholds, strict=True)
    ]


def test_a_probability_at_the_threshold_is_called() -> None:
    caller = PeakCaller(np.array([0.5, 0.3], np.float32))
    under = np.nextafter(np.float32(0.5), np.float32(0))
    caller.add(0, np.array([[0.4, 0.5, 0.5, under], [0.3, 0.3, 0.2, 0.9]], np.float32))
    assert called(caller) == [[(1, 3)], [(0, 2), (3, 4)]]


def test_a_gap_ends_a_run() -> None:
    caller = PeakCaller(np.array([0.5], np.float32))
    for start in (0, 10, 25):
        caller.add(start, np.ones((1, 10), np.float32))
    assert called(caller) == [[(0, 20), (25, 35)]]


@pytest.mark.parametrize("markers", [1, 3])
def test_without_a_base_nothing_is_called(markers: int) -> None:
    assert called(PeakCaller(np.zeros(markers, np.float32))) == [[]] * markers


def test_a_base_at_the_threshold_is_called() -> None:
    caller = PeakCaller(np.array([0.25], np.float32))
    caller.add(0, np.array([[0.2, 0.25, 0.2]], np.float32))
    assert called(caller) == [[(1, 2)]]
