"""Exact scores as histograms: constant memory however many bases are scored."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.evaluation.metrics import Scores, score_ranking

# Average precision from this many bins agrees with sorting to 1e-5.
BINS = 65_536


class ScoreHistogram:
    """Counts of unrounded probabilities inside and outside of peaks, per marker.

    Takes 8 bytes x `BINS` per marker.
    """

    def __init__(self, markers: int) -> None:
        self.counts = np.zeros((markers, 2, BINS), dtype=np.uint32)

    def add(
        self,
        probabilities: npt.NDArray[np.float32],
        labels: npt.NDArray[np.uint8],
        known: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Count some bases.

        Parameters
        ----------
        probabilities
            float32 (markers, bases), between 0 and 1.
        labels
            uint8 (markers, bases), 1 inside a peak and 0 outside.
        known
            bool (markers, bases) or (markers, 1): where False, nothing was measured and
            nothing is counted. None counts all.
        """
        if np.isnan(probabilities).any():
            raise ValueError("a probability is not a number")
        if known is None:
            known = np.ones((1, 1), dtype=np.bool_)
        _count(
            self.counts, probabilities.T, labels.T, np.broadcast_to(known, probabilities.shape).T
        )

    def scores(self) -> list[Scores]:
        """Scores of each marker."""
        bins = np.arange(BINS)
        return [score_ranking(bins, inside, outside) for outside, inside in self.counts]

    def best_f1_thresholds(self, fallback: float) -> list[float]:
        """Per marker the probability from which calling a base positive has the best F1.

        `fallback` stands for markers without positives, where there is no best.
        """
        called = self.counts[:, :, ::-1].cumsum(axis=2, dtype=np.int64)[:, :, ::-1]
        true_positives, positives = called[:, 1], called[:, 1, :1]
        f1 = 2 * true_positives / np.maximum(called.sum(axis=1) + positives, 1)
        best = np.where(positives[:, 0] > 0, f1.argmax(axis=1) / BINS, fallback)
        return [float(threshold) for threshold in best]


@compiled
def _count(
    counts: npt.NDArray[np.uint32],
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    known: npt.NDArray[np.bool_],
) -> None:
    for base in range(probabilities.shape[0]):
        for marker in range(probabilities.shape[1]):
            if not known[base, marker]:
                continue
            index = min(int(probabilities[base, marker] * BINS), BINS - 1)
            counts[marker, labels[base, marker], index] += 1
