"""What was counted on a block comes back as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.scoring.block_counts import add_counts, is_sound, save_counts
from regtrack.tracks.peaks.called import CALLED_PEAK

MARKERS, BINS = 5, 40
# The coarse bin of each bin.
TO_COARSE = (np.arange(BINS) // 7).astype(np.int32)
Saved = tuple[list[int], list[np.ndarray], list[np.ndarray]]


def save_some(path: Path, seed: int, blocks: int = 2) -> Saved:
    """Numbers of blocks, counts in each, and runs of every marker."""
    random = np.random.default_rng(seed)
    counts = random.integers(0, 2**32, (blocks, MARKERS, 2, BINS), dtype=np.uint32)
    # Most are small, as in real life; some do not fit into a byte, or just so.
    small = random.random(counts.shape) < 0.8
    counts[small] = random.choice([0, 1, 254, 255, 256], size=counts.shape)[small]
    runs = []
    for length in random.integers(0, 4, MARKERS):
        of_marker = np.empty(length, CALLED_PEAK)
        of_marker["start"] = np.arange(length) * 10
        of_marker["end"] = of_marker["start"] + 5
        runs.append(of_marker)
    numbers = random.permutation(4)[:blocks].tolist()
    save_counts(path, numbers, list(counts), runs)
    return numbers, list(counts), runs


def zeros(markers: int) -> tuple[np.ndarray, np.ndarray]:
    coarse = int(TO_COARSE[-1]) + 1
    return np.zeros((markers, 2, BINS), np.int64), np.zeros((4, markers, 2, coarse), np.int64)


@given(
    seed=st.integers(0, 2**32 - 1),
    blocks=st.integers(0, 3),
    span=st.tuples(st.integers(0, 4), st.integers(1, 5)),
)
def test_any_markers_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, seed: int, blocks: int, span: tuple[int, int]
) -> None:
    path = tmp_path_factory.mktemp("counts") / "chr1.00000.cnt"
    numbers, counts, runs = save_some(path, seed, blocks)
    first, last = min(span[0], span[1] - 1), span[1]
    totals, by_block = zeros(last - first)
    found = add_counts(path, first, last, totals, by_block, TO_COARSE)
    expected_totals, expected_blocks = zeros(last - first)
    for number, of_block in zip(numbers, counts, strict=True):
        mine = of_block[first:last].astype(np.int64)
        expected_totals += mine
        np.add.at(expected_blocks[number], (slice(None), slice(None), TO_COARSE), mine)
    np.testing.assert_array_equal(totals, expected_totals)
    np.testing.assert_array_equal(by_block, expected_blocks)
    assert [one.tolist() for one in found] == [one.tolist() for one in runs[first:last]]


def test_several_files_add_up(tmp_path: Path) -> None:
    totals, by_block = zeros(MARKERS)
    expected = np.zeros_like(totals)
    for seed in range(3):
        _, counts, _ = save_some(tmp_path / f"{seed}.cnt", seed)
        add_counts(tmp_path / f"{seed}.cnt", 0, MARKERS, totals, by_block, TO_COARSE)
        expected += np.sum(counts, axis=0, dtype=np.int64)
    np.testing.assert_array_equal(totals, expected)
    assert by_block.sum() == expected.sum()


@pytest.mark.parametrize("keep", [0, 10, 100, -1])
def test_a_truncated_file_is_damaged(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "chr1.00000.cnt"
    save_some(path, 0)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"chr1.00000.cnt: damaged"):
        add_counts(path, 0, MARKERS, *zeros(MARKERS), TO_COARSE)


def test_a_file_of_other_bytes_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "chr1.00000.cnt"
    save_some(path, 0)
    whole = bytearray(path.read_bytes())
    whole[-200:] = b"\0" * 200
    path.write_bytes(whole)
    with pytest.raises(InputError, match="damaged"):
        add_counts(path, 0, MARKERS, *zeros(MARKERS), TO_COARSE)


def test_a_block_that_is_none_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "chr1.00000.cnt"
    save_counts(path, [9], [np.ones((1, 2, BINS), np.uint32)], [np.empty(0, CALLED_PEAK)])
    with pytest.raises(InputError, match="damaged"):
        add_counts(path, 0, 1, *zeros(1), TO_COARSE)


def test_a_flipped_bit_anywhere_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "chr1.00000.cnt"
    save_some(path, 0)
    good = path.read_bytes()
    assert is_sound(path)
    for at in range(0, len(good), 3):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :])
        assert not is_sound(path)
        with pytest.raises(InputError, match="damaged"):
            add_counts(path, 0, MARKERS, *zeros(MARKERS), TO_COARSE)


def test_counts_that_are_not_there_are_not_damaged(tmp_path: Path) -> None:
    assert is_sound(tmp_path / "chr1.00000.cnt")
