"""How much of a job lies on a GPU at a time, and what that takes, by what is free there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from team_tasks import some_works

from regtrack.prediction.blockwork import BlockRecipe
from regtrack.prediction.gpu_memory import MemoryNeed, base_bytes, bases_at_once
from regtrack.tracks.blocks import BLOCK_LENGTH

# What is free on a card of 8 GB when the driver, PyTorch and a screen have taken their share.
EIGHT = 7_000_000_000
SAMPLE = 300_000  # bases
RECORD = 12  # bytes
CHR1 = 230_000_000


def a_recipe(markers: int) -> BlockRecipe:
    (work,) = some_works(Path("blocks"), 1)
    return replace(work.recipe, rows=tuple(range(markers)))


def needed(markers: int, free: int, bases_a_segment: int = 113) -> MemoryNeed:
    """As measured with a network of half a gigabyte."""
    segments = RECORD * SAMPLE * markers // bases_a_segment
    at_once = min(SAMPLE, bases_at_once(a_recipe(markers), free))
    peak = 500_000_000 + 4 * markers * at_once + segments * at_once // SAMPLE
    return MemoryNeed.measured(a_recipe(markers), free, peak, SAMPLE, segments)


def test_a_base_takes_its_probabilities_and_a_byte_for_each_label() -> None:
    recipe = a_recipe(919)
    assert base_bytes(recipe) == 4 * 919
    labels = SimpleNamespace(rows=range(30))
    assert base_bytes(replace(recipe, labels=labels)) == 4 * 919 + 30  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("markers", "free", "blocks"),
    [(919, EIGHT, 4), (919, 16 * 10**9, 10), (919, 80 * 10**9, 32), (10, EIGHT, 32)],
)
def test_as_many_blocks_as_fit_into_half_of_what_is_free(
    markers: int, free: int, blocks: int
) -> None:
    assert bases_at_once(a_recipe(markers), free) // BLOCK_LENGTH == blocks


@pytest.mark.parametrize("bases_a_segment", [113, 20])
def test_all_markers_fit_on_a_card_of_8_gb(bases_a_segment: int) -> None:
    need = needed(919, EIGHT, bases_a_segment)
    total = need.fixed + need.a_base * need.at_once
    assert need.fixed == pytest.approx(500_000_000, rel=0.05)
    # Segments of the works before are still there while the next are predicted.
    segments = need.at_once * 919 * RECORD / bases_a_segment
    assert total + segments < EIGHT


def test_a_plan_says_what_is_needed_of_what_is_free() -> None:
    assert needed(919, EIGHT).describe(CHR1) == (
        "about 3.5 GB of 7.0 GB that are free; 4 blocks of 200,000 bases at a time"
    )
    assert needed(919, EIGHT).describe(100_000) == (
        "about 877.4 MB of 7.0 GB that are free; 1 block of 200,000 bases at a time"
    )


def test_a_block_that_does_not_fit_is_seen_in_the_plan() -> None:
    assert needed(919, 10**9).describe(CHR1) == (
        "about 1.3 GB of 1.0 GB that are free; 1 block of 200,000 bases at a time"
    )
