"""Encoded segments: made of rows, taken apart again, and written without blocks."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from itertools import accumulate
from pathlib import Path

import numpy as np
import pyBigWig
from hypothesis import strategies as st

from regtrack.tracks.bigwig_writer import writing_bigwig
from regtrack.tracks.encoding import EncodedSegments, encode_block
from regtrack.tracks.segments import SEGMENT, BlockSegments, Segments

# Start and end (0-based, half-open) and value of a segment.
Row = tuple[int, int, float]


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
    return BlockSegments(offsets, np.array([row for rows in found for row in rows], SEGMENT))


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


def encode_segments(segments: Segments, chrom_index: int, threshold: float = 1) -> EncodedSegments:
    """As of a block of one marker."""
    columns = (segments.starts, segments.ends, segments.values)
    records = np.array(list(zip(*columns, strict=True)), SEGMENT)
    block = BlockSegments(np.array([0, len(records)]), records)
    return encode_block(block, chrom_index, np.array([threshold], np.float32)).of(0)


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
