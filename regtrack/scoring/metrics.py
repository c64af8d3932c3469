"""How well values rank the bases of measured peaks above all others.

Everything is computed from counts of bases in bins of rising value, outside and inside of peaks.
Either all bases of a bin have one value (`tied`), as in tracks, and scores are scikit-learn's
for such a ranking; or their order is not known, as of unrounded probabilities in fine bins, and
inside of a bin it is taken for even.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regtrack.genome.markers import Marker, categories_of

# The fields of `RankingScores` that other programs compute, too.
REFERENCE_SCORES = ("average_precision", "pr_auc_trapezoid", "auroc")

_Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RankingScores:
    """Scores of one marker over `bases` bases, `positives` of them inside peaks.

    Attributes
    ----------
    average_precision
        Area under the precision-recall curve, step-wise. NaN without positives.
    pr_auc_trapezoid
        Area under that curve by the trapezoid rule, as the paper's authors computed it. It flatters
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
    def lift(self) -> float:
        """Average precision over the base rate: how many times better than chance."""
        return self.average_precision / self.base_rate if self.scored else math.nan

    @property
    def scored(self) -> bool:
        """Whether there was any positive to find."""
        return self.positives > 0


def score_counts(outside: npt.ArrayLike, inside: npt.ArrayLike, *, tied: bool) -> RankingScores:
    """Score a ranking given as counts.

    Parameters
    ----------
    outside, inside
        (bins,): bases outside and inside of peaks, in bins of rising value.
    tied
        Whether the bases of a bin have the same value.
    """
    negatives, positives = _falling(outside), _falling(inside)
    of_peaks, total = positives.sum(), positives.sum() + negatives.sum()
    if not of_peaks:
        return RankingScores(bases=int(total), positives=0)
    if tied:
        trapezoid = _trapezoid(negatives, positives)
    else:
        trapezoid = float(_area(negatives, positives, 0.0))
    return RankingScores(
        bases=int(total),
        positives=int(of_peaks),
        average_precision=float(average_precision(outside, inside, tied=tied)),
        pr_auc_trapezoid=trapezoid,
        auroc=_auroc(negatives, positives) if of_peaks < total else math.nan,
    )


def average_precision(
    outside: npt.ArrayLike, inside: npt.ArrayLike, *, tied: bool
) -> _Numbers | float:
    """Average precision of one ranking or of many, (..., bins) -> (...); NaN without positives."""
    negatives, positives = _falling(outside), _falling(inside)
    # With order in a bin taken for even, the i-th positive of a bin is counted in its own
    # precision: half of it on the average.
    return _steps(negatives, positives) if tied else _area(negatives, positives, 0.5)


def precision_recall(outside: npt.ArrayLike, inside: npt.ArrayLike) -> tuple[_Numbers, _Numbers]:
    """Precision and recall when a bin and all above it are called; needs a positive.

    Returns
    -------
    float64 (bins,) each
        By the rising bin; precision is NaN where nothing is called.
    """
    called_outside, called_inside = (
        np.cumsum(_falling(counts))[::-1] for counts in (outside, inside)
    )
    called = called_outside + called_inside
    with np.errstate(invalid="ignore"):
        return called_inside / called, called_inside / called_inside[0]


def best_f1(outside: npt.ArrayLike, inside: npt.ArrayLike) -> tuple[float, int]:
    """The best F1 that calling all from some bin on can have, and that bin.

    Of several such bins it is the lowest one; there must be a positive.
    """
    called_outside, called_inside = (
        np.cumsum(_falling(counts))[::-1] for counts in (outside, inside)
    )
    f1 = 2 * called_inside / (called_outside + called_inside + called_inside[0])
    best = int(np.argmax(f1))
    return float(f1[best]), best


def _falling(counts: npt.ArrayLike) -> _Numbers:
    """From the highest bin down."""
    return np.asarray(counts, dtype=np.float64)[..., ::-1]


def _steps(negatives: _Numbers, positives: _Numbers) -> _Numbers:
    """Mean, over the positives, of the precision at the end of their bin."""
    called_inside = np.cumsum(positives, axis=-1)
    called = called_inside + np.cumsum(negatives, axis=-1)
    with np.errstate(invalid="ignore"):
        shares = positives * called_inside / np.maximum(called, 1)
        total: _Numbers = shares.sum(axis=-1) / called_inside[..., -1]
    return total


def _area(negatives: _Numbers, positives: _Numbers, own: float) -> _Numbers:
    """Integral of precision over recall, both growing evenly inside of a bin.

    Of a bin with p positives among k bases, after f positives among n bases, it is the integral
    over t from 0 to 1 of p (f + t p) / (n + t k); `own` is added to f and n.
    """
    size = positives + negatives
    called_inside = np.cumsum(positives, axis=-1) - positives + own
    called = np.cumsum(size, axis=-1) - size + own
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(size > 0, positives / size, 0.0)
        growth = np.where((called > 0) & (size > 0), np.log1p(size / called) / size, 0.0)
        parts = positives * (share + (called_inside - share * called) * growth)
        total: _Numbers = parts.sum(axis=-1) / positives.sum(axis=-1)
    return total


def _trapezoid(negatives: _Numbers, positives: _Numbers) -> float:
    """Area under straight lines between the points of the curve; the first is (0, 1)."""
    some = (positives + negatives) > 0
    called_inside, called = (np.cumsum(part[some]) for part in (positives, positives + negatives))
    precision = np.append(1.0, called_inside / called)
    recall = np.append(0.0, called_inside / called_inside[-1])
    return float(np.sum(np.diff(recall) * (precision[1:] + precision[:-1]) / 2))


def _auroc(negatives: _Numbers, positives: _Numbers) -> float:
    """Probability that a positive lies above a negative; a tie is half of one."""
    called_inside = np.cumsum(positives)
    return float(
        np.sum(negatives * (called_inside - positives / 2)) / negatives.sum() / called_inside[-1]
    )


@dataclass(frozen=True)
class CategoryMeans:
    """Means over the scored markers of one category."""

    category: str
    markers: int
    average_precision: float = math.nan
    pr_auc_trapezoid: float = math.nan
    auroc: float = math.nan
    base_rate: float = math.nan


def category_means(
    markers: Sequence[Marker], scores: Iterable[RankingScores]
) -> list[CategoryMeans]:
    """Mean scores per category that has a scored marker, in order."""
    pairs = [pair for pair in zip(markers, scores, strict=True) if pair[1].scored]
    means = []
    for category in categories_of(marker for marker, _ in pairs):
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
