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


@pytest.mark.parametrize(
    ("bases", "blocks", "interval", "enough"),
    [
        (236_000, 2, NO_INTERVAL, 2_000_000),  # peaks in ten blocks: 1.18 Mb, and 14 blocks
        (1_000_000, 2, NO_INTERVAL, 5_000_000),
        (2_000_000, 1, NO_INTERVAL, 20_000_000),
        (700_000, 6, (0.001, 0.2), 5_000_000),  # half the interval: 2.8 Mb
        (40_000, 1, NO_INTERVAL, 2_000_000),
        (30_000_000, 4, NO_INTERVAL, 200_000_000),
    ],
)
def test_enough_bases_have_peaks_in_ten_blocks_or_four_times_as_many(
    bases: int, blocks: int, interval: tuple[float, float], enough: int
) -> None:
    assert enough_bases([scores_with(interval, blocks)], bases) == enough
