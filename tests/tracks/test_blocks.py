"""Block files: what was encoded of every marker comes back as it was saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from encoded import Row, block_of, called_from, rows_of, segment_rows
from hypothesis import given, settings

from regtrack.errors import InputError
from regtrack.tracks.blocks import BLOCK_LENGTH, Block, BlockStore
from regtrack.tracks.encoding import EncodedSegments, encode_block


def saved(store: BlockStore, block: Block, found: list[list[Row]]) -> list[EncodedSegments]:
    """Save the segments of some markers; returns what was encoded of each."""
    encoded = encode_block(block_of(found), 0, called_from(*[0.5] * len(found)))
    store.save([block], [encoded])
    return [encoded.of(marker) for marker in range(len(found))]


def same(one: EncodedSegments, other: EncodedSegments) -> bool:
    return (one.data, one.fine) == (other.data, other.fine) and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("sections", "bins", "peaks", "counts")
    )


@settings(max_examples=40)
@given(found=segment_rows(markers=4))
def test_every_marker_comes_back_as_it_was_saved(
    tmp_path_factory: pytest.TempPathFactory, found: list[list[Row]]
) -> None:
    store, block = BlockStore(tmp_path_factory.mktemp("blocks")), Block("chr1", 0)
    expected = saved(store, block, found)
    for first, last in [(0, 4), (0, 1), (1, 3), (3, 4)]:
        (read,) = store.read([block], first, last)
        assert len(read) == last - first
        assert all(map(same, read, expected[first:last]))


def test_the_finest_bins_of_dense_markers_come_back(tmp_path: Path) -> None:
    store, block = BlockStore(tmp_path), Block("chr1", 1)
    dense = [(at, at + 5, at % 997 / 1_000) for at in range(block.start + 100_000, block.end, 10)]
    expected = saved(store, block, [dense, [], dense[::40], dense[1:]])
    assert [bool(one.fine) for one in expected] == [True, False, False, True]
    assert all(map(same, store.read([block], 1, 4)[0], expected[1:]))


def test_a_block_without_any_segment_comes_back_empty(tmp_path: Path) -> None:
    store, block = BlockStore(tmp_path), Block("chr1", 3)
    saved(store, block, [[], []])
    assert [rows_of(one) for one in store.read([block], 0, 2)[0]] == [[], []]


def test_a_marker_that_the_block_does_not_have_is_an_error(tmp_path: Path) -> None:
    store, block = BlockStore(tmp_path), Block("chr1", 0)
    saved(store, block, [[(1, 2, 0.5)], []])
    with pytest.raises(IndexError):
        store.read([block], 2, 3)


def test_a_block_lies_at_a_multiple_of_the_block_length() -> None:
    assert (Block("chr1", 0).start, Block("chr1", 0).end) == (0, BLOCK_LENGTH)
    assert Block("chr1", 7).start == Block("chr1", 6).end == 7 * BLOCK_LENGTH


@pytest.mark.parametrize("chrom", ["chr1", "HLA-A*01/1", "a%2Fb", "..", "../../up", "*?[x]", "ä"])
def test_a_chromosome_of_any_name_stays_in_the_folder(tmp_path: Path, chrom: str) -> None:
    folder = tmp_path / "blocks"
    folder.mkdir()
    store, block = BlockStore(folder), Block(chrom, 0)
    saved(store, block, [[], [(5, 9, 0.25)]])
    assert list(tmp_path.rglob("*")) == [folder, store.path(block)]
    assert rows_of(store.read([block], 1, 2)[0][0]) == [(5, 9, 0.25)]


def test_different_blocks_have_different_files() -> None:
    store = BlockStore(Path("blocks"))
    chroms = ["a/b", "a%2Fb", "a%252Fb", "a_b", "a", "a.00001"]
    blocks = [Block(chrom, index) for chrom in chroms for index in (0, 1, 99_999, 100_000)]
    assert len({store.path(block) for block in blocks}) == len(blocks)


def test_a_failed_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: int) -> None:
        raise OSError("disk full")

    store, block = BlockStore(tmp_path), Block("chr1", 0)
    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(OSError, match="disk full"):
        saved(store, block, [[(1, 2, 0.5)]])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("row", [(0, 1, 0.5), (199_999, 200_001, 0.5), (399_999, 400_001, 0.5)])
def test_segments_of_another_block_are_refused(tmp_path: Path, row: Row) -> None:
    with pytest.raises(ValueError, match="reach out of"):
        saved(BlockStore(tmp_path), Block("chr1", 1), [[row]])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", [-40, -1, 1])
def test_a_file_of_another_length_is_told(tmp_path: Path, change: int) -> None:
    store, block = BlockStore(tmp_path), Block("chr1", 0)
    saved(store, block, [[(1, 2, 0.5)], [(5, 9, 0.25)]])
    data = store.path(block).read_bytes()
    store.path(block).write_bytes(data[:change] if change < 0 else data + b"x")
    with pytest.raises(InputError, match=r"chr1\.00000\.blk: damaged"):
        store.read([block], 0, 1)


@pytest.fixture
def whole(tmp_path: Path) -> tuple[BlockStore, Block]:
    """A saved block of four markers, the third of them without any segment."""
    store, block = BlockStore(tmp_path), Block("chr1", 0)
    saved(store, block, [[(1, 2, 0.5), (7, 90, 0.7)], [(3, 4, 0.25)], [], [(0, 50, 0.125)]])
    return store, block


def test_a_flipped_bit_anywhere_is_noticed(whole: tuple[BlockStore, Block]) -> None:
    store, block = whole
    path = store.path(block)
    good = path.read_bytes()
    assert store.is_sound([block])
    for at in range(len(good)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :])
        assert not store.is_sound([block])
        with pytest.raises(InputError, match="damaged"):
            store.read([block], 0, 4)


def test_a_reader_of_some_markers_is_told_of_damage_to_them_alone(
    whole: tuple[BlockStore, Block],
) -> None:
    store, block = whole
    path = store.path(block)
    good = path.read_bytes()
    (expected,) = store.read([block], 0, 3)
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))  # the last marker's data
    assert all(map(same, store.read([block], 0, 3)[0], expected))
    with pytest.raises(InputError, match="damaged"):
        store.read([block], 3, 4)


@pytest.mark.parametrize("kind", ["empty", "cut", "NUL", "longer", "of the format before"])
def test_a_file_that_was_not_written_whole_is_noticed(
    whole: tuple[BlockStore, Block], kind: str
) -> None:
    store, block = whole
    path = store.path(block)
    good = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "cut": good[:-3],
            "NUL": b"\0" * len(good),
            "longer": good + b"\0",
            "of the format before": good[8:],
        }[kind]
    )
    assert not store.is_sound([block])
    with pytest.raises(InputError, match="damaged"):
        store.read([block], 0, 1)


def test_a_block_that_is_not_there_is_not_damaged(tmp_path: Path) -> None:
    assert BlockStore(tmp_path).is_sound([Block("chr1", 0)])


@pytest.fixture
def shared(tmp_path: Path) -> tuple[BlockStore, list[Block], list[list[EncodedSegments]]]:
    """Three scaffolds of two markers in one file, and what was encoded of each."""
    store = BlockStore(tmp_path)
    blocks = [Block(f"scaffold_{number}", 0) for number in range(3)]
    rows: list[list[list[Row]]] = [[[(1, 60, 0.5)], []], [[], []], [[(0, 9, 0.75)], [(3, 4, 0.25)]]]
    encoded = [
        encode_block(block_of(found), number, called_from(0.5, 0.5))
        for number, found in enumerate(rows)
    ]
    store.save(blocks, encoded)
    return store, blocks, [[one.of(marker) for marker in range(2)] for one in encoded]


def test_blocks_that_share_a_file_come_back_each_by_itself(
    shared: tuple[BlockStore, list[Block], list[list[EncodedSegments]]],
) -> None:
    store, blocks, expected = shared
    assert [store.path(block).exists() for block in blocks] == [True, False, False]
    for first, last in (0, 2), (0, 1), (1, 2):
        read = store.read(blocks, first, last)
        for mine, whole in zip(read, expected, strict=True):
            assert all(map(same, mine, whole[first:last]))
            assert len(mine) == last - first


def test_a_shared_file_of_more_or_fewer_blocks_is_damaged(
    shared: tuple[BlockStore, list[Block], list[list[EncodedSegments]]],
) -> None:
    store, blocks, _ = shared
    assert store.is_sound(blocks)
    for others in blocks[:2], [*blocks, Block("scaffold_3", 0)]:
        assert not store.is_sound(others)
        with pytest.raises(InputError, match="damaged"):
            store.read(others, 0, 1)
