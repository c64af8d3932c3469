"""Tandem repeats are found by sequence alone, also where copies differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.genome.repeats import LONGEST_UNIT, REACH, repeat_units

seeds = st.integers(0, 2**32 - 1)
# The first call compiles a kernel.
few = settings(max_examples=60, deadline=None)


def letters(random: np.random.Generator, count: int) -> np.ndarray:
    return random.integers(1, 5, count).astype(np.uint8)


def planted(seed: int, unit: int, length: int, changed: float) -> tuple[np.ndarray, slice]:
    """A repeat with so many letters drawn anew, amid 1,000 letters on each side; and where."""
    random = np.random.default_rng(seed)
    repeat = np.resize(letters(random, unit), length)
    is_changed = random.random(length) < changed
    repeat[is_changed] = letters(random, is_changed.sum())
    codes = np.concatenate((letters(random, 1_000), repeat, letters(random, 1_000)))
    return codes, slice(1_000, 1_000 + length)


@few
@given(seeds, st.integers(1, LONGEST_UNIT), st.sampled_from([0.0, 0.02, 0.08]))
def test_a_planted_repeat_is_found_whole_and_little_beside_it(
    seed: int, unit: int, changed: float
) -> None:
    codes, where = planted(seed, unit, max(300, 8 * unit), changed)
    found = repeat_units(codes) > 0
    assert found[where].mean() > 0.95
    assert found[: where.start].sum() <= 150
    assert found[where.stop :].sum() <= 150


@pytest.mark.parametrize("unit", [1, 2, 6, 27, 60, 100])
def test_its_unit_is_the_shortest_one(unit: int) -> None:
    codes, where = planted(0, unit, 1_000, 0.0)
    units = repeat_units(codes)[where]
    assert np.bincount(units).argmax() == unit
    assert repeat_units(np.tile(codes[where], 2))[:500].tolist() == [unit] * 500


@few
@given(seeds, st.floats(0.1, 0.4))
def test_letters_by_chance_are_no_repeat_whatever_their_shares(seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    rest = 0.5 - share
    codes = random.choice(np.arange(1, 5), 20_000, p=[share, rest, share, rest]).astype(np.uint8)
    assert not repeat_units(codes).any()


@pytest.mark.parametrize(
    ("unit", "length", "is_one"),
    [(1, 60, False), (1, 110, True), (30, 90, False), (30, 160, True), (101, 1_000, False)],
)
def test_a_repeat_has_five_copies_and_a_hundred_bases(unit: int, length: int, is_one: bool) -> None:
    codes, where = planted(1, unit, length, 0.0)
    assert repeat_units(codes)[where].any() == is_one


def test_n_is_like_no_base() -> None:
    assert not repeat_units(np.zeros(2_000, np.uint8)).any()


@pytest.mark.parametrize("count", [0, 1, 99, 101])
def test_a_short_sequence_is_no_repeat(count: int) -> None:
    assert repeat_units(np.tile(np.array([1, 3], np.uint8), count)[:count]).tolist() == [0] * count


@few
@given(seeds, st.integers(1, LONGEST_UNIT), st.integers(1_000, 1_400))
def test_bases_farther_away_than_the_reach_decide_nothing(seed: int, unit: int, cut: int) -> None:
    codes, _ = planted(seed, unit, 900, 0.05)
    whole, part = repeat_units(codes), repeat_units(codes[cut - REACH : cut + 300 + REACH])
    assert part[REACH : REACH + 300].tolist() == whole[cut : cut + 300].tolist()
