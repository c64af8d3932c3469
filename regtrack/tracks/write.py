"""The files of some markers, written from the saved blocks. What a worker process does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from regtrack.folders import check_folder
from regtrack.tracks.bigwig_writer import writing_bigwig
from regtrack.tracks.bins import BIN, BIN_REDUCTION, FINEST_REDUCTION
from regtrack.tracks.blocks import BLOCK_LENGTH, Block, BlockStore
from regtrack.tracks.folder import Track
from regtrack.tracks.peaks.files import narrow_peaks, write_peaks
from regtrack.tracks.peaks.rules import PeakRules
from regtrack.tracks.segments import Records
from regtrack.tracks.summary import Summarising, Summary
from regtrack.tracks.trackless import CONTENTS

# At most so many markers' files are written side by side, every block file being opened once
# for all of them; and fewer where the bins of a long genome would take more memory than this.
_LARGEST_GROUP = 16
_BINS_MEMORY = 128_000_000

# One of the finest bins, which are kept deflated.
_FINE_SIZE = 8

# Blocks that are read before their pieces are handed on together: of so many bases, or so many.
_RUN_BASES = 32 * BLOCK_LENGTH
_LONGEST_RUN = 1_024


def check_tracks_folder(out: Path, force: bool) -> None:
    """Refuse to touch anything but a tracks folder, and that only when asked to.

    Raises
    ------
    InputError
        When `out` exists and may not be replaced.
    """
    check_folder(out, force, CONTENTS, "a tracks folder")


@dataclass(frozen=True)
class TrackWork:
    """Which markers to write, from which blocks, and where to.

    Parameters
    ----------
    first
        Position of the first marker among those in the blocks; the others follow.
    tracks
        Their files and thresholds.
    chrom_sizes
        Of the whole genome, in its order.
    order
        The saved blocks, in the genome's order; those of a file together.
    blocks, folder
        Where the blocks lie, and the tracks folder.
    peak_rules
        By which the blocks' peaks were called.
    bases
        Number of predicted bases.
    """

    first: int
    tracks: tuple[Track, ...]
    chrom_sizes: Mapping[str, int]
    order: tuple[tuple[Block, ...], ...]
    blocks: Path
    folder: Path
    peak_rules: PeakRules
    bases: int


def write_tracks(work: TrackWork) -> list[Summary]:
    """Write the BigWig and peaks of each marker that does not have both: what is there is whole.

    Who calls it for all markers has tidied the folders before, which took a tenth of the time.

    Returns
    -------
    list of Summary
        Of every marker, in their order.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    store = BlockStore(work.blocks)
    last = work.first + len(work.tracks)
    unwritten = [
        (number, track)
        for number, track in enumerate(work.tracks)
        if not all((work.folder / name).exists() for name in track.files)
    ]
    peaks: dict[int, list[tuple[str, Records]]] = {number: [] for number, _ in unwritten}
    summaries = [Summarising(track.scale) for track in work.tracks]
    with ExitStack() as stack:
        writers = {
            number: stack.enter_context(
                writing_bigwig(work.folder / track.bigwig, work.chrom_sizes, tidy=False)
            )
            for number, track in unwritten
        }
        for run in _runs(work.order, work.chrom_sizes):
            saved = [
                (block.chrom, of_block)
                for blocks in run
                for block, of_block in zip(
                    blocks, store.read(blocks, work.first, last), strict=True
                )
            ]
            for number, summary in enumerate(summaries):
                for _, of_block in saved:
                    summary.add(of_block[number])
            for number, writer in writers.items():
                pieces = [(chrom, of_block[number]) for chrom, of_block in saved]
                writer.add(pieces)
                peaks[number] += [
                    (chrom, piece.peaks) for chrom, piece in pieces if len(piece.peaks)
                ]
    finished = [summary.summary(work.bases) for summary in summaries]
    for number, track in unwritten:
        no_peaks = track.summarised(finished[number], work.bases).no_peaks
        called = [] if no_peaks else peaks[number]
        lines = narrow_peaks(called, work.peak_rules, track.marker.slug, track.scale)
        write_peaks(work.folder / track.peaks, lines, track.index_suffix)
    return finished


def group_size(markers: int, bases: int, blocks: int, workers: int) -> int:
    """How many markers a process should write side by side.

    Parameters
    ----------
    bases, blocks
        Of all blocks together, and their number.
    """
    bins = max(-(-bases // BIN_REDUCTION), blocks) * BIN.itemsize
    bins += bases // FINEST_REDUCTION * _FINE_SIZE
    share = -(-markers // workers)
    return max(1, min(_LARGEST_GROUP, share, _BINS_MEMORY // max(bins, 1)))


def _runs(
    order: Sequence[tuple[Block, ...]], chrom_sizes: Mapping[str, int]
) -> Iterator[list[tuple[Block, ...]]]:
    """Consecutive files, not too many to be held at once: of scaffolds, many."""
    run: list[tuple[Block, ...]] = []
    count = bases = 0
    for blocks in order:
        run.append(blocks)
        count += len(blocks)
        bases += sum(min(block.end, chrom_sizes[block.chrom]) - block.start for block in blocks)
        if bases >= _RUN_BASES or count >= _LONGEST_RUN:
            yield run
            run, count, bases = [], 0, 0
    if run:
        yield run
