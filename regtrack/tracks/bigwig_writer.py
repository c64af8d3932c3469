"""Writes BigWig files from encoded blocks, streaming: kept are the index and what zooms need.

Layout after Kent et al. 2010, "BigWig and BigBed", version 4, little-endian: header, zoom
headers, summary, chromosomes, data sections, their index, then each zoom level with its index.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from regtrack.atomic import errors_naming, replacing
from regtrack.signals import MOST
from regtrack.tracks.bbi import BIGWIG_MAGIC, LONGEST_CHROM
from regtrack.tracks.bigwig_trees import HEADER, LEAF, chrom_tree, place_tree
from regtrack.tracks.bigwig_zooms import (
    PLACED_BIN,
    ZoomLevel,
    ZoomPacker,
    chosen_levels,
    merged,
    reductions,
    zoom_levels,
)
from regtrack.tracks.bins import BIN, FINEST_REDUCTION, ZOOM_ITEMS, finest_bins
from regtrack.tracks.deflate import inflate
from regtrack.tracks.encoding import (
    LARGEST_SECTION,
    MOST_ITEMS,
    SECTION_HEADER,
    EncodedSegments,
    fine_part,
)
from regtrack.tracks.segments import SEGMENT, Records, concatenated

_VERSION = 4
ZOOM_HEADER = struct.Struct("<IIQQ")
SUMMARY = struct.Struct("<Qdddd")  # covered bases, least and greatest value, sums

# The finest level takes some three times the bytes of the next one.
_FINER = 3

# Sections whose segments are summed up at once.
_SECTIONS_AT_ONCE = 64


class BigWigWriter:
    """One file, fed from left to right; `writing_bigwig` makes one."""

    def __init__(self, path: Path, file: BinaryIO, chrom_sizes: Mapping[str, int]) -> None:
        self._path = path
        self._file = file
        self._numbers = {name: number for number, name in enumerate(chrom_sizes)}
        self._sizes = np.array([*chrom_sizes.values()], np.int64)
        if self._sizes.max() > LONGEST_CHROM:
            raise ValueError(f"a chromosome of more than {LONGEST_CHROM:,} bases")
        self._last_end = np.int64(0)
        self._leaves: list[Records] = []
        self._bins: list[Records] = []
        # Of pieces that have them, by the number of their first section: the finest bins, packed,
        # how many there are, and the number of the last section.
        self._fine: dict[int, tuple[tuple[bytes, int], int]] = {}
        self._sections = 0
        # Header, zoom headers and summary are written at the end, when they are known; so is
        # the number of sections, in front of them.
        most_zooms = len(reductions(int(self._sizes.max())))
        self._chrom_tree_at = HEADER.size + ZOOM_HEADER.size * most_zooms + SUMMARY.size
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
        sections = concatenated([piece.sections for _, piece in some])
        chroms = np.repeat(numbers, [len(piece.sections) for _, piece in some])
        # As one number each, so that those of a later chromosome are greater.
        starts, ends = ((chroms << 32) + sections[edge] for edge in ("start", "end"))
        if np.any(starts < np.append(self._last_end, ends[:-1])) or np.any(
            sections["end"] > self._sizes[chroms]
        ):
            raise ValueError("segments are out of order or past the end of their chromosome")
        self._last_end = ends[-1]
        leaves = np.empty(len(sections), LEAF)
        leaves["first_chrom"] = leaves["last_chrom"] = chroms
        for name in "start", "end", "size":
            leaves[name] = sections[name]
        sizes = sections["size"].astype(np.int64)
        leaves["offset"] = self._file.tell() + np.cumsum(sizes) - sizes
        self._leaves.append(leaves)
        bins = concatenated([piece.bins for _, piece in some])
        self._bins.append(_placed(bins, np.repeat(numbers, [len(piece.bins) for _, piece in some])))
        for _, piece in some:
            first, self._sections = self._sections, self._sections + len(piece.sections)
            if piece.fine:
                self._fine[first] = fine_part(piece), self._sections - 1
        with errors_naming(self._path):  # several are open at once
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
        data_size = self._file.tell() - self._data_at
        bins = merged(np.concatenate(self._bins))
        self._bins.clear()  # others of the group still wait for their turn
        summary = SUMMARY.pack(*_summed_up(bins))
        levels = zoom_levels(bins, self._sizes)
        sizes = [level.size for level in levels]
        if 0 in chosen_levels([_FINER * sizes[0], *sizes], data_size):
            levels.insert(0, self._finest_level(leaves))
            sizes.insert(0, levels[0].size)
        self._fine.clear()
        chosen = chosen_levels(sizes, data_size)
        zooms = [self._write_zoom(levels[number]) for number in chosen]
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
        self._file.write(header + b"".join(zooms))
        self._file.seek(self._chrom_tree_at - SUMMARY.size)
        self._file.write(summary)
        self._file.seek(self._data_at)
        self._file.write(struct.pack("<Q", len(leaves)))

    def _write_zoom(self, level: ZoomLevel) -> bytes:
        """Write a zoom level; returns what the file's header says of it."""
        data_at = self._file.tell()
        self._file.write(struct.pack("<I", level.count))
        leaves = level.leaves.copy()
        leaves["offset"] += self._file.tell()
        self._file.write(b"".join(level.parts))
        index_at = self._file.tell()
        self._file.write(place_tree(leaves, ZOOM_ITEMS, index_at))
        return ZOOM_HEADER.pack(level.reduction, 0, data_at, index_at)

    def _finest_level(self, leaves: Records) -> ZoomLevel:
        """The level that dense pieces bring with them; the others are summed up anew.

        Parameters
        ----------
        leaves
            LEAF of all data sections, which are in the file.
        """
        packer = ZoomPacker(FINEST_REDUCTION, self._sizes)
        chroms, starts, ends = (leaves[name].tolist() for name in ("last_chrom", "start", "end"))
        sizes = self._sizes.tolist()
        done = 0
        for first, (part, last) in self._fine.items():
            chrom = chroms[first]
            start = starts[first] // FINEST_REDUCTION * FINEST_REDUCTION
            end = -(-ends[last] // FINEST_REDUCTION) * FINEST_REDUCTION
            # Their bins may be those of the piece beside, too, and the last one be too long.
            left, right = first - 1, last + 1
            if (
                (first > 0 and chroms[left] == chrom and ends[left] > start)
                or (right < len(leaves) and chroms[right] == chrom and starts[right] < end)
                or end > sizes[chrom]
            ):
                continue
            self._sum_up(leaves[done:first], packer)
            packer.add_part(*part, (chrom, start, chrom, end))
            done = right
        self._sum_up(leaves[done:], packer)
        self._file.seek(0, os.SEEK_END)
        return packer.finish()

    def _sum_up(self, leaves: Records, packer: ZoomPacker) -> None:
        """Add the finest bins of some consecutive data sections, read back from the file."""
        bins_of_parts = []
        edges = np.flatnonzero(np.diff(leaves["first_chrom"], prepend=-1, append=-1))
        for first, behind in pairwise(edges.tolist()):
            for at in range(first, behind, _SECTIONS_AT_ONCE):
                some = leaves[at : min(at + _SECTIONS_AT_ONCE, behind)]
                begin = int(some["offset"][0])
                self._file.seek(begin)
                data = self._file.read(int(some["size"].sum()))
                places = (some["offset"].astype(np.int64) - begin).tolist()
                sections = [
                    inflate(data[place : place + size], LARGEST_SECTION)[SECTION_HEADER.size :]
                    for place, size in zip(places, some["size"].tolist(), strict=True)
                ]
                records = np.frombuffer(b"".join(sections), SEGMENT)
                bins, _ = finest_bins(records, np.array([0, len(records)], np.int64), MOST)
                bins_of_parts.append(_placed(bins, some["first_chrom"][0]))
        if bins_of_parts:
            packer.add(merged(np.concatenate(bins_of_parts)))


@contextmanager
def writing_bigwig(
    path: Path, chrom_sizes: Mapping[str, int], tidy: bool = True
) -> Iterator[BigWigWriter]:
    """Write one track, complete or not at all.

    Parameters
    ----------
    chrom_sizes
        All chromosomes of the genome, in its order, which is the order to write them in.
    tidy
        As `regtrack.atomic.replacing`.

    Raises
    ------
    ValueError
        As `BigWigWriter.add` and `finish`; also when a chromosome is too long for the format.
    OSError
        When the file cannot be written.
    """
    with replacing(path, tidy) as aside, aside.open("w+b") as file:
        writer = BigWigWriter(path, file, chrom_sizes)
        yield writer
        writer.finish()


def _placed(bins: Records, chroms: npt.ArrayLike) -> Records:
    """PLACED_BIN of BIN and the number of their chromosomes."""
    placed = np.empty(len(bins), PLACED_BIN)
    placed["chrom"] = chroms
    for name in BIN.names or ():
        placed[name] = bins[name]
    return placed


def _summed_up(bins: Records) -> tuple[int, float, float, float, float]:
    """Covered bases, least and greatest value, sum, and sum of squares."""
    return (
        int(bins["covered"].sum(dtype=np.int64)),
        float(bins["min"].min()),
        float(bins["max"].max()),
        float(bins["sum"].sum()),
        float(bins["squares"].sum()),
    )
