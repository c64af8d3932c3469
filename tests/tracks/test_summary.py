"""Summaries of tracks: those of all predicted bases, one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from encoded import Row, block_of, segment_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.tracks.encoding import encode_block
from regtrack.tracks.summary import QUANTILES, Summarising, Summary

# The first call compiles a kernel.
quick = settings(max_examples=25)
SPAN = 5_000


def summary_of(pieces: list[list[Row]], bases: int) -> Summary:
    found = Summarising()
    for rows in pieces:
        found.add(encode_block(block_of([rows]), 0).of(0))
    return found.summary(bases)


@quick
@given(st.lists(segment_rows(1, SPAN), min_size=1, max_size=3))
def test_a_summary_is_that_of_all_predicted_bases_where_those_without_a_value_are_0(
    pieces: list[list[list[Row]]],
) -> None:
    values = np.zeros((len(pieces), SPAN), np.float32)
    covered = 0
    for of_piece, (rows,) in zip(values, pieces, strict=True):
        for start, end, value in rows:
            of_piece[start:end] = value
            covered += end - start
    found = summary_of([rows for (rows,) in pieces], values.size)
    assert found.covered == covered
    assert found.mean == pytest.approx(values.mean(dtype=np.float64), rel=1e-3)
    assert found.highest == pytest.approx(values.max(), rel=1e-3)
    rising = np.sort(values.reshape(-1))
    for share in QUANTILES:
        exact = rising[int(np.ceil(float(share) * len(rising))) - 1]
        # Values under 2**-16 are all taken for 0.
        assert found.quantiles[share] == pytest.approx(exact, rel=0.035, abs=2.0**-16)


def test_the_high_value_of_a_track_that_is_nearly_empty_is_its_highest() -> None:
    assert summary_of([[(0, 2, 0.5)]], 10_000).high == 0.5  # a base in 5,000
    assert summary_of([[(0, 20, 0.25), (30, 31, 0.5)]], 10_000).high == pytest.approx(
        0.25, rel=0.03
    )


def test_a_track_without_a_value_is_0_everywhere() -> None:
    found = summary_of([[]], 100)
    assert (found.covered, found.mean, found.highest, found.high) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "numbers",
    [(-1, 0.1, 0.2, 0.1), (1, 1e16, 1.0, 0.1), (1, 0.1, math.inf, 0.1), (1, 0.1, 0.2, -0.5)],
)
def test_what_no_track_can_have_is_no_summary(numbers: tuple[int, float, float, float]) -> None:
    covered, mean, highest, quantile = numbers
    with pytest.raises(ValueError, match="expected values from 0 upward"):
        Summary(covered, mean, highest, {"0.5": quantile})


def test_of_a_signal_quantiles_are_known_to_3_percent_whatever_its_range() -> None:
    for scale in 1e-9, 1.0, 7e8:
        levels = np.array([0.001, 0.2, 0.9, 5.0, 300.0], np.float32) * np.float32(scale)
        rows = [(20 * at, 20 * at + 20, float(level)) for at, level in enumerate(levels)]
        found = Summarising(scale)
        ranges = np.array([scale], np.float32)
        found.add(encode_block(block_of([rows]), 0, ranges=ranges).of(0))
        summary = found.summary(100)
        assert summary.highest == pytest.approx(levels[-1], rel=1e-3)
        assert summary.quantiles["0.5"] == pytest.approx(levels[2], rel=0.035)
        assert summary.quantiles["0.999"] == pytest.approx(levels[-1], rel=0.035)
        assert summary.mean == pytest.approx(levels.mean(), rel=1e-3)
