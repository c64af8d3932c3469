"""Encoded segments: made of rows, taken apart again, and written without blocks."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyBigWig
from hypothesis import strategies as st

from regtrack.tracks.bigwig_writer import writing_bigwig
from regtrack.tracks.encoding import EncodedSegments, encode_block
from regtrack.tracks.peaks.block_peaks import BlockRules
from regtrack.tracks.peaks.callers import PEAK_BIN
from regtrack.tracks.peaks.rules import BARE_RUNS, PeakRules
from regtrack.tracks.segments import SEGMENT, BlockSegments

# Start and end (0-based, half-open) and value of a segment.
Row = tuple[int, int, float]


class Segments(NamedTuple):
    """Sorted, disjoint segments of one marker on one chromosome, column by column."""

    starts: np.ndarray
    ends: np.ndarray
    values: np.ndarray


@st.composite
def segment_rows(draw: st.DrawFn, markers: int, span: int = 200_000) -> list[list[Row]]:
    """Sorted, disjoint segments of some markers; many touch."""
    found = []
    for _ in range(markers):
        edges = sorted(draw(st.sets(st.integers(0, span), max_size=14)))
        values = draw(st.lists(st.floats(0, 1, width=32), min_size=14, max_size=14))
        kept = draw(st.lists(st.booleans(), min_size=14, max_size=14))
        rows = zip(edges[:-1], edges[1:], values, kept, strict=False)
        found.append([(start, end, value) for start, end, value, keep in rows if keep])
    return found


def block_of(found: list[list[Row]]) -> BlockSegments:
    """Segments of several markers, as the segmenter gives them."""
    offsets = np.array([0, *accumulate(map(len, found))], np.int64)
    rows = [row for of_marker in found for row in of_marker]
    return BlockSegments(offsets, np.array(rows, SEGMENT))


def rows_of(piece: EncodedSegments) -> list[Row]:
    """What a reader finds in the deflated sections."""
    found: list[Row] = []
    at = 0
    for start, end, size in piece.sections.tolist():
        section = zlib.decompress(piece.data[at : at + size])
        _, first, last, step, span, kind, _, count = struct.unpack_from("<5IBBH", section)
        assert (first, last, step, span, kind) == (start, end, 0, 0, 1)
        rows = np.frombuffer(section, SEGMENT, offset=24)
        assert len(rows) == count
        assert (rows["start"][0], rows["end"][-1]) == (start, end)
        found += rows.tolist()
        at += size
    assert at == len(piece.data)
    return found


def called_from(*thresholds: float, rules: PeakRules = BARE_RUNS, stride: int = 1) -> BlockRules:
    """A threshold for each marker; every run is a peak where no rules are given."""
    return BlockRules(np.array(thresholds, np.float32), rules, stride)


def peaks_of(is_high: np.ndarray, rules: PeakRules) -> list[tuple[int, int]]:
    """Base by base: what is called when these bases are at or above a threshold."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_high, [0])).astype(int)))
    found: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if found and start - found[-1][1] <= rules.max_gap:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return [(start, end) for start, end in found if end - start >= rules.min_length]


def by_bin(values: np.ndarray, start: int) -> np.ndarray:
    """Of each base from `start` on, the highest value of the bin that it lies in."""
    bins = (start + np.arange(len(values))) // PEAK_BIN
    firsts = np.flatnonzero(np.diff(bins, prepend=-1))
    highest = np.maximum.reduceat(values, firsts)
    return np.repeat(highest, np.diff(np.append(firsts, len(values))))


def encode_segments(
    segments: Segments, chrom_index: int, block_rules: BlockRules | None = None
) -> EncodedSegments:
    """As of a block of one marker."""
    records = np.array(list(zip(*segments, strict=True)), SEGMENT)
    block = BlockSegments(np.array([0, len(records)]), records)
    return encode_block(block, chrom_index, block_rules).of(0)


def write_bigwig(
    path: Path, chrom_sizes: Mapping[str, int], segments: Iterable[tuple[str, Segments]]
) -> None:
    """Write one track from pieces of chromosomes, in the genome's order."""
    order = list(chrom_sizes)
    with writing_bigwig(path, chrom_sizes) as writer:
        for chrom, piece in segments:
            writer.add([(chrom, encode_segments(piece, order.index(chrom)))])


def read_segments(path: Path, chrom: str, start: int, end: int) -> Segments:
    """The segments of a BigWig file that overlap a region, whole, as pyBigWig reads them."""
    with pyBigWig.open(str(path)) as file:
        entries = file.intervals(chrom, start, end) if chrom in file.chroms() else None
    starts, ends, values = zip(*entries, strict=True) if entries else ((), (), ())
    return Segments(np.array(starts, int), np.array(ends, int), np.array(values, np.float32))
