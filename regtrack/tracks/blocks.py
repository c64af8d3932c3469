"""Block files: the encoded segments of all markers on one block, or on some small ones.

They are what a killed run goes on from, and what the track files are written from. A file has,
for each of its blocks, a mark, the numbers of edges and of crowded stretches, the offsets, a
checksum per marker, the crowded stretches, a checksum of all that, and then sections, bins, peaks,
counts, data and fine bins, as `EncodedBlock` has them.
So who reads some markers knows that they are as they were saved, without reading the others.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from regtrack.atomic import replacing
from regtrack.errors import InputError
from regtrack.tracks.bins import BIN
from regtrack.tracks.encoding import SECTION, EncodedBlock, EncodedSegments
from regtrack.tracks.peaks.block_peaks import PEAK
from regtrack.tracks.repeats import CROWDED
from regtrack.tracks.segments import Records
from regtrack.tracks.value_counts import COUNT

# Bases per block. Long enough that cutting every segment at a block's end costs nothing
# (1 segment in 2,000), short enough that a killed run loses only seconds.
BLOCK_LENGTH = 200_000

# Of the files below, so that no run goes on with those of another regtrack.
BLOCK_FORMAT = 7

_MARK = b"rtblock7"
_PARTS = (SECTION, BIN, PEAK, COUNT, np.dtype("u1"), np.dtype("u1"))


@dataclass(frozen=True)
class Block:
    """A stretch of a chromosome whose position is a multiple of `BLOCK_LENGTH`."""

    chrom: str
    index: int

    @property
    def start(self) -> int:
        """First base, 0-based."""
        return self.index * BLOCK_LENGTH

    @property
    def end(self) -> int:
        """Behind the last base; may be past the chromosome's end."""
        return self.start + BLOCK_LENGTH

    @property
    def name(self) -> str:
        """For its files."""
        # Chromosome names may hold any character but white space; "/" must not get out.
        safe = self.chrom.replace("%", "%25").replace("/", "%2F")
        return f"{safe}.{self.index:05d}"


