"""Block files: the segments of every marker come back as they were saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.tracks.blocks import BLOCK_LENGTH, Block, BlockSegments, BlockStore
from regtrack.tracks.segments import Segments

Row = tuple[int, int, int, float]


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Marker, start, end and value of segments, in order of position."""
    found: list[Row] = []
    for marker in range(4):
        edges = sorted(draw(st.sets(st.integers(0, 4_000_000_000), max_size=12)))
        values = draw(st.lists(st.floats(0, 1, width=32), min_size=6, max_size=6))
        found += [
            (marker, start, end, value)
            for start, end, value in zip(edges[0::2], edges[1::2], values, strict=False)
        ]
    return sorted(found, key=lambda row: row[1])


def block_segments(found: list[Row], markers: int = 4) -> BlockSegments:
    return BlockSegments.of(
        markers,
        np.array([row[0] for row in found], np.int32),
        np.array([row[1] for row in found], np.int64),
        np.array([row[2] for row in found], np.int64),
        np.array([row[3] for row in found], np.float32),
    )


def as_rows(marker: int, segments: Segments) -> list[Row]:
    columns = (segments.starts.tolist(), segments.ends.tolist(), segments.values.tolist())
    return [(marker, *row) for row in zip(*columns, strict=True)]


@given(found=rows())
def test_every_marker_comes_back_as_it_was_saved(
    tmp_path_factory: pytest.TempPathFactory, found: list[Row]
) -> None:
    store, block = BlockStore(tmp_path_factory.mktemp("blocks")), Block("chr1", 0)
    store.save(block, block_segments(found))
    for marker in range(4):
        expected = [row for row in found if row[0] == marker]
        assert as_rows(marker, store.read(block, marker)) == expected


def test_a_block_without_any_segment_comes_back_empty(tmp_path: Path) -> None:
    store, block = BlockStore(tmp_path), Block("chr1", 3)
    store.save(block, block_segments([], markers=2))
    assert [len(store.read(block, marker)) for marker in range(2)] == [0, 0]


def test_a_marker_that_the_block_does_not_have_is_an_error(tmp_path: Path) -> None:
    store, block = BlockStore(tmp_path), Block("chr1", 3)
    store.save(block, block_segments([(0, 1, 2, 0.5)], markers=2))
    with pytest.raises(IndexError):
        store.read(block, 2)


def test_a_block_lies_at_a_multiple_of_the_block_length() -> None:
    assert (Block("chr1", 0).start, Block("chr1", 0).end) == (0, BLOCK_LENGTH)
    assert Block("chr1", 7).start == Block("chr1", 6).end == 7 * BLOCK_LENGTH


@pytest.mark.parametrize("chrom", ["chr1", "HLA-A*01/1", "a%2Fb", "..", "../../up", "*?[x]", "ä"])
def test_a_chromosome_of_any_name_stays_in_the_folder(tmp_path: Path, chrom: str) -> None:
    folder = tmp_path / "blocks"
    folder.mkdir()
    store, block = BlockStore(folder), Block(chrom, 0)
    store.save(block, block_segments([(1, 5, 9, 0.25)]))
    assert list(tmp_path.rglob("*")) == [folder, store.path(block)]
    assert as_rows(1, store.read(block, 1)) == [(1, 5, 9, 0.25)]


def test_different_blocks_have_different_files() -> None:
    store = BlockStore(Path("blocks"))
    chroms = ["a/b", "a%2Fb", "a%252Fb", "a_b", "a", "a.00001"]
    blocks = [Block(chrom, index) for chrom in chroms for index in (0, 1, 99_999, 100_000)]
    assert len({store.path(block) for block in blocks}) == len(blocks)


def test_a_failed_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError("disk full")

    store, block = BlockStore(tmp_path), Block("chr1", 0)
    monkeypatch.setattr(np, "save", fails)
    with pytest.raises(OSError, match="disk full"):
        store.save(block, block_segments([(0, 1, 2, 0.5)]))
    assert list(tmp_path.iterdir()) == []
