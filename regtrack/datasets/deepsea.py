"""The published DeepSEA files: `train.mat` (HDF5), `valid.mat` and `test.mat` (MATLAB 5).

Inputs are one-hot, 1,000 bases in the channel order A, G, C, T; N is all zeros. Labels
come without names: a markers table of as many rows, in the same order, gives them.
"""

from __future__ import annotations

import multiprocessing
import signal
import struct
import warnings
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import scipy.io

from regtrack.datasets.arrays import Array, write_array
from regtrack.datasets.settings import SPLITS
from regtrack.datasets.short import codes_path, labels_path
from regtrack.errors import InputError, RegtrackError
from regtrack.genome.short_input import LENGTH
from regtrack.observer import Observer, staged

Shape = tuple[int, ...]

# The code of each channel: A=1, G=4, C=2, T=3.
_CODE_OF_CHANNEL = np.array([1, 4, 2, 3], dtype=np.uint8)
_CHANNELS = 4
# Samples looked at together: 4 kB each as they come.
_PIECE = 4_096
# Deflating makes nothing smaller than this.
_MOST_DEFLATED = 1_100
_DAMAGED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    RuntimeError,
    OSError,
    NotImplementedError,
    zlib.error,
    struct.error,
    scipy.io.matlab.MatReadError,
)


