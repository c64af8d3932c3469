"""BigWig files: the signal of one marker, written and read as segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyBigWig

from regtrack.atomic import replacing
from regtrack.errors import InputError
from regtrack.genome.intervals import EMPTY, Interval
from regtrack.tracks.segments import Segments


def write_bigwig(
    path: Path, chrom_sizes: Mapping[str, int], segments: Iterable[tuple[str, Segments]]
) -> None:
    """Write one track, complete or not at all.

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
        for chrom, piece in segments:
            if not len(piece):
                continue
            place = (order.index(chrom), int(piece.starts[0]))
            if place < reached or piece.ends[-1] > chrom_sizes[chrom]:
                raise ValueError(f"segments of {chrom} are out of order or past its end")
            reached = (place[0], int(piece.ends[-1]))
            file.addEntries(
                np.full(len(piece), chrom), piece.starts, ends=piece.ends, values=piece.values
            )
        if reached == (-1, 0):
            raise ValueError("a track needs at least one segment")
        file.close()


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
        with path.open("rb"):
            pass  # an OSError that names the file, where pyBigWig has none
        try:
            self._file = pyBigWig.open(str(path))
        except RuntimeError as error:
            raise InputError(path, "not a BigWig file, or a truncated one") from error

    def __enter__(self) -> BigWigReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def segments(self, region: Interval) -> Segments:
        """The segments that overlap a region, whole, as they were written.

        Raises
        ------
        InputError
            When the file's data cannot be decoded.
        """
        empty = Segments(EMPTY.starts, EMPTY.ends, np.zeros(0, np.float32))
        if region.chrom not in self._file.chroms():
            return empty
        try:
            entries = self._file.intervals(region.chrom, region.start, region.end)
        except RuntimeError as error:
            raise InputError(self._path, f"cannot be read at {region}; is it complete?") from error
        if not entries:
            return empty
        starts, ends, values = zip(*entries, strict=True)
        return Segments(
            np.array(starts, np.int64), np.array(ends, np.int64), np.array(values, np.float32)
        )
