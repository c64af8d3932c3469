"""BigWig files: the signal of one marker, written and read as segments."""

from __future__ import annotations

import errno
import os
import shutil
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyBigWig

from regtrack.atomic import replacing
from regtrack.errors import InputError
from regtrack.genome.intervals import Interval, IntervalSet, Positions
from regtrack.tracks.segments import Segments, Values

_MAGIC = 0x888FFC26

# A segment takes 12 bytes before it is compressed. What is spare covers buffers and index.
_SEGMENT_BYTES = 12
_SPARE_BYTES = 1 << 20

# Bases read at once: bounds the memory.
_READ_LENGTH = 1_000_000


def write_bigwig(
    path: Path, chrom_sizes: Mapping[str, int], segments: Iterable[tuple[str, Segments]]
) -> None:
    """Write one track, complete or not at all.

    A full disk is noticed before pyBigWig meets it (it hangs, crashes, or ends without an
    error), and what was written is read back.

    Parameters
    ----------
    chrom_sizes
        All chromosomes of the genome, in its order: the file's header.
    segments
        Chromosome and segments, chromosomes in the order of the header, several pieces
        of one chromosome from left to right.

    Raises
    ------
    ValueError
        When a segment reaches past its chromosome's end, pieces are out of order, or
        there is no segment at all, a file that genome browsers fail on.
    OSError
        When the file cannot be written.
    """
    with replacing(path) as aside:
        aside.touch()  # pyBigWig crashes where it cannot create its output
        file = pyBigWig.open(str(aside), "w")
        file.addHeader(list(chrom_sizes.items()))
        order = list(chrom_sizes)
        reached = (-1, 0)
        total = 0
        written: dict[str, int] = {}
        for chrom, piece in segments:
            if not len(piece):
                continue
            place = (order.index(chrom), int(piece.starts[0]))
            if place < reached or piece.ends[-1] > chrom_sizes[chrom]:
                raise ValueError(f"segments of {chrom} are out of order or past its end")
            reached = (place[0], int(piece.ends[-1]))
            total += len(piece)
            _need_room(path, len(piece))
            file.addEntries(
                np.full(len(piece), chrom), piece.starts, ends=piece.ends, values=piece.values
            )
            written[chrom] = _checksum(piece, written.get(chrom, 0))
        if not written:
            raise ValueError("a track needs at least one segment")
        _need_room(path, total // 4)  # the zoom levels
        file.close()
        sizes = {chrom: chrom_sizes[chrom] for chrom in written}
        if not _ends_whole(aside) or _read_back(aside, sizes) != written:
            raise OSError(errno.EIO, "not written whole; is the disk full?", str(path))


def _checksum(piece: Segments, before: int) -> int:
    """Checksum of all segments so far, whatever pieces they come in."""
    columns = np.column_stack((piece.starts, piece.ends, piece.values.view(np.int32)))
    return zlib.crc32(columns.tobytes(), before)


def _ends_whole(path: Path) -> bool:
    """Whether the file ends as every BigWig file does; the zoom levels stand before that."""
    with path.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return file.read() == struct.pack("<I", _MAGIC)


def _need_room(path: Path, segments: int) -> None:
    """Refuse to go on without room for so many segments: pyBigWig hangs on a full disk."""
    if shutil.disk_usage(path.parent).free < _SPARE_BYTES + _SEGMENT_BYTES * segments:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _read_back(path: Path, chrom_sizes: Mapping[str, int]) -> dict[str, int] | None:
    """Checksum of the segments of each chromosome as a reader finds them; None if it cannot."""
    found: dict[str, int] = {}
    try:
        with BigWigReader(path) as reader:
            for chrom, size in chrom_sizes.items():
                for piece in reader.pieces(Interval(chrom, 0, size)):
                    found[chrom] = _checksum(piece, found.get(chrom, 0))
    except InputError:
        return None
    return found


def _check_header(path: Path) -> None:
    """Refuse a file whose header points past its end: pyBigWig crashes on it."""
    with path.open("rb") as file:  # an OSError that names the file, where pyBigWig has none
        header = file.read(64)
        size = file.seek(0, os.SEEK_END)
    for order in "<>":
        if len(header) == 64 and header.startswith(struct.pack(f"{order}I", _MAGIC)):
            version, zooms, *offsets = struct.unpack_from(f"{order}HHQQQ", header, 4)
            if version <= 5 and 64 + 24 * zooms <= size and max(offsets) < size:
                return
    raise InputError(path, "not a BigWig file, or a truncated one")


class BigWigReader:
    """Reads segments back from a BigWig file; a context manager.

    Raises
    ------
    InputError
        When the file is not a BigWig file, or is truncated.
    OSError
        When it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _check_header(path)
        try:
            self._file = pyBigWig.open(str(path))
        except RuntimeError as error:
            raise InputError(path, "not a BigWig file, or a truncated one") from error

    def __enter__(self) -> BigWigReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def pieces(self, region: Interval) -> Iterator[Segments]:
        """The segments that overlap a region, each whole and once, in bounded memory.

        Raises
        ------
        InputError
            When the file's data cannot be decoded.
        """
        for start in range(region.start, region.end, _READ_LENGTH):
            end = min(start + _READ_LENGTH, region.end)
            found = self.segments(Interval(region.chrom, start, end))
            # Those that began further left came with the piece before.
            new = (found.starts >= start) | (start == region.start)
            yield Segments(found.starts[new], found.ends[new], found.values[new])

    def segments(self, region: Interval) -> Segments:
        """The segments that overlap a region, whole, as they were written.

        Raises
        ------
        InputError
            When the file's data cannot be decoded.
        """
        return Segments(*self._entries(region))

    def chrom_sizes(self) -> dict[str, int]:
        """Length of each chromosome in the file's header, in bases."""
        return dict(self._file.chroms())

    def at_least(self, region: Interval, minimum: float) -> IntervalSet:
        """The bases of a region whose value is `minimum` or more, in bounded memory.

        Any BigWig will do, whatever its values; a base without a value is left out.

        Raises
        ------
        InputError
            When the file's data cannot be decoded.
        """
        least = np.float32(minimum)  # as the file keeps its values
        starts: list[Positions] = []
        ends: list[Positions] = []
        for first in range(region.start, region.end, _READ_LENGTH):
            last = min(first + _READ_LENGTH, region.end)
            begin, end, values = self._entries(Interval(region.chrom, first, last))
            high = values >= least
            here = IntervalSet.of(begin[high], end[high]).clip(first, last)
            starts.append(here.starts)
            ends.append(here.ends)
        return IntervalSet.of(np.concatenate(starts), np.concatenate(ends))

    def _entries(self, region: Interval) -> tuple[Positions, Positions, Values]:
        """Starts, ends and values of what overlaps a region."""
        entries: Iterable[tuple[float, ...]] | None = None
        if region.chrom in self._file.chroms():
            try:
                entries = self._file.intervals(region.chrom, region.start, region.end)
            except RuntimeError as error:
                raise InputError(
                    self._path, f"cannot be read at {region}; is it complete?"
                ) from error
        starts, ends, values = zip(*entries, strict=True) if entries else ((), (), ())
        return np.array(starts, np.int64), np.array(ends, np.int64), np.array(values, np.float32)
