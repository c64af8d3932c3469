"""Scores of many markers together."""

from __future__ import annotations

import pytest
from scoring_builders import an_evaluation


def test_a_category_of_one_marker_has_that_markers_interval() -> None:
    evaluation = an_evaluation()
    summary = evaluation.categories[1]
    (alone,) = [
        scores
        for marker, scores in zip(evaluation.markers, evaluation.scores, strict=True)
        if marker.category == "DNase"
    ]
    assert summary.interval == pytest.approx(alone.interval)
    assert summary.median_interval == pytest.approx(alone.interval)
    assert summary.median == alone.overall.average_precision


def test_a_mean_is_surer_than_its_markers() -> None:
    evaluation = an_evaluation()
    summary = evaluation.categories[0]
    widths = [
        high - low
        for marker, scores in zip(evaluation.markers, evaluation.scores, strict=True)
        if marker.category == "TFBS" and scores.overall.scored
        for low, high in [scores.interval]
    ]
    assert summary.interval[1] - summary.interval[0] < max(widths)
    assert summary.interval[0] < summary.means.average_precision < summary.interval[1]
