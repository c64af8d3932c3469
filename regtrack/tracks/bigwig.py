"""BigWig files of others, whatever their values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyBigWig

from regtrack.errors import InputError
from regtrack.genome.intervals import Interval, IntervalSet, Positions
from regtrack.tracks.bbi import BIGWIG_MAGIC, check_header, not_bbi
from regtrack.tracks.segments import Values

# Bases read at once: bounds the memory.
_READ_LENGTH = 1_000_000


class BigWigReader:
    """Reads a BigWig file; a context manager.

    Raises
    ------
    InputError
        When the file is not a BigWig file, or is truncated.
    OSError
        When it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        check_header(path, BIGWIG_MAGIC)
        try:
            self._file = pyBigWig.open(str(path))
        except RuntimeError as error:
            raise not_bbi(path, BIGWIG_MAGIC) from error

    def __enter__(self) -> BigWigReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

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
