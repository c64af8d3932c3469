"""Memory that worker processes read without a copy: filled here, or by a GPU."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# Memory is taken in steps of so many bytes, so that a buffer seldom has to grow.
_STEP = 1 << 24
# Arrays begin at multiples of so many bytes.
_ALIGNED = 64


class Shape(NamedTuple):
    """What an array in a buffer is."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """In bytes, up to where the next one may begin."""
        size = int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize
        return -(-size // _ALIGNED) * _ALIGNED


class Shared(NamedTuple):
    """Arrays that lie in a buffer one after another, as another process opens them.

    Parameters
    ----------
    path
        Of the memory, as long as the process that filled it and the buffer live.
    shapes
        By name, in order.
    """

    path: Path
    shapes: Mapping[str, Shape]

    @contextmanager
    def open(self) -> Iterator[dict[str, Array]]:
        """The arrays, to be read while the body runs."""
        size = sum(shape.size for shape in self.shapes.values())
        if size:
            with self.path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
            yield _arrays(np.frombuffer(mapped, np.uint8), self.shapes)
        else:
            yield _arrays(np.zeros(0, np.uint8), self.shapes)


class SharedBuffer:
    """Memory that grows as it is needed, and goes with this process.

    Not what multiprocessing calls shared memory: that lies in /dev/shm, of which containers often
    have 64 MB.

    Attributes
    ----------
    memory
        uint8, all of it; another array after `reserve` has returned True.
    """

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):
            self._file = os.fdopen(os.memfd_create("regtrack"), "r+b", buffering=0)
            self.path = Path(f"/proc/{os.getpid()}/fd/{self._file.fileno()}")
        else:  # not on Linux
            self._file = tempfile.NamedTemporaryFile(prefix="regtrack-", buffering=0)  # type: ignore[assignment]  # noqa: SIM115
            self.path = Path(self._file.name)
        self.memory: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)

    def reserve(self, shapes: Mapping[str, Shape]) -> bool:
        """Have room for these arrays; True where the memory is another one than before."""
        size = sum(shape.size for shape in shapes.values())
        if size <= len(self.memory):
            return False
        room = -(-size // _STEP) * _STEP
        self._file.truncate(room)
        self.memory = np.frombuffer(mmap.mmap(self._file.fileno(), room), np.uint8)
        return True

    def arrays(self, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """The arrays, to be filled; there is room for them."""
        return _arrays(self.memory, shapes)

    def shared(self, shapes: Mapping[str, Shape]) -> Shared:
        """The arrays, for another process."""
        return Shared(self.path, dict(shapes))

    def close(self) -> None:
        """Give the memory back as soon as nobody looks at it any more."""
        self._file.close()


def _arrays(memory: npt.NDArray[np.uint8], shapes: Mapping[str, Shape]) -> dict[str, Array]:
    arrays, begin = {}, 0
    for name, (dtype, shape) in shapes.items():
        count = int(np.prod(shape, dtype=np.int64))
        kind = np.dtype(dtype)
        part = memory[begin : begin + count * kind.itemsize]
        arrays[name] = part.view(kind).reshape(shape)
        begin += Shape(dtype, shape).size
    return arrays
