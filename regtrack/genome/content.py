"""The bytes of a file, plain or bgzip, by position."""

from __future__ import annotations

import os
import struct
import weakref
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from isal import isal_zlib

from regtrack.errors import InputError

# The empty block that ends every bgzip file.
BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")

_PIECE = 1 << 20
_AHEAD = 1 << 14
# gzip, with one extra field of six bytes: BC, and the block's length less one.
_BLOCK_HEAD = struct.Struct("<4s6x2s4sH")
_MAGIC, _EXTRA = b"\x1f\x8b\x08\x04", (b"\x06\x00", b"BC\x02\x00")
_NotDeflatedError: type[Exception] = isal_zlib.error  # type: ignore[assignment]
_HEAD, _TAIL = _BLOCK_HEAD.size, 8
_LARGEST_BLOCK = 1 << 16  # of what is in it, says the format


class Content(Protocol):
    """What a file holds, decompressed; several threads may read it."""

    path: Path
    size: int

    def read(self, start: int, end: int) -> bytes:
        """Bytes [start, end), fewer where the file ends before."""

    def pieces(self) -> Iterator[bytes]:
        """All of it, in pieces of at most some megabytes."""


class PlainContent:
    """The content of a plain file.

    Raises
    ------
    OSError
        When it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._handle)
        self.size = os.fstat(self._handle).st_size

    def read(self, start: int, end: int) -> bytes:
        """Bytes [start, end), fewer where the file ends before."""
        parts = []
        try:
            while start < end and (part := os.pread(self._handle, end - start, start)):
                parts.append(part)
                start += len(part)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def pieces(self) -> Iterator[bytes]:
        """All of it, in pieces of a megabyte."""
        start = 0
        while piece := self.read(start, start + _PIECE):
            yield piece
            start += len(piece)


class BgzipContent:
    """The content of a bgzip file.

    Where its blocks lie is read from the blocks themselves, whatever a .gzi says.

    Raises
    ------
    InputError
        When the file is not bgzip from its first byte to its last.
    OSError
        When it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = PlainContent(path)
        self._packed, self._plain = self._blocks()
        self.size = self._plain[-1]
        self._last = -1, b""  # number and content of the block read last

    def _blocks(self) -> tuple[list[int], list[int]]:
        """Where each block begins in the file and in its content; last, where both end."""
        packed, plain = [0], [0]
        head = self._file.read(0, _HEAD)
        while head:
            begin = packed[-1]
            if len(head) < _HEAD:
                raise self._damaged(begin)
            magic, extra_length, extra, length = _BLOCK_HEAD.unpack(head)
            end = begin + length + 1
            if magic != _MAGIC or (extra_length, extra) != _EXTRA or end - begin < _HEAD + _TAIL:
                raise self._damaged(begin)
            # The length of what is in a block ends it, and the next one's head follows.
            tail = self._file.read(end - 4, end + _HEAD)
            if len(tail) < 4:
                raise self._damaged(begin)
            inside = int.from_bytes(tail[:4], "little")
            if inside > _LARGEST_BLOCK:
                raise self._damaged(begin)
            packed.append(end)
            plain.append(plain[-1] + inside)
            head = tail[4:]
        return packed, plain

    def read(self, start: int, end: int) -> bytes:
        """Bytes [start, end), fewer where the file ends before.

        Raises
        ------
        InputError
            When a block is damaged.
        """
        end = min(end, self.size)
        if start >= end:
            return b""
        parts = []
        number = bisect_right(self._plain, start) - 1
        skipped = start - self._plain[number]
        length = end - start
        while end > self._plain[number]:
            parts.append(self._block(number))
            number += 1
        if len(parts) > 1:
            parts[0] = parts[0][skipped:]
            return b"".join(parts)[:length]
        return parts[0][skipped : skipped + length]

    def pieces(self) -> Iterator[bytes]:
        """All of it, block by block."""
        for number in range(len(self._plain) - 1):
            yield self._block(number)

    def _block(self, number: int) -> bytes:
        """The content of a block."""
        last = self._last  # once: another thread may replace it
        if number == last[0]:
            return last[1]
        begin, end = self._packed[number : number + 2]
        raw = self._file.read(begin, end)
        if len(raw) < end - begin:
            raise self._damaged(begin)
        inside = self._inside(number)
        try:
            content = isal_zlib.decompress(raw[_HEAD:-_TAIL], -15, max(inside, 1))
        except _NotDeflatedError as error:
            raise self._damaged(begin) from error
        checksum = int.from_bytes(raw[-_TAIL:-4], "little")
        if len(content) != inside or isal_zlib.crc32(content) != checksum:
            raise self._damaged(begin)
        self._last = number, content
        return content

    def _damaged(self, begin: int) -> InputError:
        return InputError(self.path, f"damaged bgzip file: no valid block at byte {begin:,}")

    def gzi(self) -> bytes:
        """What the .gzi says: where each block but the first and the empty ones begins."""
        return self._listed([number for number in self._numbers() if self._inside(number)])

    def is_gzi(self, listed: bytes) -> bool:
        """Whether a .gzi is of this file; it may list the empty blocks, too."""
        return listed in (self.gzi(), self._listed(self._numbers()))

    def _numbers(self) -> Sequence[int]:
        return range(1, len(self._plain) - 1)

    def _inside(self, number: int) -> int:
        """Number of bytes in a block, decompressed."""
        return self._plain[number + 1] - self._plain[number]

    def _listed(self, numbers: Sequence[int]) -> bytes:
        pairs = np.array([(self._packed[number], self._plain[number]) for number in numbers], "<u8")
        return struct.pack("<Q", len(pairs)) + pairs.tobytes()


class ReadAhead:
    """Reads little pieces from left to right, and the file less often."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._begin, self._text = 0, b""

    def read(self, start: int, end: int) -> bytes:
        """As `content.read`."""
        if start < self._begin or end > self._begin + len(self._text):
            self._begin = start
            self._text = self._content.read(start, max(end, start + _AHEAD))
        return self._text[start - self._begin : end - self._begin]
