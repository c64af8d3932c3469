"""Tiling: whatever the targets, the cores cover them and every core has its context."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.errors import ArgumentError
from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.models.network import Context
from regtrack.prediction.windows import Window, suited_length, tile
from regtrack.tracks.blocks import BLOCK_LENGTH

DILATED = Context(left=5_449, right=5_489, stride=10)


@dataclass(frozen=True)
class Tiling:
    """What `tile` was asked, and what it answered."""

    targets: IntervalSet
    context: Context
    length: int
    windows: list[Window]


@st.composite
def tilings(draw: st.DrawFn) -> Tiling:
    stride = draw(st.sampled_from([1, 2, 3, 10]))
    context = Context(left=draw(st.integers(0, 35)), right=draw(st.integers(0, 35)), stride=stride)
    halos = -(-context.left // stride) * stride + -(-context.right // stride) * stride
    length = halos + stride + draw(st.integers(0, 60))
    spans = draw(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 90)), max_size=8))
    targets = IntervalSet.of([start for start, _ in spans], [start + size for start, size in spans])
    return Tiling(targets, context, length, list(tile(targets, context, length)))


def bases_of(intervals: IntervalSet) -> set[int]:
    return {base for start, end in intervals for base in range(start, end)}


@given(tilings())
def test_every_target_base_lies_in_exactly_one_core(tiling: Tiling) -> None:
    cores = [base for one in tiling.windows for base in range(one.core_start, one.core_end)]
    assert len(cores) == len(set(cores))
    assert bases_of(tiling.targets) <= set(cores)


@given(tilings())
def test_cores_are_in_order(tiling: Tiling) -> None:
    edges = [edge for one in tiling.windows for edge in (one.core_start, one.core_end)]
    assert edges == sorted(edges)


@given(tilings())
def test_every_core_has_its_full_context(tiling: Tiling) -> None:
    for one in tiling.windows:
        assert one.start <= one.core_start - tiling.context.left
        assert one.end >= one.core_end + tiling.context.right


@given(tilings())
def test_no_window_is_longer_than_asked(tiling: Tiling) -> None:
    assert all(len(one) <= tiling.length for one in tiling.windows)


@given(tilings())
def test_windows_and_cores_lie_on_the_stride(tiling: Tiling) -> None:
    for one in tiling.windows:
        edges = np.array([one.start, one.core_start, one.core_end, one.end])
        assert not np.any(edges % tiling.context.stride)


@given(tilings())
def test_no_window_is_read_without_a_target_in_its_core(tiling: Tiling) -> None:
    for one in tiling.windows:
        assert len(tiling.targets.clip(one.core_start, one.core_end))


@given(tilings())
def test_a_core_begins_and_ends_with_a_target(tiling: Tiling) -> None:
    # But for the bases that the stride adds: no arithmetic is spent on long gaps at its ends.
    stride = tiling.context.stride
    for one in tiling.windows:
        assert len(tiling.targets.clip(one.core_start, one.core_start + stride))
        assert len(tiling.targets.clip(one.core_end - stride, one.core_end))


@given(tilings())
def test_a_new_window_begins_only_where_the_last_one_has_no_room(tiling: Tiling) -> None:
    stride = tiling.context.stride
    halos = sum(-(-side // stride) * stride for side in (tiling.context.left, tiling.context.right))
    room = tiling.length // stride * stride - halos
    bases = bases_of(tiling.targets)
    for one, following in pairwise(tiling.windows):
        assert min(base for base in bases if base >= following.core_start) >= one.core_start + room


@given(
    left=st.integers(0, 30_000), right=st.integers(0, 30_000), stride=st.sampled_from([1, 7, 200])
)
def test_the_suited_window_has_room_for_a_core(left: int, right: int, stride: int) -> None:
    context = Context(left=left, right=right, stride=stride)
    length = suited_length(context)
    assert length % stride == 0
    windows = list(tile(IntervalSet.of([0], [BLOCK_LENGTH]), context, length))
    cores = sum(one.core_end - one.core_start for one in windows)
    # Little of what is read is thrown away.
    full = windows[0]
    assert full.core_end - full.core_start >= len(full) * 0.7
    assert cores >= BLOCK_LENGTH


@pytest.mark.parametrize(
    ("context", "length", "windows"),
    [
        (Context(4, 5), 25_009, 8),
        (DILATED, 110_940, 2),
        (Context(599, 599, stride=200), 26_200, 8),  # a short network's
        (Context(4_000, 4_000), 74_667, 3),  # 72,000 would do, and go 2.8 times into a block
        (Context(10_506, 10_687, stride=20), 221_220, 1),
        (Context(20, 20, stride=7), 25_046, 8),  # whole steps
    ],
)
def test_cores_of_suited_windows_fill_a_block(context: Context, length: int, windows: int) -> None:
    assert suited_length(context) == length
    block = IntervalSet.of([BLOCK_LENGTH], [2 * BLOCK_LENGTH])
    assert len(list(tile(block, context, length))) == windows


def test_nothing_to_predict_is_no_window() -> None:
    assert list(tile(EMPTY, DILATED, 25_000)) == []


def test_the_first_base_has_a_window_that_starts_left_of_the_chromosome() -> None:
    assert list(tile(IntervalSet.of([0], [1]), DILATED, 25_000)) == [Window(-5_450, 0, 10, 5_500)]


def test_a_long_target_is_cut_into_full_windows() -> None:
    room = 25_000 - 5_450 - 5_490
    first, second = tile(IntervalSet.of([0], [2 * room]), DILATED, 25_000)
    assert first == Window(-5_450, 0, room, room + 5_490)
    assert second == Window(room - 5_450, room, 2 * room, 2 * room + 5_490)


@pytest.mark.parametrize("length", [10_950, 10_959])
def test_the_shortest_possible_window_has_a_core_of_one_stride(length: int) -> None:
    windows = list(tile(IntervalSet.of([100], [120]), DILATED, length))
    assert [(one.core_start, one.core_end) for one in windows] == [(100, 110), (110, 120)]


@pytest.mark.parametrize("length", [-1, 0, 10, 10_940, 10_949])
def test_a_window_without_room_for_a_core_is_refused_with_the_minimum(length: int) -> None:
    with pytest.raises(ArgumentError, match=r"window: .* needs at least 10950"):
        list(tile(IntervalSet.of([100], [120]), DILATED, length))


@pytest.mark.parametrize(
    "edges", [(10, 9, 20, 30), (10, 20, 20, 30), (10, 21, 20, 30), (10, 12, 20, 19)]
)
def test_a_core_outside_its_window_is_refused(edges: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="the core must lie inside the window"):
        Window(*edges)
