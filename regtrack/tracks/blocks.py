"""Block files: the encoded segments of all markers on one block, saved as one unit of work.

They are what a killed run goes on from, and what the track files are written from. A file is
the number of edges, the offsets, sections, bins and high segments, and the data, as
`EncodedBlock` has them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regtrack.atomic import replacing
from regtrack.errors import InputError
from regtrack.tracks.encoding import BIN, SECTION, EncodedBlock, EncodedSegments
from regtrack.tracks.segments import SEGMENT

# Bases per block. Long enough that cutting every segment at a block's end costs nothing
# (1 segment in 2,000), short enough that a killed run loses only seconds.
BLOCK_LENGTH = 200_000

# Of the files below, so that no run goes on with those of another regtrack.
BLOCK_FORMAT = 2


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
    """A folder of block files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, block: Block) -> Path:
        """File of a block, whether it is there or not."""
        return self._folder / f"{block.name}.blk"

    def save(self, block: Block, encoded: EncodedBlock) -> None:
        """Write a block's file, complete or not at all.

        Raises
        ------
        ValueError
            When a segment reaches out of the block.
        """
        places = encoded.sections
        if len(places) and not (
            block.start <= places["start"].min() and places["end"].max() <= block.end
        ):
            raise ValueError(f"segments reach out of {block}")
        with replacing(self.path(block)) as aside, aside.open("wb") as file:
            # Not tofile(), whose error of a full disk does not say so.
            file.write(np.array([encoded.offsets.shape[1]], np.int64).tobytes())
            for part in (encoded.offsets, encoded.sections, encoded.bins, encoded.high):
                file.write(part.tobytes())
            file.write(encoded.data)

    def read(self, block: Block, first: int, last: int) -> list[EncodedSegments]:
        """What was saved of the markers [first, last); reads no other marker's.

        Raises
        ------
        InputError
            When the file is not as long as it should be.
        """
        with self.path(block).open("rb") as file:
            edges = int(np.fromfile(file, np.int64, 1)[0])
            offsets = np.fromfile(file, np.int64, 4 * edges).reshape(4, edges)
            parts = []
            for row, kind in zip(offsets, (SECTION, BIN, SEGMENT, np.dtype("u1")), strict=True):
                begin = file.tell()
                file.seek(int(row[first]) * kind.itemsize, os.SEEK_CUR)
                parts.append(np.fromfile(file, kind, int(row[last] - row[first])))
                file.seek(begin + int(row[-1]) * kind.itemsize)
            if file.tell() != file.seek(0, os.SEEK_END):
                raise InputError(self.path(block), "damaged; predict it anew by removing it")
        sections, bins, high, data = parts
        mine = offsets[:, first : last + 1]
        found = EncodedBlock(mine - mine[:, :1], sections, bins, high, data.tobytes())
        return [found.of(number) for number in range(last - first)]
