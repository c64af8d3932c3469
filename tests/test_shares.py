"""Shares of work: every thing is in one, and all are of about the same weight."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.errors import ArgumentError
from regtrack.shares import Share


@given(st.lists(st.integers(1, 10_000), max_size=60), st.integers(1, 80))
def test_every_thing_is_in_one_share_and_shares_follow_each_other(
    weights: list[int], total: int
) -> None:
    places = [place for number in range(1, total + 1) for place in Share(number, total).of(weights)]
    assert places == list(range(len(weights)))


@given(st.lists(st.integers(1, 100), min_size=1, max_size=60), st.integers(1, 20))
def test_no_share_is_heavier_than_its_part_by_more_than_one_thing(
    weights: list[int], total: int
) -> None:
    for number in range(1, total + 1):
        weight = sum(weights[place] for place in Share(number, total).of(weights))
        assert weight <= sum(weights) / total + max(weights)


def test_shares_of_nothing_are_empty() -> None:
    assert list(Share(1, 3).of([])) == []


@pytest.mark.parametrize("text", ["3/8", " 3/8 "])
def test_a_share_is_typed_with_a_slash(text: str) -> None:
    assert Share.parse(text) == Share(3, 8)
    assert str(Share(3, 8)) == "3/8"


@pytest.mark.parametrize(
    "text", ["3", "3/", "/8", "3:8", "a/8", "-1/8", "3/8/9", "", "1" * 99 + "/2"]
)
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="shard: expected K/N, such as 3/8, got"):
        Share.parse(text)


@pytest.mark.parametrize("text", ["0/8", "9/8"])
def test_a_share_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="shard: expected 1/8 to 8/8"):
        Share.parse(text)
