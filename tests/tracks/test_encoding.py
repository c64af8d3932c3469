"""Blocks as BigWig files hold them: nothing is lost, and the sums are right."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from encoded import (
    Row,
    Segments,
    block_of,
    called_from,
    encode_segments,
    rows_of,
    segment_rows,
)
from hypothesis import given, settings

from regtrack.tracks.bins import BIN_REDUCTION, FINEST_REDUCTION, ZOOM, finest_bins
from regtrack.tracks.blocks import BLOCK_LENGTH
from regtrack.tracks.encoding import (
    MOST_ITEMS,
    encode_block,
    fine_part,
)
from regtrack.tracks.segments import BlockSegments
from regtrack.tracks.value_counts import CODES, lowest_values

# The first call compiles a kernel.
quick = settings(max_examples=60)


@quick
@given(segment_rows(markers=3))
def test_sections_hold_every_segment(found: list[list[Row]]) -> None:
    encoded = encode_block(block_of(found), 5)
    assert [rows_of(encoded.of(marker)) for marker in range(3)] == found


def test_values_are_counted_to_three_percent() -> None:
    rows = [(0, 10, 0.0), (10, 30, 0.25), (30, 35, 0.2501), (40, 47, 1.0)]
    counts = encode_block(block_of([rows]), 0).of(0).counts
    values = lowest_values(counts["code"])
    assert values.tolist() == [0.0, 0.25, 1.0]
    assert counts["bases"].tolist() == [10, 25, 7]
    codes = np.arange(CODES)
    assert (np.diff(lowest_values(codes)[1:]) / lowest_values(codes)[1:-1]).max() < 0.032


@pytest.mark.parametrize("count", [0, 1, 3])
def test_thresholds_of_other_markers_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="belong together"):
        encode_block(block_of([[(0, 1, 0.5)], []]), 0, called_from(*[0.5] * count))


@pytest.mark.parametrize("offsets", [[1, 2], [0, 1], [0, 3], [0, 2, 1, 2], [0, -1, 2]])
def test_offsets_that_do_not_fit_the_segments_are_refused(offsets: list[int]) -> None:
    records = block_of([[(0, 1, 0.5), (1, 2, 0.5)]]).records
    block = BlockSegments(np.array(offsets, np.int64), records)
    with pytest.raises(ValueError, match="belong together"):
        encode_block(block, 0, called_from(*[0.5] * (len(offsets) - 1)))


@quick
@given(segment_rows(markers=2, span=9_000))
def test_bins_sum_up_the_covered_bases(found: list[list[Row]]) -> None:
    block = block_of(found)
    finest, counts = finest_bins(block.records, block.offsets)
    ends = np.cumsum(counts)
    encoded = encode_block(block, 0)
    for marker, rows in enumerate(found):
        values = np.full(9_600, np.nan)
        for start, end, value in rows:
            values[start:end] = value
        for bins, reduction in [
            (finest[ends[marker] - counts[marker] : ends[marker]], FINEST_REDUCTION),
            (encoded.of(marker).bins, BIN_REDUCTION),
        ]:
            by_bin = values.reshape(-1, reduction)
            covered = (~np.isnan(by_bin)).sum(axis=1)
            there = np.flatnonzero(covered)
            assert bins["bin"].tolist() == there.tolist()
            assert bins["covered"].tolist() == covered[there].tolist()
            if len(there):
                assert bins["min"].tolist() == np.nanmin(by_bin[there], axis=1).tolist()
                assert bins["max"].tolist() == np.nanmax(by_bin[there], axis=1).tolist()
                np.testing.assert_allclose(bins["sum"], np.nansum(by_bin[there], axis=1))
                np.testing.assert_allclose(bins["squares"], np.nansum(by_bin[there] ** 2, axis=1))


def test_bins_are_counted_from_the_start_of_the_chromosome() -> None:
    bins = encode_block(block_of([[(400_000, 403_201, 0.5)]]), 0).of(0).bins
    assert bins["bin"].tolist() == [250, 251, 252]
    assert bins["covered"].tolist() == [1_600, 1_600, 1]


def test_bins_of_one_block_are_none_of_another() -> None:
    assert BLOCK_LENGTH % BIN_REDUCTION == BIN_REDUCTION % FINEST_REDUCTION == 0


def test_a_dense_piece_brings_its_finest_bins_packed() -> None:
    start = BLOCK_LENGTH
    rows = [(at, at + 4, at % 977 / 1_000) for at in range(start, start + BLOCK_LENGTH, 10)]
    part, count = fine_part(encode_block(block_of([[], rows]), 3).of(1))
    assert count == BLOCK_LENGTH // FINEST_REDUCTION
    bins = np.frombuffer(zlib.decompress(part), ZOOM)
    values = np.array([value for _, _, value in rows], np.float32).reshape(count, -1)
    assert set(bins["chrom"].tolist()) == {3}
    assert bins["start"].tolist() == list(range(start, start + BLOCK_LENGTH, FINEST_REDUCTION))
    assert bins["end"].tolist() == [at + FINEST_REDUCTION for at in bins["start"].tolist()]
    assert set(bins["covered"].tolist()) == {160}
    assert bins["min"].tolist() == values.min(axis=1).tolist()
    assert bins["max"].tolist() == values.max(axis=1).tolist()
    np.testing.assert_allclose(bins["sum"], 4 * values.sum(axis=1, dtype=float), rtol=1e-6)
    np.testing.assert_allclose(bins["squares"], 4 * (values.astype(float) ** 2).sum(1), rtol=1e-6)


@pytest.mark.parametrize("step", [400, 1_000])
def test_a_sparse_piece_brings_none(step: int) -> None:
    rows = [(at, at + 4, at % 977 / 1_000) for at in range(0, BLOCK_LENGTH, step)]
    assert encode_block(block_of([rows]), 0).of(0).fine == b""


@pytest.mark.parametrize("count", [1, MOST_ITEMS, MOST_ITEMS + 1, 5 * MOST_ITEMS - 1])
def test_sections_are_not_too_long_and_of_one_size(count: int) -> None:
    rows = [(2 * index, 2 * index + 1, 0.25) for index in range(count)]
    piece = encode_block(block_of([rows]), 0).of(0)
    assert len(piece.sections) == -(-count // MOST_ITEMS)
    lengths = (piece.sections["end"].astype(int) - piece.sections["start"] + 1) // 2
    assert lengths.max() <= MOST_ITEMS
    assert lengths.max() - lengths.min() <= 1
    assert rows_of(piece) == rows


def test_no_segment_is_no_section() -> None:
    piece = encode_block(block_of([[], [(1, 2, 0.5)]]), 0).of(0)
    assert (len(piece.sections), len(piece.bins), len(piece.peaks)) == (0, 0, 0)
    assert (piece.data, piece.fine) == (b"", b"")


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([(5, 5, 0.5)], id="empty"),
        pytest.param([(5, 4, 0.5)], id="reversed"),
        pytest.param([(5, 9, 0.5), (8, 12, 0.5)], id="overlapping"),
        pytest.param([(5, 9, 0.5), (1, 3, 0.5)], id="unsorted"),
        pytest.param([(5, 9, -0.001)], id="negative value"),
        pytest.param([(5, 9, 1.001)], id="value above 1"),
        pytest.param([(5, 9, float("nan"))], id="not a number"),
    ],
)
def test_what_would_make_a_file_wrong_is_refused(rows: list[Row]) -> None:
    for found in [rows], [[], rows], [[(0, 100, 1.0)], rows]:
        with pytest.raises(ValueError, match="sorted, disjoint, and of values from 0 to 1"):
            encode_block(block_of(found), 0)


def test_one_marker_alone_is_encoded_as_in_a_block() -> None:
    rows = [(3, 7, 0.25), (7, 5_000, 0.75)]
    columns = (np.array(column) for column in zip(*rows, strict=True))
    starts, ends, values = columns
    alone = encode_segments(Segments(starts, ends, values.astype(np.float32)), 2, called_from(0.5))
    beside = encode_block(block_of([[], rows]), 2, called_from(1, 0.5)).of(1)
    assert alone.data == beside.data
    assert alone.peaks.tolist() == beside.peaks.tolist()
    assert alone.peaks["start"].tolist() == [7]
