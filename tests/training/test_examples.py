"""Examples: what is drawn, that it stays among the training windows, and what belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from builders import TINY_SIZES, TinyDatasets
from hypothesis import example, given
from hypothesis import strategies as st

from regtrack.datasets.dataset import Dataset
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.labels import IntervalLabels
from regtrack.datasets.short import ShortDataset
from regtrack.datasets.windows import Windows
from regtrack.errors import ArgumentError
from regtrack.training.examples import Examples, _room, make_examples, misfit
from regtrack.training.settings import TrainingSettings

STRIDE = 10
# Random bases: a piece of 100 of them is found in one place only.
PIECE = 100


@pytest.fixture
def short(datasets: TinyDatasets) -> ShortDataset:
    dataset = open_dataset(datasets.short)
    assert isinstance(dataset, ShortDataset)
    return dataset


def examples_of(dataset: Dataset, seed: int = 0, stride: int = STRIDE, **settings: Any) -> Examples:
    plain = {"reverse_complement": False, "shift": 0, "batch_size": 1}
    fitted = TrainingSettings(**{**plain, **settings}).fitted(dataset.task, dataset.window)
    return make_examples(dataset, fitted, stride, seed)


def other_strand(codes: np.ndarray) -> np.ndarray:
    """Read backwards, with A for T and C for G, spelled out (N=0, A=1, C=2, T=3, G=4)."""
    pair = {0: 0, 1: 3, 2: 4, 3: 1, 4: 2}
    return np.array([pair[code] for code in reversed(codes.tolist())], codes.dtype)


def place_of(dataset: DenseDataset, window: np.ndarray) -> tuple[str, int] | None:
    """Where a window comes from, by its first known bases on the forward strand."""
    at = next(i for i in range(len(window)) if (window[i : i + PIECE] > 0).all())
    for chrom, size in TINY_SIZES.items():
        text = dataset.genome.codes(chrom, 0, size).tobytes()
        found = text.find(window[at : at + PIECE].tobytes())
        if found >= 0:
            np.testing.assert_array_equal(
                window, dataset.genome.codes(chrom, found - at, found - at + len(window))
            )
            return chrom, found - at
    return None


def covered(windows: Windows) -> set[tuple[str, int]]:
    """Every base of some windows."""
    every = (windows[number] for number in range(len(windows)))
    return {(one.chrom, base) for one in every for base in range(one.start, one.end)}


@pytest.mark.parametrize("task", ["dense", "short"])
def test_an_epoch_is_each_window_once_and_every_epoch_has_another_order(
    datasets: TinyDatasets, task: str
) -> None:
    dataset = open_dataset(getattr(datasets, task))
    examples = examples_of(dataset)
    size = len(examples)
    epochs = [examples.batch(np.arange(size) + epoch * size) for epoch in range(3)]
    rows = [[codes.tobytes() for codes in epoch.codes] for epoch in epochs]
    assert len(set(rows[0])) == size
    assert [sorted(one) for one in rows] == [sorted(rows[0])] * 3
    assert rows[0] != rows[1] != rows[2]
    other = examples_of(dataset, seed=1).batch(np.arange(size)).codes
    assert [codes.tobytes() for codes in other] != rows[0]


@pytest.mark.parametrize("task", ["dense", "short"])
@given(
    before=st.lists(st.integers(0, 100), max_size=3),
    numbers=st.lists(st.integers(0, 100), min_size=1, max_size=4),
)
def test_an_example_depends_on_its_number_alone(
    datasets: TinyDatasets, task: str, before: Sequence[int], numbers: Sequence[int]
) -> None:
    dataset = open_dataset(getattr(datasets, task))
    settings = {"reverse_complement": True, "shift": 100}
    examples = examples_of(dataset, **settings)
    if before:
        examples.batch(np.array(before))
    batch = examples.batch(np.array(numbers))
    for row, number in enumerate(numbers):
        fresh = examples_of(dataset, **settings).batch(np.array([number]))
        for name in ("codes", "labels", "known", "known_markers"):
            np.testing.assert_array_equal(getattr(batch, name)[row], getattr(fresh, name)[0])


@pytest.mark.parametrize("task", ["dense", "short"])
def test_sequence_is_read_alone_without_any_label(
    datasets: TinyDatasets, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    dataset = open_dataset(getattr(datasets, task))
    examples = examples_of(dataset, reverse_complement=True, shift=100)
    numbers = np.arange(20)
    expected = examples.batch(numbers).codes

    def never(*_: object) -> None:
        raise AssertionError("labels were read")

    monkeypatch.setattr(IntervalLabels, "rows_within", never)
    monkeypatch.setattr(ShortDataset, "labels", never)
    np.testing.assert_array_equal(examples.codes(numbers), expected)


def test_labels_are_those_of_the_windows_own_place(dense: DenseDataset) -> None:
    batch = examples_of(dense, shift=1_000).batch(np.arange(60))
    assert batch.codes.shape == (60, 2_000)
    assert batch.labels.shape == (60, 2_000, 3)
    for codes, labels in zip(batch.codes, batch.labels, strict=True):
        chrom, start = place_of(dense, codes)
        np.testing.assert_array_equal(labels.T, dense.labels.spread(chrom, start, start + 2_000))
    assert batch.labels.any()


def test_on_the_other_strand_sequence_and_labels_turn_round_together(dense: DenseDataset) -> None:
    batch = examples_of(dense, reverse_complement=True).batch(np.arange(60))
    turned = 0
    for codes, labels in zip(batch.codes, batch.labels, strict=True):
        place, forward = place_of(dense, codes), labels
        if place is None:
            turned += 1
            place, forward = place_of(dense, other_strand(codes)), labels[::-1]
        chrom, start = place
        np.testing.assert_array_equal(forward.T, dense.labels.spread(chrom, start, start + 2_000))
    assert 10 < turned < 50  # 60 flips of a coin


def test_what_is_n_is_not_known(dense: DenseDataset) -> None:
    examples = examples_of(dense, reverse_complement=True)
    batch = examples.batch(np.arange(len(examples)))
    np.testing.assert_array_equal(batch.known, batch.codes > 0)
    assert (~batch.known).sum() == 137 + 1


def test_markers_are_masked_where_they_were_not_measured(dense: DenseDataset) -> None:
    examples = examples_of(dense)
    batch = examples.batch(np.arange(len(examples)))
    for codes, known in zip(batch.codes, batch.known_markers, strict=True):
        chrom, _ = place_of(dense, codes)
        assert known.tolist() == [True, chrom != "chr2", True]
    assert not batch.known_markers.all()


@pytest.mark.parametrize("shift", [0, 95, None, 10_000])
@pytest.mark.parametrize("stride", [10, 50])
def test_a_moved_window_stays_among_the_training_windows(
    dense: DenseDataset, shift: int | None, stride: int
) -> None:
    allowed = covered(dense.windows("train"))
    batch = examples_of(dense, stride=stride, shift=shift).batch(np.arange(90))
    most = 1_000 if shift is None else shift
    moved = set()
    for codes in batch.codes:
        chrom, start = place_of(dense, codes)
        assert start % stride == 0
        assert {(chrom, start), (chrom, start + 1_999)} <= allowed
        off = start % 2_000
        moved.add(off)
        assert most > 1_000 or min(off, 2_000 - off) <= most
    assert (len(moved) > 1) == (most >= stride)


@st.composite
def some_windows(draw: st.DrawFn) -> Windows:
    """Windows of five bases on two chromosomes, some side by side and some apart."""
    chrom, start = [], []
    for number in range(2):
        reached = draw(st.integers(0, 4))
        for gap in draw(st.lists(st.sampled_from([0, 0, 0, 1, 5, 7]), max_size=7)):
            chrom.append(number)
            start.append(reached + gap)
            reached += gap + 5
    return Windows(("a", "b"), np.array(chrom, dtype=int), np.array(start, dtype=int), 5)


# Starts as far apart as windows in a row, but on two chromosomes.
@example(Windows(("a", "b"), np.array([0, 1]), np.array([0, 5]), 5))
@given(some_windows())
def test_the_room_beside_a_window_ends_where_the_windows_end(windows: Windows) -> None:
    left, right = _room(windows) if len(windows) else ([], [])
    allowed = covered(windows)
    for number in range(len(windows)):
        one = windows[number]
        first, last = one.start, one.end
        while (one.chrom, first - 1) in allowed:
            first -= 1
        while (one.chrom, last) in allowed:
            last += 1
        assert (left[number], right[number]) == (one.start - first, last - one.end)


def test_a_short_input_is_moved_while_its_labels_stay(short: ShortDataset) -> None:
    size = short.size("train")
    plain = examples_of(short).batch(np.arange(size))
    moved = examples_of(short, shift=20).batch(np.arange(size))
    np.testing.assert_array_equal(moved.labels, plain.labels)
    shifts = []
    for before, after in zip(plain.codes, moved.codes, strict=True):
        shifts.append(after.tobytes().find(before[100:900].tobytes()) - 100)
    assert -20 <= -max(shifts) <= -min(shifts) <= 20
    assert len(set(shifts)) > 3


def test_a_short_input_is_read_on_both_strands(short: ShortDataset) -> None:
    size = short.size("train")
    plain = examples_of(short).batch(np.arange(size))
    both = examples_of(short, reverse_complement=True).batch(np.arange(size))
    np.testing.assert_array_equal(both.labels, plain.labels)
    turned = [
        np.array_equal(other_strand(after), before)
        for before, after in zip(plain.codes, both.codes, strict=True)
    ]
    same = [
        np.array_equal(after, before) for before, after in zip(plain.codes, both.codes, strict=True)
    ]
    assert all(a != b for a, b in zip(turned, same, strict=True))
    assert 0 < sum(turned) < size


def test_a_short_batch_has_one_position_which_is_known(short: ShortDataset) -> None:
    batch = examples_of(short).batch(np.arange(4))
    assert batch.labels.shape == (4, 1, 3)
    assert batch.known.tolist() == [[True]] * 4
    assert batch.known_markers.shape == (4, 3)


def test_a_batch_of_more_windows_than_there_are_is_refused(dense: DenseDataset) -> None:
    with pytest.raises(ArgumentError, match=r"batch_size: 16 is more than the 15 windows of the"):
        examples_of(dense, batch_size=16)
    examples_of(dense, batch_size=15)


def test_windows_that_are_no_multiple_of_the_stride_are_refused(dense: DenseDataset) -> None:
    problem = (
        r"model: this network needs windows of a multiple of 7 bases; .* have 2,000; run "
        "regtrack prepare --window 2100 --force$"
    )
    with pytest.raises(ArgumentError, match=problem):
        examples_of(dense, stride=7)


@pytest.mark.parametrize(
    ("stride", "window"),
    # The last one has no window near 25,000 that is a multiple of 20, too.
    [(16, 25_040), (32, 25_120), (64, 25_280), (128, 25_600), (48, 25_200), (2_114, 25_368)],
)
def test_windows_are_proposed_that_suit_a_bin_and_the_networks_of_the_paper(
    stride: int, window: int
) -> None:
    dataset = SimpleNamespace(path=Path("dataset"), window=25_000)
    said = misfit(cast("DenseDataset", dataset), stride)
    assert f"regtrack prepare --window {window} --force" in said
    assert window % stride == 0


def test_inputs_without_a_genome_cannot_be_moved(datasets: TinyDatasets) -> None:
    dataset = open_dataset(datasets.deepsea)
    assert examples_of(dataset).batch(np.arange(3)).codes.shape == (3, 1_000)
    with pytest.raises(ArgumentError, match=r"shift: .*deepsea holds sequence without its surr"):
        examples_of(dataset, shift=5)


def test_an_input_of_the_short_task_is_moved_by_half_a_bin_at_most(datasets: TinyDatasets) -> None:
    dataset = open_dataset(datasets.short)
    with pytest.raises(ArgumentError, match="shift: expected at most 100 in the short task"):
        examples_of(dataset, shift=101)
