"""Scores equal scikit-learn's on one value per base."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders import a_marker
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

from regtrack.scoring.metrics import (
    CategoryMeans,
    RankingScores,
    average_precision,
    best_f1,
    category_means,
    precision_recall,
    score_counts,
)

# Negatives and positives in bins of rising value.
Counts = list[tuple[int, int]]
counts = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    min_size=1,
    max_size=8,
)


def per_base(rows: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Label and value of every base."""
    labels = [label for outside, inside in rows for label in [1] * inside + [0] * outside]
    values = [value for value, row in enumerate(rows) for _ in range(sum(row))]
    return np.array(labels), np.array(values)


@settings(max_examples=150)
@given(counts)
def test_scores_equal_scikit_learns_on_one_value_per_base(rows: Counts) -> None:
    labels, values = per_base(rows)
    found = score_counts(*zip(*rows, strict=True), tied=True)
    assert (found.bases, found.positives) == (len(labels), labels.sum())
    if not found.positives:
        return  # scikit-learn warns and answers 0; see the tests below
    precision, recall, _ = precision_recall_curve(labels, values)
    assert found.average_precision == pytest.approx(average_precision_score(labels, values))
    assert found.pr_auc_trapezoid == pytest.approx(auc(recall, precision))
    if found.positives < found.bases:
        assert found.auroc == pytest.approx(roc_auc_score(labels, values))


def test_without_ties_a_bin_scores_as_its_bases_do_in_any_order_on_the_average() -> None:
    random = np.random.default_rng(2)
    rows = [(4_000, 100), (2_000, 300), (600, 600), (30, 200)]
    found = score_counts(*zip(*rows, strict=True), tied=False)
    labels, values = per_base(rows)
    shuffled = [values + random.random(len(values)) for _ in range(50)]
    precisions = [average_precision_score(labels, one) for one in shuffled]
    assert found.average_precision == pytest.approx(np.mean(precisions), abs=2e-3)
    curves = [precision_recall_curve(labels, one)[:2] for one in shuffled]
    trapezoids = [auc(recall, precision) for precision, recall in curves]
    assert found.pr_auc_trapezoid == pytest.approx(np.mean(trapezoids), abs=3e-3)
    assert found.auroc == pytest.approx(
        np.mean([roc_auc_score(labels, one) for one in shuffled]), abs=2e-3
    )


@pytest.mark.parametrize("tied", [True, False])
def test_many_rankings_at_once_score_as_each_alone(tied: bool) -> None:
    random = np.random.default_rng(0)
    outside, inside = random.integers(0, 9, (2, 5, 30))
    together = average_precision(outside, inside, tied=tied)
    for row in range(5):
        alone = score_counts(outside[row], inside[row], tied=tied).average_precision
        assert together[row] == pytest.approx(alone)


@pytest.mark.parametrize("tied", [True, False])
def test_a_perfect_ranking_scores_1(tied: bool) -> None:
    found = score_counts([95, 0, 0], [0, 3, 2], tied=tied)
    scores = (found.average_precision, found.pr_auc_trapezoid, found.auroc)
    assert scores == pytest.approx((1, 1, 1))
    assert found.base_rate == 0.05
    assert found.lift == pytest.approx(20)


def test_one_value_everywhere_scores_the_base_rate() -> None:
    found = score_counts([3], [1], tied=True)
    assert found.average_precision == pytest.approx(0.25)
    assert found.auroc == pytest.approx(0.5)
    assert found.lift == pytest.approx(1)


def test_the_counts_of_a_chromosome_are_exact() -> None:
    found = score_counts([248_000_000, 0], [0, 1_000_001], tied=True)
    assert (found.bases, found.positives) == (249_000_001, 1_000_001)


@pytest.mark.parametrize(("negatives", "bases"), [([5, 7], 12), ([0, 0], 0)])
@pytest.mark.parametrize("tied", [True, False])
def test_without_positives_nothing_is_scored(negatives: list[int], bases: int, tied: bool) -> None:
    found = score_counts(negatives, [0, 0], tied=tied)
    assert not found.scored
    assert (found.bases, found.positives) == (bases, 0)
    assert math.isnan(found.average_precision)
    assert math.isnan(found.pr_auc_trapezoid)
    assert math.isnan(found.auroc)
    assert math.isnan(found.lift)


def test_no_base_has_no_base_rate() -> None:
    assert math.isnan(score_counts([], [], tied=True).base_rate)


@pytest.mark.parametrize("tied", [True, False])
def test_without_negatives_there_is_no_auroc(tied: bool) -> None:
    found = score_counts([0, 0], [2, 3], tied=tied)
    assert found.scored
    assert found.average_precision == pytest.approx(1)
    assert math.isnan(found.auroc)


def test_precision_and_recall_are_of_a_bin_and_all_above_it() -> None:
    precision, recall = precision_recall([6, 1, 1, 0], [1, 0, 3, 0])
    assert precision[:3].tolist() == [4 / 12, 3 / 5, 3 / 4]
    assert math.isnan(precision[3])  # nothing is called
    assert recall.tolist() == [1, 0.75, 0.75, 0]


def test_the_best_f1_is_that_of_the_best_bin() -> None:
    f1, place = best_f1([6, 1, 1, 0], [1, 0, 3, 0])
    assert place == 2
    assert f1 == pytest.approx(0.75)


def test_of_several_best_bins_it_is_the_lowest() -> None:
    # Nothing lies in the first two: calling from any of the three on is the same.
    assert best_f1([0, 0, 1, 5], [0, 0, 3, 0]) == (pytest.approx(6 / 12), 0)


@pytest.mark.parametrize("above", [0, 1, 2, 5, 40])
def test_a_positive_alone_in_its_bin_counts_with_its_own_precision(above: int) -> None:
    outside, inside = [0] + [1] * above, [1] + [0] * above
    found = score_counts(outside, inside, tied=False)
    assert found.average_precision == pytest.approx(1 / (1 + above), rel=0.03)


def test_means_are_taken_over_the_scored_markers_of_a_category() -> None:
    markers = [
        a_marker(0, "a", "Histone"),
        a_marker(1, "b", "TFBS"),
        a_marker(2, "c", "TFBS"),
        a_marker(3, "d", "TFBS"),
        a_marker(4, "e", "DNase"),
    ]
    scores = [
        RankingScores(10, 5, 0.9, 0.8, 0.7),
        RankingScores(10, 1, 0.2, 0.3, 0.5),
        RankingScores(10, 3, 0.4, 0.5, math.nan),  # no AUROC: left out of that mean alone
        RankingScores(10, 0),
        RankingScores(10, 0),  # the only one of its category
    ]
    assert category_means(markers, scores) == [
        CategoryMeans("TFBS", 2, pytest.approx(0.3), pytest.approx(0.4), 0.5, pytest.approx(0.2)),
        CategoryMeans("Histone", 1, 0.9, 0.8, 0.7, 0.5),
    ]


def test_a_category_without_any_defined_auroc_has_none() -> None:
    (mean,) = category_means([a_marker()], [RankingScores(5, 5, 1, 1, math.nan)])
    assert math.isnan(mean.auroc)
    assert mean.average_precision == 1


def test_no_scored_marker_is_no_category() -> None:
    assert category_means([a_marker()], [RankingScores(5, 0)]) == []
