"""The data sections of a BigWig file, one after another: a track read as fast as it inflates.

pyBigWig gives a Python tuple per segment, which takes ten times as long.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet
from regtrack.tracks.bbi import BIGWIG_MAGIC
from regtrack.tracks.bigwig_trees import HEADER, read_chroms, read_places
from regtrack.tracks.deflate import NotDeflated, inflate
from regtrack.tracks.encoding import BEDGRAPH, SECTION_HEADER
from regtrack.tracks.segments import SEGMENT, Records


class BigWigSections:
    """Reads the segments of a BigWig file; a context manager.

    Files of segments only (bedGraph sections, little-endian), as regtrack, pyBigWig and kent's
    bedGraphToBigWig write them.

    Attributes
    ----------
    chrom_sizes
        Length of each chromosome in the file's header, in bases.

    Raises
    ------
    InputError
        When the file is no such BigWig file, or is truncated.
    OSError
        When it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._broken = InputError(path, "not a BigWig file, or a truncated one")
        with path.open("rb") as file:
            if file.seek(0, 2) < HEADER.size:
                raise self._broken
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, _, _, chroms_at, _, index_at, *_, self._inflated, _ = HEADER.unpack_from(self._data)
        if magic != BIGWIG_MAGIC:
            raise self._broken
        try:
            chroms = read_chroms(self._data, chroms_at)
            self._places = read_places(self._data, index_at)
        except (struct.error, ValueError, OverflowError) as error:
            raise self._broken from error
        self.chrom_sizes = {name: size for name, (_, size) in chroms.items()}
        self._numbers = {name: number for name, (number, _) in chroms.items()}

    def __enter__(self) -> BigWigSections:
        return self

    def __exit__(self, *_: object) -> None:
        self._data.close()

    def records(self, chrom: str, asked: IntervalSet) -> Iterator[Records]:
        """The segments of the sections that hold any of the bases asked for, in order.

        Parameters
        ----------
        asked
            Bases of the chromosome. Segments around them, in the same sections, come along.

        Yields
        ------
        SEGMENT
            As they were written; none where the file does not have the chromosome.

        Raises
        ------
        InputError
            When a section cannot be decoded.
        """
        if chrom not in self._numbers:
            return
        number = self._numbers[chrom]
        places = self._places[self._places["first_chrom"] == number]
        held = asked.bases_before(places["end"]) > asked.bases_before(places["start"])
        for place in places[held]:
            yield self._section(int(place["offset"]), int(place["size"]))

    def _section(self, offset: int, size: int) -> Records:
        """Segments of one section."""
        data = self._data[offset : offset + size]
        try:
            if self._inflated:
                data = inflate(data, self._inflated)
            *_, kind, _, count = SECTION_HEADER.unpack_from(data)
            if kind != BEDGRAPH:
                raise InputError(
                    self._path,
                    f"holds values of fixed length (section type {kind}); expected segments, as "
                    "regtrack writes them",
                )
            return np.frombuffer(data, SEGMENT, count, SECTION_HEADER.size)
        except (struct.error, ValueError, NotDeflated) as error:
            raise InputError(self._path, "damaged: a section cannot be read") from error
