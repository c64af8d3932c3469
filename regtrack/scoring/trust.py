"""How far scores are to be trusted: what they show of a marker, and whether they show enough."""

from __future__ import annotations

import math
from collections.abc import Sequence

from regtrack.genome.markers import beats_chance
from regtrack.scoring.marker_scores import MarkerScores
from regtrack.scoring.resampling import LEAST_LENGTH

# What scores show of a marker.
BETTER = "better than chance"
CHANCE = "not clearly better than chance"
NOT_SHOWN = "too few peaks to tell"

# A marker whose lift may be as high as this has not been shown to be a bad one.
_USEFUL_LIFT = 2.0
# Bases that do for most markers: 100 of the shortest blocks of the bootstrap. One number, so that
# whoever scores as much is not told of a larger one.
_ENOUGH = 100 * LEAST_LENGTH
# As many bases halve an interval.
_HALVING = 4


def shown_of(scores: MarkerScores) -> str | None:
    """What scores show of a marker, as `shown_by`; None where there are none."""
    if not scores.overall.scored:
        return None
    return shown_by(scores.interval, scores.overall.base_rate)


def shown_by(interval: tuple[float, float], base_rate: float) -> str:
    """What the 95% interval of an average precision shows: BETTER, CHANCE or NOT_SHOWN.

    BETTER where it lies above the base rate, CHANCE where it holds the base rate and does not reach
    twice as much. Else, and where it is NaN, as too few blocks of the bootstrap hold peaks, there
    are too few peaks to tell: NOT_SHOWN.
    """
    low, high = interval
    if math.isnan(low):
        return NOT_SHOWN
    if beats_chance(low, base_rate):
        return BETTER
    return NOT_SHOWN if high >= _USEFUL_LIFT * base_rate else CHANCE


def enough_bases(every: Sequence[MarkerScores], bases: int) -> int | None:
    """Bases that would do to judge most markers; None where those that were scored did.

    Parameters
    ----------
    every
        Scores of the markers.
    bases
        Number of bases that were scored.

    Returns
    -------
    int
        10 million; where as many were scored, four times the scored ones, as a round number: 1, 2
        or 5 and zeros. So many halve the intervals.
    """
    shown = [shown for scores in every if (shown := shown_of(scores)) is not None]
    if 2 * shown.count(NOT_SHOWN) <= len(shown):
        return None
    return _ENOUGH if bases < _ENOUGH else _rounded_up(_HALVING * bases)


def _rounded_up(number: float) -> int:
    size: int = 10 ** math.floor(math.log10(number))
    return next(size * step for step in (1, 2, 5, 10) if size * step >= number)
