"""The data sections of a BigWig file, one after another: a track read as fast as it inflates.

Nothing that a file says of itself is believed: what it points at must lie in it, and what it
inflates to must be what the format can hold.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from regtrack.errors import InputError
from regtrack.genome.intervals import EMPTY, Interval, IntervalSet, Positions
from regtrack.genome.line import Line
from regtrack.tracks.bbi import BIGWIG_MAGIC, not_bbi
from regtrack.tracks.bigwig_trees import HEADER, read_chroms, read_places
from regtrack.tracks.deflate import NotDeflated, inflate_at_most
from regtrack.tracks.encoding import BEDGRAPH, SECTION_HEADER
from regtrack.tracks.segments import SEGMENT, Records

_VARIABLE_STEP, _FIXED_STEP = 2, 3
_STEP = np.dtype([("start", "<u4"), ("value", "<f4")])

# Its number of items has 16 bits.
LARGEST_SECTION = SECTION_HEADER.size + 65_535 * SEGMENT.itemsize

# Sections that are handed on together.
_TOGETHER = 64


@dataclass(frozen=True)
class Sections:
    """Consecutive sections of a file.

    Parameters
    ----------
    records
        SEGMENT: their segments, positions as in the file, on each one's chromosome.
    firsts
        int64 (sections + 1,): where each one's begin, and the last one's end.
    origins, lengths
        int64 (sections,): where on the line its chromosome begins, and the bases of that.
    """

    records: Records
    firsts: Positions
    origins: Positions
    lengths: Positions


class _Laid(NamedTuple):
    """A line, and where on it chromosomes and sections of a file lie."""

    line: Line
    origins: Positions
    lengths: Positions
    starts: Positions
    ends: Positions


class BigWigSections:
    """Reads a BigWig file; a context manager.

    Little-endian files, as everyone writes them.

    Attributes
    ----------
    chrom_sizes
        Length of each chromosome in the file's header, in bases.

    Raises
    ------
    InputError
        When the file is no such BigWig file, or is truncated or damaged.
    OSError
        When it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        broken = not_bbi(path, BIGWIG_MAGIC)
        with path.open("rb") as file:
            if file.seek(0, 2) < HEADER.size:
                raise broken
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, _, _, chroms_at, _, index_at, *_, inflated, _ = HEADER.unpack_from(self._data)
        if magic != BIGWIG_MAGIC:
            raise broken
        self._is_deflated = inflated > 0
        try:
            self.chrom_sizes = read_chroms(self._data, chroms_at)
            self._places = read_places(self._data, index_at, len(self.chrom_sizes))
        except (struct.error, ValueError, OverflowError) as error:
            raise broken from error
        self._names = list(self.chrom_sizes)
        self._laid: _Laid | None = None  # for many questions with one line

    def __enter__(self) -> BigWigSections:
        return self

    def __exit__(self, *_: object) -> None:
        self._data.close()

    def together(self, line: Line, targets: IntervalSet, around: int = 0) -> Iterator[Sections]:
        """The sections that hold any of the bases asked for, in order, several at a time.

        Parameters
        ----------
        line
            Of the file's chromosomes, in whatever order.
        targets
            Positions on the line. Segments around them, in the same sections, come along.
        around
            How many sections on each side come along, too: for what goes on in them.

        Raises
        ------
        InputError
            When a section cannot be decoded.
        """
        if self._laid is None or self._laid.line is not line:
            self._laid = self._lay(line)
        _, origins, lengths, starts, ends = self._laid
        chroms = self._places["chrom"]
        numbers = np.flatnonzero(targets.bases_before(ends) > targets.bases_before(starts))
        near = np.clip(numbers[:, None] + np.arange(-around, around + 1), 0, len(chroms) - 1)
        numbers = np.unique(near[chroms[near] == chroms[numbers][:, None]])
        # In the line's order, which need not be the file's.
        numbers = numbers[np.argsort(starts[numbers], kind="stable")]
        for first in range(0, len(numbers), _TOGETHER):
            batch = numbers[first : first + _TOGETHER]
            records = [self._section(place) for place in batch]
            yield Sections(
                np.concatenate(records),
                np.cumsum([0, *map(len, records)], dtype=np.int64),
                origins[chroms[batch]],
                lengths[chroms[batch]],
            )

    def _lay(self, line: Line) -> _Laid:
        origins = line.origins(self._names)
        lengths = np.fromiter(self.chrom_sizes.values(), np.int64, len(self._names))
        chroms = self._places["chrom"]
        # pyBigWig writes ends past a chromosome's, too: on the line these lie on another one.
        starts, ends = (
            origins[chroms] + np.minimum(self._places[edge], lengths[chroms])
            for edge in ("start", "end")
        )
        return _Laid(line, origins, lengths, starts, ends)

    def records(self, chrom: str, targets: IntervalSet) -> Iterator[Records]:
        """As `together`, of one chromosome and the bases asked for on it.

        Yields
        ------
        SEGMENT
            As they were written; none where the file does not have the chromosome.
        """
        if chrom in self.chrom_sizes:
            line = Line(self.chrom_sizes)
            for sections in self.together(line, line.lay({chrom: targets})):
                yield sections.records

    def at_least(self, region: Interval, minimum: float) -> IntervalSet:
        """The bases of a region whose value is `minimum` or more, in bounded memory.

        Any BigWig will do, whatever its values; a base without a value is left out.

        Raises
        ------
        InputError
            When the file's data cannot be decoded.
        """
        least = np.float32(minimum)  # as the file keeps its values
        intervals = [EMPTY]
        for records in self.records(region.chrom, IntervalSet.of([region.start], [region.end])):
            high = records[records["value"] >= least]
            if np.any(high["start"] >= high["end"]):
                raise InputError(self._path, "damaged: a segment of length 0")
            intervals.append(
                IntervalSet.of(high["start"], high["end"]).clip(region.start, region.end)
            )
        return IntervalSet.union(intervals)

    def _section(self, place: int) -> Records:
        """Segments of one section."""
        chrom, _, _, offset, size = self._places[place].tolist()
        data = self._data[offset : offset + size]
        try:
            if self._is_deflated:
                data = inflate_at_most(data, LARGEST_SECTION)
            return section_segments(data, chrom)
        except (struct.error, ValueError, NotDeflated) as error:
            raise InputError(self._path, "damaged: a section cannot be read") from error


def section_segments(data: bytes, chrom: int) -> Records:
    """The values of a section of any kind.

    Raises
    ------
    ValueError, struct.error
        When it holds fewer than it says, is of another chromosome, or of no kind that there is.
    """
    own, start, _, step, span, kind, _, count = SECTION_HEADER.unpack_from(data)
    at = SECTION_HEADER.size
    if own != chrom or kind not in {BEDGRAPH, _VARIABLE_STEP, _FIXED_STEP}:
        raise ValueError("a section of another chromosome or kind")
    if kind == BEDGRAPH:
        return np.frombuffer(data, SEGMENT, count, at)
    records = np.empty(count, SEGMENT)
    if kind == _VARIABLE_STEP:
        steps = np.frombuffer(data, _STEP, count, at)
        starts, records["value"] = steps["start"].astype(np.int64), steps["value"]
    else:
        starts = start + step * np.arange(count, dtype=np.int64)
        records["value"] = np.frombuffer(data, "<f4", count, at)
    if count and int(starts.max()) + span >= 2**32:
        raise ValueError("past the longest chromosome")
    records["start"], records["end"] = starts, starts + span
    return records
