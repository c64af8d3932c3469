"""A marker's files, written from the saved blocks. What a worker process does to a marker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from regtrack.tracks.bigwig import write_bigwig
from regtrack.tracks.blocks import Block, BlockStore
from regtrack.tracks.folder import Track
from regtrack.tracks.peaks import narrow_peaks, write_peaks
from regtrack.tracks.segments import Segments


@dataclass(frozen=True)
class TrackWork:
    """Which marker to write, from which blocks, and where to.

    Parameters
    ----------
    position
        Of the marker among those in the blocks.
    track
        Its files and threshold.
    chrom_sizes
        Of the whole genome, in its order.
    order
        The saved blocks, in the genome's order.
    blocks, folder
        Where the blocks lie, and the tracks folder.
    """

    position: int
    track: Track
    chrom_sizes: Mapping[str, int]
    order: tuple[Block, ...]
    blocks: Path
    folder: Path


def write_track(work: TrackWork) -> None:
    """Write one marker's BigWig and peaks; a file that is there already is complete.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    store = BlockStore(work.blocks)

    def pieces() -> Iterator[tuple[str, Segments]]:
        for block in work.order:
            yield block.chrom, store.read(block, work.position)

    bigwig, peaks = work.folder / work.track.bigwig, work.folder / work.track.peaks
    if not bigwig.exists():
        write_bigwig(bigwig, work.chrom_sizes, pieces())
    if not peaks.exists():
        write_peaks(peaks, narrow_peaks(pieces(), work.track.threshold, work.track.marker.slug))
