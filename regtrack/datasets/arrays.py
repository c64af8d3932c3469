"""Arrays on disk (.npy): written from beginning to end, opened without being read.

Not written through memory mapping: on a full disk that kills the process without a word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from regtrack.atomic import errors_naming
from regtrack.errors import InputError

Array = npt.NDArray[Any]

# What a user can do about a damaged dataset.
REMEDY = "run regtrack prepare again"

# `write_array_header_1_0`: magic, version 1.0, the length of a dictionary, the dictionary.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>..)"
    rb"\{'descr': '(?P<kind>[<>|=][a-z]\d{1,2})', 'fortran_order': False, "
    rb"'shape': \((?P<shape>(?:\d{1,18}, )*\d{1,18},?)\), \} *\n",
    re.DOTALL,
)
_BEFORE_HEADER = 10
_LONGEST_HEADER = 4_096
_PIECE = 1 << 24

# Its type is not known to numpy 2.2.
_write_header: Callable[[IO[bytes], dict[str, Any]], None] = np.lib.format.write_array_header_1_0


def write_array(
    path: Path, pieces: Iterable[Array], shape: tuple[int, ...], dtype: npt.DTypeLike
) -> None:
    """Write an array of which only pieces along the first axis are in memory.

    Raises
    ------
    ValueError
        When the pieces are not `shape` together.
    OSError
        When the file cannot be written; it names `path`.
    """
    kind = np.dtype(dtype)
    header = {
        "descr": kind.str,
        "fortran_order": False,
        "shape": shape,
    }
    rows = 0
    with errors_naming(path), path.open("wb") as file:
        _write_header(file, header)
        for piece in pieces:
            if piece.shape[1:] != shape[1:]:
                raise ValueError(f"a piece of shape {piece.shape} for {shape}")
            rows += len(piece)
            file.write(np.ascontiguousarray(piece, dtype=kind).data)
    if rows != shape[0]:
        raise ValueError(f"{rows} rows for {shape}")


def save_array(path: Path, array: Array) -> None:
    """Write an array that is in memory."""
    write_array(path, [array], array.shape, array.dtype)


def open_array(path: Path, dtype: npt.DTypeLike, shape: tuple[int | None, ...]) -> Array:
    """Open an array without reading it; parts of it are read when they are used.

    Only what `write_array` writes is opened. The header is not given to numpy, which takes it
    for Python source.

    Parameters
    ----------
    shape
        Expected length of each axis; None accepts any.

    Raises
    ------
    InputError
        When the file is missing, not an array, or of another type or shape.
    OSError
        When it cannot be read, or cannot be mapped into memory.
    """
    kind = np.dtype(dtype)
    with errors_naming(path):
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                head = file.read(_LONGEST_HEADER)
        except FileNotFoundError:
            raise InputError(path, f"missing from the dataset; {REMEDY}") from None
        if not size:
            raise InputError(path, f"empty file; {REMEDY}")
        header = _HEADER.match(head)
        if header is None:
            raise InputError(path, f"damaged (not an array as regtrack writes it); {REMEDY}")
        own = tuple(int(length) for length in header["shape"].split(b",") if length.strip())
        described = f"{header['kind'].decode()} of shape {own}"
        fits = len(own) == len(shape) and all(
            wanted in (None, length) for length, wanted in zip(own, shape, strict=True)
        )
        if header["kind"].decode() != kind.str or not fits:
            wanted = ", ".join("n" if length is None else str(length) for length in shape)
            raise InputError(
                path,
                f"damaged (an array {described}, expected {kind.str} of shape ({wanted})); "
                f"{REMEDY}",
            )
        begin = int.from_bytes(header["length"], "little") + _BEFORE_HEADER
        if begin != header.end() or begin + math.prod(own) * kind.itemsize != size:
            raise InputError(path, f"damaged ({size:,} bytes for an array {described}); {REMEDY}")
        mapped = np.memmap(path, kind, "r", begin, own)
    # Without the wrapper of memory mapping every index is faster; the mapping stays.
    return np.asarray(mapped)


def pieces_of(array: Array) -> Iterator[Array]:
    """An array in pieces along its first axis, so that reading all of it takes little memory."""
    rows = max(1, _PIECE // max(1, array[:1].nbytes))
    for first in range(0, len(array), rows):
        yield array[first : first + rows]
