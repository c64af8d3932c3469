"""Intervals against the plainest model there is: a Python set of base positions."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regtrack.genome.intervals import (
    EMPTY,
    Interval,
    IntervalSet,
    IntervalSets,
    intersect,
    total_bases,
)

LAST = 80
pairs = st.lists(st.tuples(st.integers(0, LAST), st.integers(1, 15)), max_size=8).map(
    lambda drawn: [(start, start + length) for start, length in drawn]
)
positions = st.lists(st.integers(-3, LAST + 20), max_size=12)


def set_of(intervals: list[tuple[int, int]]) -> IntervalSet:
    return IntervalSet.of([start for start, _ in intervals], [end for _, end in intervals])


def bases_of(intervals: list[tuple[int, int]] | IntervalSet) -> set[int]:
    return {base for start, end in intervals for base in range(start, end)}


def test_an_interval_has_as_many_bases_as_its_ends_are_apart() -> None:
    assert len(Interval("chr1", 10, 25)) == 15


def test_an_interval_is_printed_as_browsers_do() -> None:
    assert str(Interval("chr1", 999, 2_000_000)) == "chr1:1,000-2,000,000"


def test_intervals_of_a_chromosome_are_ordered_by_position() -> None:
    shuffled = [Interval("chr1", 5, 9), Interval("chr1", 5, 7), Interval("chr1", 0, 50)]
    assert [(one.start, one.end) for one in sorted(shuffled)] == [(0, 50), (5, 7), (5, 9)]


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (6, 5)])
def test_an_interval_that_is_negative_empty_or_reversed_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=f"not an interval: chr1 {start} {end}"):
        Interval("chr1", start, end)


def test_the_first_base_of_a_chromosome_is_an_interval() -> None:
    assert len(Interval("chr1", 0, 1)) == 1


@pytest.mark.parametrize(
    ("starts", "ends", "problem"),
    [
        ([0, 5], [3], "one length"),
        ([[0]], [[3]], "flat"),
        ([-1], [3], "negative"),
        ([-1, 5], [3, 8], "negative"),
        ([3], [3], "empty"),
        ([5], [3], "empty"),
        ([5, 0], [8, 3], "sorted"),
        ([0, 2], [3, 8], "must not touch"),
        ([0, 3], [3, 8], "must not touch"),
        ([0, 0], [3, 3], "must not touch"),
        ([0, 5, 8], [3, 8, 9], "must not touch"),
    ],
)
def test_the_constructor_refuses_what_is_no_set_of_intervals(
    starts: list, ends: list, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        IntervalSet(np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64))


@pytest.mark.parametrize(
    ("starts", "ends"), [([-1], [5]), ([5], [5]), ([8], [5]), ([0, 8], [10, 5])]
)
def test_a_union_of_what_is_no_interval_is_refused(starts: list[int], ends: list[int]) -> None:
    with pytest.raises(ValueError, match="negative or empty"):
        IntervalSet.of(starts, ends)


def test_touching_intervals_become_one() -> None:
    assert list(IntervalSet.of([3, 0], [8, 3])) == [(0, 8)]


def test_an_interval_inside_another_disappears() -> None:
    assert list(IntervalSet.of([0, 2, 12], [10, 4, 13])) == [(0, 10), (12, 13)]


def test_a_gap_of_one_base_keeps_intervals_apart() -> None:
    assert list(IntervalSet.of([0, 4], [3, 5])) == [(0, 3), (4, 5)]


@given(pairs)
def test_a_union_holds_the_bases_of_every_interval_and_no_other(
    intervals: list[tuple[int, int]],
) -> None:
    assert bases_of(set_of(intervals)) == bases_of(intervals)


@given(pairs)
def test_a_union_has_as_few_intervals_as_there_are_runs_of_bases(
    intervals: list[tuple[int, int]],
) -> None:
    expected = bases_of(intervals)
    runs = [base for base in expected if base - 1 not in expected]
    assert len(set_of(intervals)) == len(runs)


@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    intervals: list[tuple[int, int]], shuffler: object
) -> None:
    shuffled = list(intervals)
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]
    assert set_of(shuffled) == set_of(intervals)


@given(st.lists(pairs, max_size=4))
def test_the_union_of_sets_holds_the_bases_of_any_of_them(
    sets: list[list[tuple[int, int]]],
) -> None:
    expected = set().union(*map(bases_of, sets))
    assert bases_of(IntervalSet.union([set_of(one) for one in sets])) == expected


def test_intervals_are_told_in_plain_numbers_that_json_can_hold() -> None:
    (edges,) = IntervalSet.of([3], [8])
    assert [type(edge) for edge in edges] == [int, int]


@given(pairs)
def test_bases_counts_every_base_once(intervals: list[tuple[int, int]]) -> None:
    assert set_of(intervals).bases == len(bases_of(intervals))


@given(pairs, pairs)
def test_an_intersection_holds_the_bases_of_both(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    both = set_of(one).intersect(set_of(other))
    assert bases_of(both) == bases_of(one) & bases_of(other)
    assert both == set_of(other).intersect(set_of(one))


@given(pairs, st.integers(0, LAST), st.integers(1, 40))
def test_clipping_keeps_the_bases_inside(
    intervals: list[tuple[int, int]], start: int, length: int
) -> None:
    clipped = set_of(intervals).clip(start, start + length)
    assert bases_of(clipped) == bases_of(intervals) & set(range(start, start + length))


@given(pairs, positions)
def test_bases_before_counts_the_bases_to_the_left(
    intervals: list[tuple[int, int]], at: list[int]
) -> None:
    bases = bases_of(intervals)
    expected = [sum(base < position for base in bases) for position in at]
    assert set_of(intervals).bases_before(at).tolist() == expected


@given(pairs)
def test_nth_base_is_the_nth_of_the_sorted_bases(intervals: list[tuple[int, int]]) -> None:
    expected = sorted(bases_of(intervals))
    assert set_of(intervals).nth_base(range(len(expected))).tolist() == expected


@given(pairs)
def test_nth_base_reverses_bases_before(intervals: list[tuple[int, int]]) -> None:
    bases = set_of(intervals)
    ranks = np.arange(bases.bases)
    assert bases.bases_before(bases.nth_base(ranks)).tolist() == ranks.tolist()


@pytest.mark.parametrize("rank", [-1, 5])
def test_a_rank_that_the_set_does_not_have_is_refused(rank: int) -> None:
    with pytest.raises(IndexError, match="the set has 5 bases"):
        IntervalSet.of([0, 10], [3, 12]).nth_base([0, rank])


def test_no_intervals_make_the_empty_set() -> None:
    assert list(IntervalSet.of([], [])) == []
    assert len(EMPTY) == 0
    assert EMPTY.bases == 0


def test_the_empty_set_meets_nothing_and_precedes_nothing() -> None:
    assert IntervalSet.of([0], [9]).intersect(EMPTY) == EMPTY
    assert EMPTY.intersect(EMPTY) == EMPTY
    assert EMPTY.clip(0, 10) == EMPTY
    assert EMPTY.bases_before([0, 7]).tolist() == [0, 0]


def test_the_empty_set_has_no_first_base() -> None:
    with pytest.raises(IndexError, match="the set has 0 bases"):
        EMPTY.nth_base([0])


def test_sets_with_the_same_bases_are_equal() -> None:
    assert IntervalSet.of([0, 3], [3, 5]) == IntervalSet.of([0], [5])


def test_sets_with_other_bases_differ() -> None:
    assert IntervalSet.of([0], [5]) != IntervalSet.of([0], [6])
    assert IntervalSet.of([0], [5]) != IntervalSet.of([0, 7], [5, 9])
    assert IntervalSet.of([0], [5]) != [(0, 5)]


def test_positions_of_the_longest_chromosomes_do_not_overflow() -> None:
    # The lungfish has chromosomes past 2**31.
    far = IntervalSet.of([0, 3_000_000_000], [2_000_000_000, 5_000_000_000])
    assert far.bases == 4_000_000_000
    assert far.nth_base([2_000_000_000]).tolist() == [3_000_000_000]


@given(pairs, pairs)
@example([(0, 5)], [(0, 2)])
def test_a_difference_holds_the_bases_of_the_first_alone(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    found = set_of(first).minus(set_of(second))
    assert bases_of(found) == bases_of(first) - bases_of(second)


@given(pairs, pairs)
def test_overlapping_keeps_whole_intervals_that_share_a_base(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    other = bases_of(second)
    expected = [one for one in set_of(first) if other & set(range(*one))]
    assert list(set_of(first).overlapping(set_of(second))) == expected


@given(pairs, positions)
def test_holds_says_whether_a_base_is_in_the_set(
    intervals: list[tuple[int, int]], at: list[int]
) -> None:
    inside = bases_of(intervals)
    assert set_of(intervals).holds(at).tolist() == [position in inside for position in at]


def test_sets_of_several_chromosomes_are_intersected_in_the_second_ones_order() -> None:
    first = {"chr1": set_of([(0, 10)]), "chr2": set_of([(5, 20)])}
    second = {"chr2": set_of([(0, 8)]), "chr1": set_of([(10, 12)]), "chr3": set_of([(0, 1)])}
    found = intersect(first, second)
    assert {chrom: list(one) for chrom, one in found.items()} == {"chr2": [(5, 8)]}
    assert total_bases(first) == 25


@given(pairs, st.integers(1, 20))
def test_units_are_those_that_hold_a_base(intervals: list[tuple[int, int]], length: int) -> None:
    expected = sorted({base // length for base in bases_of(intervals)})
    assert set_of(intervals).units(length) == expected


def test_an_interval_that_ends_with_a_unit_does_not_reach_the_next() -> None:
    assert set_of([(3, 10), (20, 40)]).units(10) == [0, 2, 3]


@given(st.lists(pairs, min_size=1, max_size=4), st.randoms())
def test_several_sets_at_once_are_what_each_is_by_itself(
    drawn: list[list[tuple[int, int]]], random: Random
) -> None:
    rows = [(row, *one) for row, of_set in enumerate(drawn) for one in of_set]
    random.shuffle(rows)
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    found = IntervalSets.of(len(drawn), *columns)
    assert len(found) == len(drawn)
    for row, of_set in enumerate(drawn):
        assert found[row] == set_of(of_set)


def test_of_several_sets_an_empty_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="negative or empty"):
        IntervalSets.of(2, np.array([1]), np.array([5]), np.array([5]))


@given(pairs, pairs)
def test_pieces_of_intervals_in_a_set_are_told_by_their_owners(
    mine: list[tuple[int, int]], intervals: list[tuple[int, int]]
) -> None:
    starts, ends = np.array(intervals, np.int64).reshape(-1, 2).T
    pieces = list(zip(*set_of(mine).pieces(starts, ends), strict=True))
    assert [owner for *_, owner in pieces] == sorted(owner for *_, owner in pieces)
    for number, one in enumerate(intervals):
        of_one = [(start, end) for start, end, owner in pieces if owner == number]
        assert bases_of(of_one) == bases_of([one]) & bases_of(mine)
        assert sum(end - start for start, end in of_one) == len(bases_of(of_one))
