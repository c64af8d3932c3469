"""Arrays on disk: opened when they are what was written, refused in one line otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.datasets import arrays
from regtrack.datasets.arrays import open_array, pieces_of, save_array
from regtrack.errors import InputError

ROWS = np.arange(12, dtype=np.uint16).reshape(4, 3)


@pytest.mark.parametrize(
    "array", [ROWS, ROWS[:0], np.arange(5), np.zeros((2, 7), np.uint8), np.arange(3, dtype=">u4")]
)
def test_what_is_opened_is_what_was_saved(tmp_path: Path, array: np.ndarray) -> None:
    path = tmp_path / "some.npy"
    save_array(path, array)
    opened = open_array(path, array.dtype, (None, *array.shape[1:]))
    np.testing.assert_array_equal(opened, array)
    assert opened.dtype == array.dtype
    assert opened.flags.c_contiguous
    assert not opened.flags.writeable
    np.testing.assert_array_equal(np.load(path), array)  # any reader of .npy reads it


def saved(array: np.ndarray) -> Callable[[Path], object]:
    return lambda path: np.save(path, array, allow_pickle=True)


def header(text: str, *, version: bytes = b"\x01\x00", data: bytes = bytes(24)) -> Callable:
    """A file with a header of one's own."""
    padded = f"{text}\n".encode()
    length = len(padded).to_bytes(2 if version[0] == 1 else 4, "little")
    return lambda path: path.write_bytes(b"\x93NUMPY" + version + length + padded + data)


def edited(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


GOOD = "{'descr': '<u2', 'fortran_order': False, 'shape': (4, 3), }"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Path.unlink, r"missing from the dataset; run regtrack prepare again$"),
        (lambda path: path.write_bytes(b""), r"empty file; run regtrack prepare again$"),
        (lambda path: path.write_bytes(b"hello"), r"damaged \(not an array as regtrack writes"),
        (saved(ROWS.astype(np.float32)), r"damaged \(an array <f4 of shape \(4, 3\), expected <u2"),
        (saved(ROWS.astype(">u2")), r"damaged \(an array >u2 of shape"),
        (saved(ROWS.astype(np.uint64)), r"damaged \(an array <u8 of shape"),
        (saved(ROWS.T), r"damaged \(not an array as regtrack writes"),  # Fortran's order
        (saved(ROWS[:, :2]), r"expected <u2 of shape \(n, 3\)\)"),
        (saved(ROWS.ravel()), r"expected <u2 of shape \(n, 3\)\)"),
        (saved(np.array([{}])), r"damaged \(not an array"),  # a pickle
        (edited(lambda data: data[:-1]), r"damaged \(151 bytes for an array <u2 of shape \(4, 3"),
        (edited(lambda data: data + b"\0"), r"damaged \(153 bytes for an array"),
        (edited(lambda data: data[:100]), r"damaged \(not an array"),
        (header(GOOD.replace("4", "1" + 17 * "0")), r"damaged \(.* bytes for an array"),
        (header(GOOD.replace("4", 99 * "9")), r"damaged \(not an array"),
        (header(GOOD.replace("4", "-1")), r"damaged \(not an array"),
        (header(GOOD, version=b"\x02\x00"), r"damaged \(not an array"),
        (header("(" * 20_000), r"damaged \(not an array"),
        (header(GOOD + " " * 60_000), r"damaged \(not an array"),
        (header(GOOD.replace("'<u2'", "[('a', '<u2')]")), r"damaged \(not an array"),
    ],
)
def test_what_is_no_such_array_is_refused_in_one_line(
    tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "some.npy"
    save_array(path, ROWS)
    damage(path)
    with pytest.raises(InputError, match=message) as caught:
        open_array(path, np.uint16, (None, 3))
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@given(st.integers(0, 8 * 128 - 1))
def test_no_flipped_bit_of_a_header_leads_to_another_array(
    tmp_path_factory: pytest.TempPathFactory, bit: int
) -> None:
    path = tmp_path_factory.mktemp("flipped") / "some.npy"
    save_array(path, ROWS)
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"some\.npy: damaged"):
        open_array(path, np.uint16, (None, 3))


@pytest.mark.parametrize("size", [1, 6, 13, 1 << 24])
def test_pieces_are_all_rows_in_order(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_PIECE", size)
    np.testing.assert_array_equal(np.concatenate(list(pieces_of(ROWS))), ROWS)
    assert list(pieces_of(ROWS[:0])) == []
