"""Segments summed up in bins of a fixed width: what zoom levels are made of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.tracks.segments import Records

# Bases per bin. Blocks are multiples of both, so that bins of one block are none of another's.
# kent's readers, at r bases a pixel, want bins of less than r / 2: so it is 400 for 1 Mb on 1,000
# pixels, and 1,600 for 4 Mb. The finest bins pay for dense tracks only.
FINEST_REDUCTION = 400
BIN_REDUCTION = 1_600

# Bins per part of a zoom level; a block has 500 of the finest.
ZOOM_ITEMS = 512

# Summary of the covered bases of one bin: number, extremes, sum and sum of squares of values.
# Bin i is the bases from i times the reduction on.
BIN = np.dtype(
    [
        ("bin", "<u4"),
        ("covered", "<u4"),
        ("min", "<f4"),
        ("max", "<f4"),
        ("sum", "<f8"),
        ("squares", "<f8"),
    ]
)

# One bin, byte for byte as the zoom levels of a BigWig file have it.
ZOOM = np.dtype(
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


def finest_bins(
    records: Records, offsets: npt.NDArray[np.int64], most: float = 1
) -> tuple[Records, npt.NDArray[np.int64]]:
    """BIN of `FINEST_REDUCTION` with a covered base, marker by marker, and each one's number.

    Parameters
    ----------
    records, offsets
        As `BlockSegments` has them.
    most
        That a value can be.

    Raises
    ------
    ValueError
        When a segment is empty, out of order or overlapping, or a value is not from 0 to `most`.
    """
    counts = np.zeros(len(offsets) - 1, np.int64)
    filled = offsets[1:] > offsets[:-1]
    firsts = records["start"][offsets[:-1][filled]].astype(np.int64)
    ends = records["end"][offsets[1:][filled] - 1].astype(np.int64)
    spans = -(-ends // FINEST_REDUCTION) - firsts // FINEST_REDUCTION
    # Memory that is not written to costs nothing: few markers have all bins of their stretch.
    bins = np.empty(int(spans.clip(0).sum()), BIN)
    total = _survey(records, offsets, np.float32(most), bins, counts)
    if total < 0:
        raise ValueError(f"segments must be sorted, disjoint, and of values from 0 to {most:g}")
    return bins[:total], counts


def coarser_bins(
    fine: Records, fine_counts: npt.NDArray[np.int64]
) -> tuple[Records, npt.NDArray[np.int64]]:
    """The same of `BIN_REDUCTION`, of what `finest_bins` found."""
    bins, counts = np.empty(len(fine), BIN), np.empty_like(fine_counts)
    return bins[: _join(fine, fine_counts, bins, counts)].copy(), counts


def zoom_records(
    bins: Records, reduction: int, chroms: npt.ArrayLike, sizes: npt.ArrayLike
) -> Records:
    """ZOOM of BIN.

    Parameters
    ----------
    reduction
        Bases per bin.
    chroms, sizes
        Number and length of each bin's chromosome, or of the one that all are of.
    """
    records = np.empty(len(bins), ZOOM)
    start = bins["bin"].astype(np.int64) * reduction
    records["chrom"], records["start"] = chroms, start
    records["end"] = np.minimum(start + reduction, sizes)
    for name in ("covered", "min", "max", "sum", "squares"):
        records[name] = bins[name]
    return records


@compiled
def _fill(
    summary: np.void,
    number: np.int64,
    covered: np.int64,
    extremes: tuple[np.float32, np.float32],
    sums: tuple[float, float],
) -> None:
    """Write out a bin: while it is summed up, its numbers stay out of memory."""
    summary["bin"], summary["covered"] = number, covered
    summary["min"], summary["max"] = extremes
    summary["sum"], summary["squares"] = sums


@compiled
def _survey(
    records: Records,
    offsets: npt.NDArray[np.int64],
    most: np.float32,
    bins: Records,
    counts: npt.NDArray[np.int64],
) -> int:
    """Check segments, and sum them up in the finest bins; returns how many, or -1."""
    filled = 0
    for marker in range(len(offsets) - 1):
        begin = filled
        first, behind = offsets[marker], offsets[marker + 1]
        if first == behind:
            continue
        last_end = np.int64(records[behind - 1]["end"])  # there is no room for bins behind it
        previous_end = np.int64(records[first]["start"])
        number = bin_end = covered = np.int64(0)
        low = high = np.float32(0)
        total = squares = 0.0
        for index in range(first, behind):
            start = np.int64(records[index]["start"])
            end = np.int64(records[index]["end"])
            value = records[index]["value"]
            if not (previous_end <= start < end <= last_end and np.float32(0) <= value <= most):
                return -1
            previous_end = end
            while start < end:
                if start >= bin_end:
                    if covered:
                        _fill(bins[filled], number, covered, (low, high), (total, squares))
                        filled += 1
                    number = start // FINEST_REDUCTION
                    bin_end = (number + 1) * FINEST_REDUCTION
                    covered = np.int64(0)
                    low = high = value
                    total = squares = 0.0
                until = min(end, bin_end)
                weighted = (until - start) * np.float64(value)
                covered += until - start
                low, high = min(low, value), max(high, value)
                total += weighted
                squares += weighted * np.float64(value)
                start = until
        _fill(bins[filled], number, covered, (low, high), (total, squares))
        filled += 1
        counts[marker] = filled - begin
    return filled


@compiled
def _join(
    fine: Records,
    fine_counts: npt.NDArray[np.int64],
    bins: Records,
    counts: npt.NDArray[np.int64],
) -> int:
    """Join the finest bins of all markers to those of `BIN_REDUCTION`; returns how many."""
    filled = first = 0
    for marker in range(len(fine_counts)):
        begin, behind = filled, first + fine_counts[marker]
        number = covered = np.int64(0)
        low = high = np.float32(0)
        total = squares = 0.0
        for index in range(first, behind):
            part = fine[index]
            coarser = np.int64(part["bin"]) * FINEST_REDUCTION // BIN_REDUCTION
            if coarser != number or not covered:
                if covered:
                    _fill(bins[filled], number, covered, (low, high), (total, squares))
                    filled += 1
                number, covered = coarser, np.int64(part["covered"])
                low, high = part["min"], part["max"]
                total, squares = part["sum"], part["squares"]
            else:
                covered += np.int64(part["covered"])
                low, high = min(low, part["min"]), max(high, part["max"])
                total += part["sum"]
                squares += part["squares"]
        if covered:
            _fill(bins[filled], number, covered, (low, high), (total, squares))
            filled += 1
        first = behind
        counts[marker] = filled - begin
    return filled
