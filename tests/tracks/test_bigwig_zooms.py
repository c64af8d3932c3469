"""Which zoom levels a BigWig file has: those that are worth their bytes."""

from __future__ import annotations

import pytest

from regtrack.tracks.bigwig_zooms import chosen_levels, reductions


def test_levels_are_there_until_a_chromosome_is_few_bins() -> None:
    assert reductions(3_000_000) == [400, 1_600, 6_400, 25_600, 102_400]
    assert reductions(250_000_000)[-1] == 6_553_600
    assert len(reductions(2**32 - 1)) <= 10


def test_a_short_genome_has_two_all_the_same() -> None:
    assert reductions(60) == [400, 1_600]


@pytest.mark.parametrize(
    ("sizes", "data_size", "chosen"),
    [
        pytest.param([100, 25, 6, 2], 266, [0, 1, 2, 3], id="all, half of the data"),
        pytest.param([100, 25, 6, 2], 265, [1, 2, 3], id="all would be more than half"),
        pytest.param([100, 90, 40, 39], 1_000, [0, 2], id="hardly smaller than the one before"),
        pytest.param([100, 90, 40, 20], 200, [2, 3], id="both"),
        pytest.param([100, 90, 80, 70], 20, [3], id="one there must be"),
        pytest.param([100], 20, [0], id="one there is"),
    ],
)
def test_levels_take_half_of_the_bytes_of_segments_at_most(
    sizes: list[int], data_size: int, chosen: list[int]
) -> None:
    assert chosen_levels(sizes, data_size) == chosen
