"""Calibration: predicted probabilities against measured rates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from regtrack.scoring.calibration import calibrate
from regtrack.scoring.histogram import WRITTEN, Ranking, bin_count, bin_edges


def ranking_of(rows: list[tuple[float, int, int]]) -> Ranking:
    """Of bases with a probability, so many outside and inside of peaks."""
    counts = np.zeros((2, bin_count(WRITTEN)), np.int64)
    for probability, *bases in rows:
        place = np.searchsorted(bin_edges(WRITTEN)[:-1], probability, side="right") - 1
        counts[:, place] += bases
    return Ranking.of(counts, WRITTEN)


def test_probabilities_that_hold_have_no_error() -> None:
    found = calibrate(ranking_of([(0.2, 800, 200), (0.01, 9_900, 100)]))
    assert found.error == pytest.approx(0, abs=1e-4)
    assert found.bases == (10_000, 1_000)
    assert found.observed == (0.01, 0.2)
    assert found.predicted == pytest.approx((0.01, 0.2), rel=1e-3)


def test_the_error_is_weighed_by_bases() -> None:
    found = calibrate(ranking_of([(0.2, 1_000, 0), (0.6, 0, 3_000)]))
    assert found.error == pytest.approx(0.25 * 0.2 + 0.75 * 0.4, abs=1e-3)


def test_an_octave_of_the_odds_is_one_bin() -> None:
    found = calibrate(ranking_of([(0.13, 50, 50), (0.2, 100, 0), (0.9, 1, 0), (0.95, 0, 1)]))
    assert found.bases == (200, 1, 1)
    assert found.observed[0] == 0.25


def test_what_a_track_leaves_out_is_predicted_as_0() -> None:
    assert calibrate(ranking_of([(0.0, 99, 1)])).predicted == (0,)


def test_no_base_has_no_error() -> None:
    assert math.isnan(calibrate(ranking_of([])).error)
