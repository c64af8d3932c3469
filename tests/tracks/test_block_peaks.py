"""The peaks of a block's tracks: those of all its bases, and their summits."""

from __future__ import annotations

import numpy as np
import pytest
from encoded import (
    Row,
    block_of,
    called_from,
    peaks_of,
    segment_rows,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.tracks.encoding import encode_block
from regtrack.tracks.peaks.block_peaks import BlockRules
from regtrack.tracks.peaks.files import narrow_peaks
from regtrack.tracks.peaks.rules import MarkerRules, PeakRules

# The first call compiles a kernel.
quick = settings(max_examples=60)


def bases_of(rows: list[Row], length: int) -> np.ndarray:
    values = np.full(length, np.nan, np.float32)
    for start, end, value in rows:
        values[start:end] = value
    return values


def expected_peaks(values: np.ndarray, threshold: float, rules: PeakRules) -> list[list[float]]:
    """Base by base: start, end and highest value of each peak."""
    spans = peaks_of(values >= np.float32(threshold), rules)
    return [[start, end, float(np.nanmax(values[start:end]))] for start, end in spans]


def lines_of(parts: list[tuple[str, np.ndarray]], rules: PeakRules) -> list[list[float]]:
    fields = [line.split("\t") for line in narrow_peaks(parts, rules, "m")]
    return [[int(one[1]), int(one[2]), float(one[6])] for one in fields]


@quick
@given(
    segment_rows(markers=3, span=2_000),
    st.floats(0, 1, width=32),
    st.integers(1, 1_999),
    st.builds(PeakRules, st.integers(0, 300), st.integers(1, 600)),
)
def test_peaks_are_those_of_all_bases_wherever_a_block_ends(
    found: list[list[Row]], threshold: float, cut: int, rules: PeakRules
) -> None:
    # A segment goes no further than its block.
    cut_rows = [
        [[(max(start, low), min(end, high), value) for start, end, value in rows] for rows in found]
        for low, high in ((0, cut), (cut, 2_000))
    ]
    halves = [[[row for row in rows if row[0] < row[1]] for rows in half] for half in cut_rows]
    block_rules = called_from(threshold, threshold, threshold, rules=rules)
    encoded = [
        encode_block(block_of(half), 0, block_rules, bounds)
        for half, bounds in zip(halves, ((0, cut), (cut, 2_000)), strict=True)
    ]
    for marker in range(3):
        parts = [("chr1", one.of(marker).peaks) for one in encoded]
        values = bases_of(found[marker], 2_000)
        expected = expected_peaks(values, threshold, rules)
        assert [one[:2] for one in lines_of(parts, rules)] == [one[:2] for one in expected]
        np.testing.assert_allclose(
            [one[2] for one in lines_of(parts, rules)], [one[2] for one in expected], rtol=1e-5
        )


def peaks_in(rows: list[Row], block_rules: BlockRules) -> list[tuple[float, ...]]:
    peaks = encode_block(block_of([rows]), 0, block_rules).of(0).peaks
    return peaks[["start", "end", "value", "summit"]].tolist()


def test_a_short_peak_is_kept_only_where_it_may_go_on_in_the_next_block() -> None:
    rules = PeakRules(max_gap=10, min_length=100)
    rows = [(5, 15, 0.5), (400, 450, 0.5), (940, 995, 0.5)]
    encoded = encode_block(block_of([rows]), 0, called_from(0.5, rules=rules), (0, 1_000))
    assert encoded.of(0).peaks["start"].tolist() == [5, 940]


def test_the_summit_is_the_middle_of_the_highest_plateau() -> None:
    values = [0.1, 0.5, 0.75, 0.5, 0.875, 0.625, 0.875, 0.5, 0.1, 0.5]
    rows = [(10 * index, 10 * index + 10, value) for index, value in enumerate(values)]
    # Of two equally high ones the first.
    assert peaks_in(rows, called_from(0.5)) == [(10, 80, 0.875, 45), (90, 100, 0.5, 95)]


def test_the_summit_is_that_of_means_over_the_stride_of_the_network() -> None:
    # A single base towers over a plateau, whose values saw by a third of it with a period of 10.
    saw = [(start, start + 5, 0.5 + 0.2 * (start % 10 == 0)) for start in range(100, 200, 5)]
    rows = [(40, 41, 0.9), (41, 100, 0.3), *saw, (200, 300, 0.3)]
    ((_, _, value, summit),) = peaks_in(rows, called_from(0.3, stride=10))
    assert value == np.float32(0.9)
    assert summit == 150
    assert peaks_in(rows, called_from(0.3))[0][3] == 40


@quick
@given(segment_rows(markers=1, span=400), st.integers(1, 30))
def test_the_mean_around_a_summit_is_the_highest_of_all(
    found: list[list[Row]], stride: int
) -> None:
    rules = PeakRules(max_gap=400, min_length=1)
    peaks = encode_block(block_of(found), 0, called_from(0, rules=rules, stride=stride)).of(0).peaks
    if not found[0]:
        assert len(peaks) == 0
        return
    values = np.nan_to_num(bases_of(found[0], 460)).astype(float)
    means = np.convolve(np.concatenate((np.zeros(40), values)), np.ones(stride) / stride, "valid")
    (peak,) = peaks
    assert peak["mean"] == pytest.approx(means.max(), abs=1e-6)
    assert peak["start"] <= peak["summit"] < peak["end"]
    # The window around the summit is one of the highest; at a peak's very end it may lie outside.
    around = means[39 + int(peak["summit"]) - stride // 2 : 42 + int(peak["summit"]) - stride // 2]
    at_edge = min(peak["summit"] - peak["start"], peak["end"] - 1 - peak["summit"]) < stride
    assert at_edge or around.max() == pytest.approx(means.max(), abs=1e-6)


def test_the_summit_lies_in_no_hole_between_two_plateaus() -> None:
    rows = [(1_000, 1_150, 0.9), (1_175, 1_325, 0.9)]
    rules = PeakRules(max_gap=30, min_length=1)
    ((_, _, _, summit),) = peaks_in(rows, called_from(0.5, rules=rules, stride=10))
    assert summit == 1_075


def test_dips_and_bases_without_a_value_are_bridged_up_to_the_gap() -> None:
    rows = [(0, 50, 0.5), (50, 60, 0.1), (60, 90, 0.6), (100, 120, 0.7), (131, 150, 0.8)]
    rules = PeakRules(max_gap=10, min_length=1)
    expected = [(0, 120, np.float32(0.7), 110), (131, 150, np.float32(0.8), 140)]
    assert peaks_in(rows, called_from(0.5, rules=rules)) == expected


def test_markers_without_peaks_of_their_own_have_none_on_a_block() -> None:
    rules = PeakRules(max_gap=10, min_length=1)
    marker_rules = [MarkerRules(0.5, rules), MarkerRules(0.5, rules, has_peaks=False)]
    block_rules = BlockRules.of(marker_rules, stride=10)
    assert (block_rules.peak_rules, block_rules.stride) == (rules, 10)
    rows = [(5, 15, 0.5), (400, 450, 1.0)]
    encoded = encode_block(block_of([rows, rows]), 0, block_rules)
    assert [encoded.of(marker).peaks["start"].tolist() for marker in range(2)] == [[5, 400], []]
