"""Labels kept as intervals say at every base what the intervals say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.datasets.bins import mostly_covered
from regtrack.datasets.labels import BIN_LENGTH, IntervalLabels
from regtrack.errors import InputError
from regtrack.genome.intervals import EMPTY, IntervalSet, cut

# Around the ends of bins, and a chromosome without a base.
SIZES = {"chr1": 2 * BIN_LENGTH + 40, "empty": 0, "chr2": BIN_LENGTH, "chr3": 17}
POSITIONS = st.sampled_from(
    [*range(20), *(k * BIN_LENGTH + d for k in (1, 2) for d in range(-9, 10)), SIZES["chr1"]]
)


def interval_sets(size: int, most: int = 6) -> st.SearchStrategy[IntervalSet]:
    inside = POSITIONS.filter(lambda one: one <= size)
    pairs = st.tuples(inside, inside).filter(lambda one: one[0] != one[1]).map(sorted)
    return st.lists(pairs, max_size=most).map(
        lambda pairs: IntervalSet.of([a for a, _ in pairs], [b for _, b in pairs])
    )


def by_chrom(most: int = 6) -> st.SearchStrategy[dict[str, IntervalSet]]:
    return st.fixed_dictionaries(
        {}, optional={chrom: interval_sets(size, most) for chrom, size in SIZES.items() if size}
    ).map(lambda one: {chrom: found for chrom, found in one.items() if len(found)})


def paint(intervals: IntervalSet, size: int) -> np.ndarray:
    painted = np.zeros(size, dtype=np.uint8)
    for start, end in intervals:
        painted[start:end] = 1
    return painted


def all_known(markers: int) -> np.ndarray:
    return np.ones((len(SIZES), markers), dtype=bool)


def labels_of(peaks: Sequence[Mapping[str, IntervalSet]]) -> IntervalLabels:
    return IntervalLabels.of(peaks, SIZES, all_known(len(peaks)))


@given(
    st.lists(by_chrom(), min_size=1, max_size=4),
    st.sampled_from(["chr1", "chr2", "chr3"]),
    st.integers(-30, 40),
    st.integers(1, 80),
    st.sampled_from([0, BIN_LENGTH, 2 * BIN_LENGTH]),
)
def test_spread_equals_painting_base_by_base(
    peaks: list[dict[str, IntervalSet]], chrom: str, offset: int, length: int, near: int
) -> None:
    start = near + offset
    found = labels_of(peaks).spread(chrom, start, start + length)
    margin = 3 * BIN_LENGTH
    for row, one in zip(found, peaks, strict=True):
        painted = np.pad(paint(one.get(chrom, EMPTY), SIZES[chrom]), margin)
        np.testing.assert_array_equal(row, painted[start + margin : start + length + margin])


@given(st.lists(by_chrom(), min_size=1, max_size=4), st.integers(0, 900), st.integers(1, 900))
def test_the_pieces_of_peaks_on_some_bases_paint_what_spread_paints(
    peaks: list[dict[str, IntervalSet]], start: int, length: int
) -> None:
    labels = labels_of(peaks)
    start, end = min(start, SIZES["chr1"] - 1), min(start + length, SIZES["chr1"])
    painted = np.zeros((len(peaks), end - start), np.uint8)
    for marker, first, last in zip(*labels.rows_within("chr1", start, end), strict=True):
        assert start <= first < last <= end
        painted[marker, first - start : last - start] = 1
    np.testing.assert_array_equal(painted, labels.spread("chr1", start, end))


@given(by_chrom())
def test_a_whole_chromosome_is_painted_across_its_bins(peaks: dict[str, IntervalSet]) -> None:
    size = SIZES["chr1"]
    found = labels_of([{}, peaks]).spread("chr1", 0, size)
    np.testing.assert_array_equal(found[1], paint(peaks.get("chr1", EMPTY), size))
    assert not found[0].any()


def test_the_markers_of_a_base_lie_side_by_side() -> None:
    found = labels_of([{}, {}, {}]).spread("chr1", 5, 905)
    assert found.shape == (3, 900)
    assert found.dtype == np.uint8
    assert found.T.flags.c_contiguous


@given(st.lists(by_chrom(), min_size=1, max_size=3), by_chrom(most=9), st.data())
def test_base_rates_equal_counting_base_by_base(
    peaks: list[dict[str, IntervalSet]], regions: dict[str, IntervalSet], data: st.DataObject
) -> None:
    known = np.array(
        data.draw(
            st.lists(
                st.lists(st.booleans(), min_size=len(peaks), max_size=len(peaks)),
                min_size=len(SIZES),
                max_size=len(SIZES),
            )
        )
    )
    found = IntervalLabels.of(peaks, SIZES, known).base_rates(regions)
    for marker, one in enumerate(peaks):
        inside = bases = 0
        for number, (chrom, size) in enumerate(SIZES.items()):
            if known[number, marker] and chrom in regions:
                where = paint(regions[chrom], size)
                inside += int((paint(one.get(chrom, EMPTY), size) & where).sum())
                bases += int(where.sum())
        assert found[marker] == (inside / bases if bases else 0)


def test_known_markers_are_those_of_the_chromosome() -> None:
    known = all_known(2)
    known[2, 1] = False  # chr2
    labels = IntervalLabels.of([{}, {}], SIZES, known)
    assert labels.known_markers("chr1").tolist() == [True, True]
    assert labels.known_markers("chr2").tolist() == [True, False]


@given(st.lists(by_chrom(), min_size=1, max_size=3))
def test_what_is_opened_is_what_was_saved(
    tmp_path_factory: pytest.TempPathFactory, peaks: list[dict[str, IntervalSet]]
) -> None:
    folder = tmp_path_factory.mktemp("labels")
    labels = labels_of(peaks)
    labels.save(folder)
    opened = IntervalLabels.open(folder, SIZES, all_known(len(peaks)))
    for chrom in ("chr1", "chr3"):
        np.testing.assert_array_equal(
            opened.spread(chrom, 0, SIZES[chrom]), labels.spread(chrom, 0, SIZES[chrom])
        )


@pytest.mark.parametrize("name", ["labels.npy", "labels.offsets.npy"])
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "text", "another array"])
def test_a_damaged_array_is_named(tmp_path: Path, name: str, damage: str) -> None:
    labels_of([{"chr1": IntervalSet.of([5], [9])}]).save(tmp_path)
    path = tmp_path / name
    if damage == "missing":
        path.unlink()
    elif damage == "another array":
        np.save(path, np.zeros((4, 4, 4)))
    else:
        data = path.read_bytes()
        path.write_bytes({"empty": b"", "truncated": data[:-3], "text": b"hello"}[damage])
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        IntervalLabels.open(tmp_path, SIZES, all_known(1))


@pytest.mark.parametrize("row", [(1, 5, 9), (0, 9, 9), (0, 9, 5)])
def test_a_row_that_is_no_interval_of_a_marker_is_refused_where_it_is_read(
    row: tuple[int, int, int],
) -> None:
    bins = sum(-(-size // BIN_LENGTH) for size in SIZES.values())
    offsets = np.concatenate(([0], np.ones(bins, np.int64)))
    labels = IntervalLabels(np.array([row], np.uint16), offsets, SIZES, all_known(1))
    for read in (labels.all_peaks, lambda chrom: labels.rows_within(chrom, 0, 20)):
        with pytest.raises(InputError, match="not an interval of one of the markers"):
            read("chr1")


def test_offsets_that_are_not_sorted_are_refused(tmp_path: Path) -> None:
    labels_of([{"chr1": IntervalSet.of([5], [9])}]).save(tmp_path)
    path = tmp_path / "labels.offsets.npy"
    np.save(path, np.array([0, 2**40, 0, -1, 1]))
    with pytest.raises(InputError, match=r"offsets\.npy: damaged \(the offsets are not"):
        IntervalLabels.open(tmp_path, SIZES, all_known(1))


@given(interval_sets(SIZES["chr1"]), st.sampled_from([1, 7, 200, BIN_LENGTH]))
def test_cutting_loses_no_base_and_keeps_each_piece_in_its_bin(
    intervals: IntervalSet, step: int
) -> None:
    bins, starts, ends = cut(intervals, step)
    np.testing.assert_array_equal(starts // step, bins)
    np.testing.assert_array_equal((ends - 1) // step, bins)
    assert (ends - starts).sum() == intervals.bases
    if len(bins):
        assert IntervalSet.of(starts, ends) == intervals


@given(interval_sets(40, most=9), st.integers(1, 12))
def test_mostly_covered_is_more_than_half(intervals: IntervalSet, step: int) -> None:
    painted = np.pad(paint(intervals, 40), (0, -40 % step)).reshape(-1, step)
    expected = np.flatnonzero(2 * painted.sum(axis=1) > step)
    np.testing.assert_array_equal(mostly_covered(intervals, step), expected)


@given(st.lists(by_chrom(), min_size=3, max_size=3), st.sampled_from([(0, 3), (1, 2), (2, 3)]))
def test_peaks_come_back_as_they_were(
    peaks: list[dict[str, IntervalSet]], span: tuple[int, int]
) -> None:
    labels = labels_of(peaks)
    for chrom in SIZES:
        found = labels.peaks(chrom, range(*span))
        assert found == [peaks[marker].get(chrom, EMPTY) for marker in range(*span)]


def test_another_label_and_other_knowledge_have_another_digest() -> None:
    one, other = ({"chr1": IntervalSet.of([5], [end])} for end in (9, 10))
    assert labels_of([one]).digest == labels_of([one]).digest
    assert labels_of([one]).digest != labels_of([other]).digest
    unknown = IntervalLabels.of([one], SIZES, ~all_known(1))
    assert labels_of([one]).digest != unknown.digest
