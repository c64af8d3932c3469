"""Whether a predicted probability of 0.2 means that one base in five is inside of a peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from regtrack.scoring.histogram import Ranking, coarser

# An octave per bin: bins of even width would put all of a rare marker into one.
_OCTAVES = 0


@dataclass(frozen=True)
class Calibration:
    """Predicted probabilities against measured rates.

    Bins are an octave of the probability wide, or, above 0.5, of its distance from 1.

    Parameters
    ----------
    octaves
        Number of each bin, the same for all markers.
    bases
        In each bin that has any, by rising probability.
    predicted
        Mean probability of the bin.
    observed
        Share of the bin's bases inside of measured peaks.
    """

    octaves: tuple[int, ...]
    bases: tuple[int, ...]
    predicted: tuple[float, ...]
    observed: tuple[float, ...]

    @property
    def error(self) -> float:
        """Expected calibration error: mean over all bases of |predicted - observed|."""
        total = sum(self.bases)
        if not total:
            return float("nan")
        rows = zip(self.bases, self.predicted, self.observed, strict=True)
        return sum(bases * abs(mean - rate) for bases, mean, rate in rows) / total


NO_CALIBRATION = Calibration((), (), (), ())


def calibrate(ranking: Ranking) -> Calibration:
    """Calibration of one marker; the probability of a bin is taken for its middle."""
    middles = (ranking.lower + ranking.upper) / 2
    middles[ranking.bins == 0] = 0.0  # under 2**-40; in tracks, absent
    octave = coarser(ranking.bits, _OCTAVES)[ranking.bins]
    total = ranking.counts.sum(axis=0)
    bases, inside = np.bincount(octave, total), np.bincount(octave, ranking.counts[1])
    predicted = np.bincount(octave, total * middles)
    some = bases > 0
    return Calibration(
        octaves=tuple(np.flatnonzero(some).tolist()),
        bases=tuple(bases[some].astype(int).tolist()),
        predicted=tuple((predicted[some] / bases[some]).tolist()),
        observed=tuple((inside[some] / bases[some]).tolist()),
    )
