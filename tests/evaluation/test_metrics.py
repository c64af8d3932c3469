"""Scores equal scikit-learn's on one value per base."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders import a_marker
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

from regtrack.evaluation.metrics import CategoryMeans, Scores, category_means, score_ranking

# Value, positives, negatives; the same value may come twice, and counts may be 0.
Counts = list[tuple[float, int, int]]
counts = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.51, 1.0]), st.integers(0, 4), st.integers(0, 4)),
    min_size=1,
    max_size=8,
)


def per_base(rows: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Label and value of every base."""
    labels = [label for _, inside, outside in rows for label in [1] * inside + [0] * outside]
    values = [value for value, inside, outside in rows for _ in range(inside + outside)]
    return np.array(labels), np.array(values)


@settings(deadline=None, max_examples=150)
@given(counts)
def test_scores_equal_scikit_learns_on_one_value_per_base(rows: Counts) -> None:
    labels, values = per_base(rows)
    found = score_ranking(*zip(*rows, strict=True))
    assert (found.bases, found.positives) == (len(labels), labels.sum())
    if not found.positives:
        return  # scikit-learn warns and answers 0; see the tests below
    precision, recall, _ = precision_recall_curve(labels, values)
    assert found.average_precision == pytest.approx(average_precision_score(labels, values))
    assert found.pr_auc_trapezoid == pytest.approx(auc(recall, precision))
    if found.positives < found.bases:
        assert found.auroc == pytest.approx(roc_auc_score(labels, values))


def test_a_perfect_ranking_scores_1() -> None:
    found = score_ranking([0.9, 0.8, 0.1], [3, 2, 0], [0, 0, 95])
    scores = (found.average_precision, found.pr_auc_trapezoid, found.auroc)
    assert scores == pytest.approx((1, 1, 1))
    assert found.base_rate == 0.05


def test_one_value_everywhere_scores_the_base_rate() -> None:
    found = score_ranking([0.3], [1], [3])
    assert found.average_precision == pytest.approx(0.25)
    assert found.auroc == pytest.approx(0.5)


def test_the_counts_of_a_chromosome_are_exact() -> None:
    found = score_ranking([0.9, 0.0], [1_000_001, 0], [0, 248_000_000])
    assert (found.bases, found.positives) == (249_000_001, 1_000_001)


@pytest.mark.parametrize(("negatives", "bases"), [([5, 7], 12), ([0, 0], 0)])
def test_without_positives_nothing_is_scored(negatives: list[int], bases: int) -> None:
    found = score_ranking([0.1, 0.9], [0, 0], negatives)
    assert not found.scored
    assert (found.bases, found.positives) == (bases, 0)
    assert math.isnan(found.average_precision)
    assert math.isnan(found.pr_auc_trapezoid)
    assert math.isnan(found.auroc)


def test_no_base_has_no_base_rate() -> None:
    assert math.isnan(score_ranking([], [], []).base_rate)


def test_without_negatives_there_is_no_auroc() -> None:
    found = score_ranking([0.1, 0.9], [2, 3], [0, 0])
    assert found.scored
    assert found.average_precision == pytest.approx(1)
    assert math.isnan(found.auroc)


def test_means_are_taken_over_the_scored_markers_of_a_category() -> None:
    markers = [
        a_marker(0, "a", "Histone"),
        a_marker(1, "b", "TFBS"),
        a_marker(2, "c", "TFBS"),
        a_marker(3, "d", "TFBS"),
        a_marker(4, "e", "DNase"),
    ]
    scores = [
        Scores(10, 5, 0.9, 0.8, 0.7),
        Scores(10, 1, 0.2, 0.3, 0.5),
        Scores(10, 3, 0.4, 0.5, math.nan),  # no AUROC: left out of that mean alone
        Scores(10, 0),
        Scores(10, 0),  # the only one of its category
    ]
    assert category_means(markers, scores) == [
        CategoryMeans("TFBS", 2, pytest.approx(0.3), pytest.approx(0.4), 0.5, pytest.approx(0.2)),
        CategoryMeans("Histone", 1, 0.9, 0.8, 0.7, 0.5),
    ]


def test_a_category_without_any_defined_auroc_has_none() -> None:
    (mean,) = category_means([a_marker()], [Scores(5, 5, 1, 1, math.nan)])
    assert math.isnan(mean.auroc)
    assert mean.average_precision == 1


def test_no_scored_marker_is_no_category() -> None:
    assert category_means([a_marker()], [Scores(5, 0)]) == []
