"""What values a track has: enough to choose a scale for it without reading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regtrack.signals import MOST
from regtrack.tracks.encoding import EncodedSegments
from regtrack.tracks.value_counts import CODES, lowest_values

# Shares of the predicted bases whose values are kept. They are known to 3%.
QUANTILES = ("0.5", "0.9", "0.99", "0.999", "0.9999")


@dataclass(frozen=True)
class Summary:
    """Values of a track at the bases that were predicted; 0 where it has none.

    Parameters
    ----------
    covered
        Number of bases with a value.
    mean, highest
        Mean and highest value of all predicted bases.
    quantiles
        By share, as text: the value that this share of the bases is at or below.

    Raises
    ------
    ValueError
        When a number cannot be one of probabilities or signals.
    """

    covered: int
    mean: float
    highest: float
    quantiles: Mapping[str, float]

    def __post_init__(self) -> None:
        if self.covered < 0 or not all(0 <= value <= MOST for value in self.values):
            raise ValueError("expected values from 0 upward, and a number of bases")

    @property
    def values(self) -> tuple[float, ...]:
        """All numbers but that of bases."""
        return self.mean, self.highest, *self.quantiles.values()

    @property
    def high(self) -> float:
        """The value that only one base in a thousand exceeds, or the highest where that is 0."""
        return self.quantiles.get("0.999") or self.highest


class Summarising:
    """Adds up what is summarised of one track, piece by piece.

    Parameters
    ----------
    scale
        Of signals, the marker's range; 1 for probabilities.
    """

    def __init__(self, scale: float = 1) -> None:
        self._scale = scale
        self._counts = np.zeros(CODES, np.int64)
        self._sum = 0.0
        self._highest = 0.0

    def add(self, piece: EncodedSegments) -> None:
        """Take some segments of the track."""
        self._counts[piece.counts["code"]] += piece.counts["bases"]
        self._sum += float(piece.bins["sum"].sum())
        self._highest = max(self._highest, float(piece.bins["max"].max(initial=0)))

    def summary(self, bases: int) -> Summary:
        """Of a track of so many predicted bases."""
        covered = int(self._counts.sum())
        cumulated = np.cumsum(self._counts) + bases - covered
        values = lowest_values(np.arange(CODES)).astype(np.float64) * self._scale
        return Summary(
            covered,
            _rounded(self._sum / bases),
            _rounded(self._highest),
            {share: _rounded(_quantile(float(share), cumulated, values)) for share in QUANTILES},
        )


def _quantile(
    share: float, cumulated: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
) -> float:
    """The value that a share of the bases is at or below, where so many are up to each code's."""
    rank = share * cumulated[-1]
    if cumulated[0] >= rank:
        return 0.0
    return float(values[np.searchsorted(cumulated, rank)])


def _rounded(value: float) -> float:
    """To four digits: more say nothing."""
    return float(f"{value:.4g}")
