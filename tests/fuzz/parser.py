"""What a parser is to the harness: valid files, how they are packed, and how they are read."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class Packing(NamedTuple):
    """How the content of a file is taken out of it and put back, damaged."""

    unpack: Callable[[bytes], bytes]
    pack: Callable[[bytes, bytes], bytes]  # the content, and the file that it was taken from


@dataclass(frozen=True)
class Parser:
    """One way into the project for others' bytes.

    Parameters
    ----------
    make
        Lays valid files into an empty folder, the same every time.
    read
        Reads them as the project does; what it finds wrong itself it raises as `WrongError`.
    files
        Those that are damaged, and how they are packed.
    share
        Of so many inputs it gets one: each starts a process.
    """

    name: str
    make: Callable[[Path], object]
    read: Callable[[Path], object]
    files: Mapping[str, Packing | None]
    share: int = 1


class WrongError(Exception):
    """Read without an error, and not as it was written."""


def _bgzip(content: bytes, _: bytes) -> bytes:
    """Blocks of 200 bytes, so that a small file has several."""
    pieces = [content[at : at + 200] for at in range(0, len(content), 200)]
    return b"".join(map(_bgzip_block, pieces)) + _BGZIP_END


def _bgzip_block(piece: bytes) -> bytes:
    """A gzip member that names its own length, as bgzip's do."""
    member = gzip.compress(piece, 1, mtime=0)
    extra = struct.pack("<H2sHH", 6, b"BC", 2, len(member) + 8 - 1)
    return member[:3] + b"\x04" + member[4:10] + extra + member[10:]


def _header_of(data: bytes) -> bytes:
    return data[8 : 8 + int.from_bytes(data[:8], "little")]


def _with_header(header: bytes, data: bytes) -> bytes:
    tensors = data[8 + int.from_bytes(data[:8], "little") :]
    return len(header).to_bytes(8, "little") + header + tensors


GZIP = Packing(gzip.decompress, lambda content, _: gzip.compress(content, 1, mtime=0))
BGZIP = Packing(gzip.decompress, _bgzip)
SAFETENSORS = Packing(_header_of, _with_header)