def write_deepsea(
    folder: Path, out: Path, markers: int, rows: Sequence[int], observer: Observer
) -> None:
    """Turn the files into codes and packed labels, some samples at a time.

    They are read in a separate process, as a damaged file may crash either library. `valid.mat`
    and `test.mat` are read whole (the published test set takes 2.3 GB): their format allows
    nothing else.

    Parameters
    ----------
    markers
        Rows of the full markers table.
    rows
        Which labels to keep, as rows of it.

    Raises
    ------
    InputError
        For a file that is not HDF5 or MATLAB 5, is truncated or damaged, lacks a variable, or
        has one of another shape; when an input is not one-hot.
    OSError
        When a file cannot be read or written.
    """
    with closing(_apart(folder, markers, list(rows), _PIECE)) as pieces:
        sizes = next(pieces)
        with staged(observer, "reading DeepSEA", "samples", 2 * sum(sizes.values())) as advance:
            for split in SPLITS:
                count = sizes[split]
                shape = (count, LENGTH)
                write_array(codes_path(out, split), _told(advance, pieces, count), shape, np.uint8)
                shape = (count, -(-len(rows) // 8))
                write_array(labels_path(out, split), _told(advance, pieces, count), shape, np.uint8)


def _told(advance: Callable[[int], None], pieces: Iterator[Any], count: int) -> Iterator[Array]:
    """The next pieces, until they are `count` rows."""
    while count:
        piece = next(pieces)
        yield piece
        count -= len(piece)
        advance(len(piece))


def _apart(
    folder: Path, markers: int, rows: Sequence[int], piece: int
) -> Generator[Any, None, None]:
    """Run `_read` in a separate process; yields the same, without the paths of the files."""
    context = multiprocessing.get_context("spawn")
    received, sent = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(sent, folder, markers, rows, piece), daemon=True)
    child.start()
    sent.close()
    at = folder
    try:
        while True:
            message = received.recv()
            if isinstance(message, Exception):
                raise message
            if isinstance(message, Path):
                at = message
            else:
                yield message
    except EOFError:
        child.join()
        raise InputError(at, "damaged: it crashed the process that read it") from None
    finally:
        received.close()
        child.terminate()
        child.join()


def _send(sent: Connection, folder: Path, markers: int, rows: Sequence[int], piece: int) -> None:
    """Send what `_read` yields, or the error that it ends with."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    warnings.simplefilter("ignore")  # of scipy, on what is damaged
    at = folder
    try:
        for message in _read(folder, markers, rows, piece):
            at = message if isinstance(message, Path) else at
            sent.send(message)
    except BrokenPipeError:
        return  # the parent has ended
    except (RegtrackError, OSError) as error:
        sent.send(error)
    except MemoryError:
        sent.send(InputError(at, "damaged, or too large for the memory of this machine"))
    except _DAMAGED as error:
        sent.send(InputError(at, f"damaged ({(str(error).splitlines() or [''])[0]})"))


def _read(folder: Path, markers: int, rows: Sequence[int], piece: int) -> Iterator[Any]:
    """Sizes of the splits, then codes and packed labels of each; each path before it is read."""
    yield from _sizes(folder, markers)
    for split in SPLITS:
        path = _path(folder, split)
        yield path
        source = _HDF5(path, piece) if split == "train" else _MATLAB(path, split, piece)
        with source:
            for inputs in source.inputs():
                yield _codes(path, inputs)
            for labels in source.labels():
                yield np.packbits(labels[:, rows] > 0, axis=1)


def _sizes(folder: Path, markers: int) -> Iterator[Path | dict[str, int]]:
    """Number of samples of each split, once all shapes are known to be right."""
    sizes = {}
    for split in SPLITS:
        path = _path(folder, split)
        yield path
        axes, shapes = _train_shapes(path) if split == "train" else _shapes(path)
        names = [f"{split}xdata", f"{split}data"]
        for name in names:
            if name not in shapes:
                raise InputError(
                    path,
                    f"has no variable {name}, or is truncated; expected {' and '.join(names)}",
                )
        inputs, labels = (shapes[name] for name in names)
        count = inputs[axes.index("n")] if len(inputs) == len(axes) else 0
        lengths: dict[str, Any] = {"n": count, "channels": _CHANNELS, "bases": LENGTH}
        expected = tuple(lengths[axis] for axis in axes)
        if inputs != expected or not count:
            shown = ", ".join(str(lengths[axis] if axis != "n" else "n") for axis in axes)
            raise InputError(path, f"{names[0]} has the shape {inputs}, expected ({shown})")
        expected = (markers, count) if split == "train" else (count, markers)
        if labels != expected:
            raise InputError(
                path,
                f"{names[1]} has the shape {labels}, expected {expected}: {markers} markers in "
                f"the table, {count:,} inputs in {names[0]}",
            )
        if count * LENGTH * _CHANNELS > _MOST_DEFLATED * path.stat().st_size:
            raise InputError(
                path, f"damaged ({count:,} inputs, more than a file of its size holds)"
            )
        sizes[split] = count
    yield sizes


def _path(folder: Path, split: str) -> Path:
    return folder / f"{split}.mat"


def _codes(path: Path, one_hot: Array) -> npt.NDArray[np.uint8]:
    """Codes of one-hot inputs: uint8 (n, bases) from (n, channels, bases)."""
    present = one_hot != 0
    if np.any(present.sum(axis=1, dtype=np.uint8) > 1) or np.any(one_hot[present] != 1):
        raise InputError(path, "an input that is not one-hot; expected 0 and at most one 1 a base")
    codes: npt.NDArray[np.uint8] = np.einsum(
        "ncb,c->nb", present.astype(np.uint8), _CODE_OF_CHANNEL
    )
    return codes


@contextmanager
def _reading(path: Path, what: str) -> Iterator[None]:
    """Turn what a library raises on a damaged file into one line."""
    try:
        yield
    except _DAMAGED as error:
        first = (str(error).splitlines() or [""])[0]
        raise InputError(path, f"not {what}, or a truncated one ({first})") from error


def _train_shapes(path: Path) -> tuple[tuple[str, ...], dict[str, Shape]]:
    path.open("rb").close()  # an OSError that names the file, where h5py has none
    with _reading(path, "an HDF5 file"), h5py.File(path, "r") as file:
        shapes = {
            name: tuple(variable.shape)
            for name, variable in file.items()
            if isinstance(variable, h5py.Dataset)
        }
    # MATLAB counts its axes from the other end.
    return ("bases", "channels", "n"), shapes


def _shapes(path: Path) -> tuple[tuple[str, ...], dict[str, Shape]]:
    path.open("rb").close()
    with _reading(path, "a MATLAB 5 file"):
        shapes = {name: tuple(shape) for name, shape, _ in scipy.io.whosmat(str(path))}
    return ("n", "channels", "bases"), shapes


class _HDF5:
    """`train.mat`, read in slices along its last axis, the samples."""

    def __init__(self, path: Path, piece: int) -> None:
        self._path = path
        self._piece = piece

    def __enter__(self) -> _HDF5:
        with _reading(self._path, "an HDF5 file"):
            self._file = h5py.File(self._path, "r")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def inputs(self) -> Iterator[Array]:
        """(n, channels, bases)."""
        for piece in self._slices("trainxdata"):
            yield piece.transpose(2, 1, 0)

    def labels(self) -> Iterator[Array]:
        """(n, markers)."""
        for piece in self._slices("traindata"):
            yield piece.T

    def _slices(self, name: str) -> Iterator[Array]:
        data = self._file[name]
        # Whole chunks, or each would be decompressed several times.
        chunk = data.chunks[-1] if data.chunks else 1
        step = max(1, self._piece // chunk) * chunk
        for first in range(0, data.shape[-1], step):
            with _reading(self._path, "an HDF5 file"):
                piece = data[..., first : first + step]
            yield piece


class _MATLAB:
    """`valid.mat` or `test.mat`, one variable in memory at a time."""

    def __init__(self, path: Path, split: str, piece: int) -> None:
        self._path = path
        self._split = split
        self._piece = piece

    def __enter__(self) -> _MATLAB:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def inputs(self) -> Iterator[Array]:
        """(n, channels, bases)."""
        return self._slices(f"{self._split}xdata")

    def labels(self) -> Iterator[Array]:
        """(n, markers)."""
        return self._slices(f"{self._split}data")

    def _slices(self, name: str) -> Iterator[Array]:
        with _reading(self._path, "a MATLAB 5 file"):
            data = scipy.io.loadmat(str(self._path), variable_names=[name])[name]
        for first in range(0, len(data), self._piece):
            yield data[first : first + self._piece]
