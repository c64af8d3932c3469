"""Block files: the segments of all markers on one block, saved as one unit of work.

They are what a killed run goes on from, and what the track files are written from,
marker by marker.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from regtrack.atomic import replacing
from regtrack.tracks.segments import Segments

# Bases per block. Long enough that cutting every segment at a block's end costs nothing
# (1 segment in 2,000), short enough that a killed run loses only seconds.
BLOCK_LENGTH = 200_000

_RECORD = np.dtype([("start", "<u4"), ("end", "<u4"), ("value", "<f4")])


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


@dataclass(frozen=True)
class BlockSegments:
    """The segments of all markers on one block.

    Parameters
    ----------
    offsets
        int64 (markers + 1,): the segments of marker i are those from `offsets[i]` to
        `offsets[i + 1]`.
    records
        Start, end (0-based, half-open, on the chromosome) and value of each.
    """

    offsets: npt.NDArray[np.int64]
    records: npt.NDArray[np.void]

    @classmethod
    def of(
        cls,
        markers: int,
        marker: npt.NDArray[np.int32],
        starts: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int64],
        values: npt.NDArray[np.float32],
    ) -> BlockSegments:
        """Sort segments, given in order of position, by marker."""
        order = np.argsort(marker, kind="stable")
        records = np.empty(len(marker), dtype=_RECORD)
        records["start"], records["end"] = starts[order], ends[order]
        records["value"] = values[order]
        offsets = np.concatenate(([0], np.cumsum(np.bincount(marker, minlength=markers))))
        return cls(offsets, records)


class BlockStore:
    """A folder of block files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, block: Block) -> Path:
        """File of a block, whether it is there or not."""
        # Chromosome names may hold any character but white space; "/" must not get out.
        safe = block.chrom.replace("%", "%25").replace("/", "%2F")
        return self._folder / f"{safe}.{block.index:05d}.blk"

    def save(self, block: Block, segments: BlockSegments) -> None:
        """Write a block's file, complete or not at all."""
        with replacing(self.path(block)) as aside, aside.open("wb") as file:
            np.save(file, segments.offsets)
            file.write(segments.records.tobytes())

    def read(self, block: Block, marker: int) -> Segments:
        """One marker's segments of a saved block; reads no other marker's."""
        with self.path(block).open("rb") as file:
            offsets = np.load(file)
            first, last = int(offsets[marker]), int(offsets[marker + 1])
            file.seek(first * _RECORD.itemsize, 1)
            records = np.fromfile(file, dtype=_RECORD, count=last - first)
        return Segments(
            records["start"].astype(np.int64),
            records["end"].astype(np.int64),
            np.ascontiguousarray(records["value"]),
        )
