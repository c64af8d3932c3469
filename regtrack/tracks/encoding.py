"""A block's segments as BigWig files will hold them: packed and deflated, in any process.

What a marker's segments on a block come to: finished data sections, bins for the zoom levels, the
peaks, and how many bases have which value. A track file is then little more than these, one block
after another (bigwig_writer.py).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regtrack.signals import MOST
from regtrack.tracks.bbi import LONGEST_CHROM
from regtrack.tracks.bins import (
    FINEST_REDUCTION,
    ZOOM_ITEMS,
    coarser_bins,
    finest_bins,
    zoom_records,
)
from regtrack.tracks.deflate import deflate
from regtrack.tracks.peaks.block_peaks import PEAK, BlockRules, block_peaks
from regtrack.tracks.peaks.runs import NO_BOUNDS
from regtrack.tracks.repeats import crowded_stretches
from regtrack.tracks.segments import SEGMENT, BlockSegments, Records
from regtrack.tracks.value_counts import count_values

# Segments per section: what a browser inflates to see a few of them. The format could hold
# 65,535; kent's tools and libBigWig take 1,024 and some 2,700.
MOST_ITEMS = 4_096

# A piece has the finest bins packed where its segments take at least so many bytes per bin. Tracks
# that get the finest level are such almost everywhere; there a bin takes 4 to 14 bytes. A few bins
# are better packed with those of other pieces.
_DENSE = 24
_FEWEST_FINE = 100

# Where a data section lies on its chromosome (0-based, half-open), and its deflated size.
SECTION = np.dtype([("start", "<u4"), ("end", "<u4"), ("size", "<u4")])

BEDGRAPH = 1
SECTION_HEADER = struct.Struct("<5IBBH")
_COUNT = struct.Struct("<I")
LARGEST_SECTION = SECTION_HEADER.size + MOST_ITEMS * SEGMENT.itemsize


@dataclass(frozen=True)
class EncodedSegments:
    """Some segments of one marker on one chromosome, ready to be written.

    Parameters
    ----------
    sections
        SECTION: what lies in `data`, in order.
    bins
        BIN, those of `BIN_REDUCTION` with a covered base, in order.
    peaks
        PEAK: runs of touching segments at or above the peak threshold, joined over gaps. Short
        ones are there only at the block's edges, where they may go on in the next block.
    counts
        COUNT, in order.
    data
        The deflated sections.
    fine
        The bins of `FINEST_REDUCTION` with a covered base, as `fine_part` takes them apart; empty
        where segments are few, which are soon summed up should the track need it.
    """

    sections: Records
    bins: Records
    peaks: Records
    counts: Records
    data: bytes
    fine: bytes


@dataclass(frozen=True)
class EncodedBlock:
    """The same of many markers, one marker after another.

    Parameters
    ----------
    offsets
        int64 (6, markers + 1): where a marker's part of `sections`, `bins`, `peaks`, `counts`,
        `data` and `fine` begins; the next one's begins where it ends.
    crowded
        CROWDED, in order: where more than half of the markers that may have peaks have one.
    """

    offsets: npt.NDArray[np.int64]
    sections: Records
    bins: Records
    peaks: Records
    counts: Records
    data: bytes
    fine: bytes
    crowded: Records

    def of(self, marker: int) -> EncodedSegments:
        """One marker's part; `marker` is its position in the block."""
        edges = zip(self.offsets[:, marker], self.offsets[:, marker + 1], strict=True)
        parts = [slice(int(first), int(last)) for first, last in edges]
        return EncodedSegments(
            self.sections[parts[0]],
            self.bins[parts[1]],
            self.peaks[parts[2]],
            self.counts[parts[3]],
            self.data[parts[4]],
            self.fine[parts[5]],
        )


