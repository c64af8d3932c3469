"""Segments against a plain reference: the bound is kept, and no segmentation has fewer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.prediction.segmentation import Segmenter, shortest_decimals
from regtrack.prediction.settings import ARITHMETIC_MARGIN

Found = list[tuple[int, int, float]]

# The first call compiles the kernels.
quick = settings(max_examples=80)


@dataclass(frozen=True)
class Signal:
    """Probabilities of one marker or more, and how they are to be segmented."""

    probabilities: np.ndarray
    max_error: float
    floor: float


def probabilities(markers: int, bases: int) -> st.SearchStrategy[np.ndarray]:
    # Few different values, so that plateaus, steps back and ties come often.
    level = st.one_of(
        st.sampled_from([0.0, 0.001, 0.005, 0.0149, 0.02, 0.5, 0.51, 1.0]), st.floats(0, 1)
    )
    row = st.lists(level, min_size=bases, max_size=bases)
    return st.lists(row, min_size=markers, max_size=markers).map(
        lambda rows: np.array(rows, dtype=np.float32)
    )


@st.composite
def signals(draw: st.DrawFn, markers: int = 1) -> Signal:
    return Signal(
        draw(probabilities(markers, draw(st.integers(1, 30)))),
        draw(st.sampled_from([0.0001, 0.005, 0.01, 0.2, 0.5])),
        draw(st.sampled_from([0.0, 0.005, 0.1, 0.505, 1.0])),
    )


def segments_of(signal: Signal, start: int = 0, keep_first: bool = False) -> list[Found]:
    limits = len(signal.probabilities), signal.max_error, signal.floor
    segmenter = Segmenter(*limits, keep_first=keep_first)
    segmenter.add(start, signal.probabilities)
    return finished(segmenter)


def finished(segmenter: Segmenter) -> list[Found]:
    """Segments of each marker as (start, end, value)."""
    block = segmenter.finish()
    return [
        [tuple(record) for record in block.records[first:last].tolist()]
        for first, last in zip(block.offsets[:-1], block.offsets[1:], strict=True)
    ]


def shortest_decimal(low: float, high: float) -> float:
    """Of one interval, of a probability, which is that of a signal whose unit is 1."""
    of_first = np.array([low]), np.array([high]), np.zeros(1, np.int32)
    (value,), (of_unit,) = (shortest_decimals(*of_first, units) for units in (None, np.ones(1)))
    assert value == of_unit
    return float(value)


def fewest_segments(values: np.ndarray, error: np.float32, floor: np.float32) -> int:
    """By dynamic programming over every way to segment: how few segments can do.

    A base at or above the floor must lie in a segment; any stretch may be a segment whose
    probabilities lie no further apart than twice the error. All in float32.
    """
    fewest = [0] + [len(values) + 1] * len(values)
    for end in range(1, len(values) + 1):
        if values[end - 1] < floor:
            fewest[end] = fewest[end - 1]
        for start in range(end):
            inside = values[start:end]
            if inside.max() - error <= inside.min() + error:
                fewest[end] = min(fewest[end], fewest[start] + 1)
    return fewest[-1]


@quick
@given(signals())
def test_no_segmentation_has_fewer_segments(signal: Signal) -> None:
    (found,) = segments_of(signal)
    assert len(found) == fewest_segments(
        signal.probabilities[0],
        np.float32(signal.max_error - ARITHMETIC_MARGIN),
        np.float32(signal.floor - ARITHMETIC_MARGIN),
    )


@quick
@given(signals(markers=3))
def test_the_bound_holds_at_every_base_of_every_segment(signal: Signal) -> None:
    for row, found in zip(signal.probabilities, segments_of(signal), strict=True):
        for start, end, value in found:
            assert np.abs(row[start:end].astype(np.float64) - value).max() <= signal.max_error


@quick
@given(signals(markers=3))
def test_only_bases_under_the_floor_are_absent(signal: Signal) -> None:
    for row, found in zip(signal.probabilities, segments_of(signal), strict=True):
        absent = np.ones(len(row), dtype=bool)
        for start, end, _ in found:
            absent[start:end] = False
        assert (row[absent] < signal.floor).all()


@quick
@given(signals(markers=3))
def test_a_segment_begins_and_ends_at_or_above_the_floor(signal: Signal) -> None:
    # Being under the floor is no reason for a segment; it is only crossed on the way.
    for row, found in zip(signal.probabilities, segments_of(signal), strict=True):
        for start, end, _ in found:
            assert min(row[start], row[end - 1]) >= signal.floor - ARITHMETIC_MARGIN


@quick
@given(signals(markers=2))
def test_segments_are_sorted_and_disjoint(signal: Signal) -> None:
    for found in segments_of(signal, start=1_000):
        edges = [edge for start, end, _ in found for edge in (start, end)]
        assert edges == sorted(edges)
        assert all(1_000 <= edge <= 1_000 + signal.probabilities.shape[1] for edge in edges)


@quick
@given(signals(markers=2), st.lists(st.integers(0, 30), max_size=6), st.booleans())
def test_pieces_of_any_size_give_the_same_segments(
    signal: Signal, cuts: list[int], keep_first: bool
) -> None:
    segmenter = Segmenter(2, signal.max_error, signal.floor, keep_first=keep_first)
    bases = signal.probabilities.shape[1]
    edges = sorted({0, bases, *(cut for cut in cuts if cut < bases)})
    for first, last in pairwise(edges):
        piece = signal.probabilities[:, first:last]
        segmenter.add(500 + first, piece)
    assert finished(segmenter) == segments_of(signal, 500, keep_first)


@pytest.mark.parametrize("bases", [511, 512, 513, 1_600])
def test_long_pieces_are_not_cut_where_they_are_handed_on(bases: int) -> None:
    # The kernel is called for slices of 512 bases.
    flat = Signal(np.full((2, bases), 0.25, dtype=np.float32), 0.005, 0.005)
    assert segments_of(flat) == [[(0, bases, 0.25)]] * 2


@quick
@given(signals(), signals(), st.integers(1, 9))
def test_a_gap_is_never_bridged(first: Signal, second: Signal, gap: int) -> None:
    # Even where one value would do on both sides: a base that is N has no value.
    left, right = first.probabilities, second.probabilities
    again = left.shape[1] + gap
    segmenter = Segmenter(1, first.max_error, first.floor)
    segmenter.add(0, left)
    segmenter.add(again, right)
    (alone,) = segments_of(first)
    (after,) = segments_of(Signal(right, first.max_error, first.floor), start=again)
    assert finished(segmenter) == [alone + after]


def test_a_dip_under_the_floor_is_crossed_only_on_the_way_to_a_needed_base() -> None:
    row = np.array([[0.02, 0.013, 0.02, 0.013, 0.013]], dtype=np.float32)
    assert segments_of(Signal(row, 0.005, 0.015)) == [[(0, 3, pytest.approx(0.016))]]


@pytest.mark.parametrize("row", [[0.25, 0.5], [0.5, 0.25]])
def test_probabilities_twice_the_error_apart_share_a_segment(row: list[float]) -> None:
    # Which the value in the middle can do; all of these numbers are exact in float32.
    signal = Signal(np.array([row], dtype=np.float32), 0.125 + ARITHMETIC_MARGIN, 0.005)
    assert segments_of(signal) == [[(0, 2, 0.375)]]


def test_positions_far_out_on_the_longest_chromosomes_are_right() -> None:
    # The lungfish's have more bases than a signed 32-bit number counts.
    row = np.array([[0.5, 0.5, 0.0, 0.25]], dtype=np.float32)
    first = 3_000_000_000
    assert segments_of(Signal(row, 0.005, 0.005), start=first) == [
        [(first, first + 2, 0.5), (first + 3, first + 4, 0.25)]
    ]


def test_the_first_base_is_kept_where_asked_for_though_under_the_floor() -> None:
    row = np.zeros((3, 5), dtype=np.float32)
    row[2] = 0.001
    signal = Signal(row, 0.005, 0.005)
    assert segments_of(signal) == [[], [], []]
    assert segments_of(signal, start=70, keep_first=True) == [[(70, 71, 0.0)]] * 3


@quick
@given(signals(markers=2))
def test_keeping_the_first_base_leaves_no_marker_empty_and_breaks_no_bound(
    signal: Signal,
) -> None:
    for row, found in zip(signal.probabilities, segments_of(signal, keep_first=True), strict=True):
        assert found[0][0] == 0
        for start, end, value in found:
            assert np.abs(row[start:end].astype(np.float64) - value).max() <= signal.max_error


def test_a_marker_without_anything_above_the_floor_has_no_segment() -> None:
    row = np.array([[0.004, 0.0, 0.002], [0.004, 0.9, 0.002]], dtype=np.float32)
    nothing, something = segments_of(Signal(row, 0.005, 0.005))
    assert nothing == []
    assert something == [(1, 2, pytest.approx(0.9))]


def test_no_base_gives_no_segment() -> None:
    assert finished(Segmenter(3, 0.005, 0.005)) == [[], [], []]


def test_markers_do_not_see_each_other() -> None:
    random = np.random.default_rng(0)
    rows = random.random((5, 300), dtype=np.float32).cumsum(axis=1) % 1
    together = segments_of(Signal(rows, 0.3, 0.1))
    alone = [segments_of(Signal(row[None], 0.3, 0.1))[0] for row in rows]
    assert together == alone


def test_memory_layout_changes_nothing() -> None:
    rows = np.random.default_rng(0).random((4, 200), dtype=np.float32)
    side_by_side = np.asfortranarray(rows)
    assert segments_of(Signal(side_by_side, 0.2, 0.1)) == segments_of(Signal(rows, 0.2, 0.1))


@pytest.mark.parametrize(
    ("low", "high", "value"),
    [
        (0.0, 0.01, 0.0),
        (-0.004, 0.006, 0.0),
        (0.12, 0.18, 0.15),
        (0.121, 0.179, 0.15),
        (0.14, 0.26, 0.2),
        (0.991, 1.001, 1.0),
        (0.1234, 0.1236, 0.1235),
        (0.3, 0.3, 0.3),
        (0.11, 0.2, 0.2),  # both ends belong to it
        (0.2, 0.29, 0.2),
        (0.12345678, 0.12345679, (0.12345678 + 0.12345679) / 2),  # no short one: the middle
    ],
)
def test_a_value_is_the_shortest_decimal_of_its_interval(
    low: float, high: float, value: float
) -> None:
    assert shortest_decimal(low, high) == pytest.approx(value, abs=1e-12)


@quick
@given(st.floats(0, 1), st.floats(1e-6, 0.5))
def test_no_number_in_the_interval_has_fewer_decimals(low: float, width: float) -> None:
    high = low + width
    value = shortest_decimal(low, high)
    assert low <= value <= high
    decimals = next(digits for digits in range(8) if abs(round(value, digits) - value) < 1e-12)
    scale = 10.0 ** (decimals - 1)
    if decimals:
        # Nothing on the coarser grid lies inside, but for what rounding puts on the edge.
        assert np.ceil((low + 1e-12) * scale) > np.floor((high - 1e-12) * scale)


@quick
@given(st.floats(0, 1), st.floats(1e-6, 0.5))
def test_of_the_shortest_decimals_the_one_nearest_to_the_middle_is_taken(
    low: float, width: float
) -> None:
    middle = low + width / 2
    value = shortest_decimal(low, low + width)
    decimals = next(digits for digits in range(8) if abs(round(value, digits) - value) < 1e-12)
    assert abs(value - middle) <= 0.5 * 10.0**-decimals + 1e-12


def test_written_values_are_the_shortest_decimals() -> None:
    row = np.array([[0.1234, 0.1249, 0.6, 0.601]], dtype=np.float32)
    ((first, second),) = segments_of(Signal(row, 0.005, 0.005))
    assert first == (0, 2, pytest.approx(0.12))
    assert second == (2, 4, pytest.approx(0.6))


@quick
@given(
    st.floats(-9, 9).map(lambda power: 10.0**power),
    st.lists(st.one_of(st.floats(0, 1.2), st.floats(0, 1e6)), min_size=1, max_size=40),
    st.sampled_from([0.0001, 0.003, 0.2]),
    st.sampled_from([0.0, 0.003, 0.5]),
)
def test_of_a_signal_bound_and_floor_are_shares_of_the_range_also_far_above_it(
    marker_range: float, shares: list[float], max_error: float, floor: float
) -> None:
    row = (np.array(shares) * marker_range).astype(np.float32)
    segmenter = Segmenter(1, max_error, floor, [marker_range])
    segmenter.add(0, row[None])
    (found,) = finished(segmenter)
    covered = np.zeros(len(row), bool)
    for start, end, value in found:
        covered[start:end] = True
        wrong = np.abs(row[start:end].astype(np.float64) - value).max()
        assert wrong <= max_error * marker_range
    assert (row[~covered] < floor * marker_range).all()


@quick
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.sampled_from([0.003, 0.01, 0.2]))
def test_of_a_signal_no_segmentation_with_a_bound_that_is_hardly_tighter_has_fewer_segments(
    shares: list[float], max_error: float
) -> None:
    row = np.array(shares, np.float32)
    segmenter = Segmenter(1, max_error, max_error, [2.0**20])
    segmenter.add(0, row[None] * np.float32(2.0**20))
    (found,) = finished(segmenter)
    tighter = np.float32(max_error - 3 * ARITHMETIC_MARGIN)
    assert len(found) <= fewest_segments(row, tighter, np.float32(max_error - ARITHMETIC_MARGIN))


def test_written_signals_are_the_shortest_decimals_of_their_own_size() -> None:
    row = np.array([[123.4, 124.9, 60_000.0, 60_100.0]], np.float32)
    segmenter = Segmenter(1, 0.005, 0.0, [1_000.0])
    segmenter.add(0, row[:, :2])
    assert finished(segmenter) == [[(0, 2, pytest.approx(120))]]
    segmenter = Segmenter(1, 0.005, 0.0, [1e5])
    segmenter.add(0, row[:, 2:])
    assert finished(segmenter) == [[(0, 2, pytest.approx(60_000))]]
    segmenter = Segmenter(1, 0.005, 0.0, [1e-5])
    segmenter.add(0, row[:, :2] * np.float32(1e-8))
    assert finished(segmenter) == [[(0, 2, pytest.approx(1.2e-6, rel=1e-6))]]


@pytest.mark.parametrize("max_error", [-1, 0, ARITHMETIC_MARGIN, 2 * ARITHMETIC_MARGIN])
def test_an_error_without_room_for_rounding_is_refused(max_error: float) -> None:
    with pytest.raises(ValueError, match="max_error must be above 2e-05"):
        Segmenter(1, max_error, 0.005)


@pytest.mark.parametrize("start", [0, 99, 109])
def test_bases_out_of_order_are_refused(start: int) -> None:
    segmenter = Segmenter(1, 0.005, 0.005)
    segmenter.add(100, np.full((1, 10), 0.5, dtype=np.float32))
    with pytest.raises(ValueError, match="from left to right"):
        segmenter.add(start, np.full((1, 10), 0.5, dtype=np.float32))


def test_what_lies_under_the_floor_behind_a_segment_has_no_say_in_its_value() -> None:
    # 0.35 might have been taken in: together with it, the value would have been 0.4.
    alone = Signal(np.array([[0.5]], np.float32), 0.2, 0.4)
    followed = Signal(np.array([[0.5, 0.35, 0.35]], np.float32), 0.2, 0.4)
    assert segments_of(followed) == segments_of(alone) == [[(0, 1, 0.5)]]
