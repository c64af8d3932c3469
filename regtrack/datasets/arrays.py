"""Arrays on disk (.npy): written from beginning to end, opened without being read.

Not written through memory mapping: on a full disk that kills the process without a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regtrack.atomic import naming
from regtrack.errors import InputError

Array = npt.NDArray[Any]


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
        "descr": np.lib.format.dtype_to_descr(kind),
        "fortran_order": False,
        "shape": shape,
    }
    rows = 0
    with naming(path), path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
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


def open_array(path: Path, columns: int | None = None) -> Array:
    """Open an array without reading it; what is looked at is read then.

    Parameters
    ----------
    columns
        Length of its second axis, where it has one.

    Raises
    ------
    InputError
        When the file is missing, is no array, or not of that shape.
    """
    try:
        if not path.stat().st_size:
            raise InputError(path, "empty file; regtrack prepare makes it anew")
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise InputError(path, "missing from the dataset; regtrack prepare makes it anew") from None
    except (ValueError, EOFError) as error:
        raise InputError(path, f"damaged ({error})") from error
    if array.shape[1:] != (() if columns is None else (columns,)):
        raise InputError(path, f"damaged (an array of shape {array.shape})")
    # Without the wrapper of memory mapping every index is faster; the mapping stays.
    return np.asarray(array)