def encode_block(
    segments: BlockSegments,
    chrom_index: int,
    block_rules: BlockRules | None = None,
    bounds: tuple[int, int] = NO_BOUNDS,
    ranges: npt.NDArray[np.float32] | None = None,
) -> EncodedBlock:
    """Pack the segments of all markers on a block.

    Parameters
    ----------
    chrom_index
        The chromosome's place in the genome.
    block_rules
        How peaks are called; None for no peaks.
    bounds
        Start and end of the block, 0-based, half-open: peaks may go on at either. Without it,
        these segments are all that there are.
    ranges
        float32 (markers,): of signals, each marker's range; None for probabilities.

    Raises
    ------
    ValueError
        When a segment is empty, out of order or overlapping, a value is not between 0 and 1 or
        no signal, or the arrays do not belong together.
    """
    _check_shapes(segments, block_rules)
    markers = len(segments.offsets) - 1
    records = segments.records
    most = 1 if ranges is None else MOST
    fine, fine_counts = finest_bins(records, segments.offsets, most)
    bins, bin_counts = coarser_bins(fine, fine_counts)
    if block_rules is None:
        peaks, peak_counts = np.empty(0, PEAK), np.zeros(markers, np.int64)
        may_have_peaks = 0
    else:
        peaks, peak_counts = block_peaks(segments, block_rules, bounds, ranges)
        may_have_peaks = int(np.isfinite(block_rules.thresholds).sum())
    counts, counted = count_values(records, segments.offsets, ranges)
    sections, data, fine_data = [], [], []
    section_counts, data_counts, fine_data_counts = [], [], []
    fine_ends = np.cumsum(fine_counts)
    for first, last, fine_end, fine_count in zip(
        segments.offsets[:-1], segments.offsets[1:], fine_ends, fine_counts, strict=True
    ):
        packed = _sections(records[first:last], chrom_index)
        section_counts.append(len(packed))
        data_counts.append(sum(len(part) for _, part in packed))
        sections += [place for place, _ in packed]
        data += [part for _, part in packed]
        marker_bins = fine[fine_end - fine_count : fine_end]
        fine_data.append(_packed_fine(marker_bins, chrom_index, data_counts[-1]))
        fine_data_counts.append(len(fine_data[-1]))
    sizes = np.array(
        (
            section_counts,
            bin_counts,
            peak_counts,
            counted,
            data_counts,
            fine_data_counts,
        ),
        np.int64,
    )
    offsets = np.zeros((len(sizes), markers + 1), np.int64)
    np.cumsum(sizes, axis=1, out=offsets[:, 1:])
    return EncodedBlock(
        offsets,
        np.array(sections, SECTION),
        bins,
        peaks,
        counts,
        b"".join(data),
        b"".join(fine_data),
        crowded_stretches(peaks, may_have_peaks),
    )


def fine_part(piece: EncodedSegments) -> tuple[bytes, int]:
    """The finest bins of a piece that has them: ZOOM, deflated, and their number.

    They are of full width also at a chromosome's end.
    """
    (count,) = _COUNT.unpack_from(piece.fine)
    return piece.fine[_COUNT.size :], count


def _check_shapes(segments: BlockSegments, block_rules: BlockRules | None) -> None:
    """Refuse arrays that would lead the kernels out of bounds, which they do not check."""
    offsets = segments.offsets
    if (
        (block_rules is not None and len(block_rules.thresholds) != len(offsets) - 1)
        or offsets[0] != 0
        or offsets[-1] != len(segments.records)
        or np.any(offsets[1:] < offsets[:-1])
    ):
        raise ValueError("offsets, records and thresholds do not belong together")


def _sections(records: Records, chrom_index: int) -> list[tuple[tuple[int, int, int], bytes]]:
    """The deflated sections of one marker's segments, each with its row of SECTION."""
    count = -(-len(records) // MOST_ITEMS)
    packed = []
    for number in range(count):
        part = records[len(records) * number // count : len(records) * (number + 1) // count]
        start, end = int(part["start"][0]), int(part["end"][-1])
        header = SECTION_HEADER.pack(chrom_index, start, end, 0, 0, BEDGRAPH, 0, len(part))
        data = deflate(header + part.tobytes())
        packed.append(((start, end, len(data)), data))
    return packed


def _packed_fine(bins: Records, chrom_index: int, data_size: int) -> bytes:
    """`EncodedSegments.fine` of one marker, of its finest bins and the bytes of its segments."""
    if not _FEWEST_FINE <= len(bins) <= ZOOM_ITEMS or data_size < _DENSE * len(bins):
        return b""
    records = zoom_records(bins, FINEST_REDUCTION, chrom_index, LONGEST_CHROM)
    return _COUNT.pack(len(bins)) + deflate(records.tobytes())
