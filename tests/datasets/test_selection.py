"""Which windows are kept, in which split, and why the rest is not: against brute force."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from builders import write_fasta
from hypothesis import assume, given
from hypothesis import strategies as st

from regtrack.datasets.selection import (
    assign_randomly,
    assign_regions,
    drop_windows,
    most_bases,
    select_windows,
)
from regtrack.datasets.settings import SPLITS, PrepareSettings
from regtrack.datasets.windows import Windows
from regtrack.errors import ArgumentError
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import EMPTY, Interval, IntervalSet
from regtrack.observer import Unwatched

SIZES = {"chr1": 53, "chrEmpty": 0, "chr2": 40, "chrM": 3}
Regions = dict[str, IntervalSet]


@st.composite
def regions(draw: st.DrawFn) -> Regions:
    found = {}
    for chrom, size in SIZES.items():
        bases = draw(st.lists(st.integers(0, size), max_size=6))
        pairs = [tuple(sorted(one)) for one in zip(bases[::2], bases[1::2], strict=False)]
        pairs = [(start, end) for start, end in pairs if start < end]
        if pairs:
            found[chrom] = IntervalSet.of(*zip(*pairs, strict=True))
    return found


def bases(where: Regions, chrom: str) -> set[int]:
    return {base for start, end in where.get(chrom, EMPTY) for base in range(start, end)}


def window_bases(one: Interval) -> set[int]:
    return set(range(one.start, one.end))


@given(st.integers(1, 60))
def test_the_grid_holds_every_whole_window_once(length: int) -> None:
    grid = Windows.grid(SIZES, length)
    assert [grid[number] for number in range(len(grid))] == [
        Interval(chrom, start, start + length)
        for chrom, size in SIZES.items()
        for start in range(0, size, length)
        if start + length <= size
    ]


@given(regions(), st.integers(1, 20))
def test_counts_equal_counting_base_by_base(where: Regions, length: int) -> None:
    grid = Windows.grid(SIZES, length)
    counts = grid.count(lambda chrom: where.get(chrom, EMPTY))
    assert counts.tolist() == [
        len(window_bases(one) & bases(where, one.chrom))
        for one in map(grid.__getitem__, range(len(grid)))
    ]


@given(st.integers(1, 20), st.data())
def test_regions_of_windows_are_their_union(length: int, data: st.DataObject) -> None:
    grid = Windows.grid(SIZES, length)
    chosen = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(grid), max_size=len(grid))), bool
    )
    some = grid.choose(chosen)
    union = some.regions()
    assert list(union) == [chrom for chrom in SIZES if chrom in union]
    for chrom in SIZES:
        expected = {
            base
            for number in range(len(some))
            if some[number].chrom == chrom
            for base in window_bases(some[number])
        }
        assert bases(union, chrom) == expected


@given(
    regions(),
    regions(),
    st.integers(1, 20),
    st.sampled_from([0, 0.1, 0.25, 0.3, 0.5, 1]),
    st.sampled_from([0, 0.1, 0.25, 0.5, 1]),
)
def test_a_window_is_dropped_for_n_first_then_for_what_is_excluded(
    known: Regions, excluded: Regions, length: int, max_unknown: float, max_excluded: float
) -> None:
    grid = Windows.grid(SIZES, length)
    too_unknown, too_excluded = drop_windows(
        grid, known, lambda chrom: excluded.get(chrom, EMPTY), max_unknown, max_excluded
    )
    for number in range(len(grid)):
        inside = window_bases(grid[number])
        chrom = grid[number].chrom
        n = len(inside - bases(known, chrom)) > Fraction(str(max_unknown)) * length
        out = len(inside & bases(excluded, chrom)) > Fraction(str(max_excluded)) * length
        assert (too_unknown[number], too_excluded[number]) == (n, out and not n)


@pytest.mark.parametrize(
    ("share", "length", "most"),
    [(0.1, 25_000, 2_500), (0.3, 10, 3), (0.29, 100, 29), (0, 7, 0), (1.0, 7, 7), (1e-5, 7, 0)],
)
def test_a_share_is_taken_as_its_decimals_say(share: float, length: int, most: int) -> None:
    assert most_bases(share, length) == most


@given(
    st.fixed_dictionaries({"valid": regions()}, optional={"train": regions(), "test": regions()}),
    st.integers(1, 20),
)
def test_a_window_belongs_to_the_region_that_holds_it_whole(
    asked: dict[str, Regions], length: int
) -> None:
    grid = Windows.grid(SIZES, length)
    expected = []
    for number in range(len(grid)):
        inside = window_bases(grid[number])
        here = {split: bases(where, grid[number].chrom) for split, where in asked.items()}
        holding = [split for split, where in here.items() if inside <= where]
        if "train" not in asked and not any(inside & where for where in here.values()):
            holding = ["train"]
        expected.append(holding)
    if any(len(holding) > 1 for holding in expected):
        with pytest.raises(ArgumentError, match=r"^(valid|test): overlaps --(train|valid): both"):
            assign_regions(grid, asked)
    else:
        found = assign_regions(grid, asked).tolist()
        assert [[SPLITS[one]] if one >= 0 else [] for one in found] == expected


@given(st.integers(0, 400), st.lists(st.integers(1, 9), min_size=3, max_size=3), st.integers(0, 5))
def test_a_random_split_is_nearest_to_its_shares(count: int, parts: list[int], seed: int) -> None:
    shares = [Fraction(part, sum(parts)) for part in parts]
    assume(count > 3)
    split = assign_randomly(count, shares, seed)
    for number in (1, 2):
        assert abs(int((split == number).sum()) - count * shares[number]) <= Fraction(1, 2)
    np.testing.assert_array_equal(split, assign_randomly(count, shares, seed))


def test_a_random_split_is_the_same_on_every_machine_and_another_for_another_seed() -> None:
    shares = [Fraction(8, 10), Fraction(1, 10), Fraction(1, 10)]
    first = assign_randomly(20, shares, 0)
    assert np.flatnonzero(first == 1).tolist() == [3, 11]
    assert np.flatnonzero(first == 2).tolist() == [2, 13]
    assert not np.array_equal(first, assign_randomly(20, shares, 1))


@pytest.mark.parametrize(
    ("chrom", "start"), [([0, 0], [0, 5]), ([1, 0], [0, 0]), ([0, 0], [3, 3]), ([0], [0, 10])]
)
def test_windows_out_of_order_are_refused(chrom: list[int], start: list[int]) -> None:
    with pytest.raises(ValueError, match=r"sorted|flat"):
        Windows(("chr1", "chr2"), np.array(chrom), np.array(start), 10)


GENOME = {"chr20": "ACGT" * 25, "chr20_KI270869v1_alt": "ACGT" * 10, "chr22": "CATG" * 25}
GENOME |= {"chrUn_1": "GATC" * 5}


@pytest.mark.parametrize(
    ("options", "train"),
    [
        ({}, None),
        ({"valid": ["chr22:1-50"], "test": ["chr20"]}, ["chr22"]),
        ({"valid": ["chr22:1-50"], "test": ["chr20_KI270869v1_alt,chrUn_1"]}, ["chr20", "chr22"]),
        (
            {"train": ["chr22:1-50", "*_alt"], "valid": ["chr22:51-100"]},
            ["chr20_KI270869v1_alt", "chr22"],
        ),
    ],
)
def test_a_copy_of_the_test_chromosome_does_not_train_unless_it_is_named(
    tmp_path: Path, options: dict[str, list[str]], train: list[str] | None
) -> None:
    genome = Genome(write_fasta(tmp_path / "genome.fa", GENOME))
    settings = PrepareSettings(Path("no.tsv"), genome.path, window=10, **options)
    kept = select_windows(settings, genome, Unwatched()).kept
    chroms = {chrom for split in kept.values() for chrom in split.regions()}
    named = {part for texts in options.values() for text in texts for part in text.split(",")}
    assert ("chr20_KI270869v1_alt" in chroms) == bool(named & {"*_alt", "chr20_KI270869v1_alt"})
    assert ("chrUn_1" in chroms) == ("chrUn_1" in named)
    if train is not None:
        assert list(kept["train"].regions()) == train