class BlockStore:
    """A folder of block files; blocks that share one are always given together, in one order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, block: Block) -> Path:
        """File of a block, the first of those that share it, whether it is there or not."""
        return self._folder / f"{block.name}.blk"

    def save(self, blocks: Sequence[Block], encoded: Sequence[EncodedBlock]) -> None:
        """Write the file of some blocks, complete or not at all.

        Raises
        ------
        ValueError
            When a segment reaches out of its block.
        """
        for block, of_block in zip(blocks, encoded, strict=True):
            places = of_block.sections
            if len(places) and not (
                block.start <= places["start"].min() and places["end"].max() <= block.end
            ):
                raise ValueError(f"segments reach out of {block}")
        # A run clears its folder of what was left aside itself, once: there are many files.
        with replacing(self.path(blocks[0]), tidy=False) as aside, aside.open("wb") as file:
            for of_block in encoded:
                _write(file, of_block)

    def read(self, blocks: Sequence[Block], first: int, last: int) -> list[list[EncodedSegments]]:
        """What was saved of the markers [first, last) on each block; reads no other marker's.

        Raises
        ------
        InputError
            When the file is not what was saved.
        IndexError
            When it does not have these markers.
        """
        path = self.path(blocks[0])
        with path.open("rb") as file:
            blocks_of_file = [_read(file, path, first, last) for _ in blocks]
            if file.read(1):
                raise _damaged(path)
        return blocks_of_file

    def crowded(self, blocks: Sequence[Block]) -> list[Records]:
        """CROWDED of each block; nothing else is read.

        Raises
        ------
        InputError
            When the file does not begin as it was saved.
        """
        path, found = self.path(blocks[0]), []
        with path.open("rb") as file:
            for _ in blocks:
                header = _header(file, path)
                found.append(header.crowded)
                file.seek(sum(header.sizes), os.SEEK_CUR)
        return found

    def is_sound(self, blocks: Sequence[Block]) -> bool:
        """Whether the file of some blocks, if there is one, is what was saved; reads all of it."""
        path = self.path(blocks[0])
        if not path.exists():
            return True
        try:
            with path.open("rb") as file:
                markers = _header(file, path).markers
            self.read(blocks, 0, markers)
        except InputError:
            return False
        return True


def _write(file: BinaryIO, encoded: EncodedBlock) -> None:
    """Append one block."""
    streams = (np.frombuffer(stream, "u1") for stream in (encoded.data, encoded.fine))
    parts = (encoded.sections, encoded.bins, encoded.peaks, encoded.counts, *streams)
    edges = encoded.offsets.shape[1]
    sums = _checksums(encoded.offsets, [part.view("u1") for part in parts])
    numbers = np.array((edges, len(encoded.crowded)), np.int64)
    arrays = (numbers, encoded.offsets, sums, encoded.crowded)
    header = b"".join((_MARK, *(array.tobytes() for array in arrays)))
    # Not tofile(), whose error of a full disk does not say so.
    file.write(header)
    file.write(np.uint32(zlib.crc32(header)).tobytes())
    for part in parts:
        file.write(part.tobytes())


def _read(file: BinaryIO, path: Path, first: int, last: int) -> list[EncodedSegments]:
    """The markers [first, last) of the block that the file stands before; leaves it behind."""
    header = _header(file, path)
    offsets = header.offsets
    if not 0 <= first <= last < offsets.shape[1]:
        raise IndexError(f"markers {first} to {last} of {offsets.shape[1] - 1}")
    parts = []
    for row, kind in zip(offsets, _PARTS, strict=True):
        begin = file.tell()
        file.seek(int(row[first]) * kind.itemsize, os.SEEK_CUR)
        parts.append(file.read(int(row[last] - row[first]) * kind.itemsize))
        file.seek(begin + int(row[-1]) * kind.itemsize)
    part_offsets = offsets[:, first : last + 1] - offsets[:, first : first + 1]
    raw = [np.frombuffer(part, "u1") for part in parts]
    if not np.array_equal(_checksums(part_offsets, raw), header.sums[first:last]):
        raise _damaged(path)
    sections, bins, peaks, counts = (
        np.frombuffer(part, kind) for part, kind in zip(parts[:4], _PARTS, strict=False)
    )
    data, fine = parts[4:]
    block = EncodedBlock(part_offsets, sections, bins, peaks, counts, data, fine, header.crowded)
    return [block.of(number) for number in range(last - first)]


def _checksums(
    offsets: npt.NDArray[np.int64], parts: Sequence[npt.NDArray[np.uint8]]
) -> npt.NDArray[np.uint32]:
    """A checksum of each marker's share of all parts, which are given as bytes."""
    sums = np.zeros(offsets.shape[1] - 1, np.uint32)
    shares = [
        (part.data, (row * kind.itemsize).tolist())
        for part, row, kind in zip(parts, offsets, _PARTS, strict=True)
    ]
    for marker in range(len(sums)):
        checksum = 0
        for part, edges in shares:
            checksum = zlib.crc32(part[edges[marker] : edges[marker + 1]], checksum)
        sums[marker] = checksum
    return sums


class _Header(NamedTuple):
    """What a block begins with: as `EncodedBlock`, and a checksum of each marker."""

    offsets: npt.NDArray[np.int64]
    sums: npt.NDArray[np.uint32]
    crowded: Records

    @property
    def markers(self) -> int:
        """Number of markers."""
        return len(self.sums)

    @property
    def sizes(self) -> list[int]:
        """Bytes of each part that follows."""
        return [
            int(row[-1]) * kind.itemsize for row, kind in zip(self.offsets, _PARTS, strict=True)
        ]


def _header(file: BinaryIO, path: Path) -> _Header:
    """That of a block, of a file as long as it says; the file is behind it then."""
    size = os.fstat(file.fileno()).st_size
    begin = file.read(len(_MARK) + 16)
    if not begin.startswith(_MARK) or len(begin) < len(_MARK) + 16:
        raise _damaged(path)
    edges, crowded = np.frombuffer(begin, np.int64, offset=len(_MARK)).tolist()
    if not (0 < edges < size and 0 <= crowded < size):
        raise _damaged(path)
    lengths = (len(_PARTS) * 8 * edges, 4 * (edges - 1), CROWDED.itemsize * crowded)
    if sum(lengths) >= size:
        raise _damaged(path)
    rest = [file.read(length) for length in lengths]
    if file.read(4) != zlib.crc32(b"".join((begin, *rest))).to_bytes(4, "little"):
        raise _damaged(path)
    header = _Header(
        np.frombuffer(rest[0], np.int64).reshape(len(_PARTS), edges),
        np.frombuffer(rest[1], np.uint32),
        np.frombuffer(rest[2], CROWDED),
    )
    if file.tell() + sum(header.sizes) > size:
        raise _damaged(path)
    return header


def _damaged(path: Path) -> InputError:
    return InputError(path, "damaged; run the same command again to replace it")
