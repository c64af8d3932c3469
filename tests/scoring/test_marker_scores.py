"""What is said of one marker, against the plainest way to find it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scoring_builders import marker_scores, unscored

from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.scoring.histogram import COARSE, UNROUNDED, WRITTEN, Ranking, bin_count, bin_edges
from regtrack.scoring.marker_scores import BaseCalls, MarkerCounts, MarkerScores, score_marker
from regtrack.scoring.metrics import RankingScores
from regtrack.tracks.peaks.called import CALLED_PEAK, OWN_THRESHOLD
from regtrack.tracks.peaks.callers import THRESHOLDS
from regtrack.tracks.peaks.rules import BARE_RUNS, MarkerRules

Rows = list[tuple[float, int, int]]


def scores_of(rows: Rows, threshold: float, bits: int = WRITTEN) -> MarkerScores:
    """Of bases with a probability, so many outside and inside of peaks."""
    counts = np.zeros((2, bin_count(bits)), np.int64)
    for probability, *bases in rows:
        place = np.searchsorted(bin_edges(bits)[:-1], probability, side="right") - 1
        counts[:, place] += bases
    blocks = np.zeros((1, 2, bin_count(COARSE)), np.int64)
    ranking = Ranking.of(counts, bits)
    nothing, rules = np.zeros(0, CALLED_PEAK), MarkerRules(threshold, BARE_RUNS)
    return score_marker(MarkerCounts(ranking, {}, blocks, nothing), EMPTY, EMPTY, rules)


@pytest.mark.parametrize(
    ("precision", "recall", "f1"), [(0.5, 0.25, 1 / 3), (1, 1, 1), (0, 0, 0), (0, 0.5, 0)]
)
def test_f1_is_the_harmonic_mean(precision: float, recall: float, f1: float) -> None:
    assert BaseCalls(0.5, precision, recall).f1 == pytest.approx(f1)


# Probability, and bases outside and inside of peaks.
ROWS = [(0.0, 900, 10), (0.25, 60, 30), (0.75, 20, 60)]


@pytest.mark.parametrize(
    ("threshold", "precision", "recall"),
    [(0.2, 90 / 170, 0.9), (0.25, 90 / 170, 0.9), (0.3, 0.75, 0.6), (0.75, 0.75, 0.6)],
)
@pytest.mark.parametrize("bits", [WRITTEN, UNROUNDED])
def test_from_a_threshold_on_all_bases_are_called(
    bits: int, threshold: float, precision: float, recall: float
) -> None:
    point = scores_of(ROWS, threshold, bits).at_threshold
    assert point == BaseCalls(threshold, pytest.approx(precision), pytest.approx(recall))


def test_a_threshold_inside_of_a_bin_calls_a_share_of_it_where_its_order_is_not_known() -> None:
    edges = bin_edges(UNROUNDED)
    upper = edges[np.searchsorted(edges, 0.25, side="right")]
    point = scores_of(ROWS, (0.25 + 3 * upper) / 4, UNROUNDED).at_threshold
    assert point is not None
    assert point.precision == pytest.approx((60 + 7.5) / (80 + 22.5))
    assert point.recall == pytest.approx(0.675)


def test_where_nothing_is_called_precision_is_not_defined() -> None:
    point = scores_of(ROWS, 0.99).at_threshold
    assert point is not None
    assert math.isnan(point.precision)
    assert point.recall == 0


def test_the_best_point_is_the_probability_of_the_best_f1() -> None:
    best = scores_of([(0.0, 900, 10), (0.25, 90, 30), (0.75, 20, 60)], 0.1).best
    assert best == BaseCalls(pytest.approx(0.75, abs=1e-3), pytest.approx(0.75), pytest.approx(0.6))


def test_the_curve_goes_through_the_points_from_the_highest_bin_down() -> None:
    curve = scores_of(ROWS, 0.1).curve
    assert curve == (
        (0.6, 0.75),
        (0.9, pytest.approx(90 / 170)),
        (1.0, pytest.approx(0.0926, 1e-3)),
    )


def test_a_long_curve_is_thinned_and_still_reaches_both_ends() -> None:
    found = marker_scores(3)
    recall = [point[0] for point in found.curve]
    assert 10 < len(recall) <= 60
    assert recall == sorted(recall)
    assert recall[0] < 0.01
    assert recall[-1] == 1
    assert found.overall.base_rate <= found.curve[-1][1] < 1.1 * found.overall.base_rate


def test_blocks_are_those_with_a_positive() -> None:
    assert marker_scores(3).blocks == 6
    assert unscored().blocks == 0


def test_without_a_base_there_is_nothing_to_say() -> None:
    found = scores_of([], 0.5)
    assert found.overall == RankingScores(0, 0, *[pytest.approx(math.nan, nan_ok=True)] * 3)
    assert (found.at_threshold, found.best, found.curve) == (None, None, ())


def test_an_interval_holds_the_score_that_it_is_of() -> None:
    found = marker_scores(3)
    low, high = found.interval
    assert low < found.overall.average_precision < high
    assert unscored().replicates.size == 0


def test_a_network_whose_lift_may_be_1_is_no_better_than_chance() -> None:
    found = marker_scores(4)
    rate = found.overall.base_rate
    assert found.is_skilled
    for interval, skilled in ((rate, 1.0), False), ((0.0, rate), False), ((rate * 1.01, 1.0), True):
        assert replace(found, interval=interval).is_skilled == skilled
    # Too few blocks to say.
    assert replace(found, interval=(math.nan, math.nan)).is_skilled


def test_the_curve_of_peaks_ends_where_none_are_called_and_begins_at_the_floor() -> None:
    ranking = Ranking.of(np.ones((2, bin_count(WRITTEN)), np.int64), WRITTEN)
    blocks = np.zeros((1, 2, bin_count(COARSE)), np.int64)
    rows = [(0, 50, 3), (0, 40, 4), (10, 30, 6), (10, 20, OWN_THRESHOLD)]
    counts = MarkerCounts(ranking, {}, blocks, np.array(rows, CALLED_PEAK))
    line = IntervalSet.of([0], [100])
    scores = score_marker(
        counts,
        IntervalSet.of([5], [25]),
        line,
        MarkerRules(0.3, BARE_RUNS),
        floor=float(THRESHOLDS[4]),
    )
    assert [(threshold, one.called_width) for threshold, one in scores.peak_curve] == [
        (THRESHOLDS[4], 40),
        (THRESHOLDS[6], 20),
    ]
    assert (scores.peaks.called, scores.peaks.called_width) == (1, 10)
