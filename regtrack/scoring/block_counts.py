"""What was counted of all markers on one stretch of a genome, saved for later.

A process predicts a stretch for all markers; another one scores some markers on all
stretches. Between the two lies a file per stretch, so that no process holds the counts of all
markers on the whole genome, and a killed run loses none.

A file is a mark, the numbers of blocks and markers, where each marker's runs and packed counts
lie, a checksum of each marker's, one of all that, and then runs and packed counts.
"""

from __future__ import annotations

import itertools
import os
import zlib
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from regtrack.atomic import replacing
from regtrack.compiled import compiled
from regtrack.errors import InputError
from regtrack.scoring.histogram import Counts
from regtrack.tracks.deflate import NotDeflated, deflate, inflate
from regtrack.tracks.peaks.called import CALLED_PEAK
from regtrack.tracks.segments import Records

_LARGEST_IN_A_BYTE = 254

_MARK = b"rtcount3"


def save_counts(
    path: Path,
    blocks: Sequence[int],
    counts: Sequence[npt.NDArray[np.uint32]],
    runs: Sequence[Records],
) -> None:
    """Write what was counted on one stretch, complete or not at all.

    Parameters
    ----------
    blocks
        Numbers of the bootstrap's blocks that the stretch lies in.
    counts
        For each of them, uint32 (markers, 2, bins): bases outside and inside of measured peaks.
    runs
        CALLED_PEAK of each marker, on the genome's `Line`: peaks, or parts of them.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    markers = len(runs)
    packed = [
        deflate(_pack(np.concatenate([block[marker].reshape(-1) for block in counts])).tobytes())
        if counts
        else b""
        for marker in range(markers)
    ]
    together = np.concatenate([np.zeros(0, CALLED_PEAK), *runs])
    offsets, places = _offsets(runs), _offsets(packed)
    sums = [
        zlib.crc32(piece, zlib.crc32(together[begin:end].tobytes()))
        for piece, begin, end in zip(packed, offsets, offsets[1:], strict=False)
    ]
    numbers = np.array([len(blocks), markers, *blocks], np.int64)
    parts = (numbers, offsets, places, np.array(sums, np.uint32))
    header = _MARK + b"".join(part.tobytes() for part in parts)
    # A run clears its folder of what was left aside itself, once: there are many files.
    with replacing(path, tidy=False) as aside, aside.open("wb") as file:
        file.write(header)
        file.write(np.uint32(zlib.crc32(header)).tobytes())
        file.write(together.tobytes())
        file.writelines(packed)


def add_counts(
    path: Path,
    first: int,
    last: int,
    totals: Counts,
    by_block: Counts,
    to_coarse: npt.NDArray[np.int32],
) -> list[Records]:
    """Add what was saved of the markers [first, last); returns CALLED_PEAK of each.

    Parameters
    ----------
    totals
        int64 (markers, 2, bins).
    by_block
        int64 (blocks of the bootstrap, markers, 2, coarse bins).
    to_coarse
        int32 (bins,): the coarse bin of each bin.

    Raises
    ------
    InputError
        When the file is damaged.
    """
    with path.open("rb") as file:
        header = _Header.read(file, path)
        runs, packed = header.of(file, path, first, last)
    whole = True
    try:
        for row, piece in enumerate(packed if len(header.blocks) else ()):
            counts = np.frombuffer(inflate(piece, 2 * totals[row].size), np.uint8)
            whole &= _add(counts, header.blocks, totals[row], by_block[:, row], to_coarse)
    except (ValueError, NotDeflated) as error:
        raise _damaged(path) from error
    if not whole:
        raise _damaged(path)
    return runs


def is_sound(path: Path) -> bool:
    """Whether a file of counts, if there is one, is what was saved; reads all of it."""
    if not path.exists():
        return True
    try:
        with path.open("rb") as file:
            header = _Header.read(file, path)
            header.of(file, path, 0, len(header.sums))
    except InputError:
        return False
    return True


@dataclass(frozen=True)
class _Header:
    """What a file begins with: where each marker's runs, in number, and counts, in bytes, lie."""

    blocks: npt.NDArray[np.int64]
    runs: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    sums: npt.NDArray[np.uint32]
    end: int

    @classmethod
    def read(cls, file: BinaryIO, path: Path) -> _Header:
        """Of a file that is as long as it says."""
        size = os.fstat(file.fileno()).st_size
        begin = file.read(len(_MARK) + 16)
        count, markers = (
            int.from_bytes(begin[at : at + 8], "little") for at in (len(_MARK), len(_MARK) + 8)
        )
        numbers = count + 2 * (markers + 1)
        length = 8 * numbers + 4 * markers
        if not begin.startswith(_MARK) or not 0 < length < size:
            raise _damaged(path)
        rest = file.read(length)
        if file.read(4) != zlib.crc32(begin + rest).to_bytes(4, "little"):
            raise _damaged(path)
        blocks, runs, places = np.split(
            np.frombuffer(rest[: 8 * numbers], np.int64), [count, count + markers + 1]
        )
        if file.tell() + int(runs[-1]) * CALLED_PEAK.itemsize + int(places[-1]) != size:
            raise _damaged(path)
        return cls(blocks, runs, places, np.frombuffer(rest[8 * numbers :], np.uint32), file.tell())

    def of(
        self, file: BinaryIO, path: Path, first: int, last: int
    ) -> tuple[list[Records], list[bytes]]:
        """Runs and packed counts of the markers [first, last)."""
        if not 0 <= first <= last <= len(self.sums):
            raise IndexError(f"markers {first} to {last} of {len(self.sums)}")
        pieces = []
        for edges, width, begin in (
            (self.runs, CALLED_PEAK.itemsize, self.end),
            (self.places, 1, self.end + int(self.runs[-1]) * CALLED_PEAK.itemsize),
        ):
            own = (edges[first : last + 1] - edges[first]) * width
            file.seek(begin + int(edges[first]) * width)
            data = file.read(int(own[-1]))
            pieces.append([data[at:end] for at, end in itertools.pairwise(own.tolist())])
        runs, packed = pieces
        for run, piece, expected in zip(runs, packed, self.sums[first:last], strict=True):
            if zlib.crc32(piece, zlib.crc32(run)) != expected:
                raise _damaged(path)
        return [np.frombuffer(run, CALLED_PEAK) for run in runs], packed


