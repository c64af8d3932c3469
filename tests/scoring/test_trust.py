"""What scores show of a marker, and how many bases would show enough."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scoring_builders import marker_scores, unscored

from regtrack.scoring.marker_scores import MarkerScores
from regtrack.scoring.trust import BETTER, CHANCE, NOT_SHOWN, enough_bases, shown_of

NO_INTERVAL = (math.nan, math.nan)


def scores_with(interval: tuple[float, float], blocks: int = 6) -> MarkerScores:
    """Of a marker whose base rate is .003."""
    return replace(marker_scores(4), interval=interval, blocks=blocks)


@pytest.mark.parametrize(
    ("interval", "shown"),
    [
        ((0.0031, 0.9), BETTER),
        ((0.003, 0.0059), CHANCE),
        ((0.001, 0.0059), CHANCE),
        ((0.001, 0.006), NOT_SHOWN),
        ((0.0, 0.2), NOT_SHOWN),
        (NO_INTERVAL, NOT_SHOWN),
    ],
)
def test_a_marker_is_no_better_than_chance_only_where_it_could_not_be_twice_as_good(
    interval: tuple[float, float], shown: str
) -> None:
    scores = scores_with(interval)
    assert scores.overall.base_rate == 0.003
    assert shown_of(scores) == shown


def test_nothing_is_shown_of_a_marker_without_scores() -> None:
    assert shown_of(unscored()) is None
    assert enough_bases([unscored()], 1_000) is None


def test_bases_are_enough_where_half_of_the_markers_can_be_judged() -> None:
    judged, unclear = scores_with((0.001, 0.004)), scores_with(NO_INTERVAL, 2)
    assert enough_bases([judged, unclear, unscored()], 600_000) is None
    assert enough_bases([judged, unclear, unclear, unscored()], 600_000) is not None


@pytest.mark.parametrize("bases", [40_000, 236_000, 1_390_000, 5_000_000, 9_999_999])
@pytest.mark.parametrize("interval", [NO_INTERVAL, (0.001, 0.2)])
def test_whoever_follows_the_advice_is_not_told_of_more_before_ten_million_are_scored(
    bases: int, interval: tuple[float, float]
) -> None:
    assert enough_bases([scores_with(interval)], bases) == 10_000_000


@pytest.mark.parametrize(
    ("bases", "enough"),
    [(10_000_000, 50_000_000), (12_500_000, 50_000_000), (30_000_000, 200_000_000)],
)
def test_beyond_that_four_times_as_many_halve_an_interval(bases: int, enough: int) -> None:
    assert enough_bases([scores_with((0.001, 0.2))], bases) == enough
