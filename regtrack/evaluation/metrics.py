"""How well values rank the bases of measured peaks above all others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score

from regtrack.genome.markers import CATEGORIES, Marker


@dataclass(frozen=True)
class Scores:
    """Scores of one marker over `bases` bases, `positives` of them inside peaks.

    Attributes
    ----------
    average_precision
        Area under the precision-recall curve, step-wise. NaN without positives.
    pr_auc_trapezoid
        The same by the trapezoid rule, as the paper's authors computed it. It flatters
        rankings with many ties.
    auroc
        Area under the ROC curve. NaN without positives or without negatives.
    """

    bases: int
    positives: int
    average_precision: float = math.nan
    pr_auc_trapezoid: float = math.nan
    auroc: float = math.nan

    @property
    def base_rate(self) -> float:
        """Share of positives: the average precision of a random ranking."""
        return self.positives / self.bases if self.bases else math.nan

    @property
    def scored(self) -> bool:
        """Whether there was any positive to find."""
        return self.positives > 0


def score_ranking(
    values: npt.ArrayLike, positives: npt.ArrayLike, negatives: npt.ArrayLike
) -> Scores:
    """Score a ranking given as counts of bases at each value.

    Parameters
    ----------
    values
        Predicted values, in any order; a value may come more than once.
    positives, negatives
        Number of bases inside and outside of peaks that have each value.

    Returns
    -------
    Scores
        Equal to scikit-learn's on one score per base.
    """
    counts = np.concatenate(
        (np.asarray(positives, dtype=np.float64), np.asarray(negatives, dtype=np.float64))
    )
    labels = np.repeat((1, 0), len(counts) // 2)
    scores = np.tile(np.asarray(values, dtype=np.float64), 2)
    present = counts > 0
    counts, labels, scores = counts[present], labels[present], scores[present]
    total, found = counts.sum(), counts[labels == 1].sum()
    if not found:
        return Scores(bases=int(total), positives=0)
    precision, recall, _ = precision_recall_curve(labels, scores, sample_weight=counts)
    return Scores(
        bases=int(total),
        positives=int(found),
        average_precision=float(-np.sum(np.diff(recall) * precision[:-1])),
        pr_auc_trapezoid=float(auc(recall, precision)),
        auroc=float(roc_auc_score(labels, scores, sample_weight=counts))
        if found < total
        else math.nan,
    )


@dataclass(frozen=True)
class CategoryMeans:
    """Means over the scored markers of one category."""

    category: str
    markers: int
    average_precision: float
    pr_auc_trapezoid: float
    auroc: float
    base_rate: float


def category_means(markers: Sequence[Marker], scores: Iterable[Scores]) -> list[CategoryMeans]:
    """Mean scores per category that has a scored marker, in the order of `CATEGORIES`."""
    pairs = [pair for pair in zip(markers, scores, strict=True) if pair[1].scored]
    means = []
    for category in CATEGORIES:
        chosen = [score for marker, score in pairs if marker.category == category]
        if chosen:
            means.append(
                CategoryMeans(
                    category=category,
                    markers=len(chosen),
                    average_precision=_mean(score.average_precision for score in chosen),
                    pr_auc_trapezoid=_mean(score.pr_auc_trapezoid for score in chosen),
                    auroc=_mean(score.auroc for score in chosen),
                    base_rate=_mean(score.base_rate for score in chosen),
                )
            )
    return means


def _mean(values: Iterable[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    return sum(defined) / len(defined) if defined else math.nan
