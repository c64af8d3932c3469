"""Folds: each window in one, alike in size and in G and C; and nothing leaks over their edges."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from builders import TinyDatasets
from hypothesis import given
from hypothesis import strategies as st

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.folds import (
    Folds,
    count_gc,
    make_folds,
    read_folds,
    split_by_fold,
    windows_of,
)
from regtrack.datasets.windows import Windows
from regtrack.errors import ArgumentError, InputError

LENGTH = 1_000
CHROMS = ("chr1", "chr2", "chrM")


@pytest.fixture(scope="module")
def dense(datasets: TinyDatasets) -> DenseDataset:
    """24 windows of 2,000 bases: 21 on chr1, 3 on chr2."""
    dataset = open_dataset(datasets.dense)
    assert isinstance(dataset, DenseDataset)
    return dataset


def some_windows(places: list[tuple[int, int]]) -> Windows:
    """By number of the chromosome and of the window on it."""
    chrom, place = np.array(sorted(set(places)), np.int64).reshape(-1, 2).T
    return Windows(CHROMS, chrom, place * LENGTH, LENGTH)


def scattered(count: int, seed: int) -> tuple[Windows, np.ndarray]:
    """So many windows on three chromosomes, with gaps between some, and their G and C."""
    random = np.random.default_rng(seed)
    chosen = np.sort(random.choice(3 * count, count, replace=False))
    windows = some_windows([(int(place) // count, int(place) % count) for place in chosen])
    return windows, random.integers(300, 700, count)


@given(st.integers(16, 300), st.integers(2, 7), st.integers(0, 99))
def test_every_window_is_in_one_fold_and_folds_are_alike(
    count: int, number: int, seed: int
) -> None:
    windows, gc = scattered(count, seed)
    folds = make_folds(windows, gc, number)
    assert folds.names == tuple(str(place + 1) for place in range(number))
    sizes = np.bincount(folds.of_window, minlength=number)
    assert sizes.sum() == count
    assert sizes.max() - sizes.min() <= 1
    stretches = [fold for fold, _ in itertools.groupby(folds.of_window.tolist())]
    assert max(map(stretches.count, range(number))) <= 4
    assert list(dict.fromkeys(stretches)) == list(range(number))
    again = make_folds(windows, gc, number)
    np.testing.assert_array_equal(again.of_window, folds.of_window)


@given(st.integers(2, 6), st.integers(32, 80))
def test_folds_have_like_shares_of_g_and_c_where_stretches_of_the_genome_have_not(
    number: int, each: int
) -> None:
    count = number * each
    windows = some_windows([(0, place) for place in range(count)])
    gc = np.linspace(300, 600, count).astype(np.int64)
    folds = make_folds(windows, gc, number)
    dealt = [gc[folds.of_window == fold].mean() for fold in range(number)]
    in_a_row = [part.mean() for part in np.array_split(gc, number)]
    assert np.ptp(dealt) < 0.2 * np.ptp(in_a_row)


def test_a_fold_of_few_windows_is_one_stretch() -> None:
    windows = some_windows([(0, place) for place in range(30)])
    folds = make_folds(windows, np.full(30, 400), 3)
    assert folds.of_window.tolist() == [0] * 10 + [1] * 10 + [2] * 10


@pytest.mark.parametrize(
    ("number", "problem"),
    [(1, "expected 2 or more, got 1"), (6, "6 are too many for 11 windows; expected fewer")],
)
def test_too_few_and_too_many_folds_are_refused(number: int, problem: str) -> None:
    windows = some_windows([(0, place) for place in range(11)])
    with pytest.raises(ArgumentError, match=problem):
        make_folds(windows, np.full(11, 400), number)


@pytest.mark.parametrize(("count", "number"), [(16, 2), (97, 5), (300, 7)])
def test_folds_that_were_written_are_read_again(tmp_path: Path, count: int, number: int) -> None:
    windows, gc = scattered(count, 1)
    folds = make_folds(windows, gc, number)
    path = tmp_path / "folds.bed"
    path.write_text(folds.table())
    read = read_folds(path, windows, dict.fromkeys(CHROMS, count * LENGTH))
    names = [folds.names[fold] for fold in folds.of_window]
    assert [read.names[fold] for fold in read.of_window] == names


def test_a_window_that_no_fold_holds_whole_is_never_tested(tmp_path: Path) -> None:
    path = tmp_path / "folds.bed"
    path.write_text(
        "# mine\nchr1\t0\t2500\tleft\nchr1\t2500\t5000\tright\n"
        "\nchr9\t0\t10\tleft\n2\t0\t1000\tright\n"
    )
    windows = some_windows([(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 0)])
    folds = read_folds(path, windows, dict.fromkeys(CHROMS, 10_000))
    assert folds.names == ("left", "right")
    assert folds.of_window.tolist() == [0, 0, -1, 1, 1, -1, 1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("chr1\t0\t1000\n", r"folds\.bed:1: expected chromosome, start, end and a fold's name"),
        ("chr1\t0\t1000\ta\n", "has 1 fold; expected two or more names"),
        ("", "has 0 folds"),
        ("chr1\t0\t10001\ta\n", r"folds\.bed:1: expected 0 <= start < end <= 10,000 on chr1"),
        ("chr1\t0\t1000\ta\nchr1\t3\t900\tb\n", "no window of the dataset lies in fold 'b'"),
        ("chr1\t0\t2000\ta\nchr1\t0\t3000\tb\n", "window chr1:1-1,000 is in folds 'a' and 'b'"),
    ],
)
def test_a_file_that_is_no_folds_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "folds.bed"
    path.write_text(text)
    windows = some_windows([(0, 0), (0, 1)])
    with pytest.raises(InputError, match=problem):
        read_folds(path, windows, dict.fromkeys(CHROMS, 10_000))


def test_the_windows_of_a_dataset_are_those_of_all_its_splits(dense: DenseDataset) -> None:
    windows = windows_of(dense)
    parts = [dense.windows(split) for split in ("train", "valid", "test")]
    assert len(windows) == sum(map(len, parts)) == 24
    assert windows.regions().keys() == {"chr1", "chr2"}


def test_g_and_c_are_counted_from_the_sequence(dense: DenseDataset) -> None:
    windows = windows_of(dense)
    gc = count_gc(dense, windows)
    for place in (0, 7, len(windows) - 1):
        window = windows[place]
        codes = dense.genome.codes(window.chrom, window.start, window.end).tolist()
        assert gc[place] == sum("NACTG"[code] in "GC" for code in codes)


def holds_any(regions, chrom: str, start: int, end: int) -> bool:
    return chrom in regions and regions[chrom].clip(start, end).bases > 0


@pytest.mark.parametrize("reach", [1, 2_000, 2_500])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_no_trained_window_is_near_a_tested_one_or_shares_a_peak_with_it(
    dense: DenseDataset, number: int, reach: int
) -> None:
    windows = windows_of(dense)
    folds = make_folds(windows, count_gc(dense, windows), 3)
    parts = split_by_fold(dense, folds, number, reach)
    splits = parts.splits
    np.testing.assert_array_equal(
        splits["test"].start, windows.choose(folds.of_window == number).start
    )
    used = sum(map(len, splits.values()))
    assert used + parts.left_out == len(windows)
    together = {(window.chrom, window.start) for part in splits.values() for window in part}
    assert len(together) == used  # none is in two
    for kept, others in (("train", ("valid", "test")), ("valid", ("test",))):
        for window in splits[kept]:
            for other in others:
                regions = splits[other].regions()
                start, end = max(window.start - reach, 0), window.end + reach
                assert not holds_any(regions, window.chrom, start, end)
                for peaks in dense.labels.peaks(window.chrom, range(3)):
                    for first, last in peaks:
                        if first < window.end and last > window.start:
                            assert not holds_any(regions, window.chrom, first, last)


def test_only_windows_at_an_edge_are_left_out(dense: DenseDataset) -> None:
    windows = windows_of(dense)
    of_window = np.array([0] * 8 + [1] * 8 + [2] * 8)
    folds = Folds(windows, ("a", "b", "c"), of_window)
    parts = split_by_fold(dense, folds, 0, 1)
    # The first of b touches a; its second chooses; its third touches that; the others train.
    assert windows.start[9] in parts.splits["valid"].start
    assert len(parts.splits["test"]) == 8
    assert len(parts.splits["valid"]) == 2
    assert parts.left_out == 2
    assert len(parts.splits["train"]) == 24 - 8 - 2 - 2


def test_folds_that_leave_nothing_to_train_on_are_refused(dense: DenseDataset) -> None:
    windows = windows_of(dense)
    folds = Folds(windows, ("a", "b"), np.arange(24) % 2)
    with pytest.raises(ArgumentError, match="no window is left to choose the checkpoint by"):
        split_by_fold(dense, folds, 0, 1)
