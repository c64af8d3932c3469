"""A BigWig file as a picture shows it: the highest value of each of some columns.

A file is opened for one question and closed again: that takes some 40 microseconds, a hundred
thousand scaffolds cost no more, and what is written anew under the same name is seen.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.errors import InputError
from regtrack.genome.intervals import Interval
from regtrack.tracks.bbi import BIGWIG_MAGIC, not_bbi
from regtrack.tracks.bigwig_sections import LARGEST_SECTION, section_segments
from regtrack.tracks.bigwig_trees import HEADER, find_chrom, find_sections
from regtrack.tracks.bigwig_writer import ZOOM_HEADER
from regtrack.tracks.bins import ZOOM
from regtrack.tracks.deflate import NotDeflated, inflate_at_most

Values = npt.NDArray[np.float32]


def column_edges(region: Interval, columns: int) -> npt.NDArray[np.int64]:
    """Where columns begin, and the last one ends: int64 (columns + 1,), 0-based.

    Parameters
    ----------
    columns
        As many as the region has bases, at most.
    """
    return region.start + np.arange(columns + 1) * len(region) // columns


def highest_values(path: Path, region: Interval, columns: int) -> Values:
    """The highest value of the bases of each column; NaN where none has a value.

    Where a zoom level has bins no longer than a column, the coarsest such level is read instead
    of the values: a column then also has what lies less than a column beside it. No value is
    lost.

    Parameters
    ----------
    region
        Cut into `column_edges`.

    Returns
    -------
    float32 (columns,)

    Raises
    ------
    InputError
        When the file is no little-endian BigWig file, or is truncated or damaged.
    OSError
        When it cannot be read.
    """
    highest = np.full(columns, -np.inf, np.float32)
    with _open(path) as (data, header):
        _, _, zooms, chroms_at, _, index_at, *_, inflated, _ = header
        chrom = find_chrom(data, chroms_at, region.chrom)
        if chrom is None:
            return np.full(columns, np.nan, np.float32)
        levels = ZOOM_HEADER.iter_unpack(data[HEADER.size : HEADER.size + zooms * ZOOM_HEADER.size])
        coarse_enough = [
            (reduction, at)
            for reduction, _, _, at in levels
            if 0 < reduction <= len(region) // columns
        ]
        reduction, zoom_at = max(coarse_enough, default=(0, index_at))
        sections = find_sections(data, zoom_at, chrom[0], region.start, region.end)
        for offset, size in zip(
            sections["offset"].tolist(), sections["size"].tolist(), strict=True
        ):
            packed = data[offset : offset + size]
            unpacked = inflate_at_most(packed, LARGEST_SECTION) if inflated else packed
            if reduction:
                bins = np.frombuffer(unpacked, ZOOM)
                stretches, name = bins[bins["chrom"] == chrom[0]], "max"
            else:
                stretches, name = section_segments(unpacked, chrom[0]), "value"
            # Whole columns of one kind each, so that one loop is compiled, not one for each kind.
            starts, ends, values = (
                np.ascontiguousarray(stretches[field]) for field in ("start", "end", name)
            )
            _raise(starts, ends, values, region.start, region.end, highest)
    highest[np.isneginf(highest)] = np.nan
    return highest


@contextmanager
def _open(path: Path) -> Iterator[tuple[mmap.mmap, tuple[int, ...]]]:
    """The bytes of a BigWig file, and its header; what they lead to may be damaged."""
    broken = not_bbi(path, BIGWIG_MAGIC)
    with path.open("rb") as file:
        if file.seek(0, 2) < HEADER.size:
            raise broken
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    header = HEADER.unpack_from(data)
    if header[0] != BIGWIG_MAGIC:
        raise broken
    try:
        yield data, header
    except (struct.error, ValueError, OverflowError, NotDeflated) as error:
        raise InputError(path, "damaged: its values cannot be read") from error


@compiled
def _raise(
    starts: npt.NDArray[np.uint32],
    ends: npt.NDArray[np.uint32],
    values: Values,
    first: int,
    last: int,
    highest: Values,
) -> None:
    """Raise `highest`, of the columns of [first, last), to the values of some stretches."""
    columns = len(highest)
    bases = last - first
    for number in range(len(starts)):
        start = max(int(starts[number]) - first, 0)
        end = min(int(ends[number]) - first, bases)
        if start >= end:
            continue
        value = values[number]
        # Column i begins at base i * bases // columns: these are the last ones that do not begin
        # after a base.
        for column in range(((start + 1) * columns - 1) // bases, (end * columns - 1) // bases + 1):
            if value > highest[column]:  # noqa: PLR1730 (NaN is greater than nothing)
                highest[column] = value
