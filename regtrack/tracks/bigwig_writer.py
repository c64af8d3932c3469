"""Writes BigWig files from encoded blocks, streaming: kept are the index and the zoom bins.

Layout after Kent et al. 2010, "BigWig and BigBed", version 4, little-endian: header, zoom
headers, summary, chromosomes, data sections, their index, then each zoom level with its index.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from regtrack.atomic import naming, replacing
from regtrack.tracks.bbi import BIGWIG_MAGIC
from regtrack.tracks.bigwig_trees import HEADER, LEAF, chrom_tree, place_tree
from regtrack.tracks.deflate import deflate
from regtrack.tracks.encoding import (
    BIN,
    FIRST_REDUCTION,
    LARGEST_SECTION,
    MOST_ITEMS,
    EncodedSegments,
)

# The format counts bases in 32 bits.
LONGEST_CHROM = 2**32 - 1

_VERSION = 4
_ZOOM_HEADER = struct.Struct("<IIQQ")
SUMMARY = struct.Struct("<Qdddd")  # covered bases, least and greatest value, sums

_ZOOM_FACTOR = 4
_MOST_ZOOMS = 10
_ZOOM_ITEMS = 512

_ZOOM_RECORD = np.dtype(
    [
        ("chrom", "<u4"),
        ("start", "<u4"),
        ("end", "<u4"),
        ("covered", "<u4"),
        ("min", "<f4"),
        ("max", "<f4"),
        ("sum", "<f4"),
        ("squares", "<f4"),
    ]
)

# Bins of several chromosomes.
_PLACED_BIN = np.dtype([("chrom", "<u4"), *BIN.descr])

_Bins = npt.NDArray[np.void]


class BigWigWriter:
    """One file, fed from left to right; `writing_bigwig` makes one."""

    def __init__(self, path: Path, file: BinaryIO, chrom_sizes: Mapping[str, int]) -> None:
        self._path = path
        self._file = file
        self._numbers = {name: number for number, name in enumerate(chrom_sizes)}
        self._sizes = np.array([*chrom_sizes.values()], np.int64)
        if self._sizes.max() > LONGEST_CHROM:
            raise ValueError(f"a chromosome of more than {LONGEST_CHROM:,} bases")
        self._reductions = _reductions(int(self._sizes.max()))
        self._reached = np.int64(0)
        self._leaves: list[npt.NDArray[np.void]] = []
        self._bins: list[_Bins] = []
        # Header, zoom headers and summary are written at the end, when they are known; so is
        # the number of sections, in front of them.
        self._chrom_tree_at = HEADER.size + _ZOOM_HEADER.size * len(self._reductions) + SUMMARY.size
        front = bytes(self._chrom_tree_at) + chrom_tree(chrom_sizes, self._chrom_tree_at)
        self._data_at = len(front)
        file.write(front + bytes(8))

    def add(self, pieces: Sequence[tuple[str, EncodedSegments]]) -> None:
        """Append pieces of chromosomes, from left to right.

        Raises
        ------
        ValueError
            When one lies left of a piece before, or reaches past the chromosome's end.
        """
        some = [(self._numbers[chrom], piece) for chrom, piece in pieces if len(piece.sections)]
        if not some:
            return
        numbers = np.array([number for number, _ in some], np.int64)
        sections = np.concatenate([piece.sections for _, piece in some])
        chroms = np.repeat(numbers, [len(piece.sections) for _, piece in some])
        # As one number each, so that those of a later chromosome are greater.
        starts, ends = ((chroms << 32) + sections[edge] for edge in ("start", "end"))
        if np.any(starts < np.append(self._reached, ends[:-1])) or np.any(
            sections["end"] > self._sizes[chroms]
        ):
            raise ValueError("segments are out of order or past the end of their chromosome")
        self._reached = ends[-1]
        leaves = np.empty(len(sections), LEAF)
        leaves["first_chrom"] = leaves["last_chrom"] = chroms
        for name in "start", "end", "size":
            leaves[name] = sections[name]
        sizes = sections["size"].astype(np.int64)
        leaves["offset"] = self._file.tell() + np.cumsum(sizes) - sizes
        self._leaves.append(leaves)
        bins = np.concatenate([piece.bins for _, piece in some])
        placed = np.empty(len(bins), _PLACED_BIN)
        placed["chrom"] = np.repeat(numbers, [len(piece.bins) for _, piece in some])
        for name in BIN.names or ():
            placed[name] = bins[name]
        self._bins.append(placed)
        with naming(self._path):  # several are open at once
            self._file.write(b"".join([piece.data for _, piece in some]))

    def finish(self) -> None:
        """Write the indices, the zoom levels, and the header.

        Raises
        ------
        ValueError
            When there is no segment at all, a file that genome browsers fail on.
        """
        if not self._leaves:
            raise ValueError("a track needs at least one segment")
        leaves = np.concatenate(self._leaves)
        index_at = self._file.tell()
        self._file.write(place_tree(leaves, MOST_ITEMS, index_at))
        bins = _merged(np.concatenate(self._bins))
        self._bins.clear()  # others of the group still wait for their turn
        summary = SUMMARY.pack(*_summed_up(bins))
        zooms = []
        for reduction in self._reductions:
            if reduction != FIRST_REDUCTION:
                bins = _coarser(bins)
            zooms.append(_ZOOM_HEADER.pack(reduction, 0, *self._write_zoom(bins, reduction)))
        self._file.write(struct.pack("<I", BIGWIG_MAGIC))
        header = HEADER.pack(
            BIGWIG_MAGIC,
            _VERSION,
            len(zooms),
            self._chrom_tree_at,
            self._data_at,
            index_at,
            0,  # fields and AutoSQL are BigBed's
            0,
            0,
            self._chrom_tree_at - SUMMARY.size,
            LARGEST_SECTION,
            0,
        )
        self._file.seek(0)
        self._file.write(header + b"".join(zooms) + summary)
        self._file.seek(self._data_at)
        self._file.write(struct.pack("<Q", len(leaves)))

    def _write_zoom(self, bins: _Bins, reduction: int) -> tuple[int, int]:
        """Write a zoom level; returns where its data and its index begin."""
        data_at = self._file.tell()
        self._file.write(struct.pack("<I", len(bins)))
        records = self._zoom_records(bins, reduction)
        # A part may hold bins of several chromosomes: a genome may have thousands of one bin each.
        firsts = np.arange(0, len(records), _ZOOM_ITEMS)
        lasts = np.append(firsts[1:], len(records)) - 1
        leaves = np.empty(len(firsts), LEAF)
        leaves["first_chrom"], leaves["start"] = records["chrom"][firsts], records["start"][firsts]
        leaves["last_chrom"], leaves["end"] = records["chrom"][lasts], records["end"][lasts]
        for leaf, first in zip(leaves, firsts.tolist(), strict=True):
            data = deflate(records[first : first + _ZOOM_ITEMS].tobytes())
            leaf["offset"], leaf["size"] = self._file.tell(), len(data)
            self._file.write(data)
        index_at = self._file.tell()
        self._file.write(place_tree(leaves, _ZOOM_ITEMS, index_at))
        return data_at, index_at

    def _zoom_records(self, bins: _Bins, reduction: int) -> npt.NDArray[np.void]:
        records = np.empty(len(bins), _ZOOM_RECORD)
        start = bins["bin"].astype(np.int64) * reduction
        records["start"] = start
        records["end"] = np.minimum(start + reduction, self._sizes[bins["chrom"]])
        for name in ("chrom", "covered", "min", "max", "sum", "squares"):
            records[name] = bins[name]
        return records


@contextmanager
def writing_bigwig(path: Path, chrom_sizes: Mapping[str, int]) -> Iterator[BigWigWriter]:
    """Write one track, complete or not at all.

    Parameters
    ----------
    chrom_sizes
        All chromosomes of the genome, in its order, which is the order to write them in.

    Raises
    ------
    ValueError
        As `BigWigWriter.add` and `finish`; also when a chromosome is too long for the format.
    OSError
        When the file cannot be written.
    """
    with replacing(path) as aside, aside.open("wb") as file:
        writer = BigWigWriter(path, file, chrom_sizes)
        yield writer
        writer.finish()


def _reductions(longest: int) -> list[int]:
    """Bases per bin of each zoom level, until the longest chromosome is a single bin."""
    found = [FIRST_REDUCTION]
    while found[-1] < longest and len(found) < _MOST_ZOOMS:
        found.append(found[-1] * _ZOOM_FACTOR)
    return found


def _coarser(bins: _Bins) -> _Bins:
    """The bins of the next zoom level."""
    above = bins.copy()
    above["bin"] //= _ZOOM_FACTOR
    return _merged(above)


def _merged(bins: _Bins) -> _Bins:
    """Bins, given in order, with those of one chromosome and number made one."""
    apart = (bins["bin"][1:] != bins["bin"][:-1]) | (bins["chrom"][1:] != bins["chrom"][:-1])
    firsts = np.flatnonzero(np.append(True, apart))
    merged = np.empty(len(firsts), _PLACED_BIN)
    merged["chrom"], merged["bin"] = bins["chrom"][firsts], bins["bin"][firsts]
    for name in ("covered", "sum", "squares"):
        merged[name] = np.add.reduceat(bins[name], firsts)
    merged["min"] = np.minimum.reduceat(bins["min"], firsts)
    merged["max"] = np.maximum.reduceat(bins["max"], firsts)
    return merged


def _summed_up(bins: _Bins) -> tuple[int, float, float, float, float]:
    """Covered bases, least and greatest value, sum, and sum of squares."""
    return (
        int(bins["covered"].sum(dtype=np.int64)),
        float(bins["min"].min()),
        float(bins["max"].max()),
        float(bins["sum"].sum()),
        float(bins["squares"].sum()),
    )