def _damaged(path: Path) -> InputError:
    return InputError(path, "damaged after it was written; run the same command again")


def _offsets(parts: Sequence[Sized]) -> npt.NDArray[np.int64]:
    """Where each of some parts begins, and where the last one ends."""
    return np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)


def _pack(counts: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """A byte per count, or 255 and four bytes for a large one: most are 0."""
    packed = np.empty(5 * len(counts), np.uint8)
    return packed[: _pack_into(counts, packed)]


@compiled
def _pack_into(counts: npt.NDArray[np.uint32], packed: npt.NDArray[np.uint8]) -> int:
    at = 0
    for count in counts:
        if count <= _LARGEST_IN_A_BYTE:
            packed[at] = count
            at += 1
        else:
            packed[at] = 255
            for byte in range(4):
                packed[at + 1 + byte] = (count >> (8 * byte)) & 255
            at += 5
    return at


@compiled
def _add(
    packed: npt.NDArray[np.uint8],
    blocks: npt.NDArray[np.int64],
    totals: Counts,
    by_block: Counts,
    to_coarse: npt.NDArray[np.int32],
) -> bool:
    """Add the counts that `_pack_into` packed; False when there is another number of them."""
    at = 0
    bins = totals.shape[1]
    for block in blocks:
        if not 0 <= block < len(by_block):
            return False
        for inside in range(2):
            for place in range(bins):
                if at >= len(packed):
                    return False
                count = np.int64(packed[at])
                at += 1
                if count > _LARGEST_IN_A_BYTE:
                    if at + 4 > len(packed):
                        return False
                    count = np.int64(0)
                    for byte in range(4):
                        count |= np.int64(packed[at + byte]) << (8 * byte)
                    at += 4
                if count:
                    totals[inside, place] += count
                    by_block[block, inside, to_coarse[place]] += count
    return at == len(packed)
