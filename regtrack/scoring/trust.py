"""How far scores are to be trusted: what they show of a marker, and whether they show enough."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from regtrack.genome.markers import beats_chance
from regtrack.scoring.marker_scores import MarkerScores
from regtrack.scoring.resampling import LEAST_BLOCKS, LEAST_LENGTH

# What scores show of a marker.
BETTER = "better than chance"
CHANCE = "no better than chance"
NOT_SHOWN = "not shown to be better than chance"

# A marker whose lift may be as high as this has not been shown to be a bad one.
_USEFUL_LIFT = 2.0
# Blocks for which intervals were measured to be right (docs/report.md).
_TRIED_BLOCKS = 14
# Of blocks with positives: twice the fewest, since a marker's peaks lie in heaps.
_WANTED_BLOCKS = 2 * LEAST_BLOCKS
# As many bases halve an interval.
_HALVING = 4


def shown_of(scores: MarkerScores) -> str | None:
    """What scores show of a marker: BETTER, CHANCE or NOT_SHOWN; None where there are none.

    BETTER where the interval of the average precision lies above the base rate, CHANCE where it
    holds the base rate and does not reach twice as much. Else, and where too few blocks of the
    bootstrap hold peaks for an interval, there are too few peaks to tell: NOT_SHOWN.
    """
    if not scores.overall.scored:
        return None
    low, high = scores.interval
    if math.isnan(low):
        return NOT_SHOWN
    if beats_chance(low, scores.overall.base_rate):
        return BETTER
    return NOT_SHOWN if high >= _USEFUL_LIFT * scores.overall.base_rate else CHANCE


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
        A round number: 1, 2 or 5 and zeros. Where intervals are missing, as many as have peaks in
        ten blocks, if peaks are as dense there; where intervals are wide, as many as halve them.
    """
    scored = [scores for scores in every if scores.overall.scored]
    unclear = [scores for scores in scored if shown_of(scores) == NOT_SHOWN]
    if 2 * len(unclear) <= len(scored):
        return None
    # A scored marker has a positive somewhere, and so a block.
    blocks = statistics.median(scores.blocks for scores in unclear)
    times = max(_HALVING, _WANTED_BLOCKS / blocks)
    return _rounded_up(max(times * bases, _TRIED_BLOCKS * LEAST_LENGTH))


def _rounded_up(number: float) -> int:
    size: int = 10 ** math.floor(math.log10(number))
    return next(size * step for step in (1, 2, 5, 10) if size * step >= number)
