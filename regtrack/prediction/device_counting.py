"""What is counted of probabilities, as GPU kernels, so that these need not cross the bus.

Three things are made of them: labels are painted from measured peaks; every probability is counted
in its bin, inside or outside of a peak; and of every few bases the highest is told by how many
thresholds it reaches, which is all that peaks are called from. `BlockCounter` takes it from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import triton
import triton.language as tl
from torch import Tensor

from regtrack.scoring.histogram import BinLayout
from regtrack.tracks.peaks.callers import PEAK_BIN

# Markers that one program of a kernel works on: a warp.
_LANES = 32
# Bases whose probabilities one program counts.
_BASES = 64
# Bases of a peak that are painted at a time.
_PAINTED = 256

Intervals = npt.NDArray[np.int64]


class ScoredValues(NamedTuple):
    """The probabilities of some bases, on the device, and which of them are looked at.

    Parameters
    ----------
    values
        float32 (bases, outputs), contiguous.
    rows
        Which of the outputs are scored; those of a marker are in its column of what is made.
    ranges
        Of signals, each scored marker's; empty for probabilities.
    """

    values: Tensor
    rows: Sequence[int]
    ranges: Sequence[float] = ()

    def on_device(self) -> tuple[Tensor, Tensor, Tensor]:
        """The three where the values are."""
        device = self.values.device
        rows = torch.tensor(self.rows, dtype=torch.int32, device=device)
        ranges = torch.tensor(self.ranges or [1.0], dtype=torch.float32, device=device)
        return self.values, rows, ranges


def paint_labels(bases: int, markers: int, peaks: Tensor) -> Tensor:
    """Labels of some bases: uint8 (bases, markers), 1 inside of a peak and 0 outside.

    Parameters
    ----------
    peaks
        int64 (peaks, 3), on the device: marker; first base and behind the last, of these bases.
    """
    labels = torch.zeros(bases, markers, dtype=torch.uint8, device=peaks.device)
    if len(peaks):
        with torch.cuda.device_of(labels):
            _paint[len(peaks),](labels, peaks.contiguous(), markers, SIZE=_PAINTED)
    return labels


def count_on_device(
    scored: ScoredValues,
    labels: Tensor,
    known: npt.NDArray[np.bool_],
    stretches: Intervals,
    histograms: int,
    layout: BinLayout,
) -> Tensor:
    """Counts of probabilities: int32 (histograms, markers, 2, bins), outside and inside of peaks.

    Parameters
    ----------
    labels
        Of the scored markers, as `paint_labels` makes them.
    known
        bool (blocks, markers): where nothing is known of a marker, nothing is counted.
    stretches
        int64 (stretches, 4): first base and behind the last, in which histogram they are counted,
        and the row of `known`.
    layout
        Of the bins.

    Raises
    ------
    ValueError
        When a probability is not a number.
    """
    values, rows, ranges = scored.on_device()
    device, markers = values.device, len(scored.rows)
    counts = torch.zeros(histograms, markers, 2, layout.total, dtype=torch.int32, device=device)
    unsound = torch.zeros(1, dtype=torch.int32, device=device)
    chunks = _chunks(stretches, _BASES)
    if len(chunks):
        with torch.cuda.device_of(values):
            _count[len(chunks), triton.cdiv(markers, _LANES)](
                *(values, rows, ranges, labels, torch.from_numpy(known).to(device)),
                *(torch.from_numpy(chunks).to(device), counts, unsound),
                *(values.shape[1], markers, *layout),
                **{"BASES": _BASES, "LANES": _LANES, "SIGNALS": bool(scored.ranges)},
                num_warps=2,
            )
    if int(unsound):
        raise ValueError("a probability is not a number")
    return counts


def rank_on_device(
    scored: ScoredValues,
    pieces: Intervals,
    ranks: npt.NDArray[np.int32],
    dropped_bits: int,
    own: npt.NDArray[np.float32],
) -> Tensor:
    """How many thresholds the highest probability of some bases reaches: uint8 (pieces, markers).

    Parameters
    ----------
    pieces
        int64 (pieces, 2): first base of each, and behind its last; at most `PEAK_BIN`.
    ranks
        int32: of each float32, by its bits but the last `dropped_bits`.
    own
        float32 (markers,): a further threshold of each marker.
    """
    values, rows, ranges = scored.on_device()
    device, markers = values.device, len(scored.rows)
    out = torch.empty(len(pieces), markers, dtype=torch.uint8, device=device)
    if len(pieces):
        with torch.cuda.device_of(values):
            _rank[len(pieces), triton.cdiv(markers, _LANES)](
                *(values, rows, ranges, torch.from_numpy(pieces).to(device)),
                *(torch.from_numpy(ranks).to(device), torch.from_numpy(own).to(device), out),
                *(values.shape[1], markers, dropped_bits),
                **{"BASES": PEAK_BIN, "LANES": _LANES, "SIGNALS": bool(scored.ranges)},
                num_warps=1,
            )
    return out


def _chunks(stretches: Intervals, length: int) -> Intervals:
    """The same bases in stretches of at most `length`."""
    pieces = -(-(stretches[:, 1] - stretches[:, 0]) // length)
    chunks = np.repeat(stretches, pieces, axis=0)
    number = np.arange(len(chunks)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    chunks[:, 0] += number * length
    chunks[:, 1] = np.minimum(chunks[:, 1], chunks[:, 0] + length)
    return chunks


@triton.jit
def _paint(labels, peaks, markers, SIZE: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: N803
    row = peaks + 3 * tl.program_id(0)
    marker, first, last = tl.load(row), tl.load(row + 1), tl.load(row + 2)
    for begin in range(first, last, SIZE):
        base = begin + tl.arange(0, SIZE)
        tl.store(labels + base * markers + marker, 1, mask=base < last)


@triton.jit
def _tile(  # type: ignore[no-untyped-def]
    values,
    rows,
    ranges,
    outputs,
    base,
    last,
    lane,
    markers,
    SIGNALS: tl.constexpr,  # noqa: N803
):
    """Probabilities (bases, markers), or what stands for signals; and which of them are real."""
    real = (base < last)[:, None] & (lane < markers)[None, :]
    row = tl.load(rows + lane, mask=lane < markers, other=0)
    tile = tl.load(values + base[:, None] * outputs + row[None, :], mask=real, other=0.0)
    if SIGNALS:
        scale = tl.load(ranges + lane, mask=lane < markers, other=1.0)[None, :]
        tile = tl.div_rn(tile, tile + scale)
    return tile, real


@triton.jit
def _count(  # type: ignore[no-untyped-def]
    values,
    rows,
    ranges,
    labels,
    known,
    chunks,
    counts,
    unsound,
    outputs,
    markers,
    shift,
    first_bits,
    half,
    bins,
    BASES: tl.constexpr,  # noqa: N803
    LANES: tl.constexpr,  # noqa: N803
    SIGNALS: tl.constexpr,  # noqa: N803
):
    """A translation of `_count` in histogram.py."""
    chunk = chunks + 4 * tl.program_id(0)
    lane = tl.program_id(1) * LANES + tl.arange(0, LANES)
    base = tl.load(chunk) + tl.arange(0, BASES)
    last = tl.load(chunk + 1)
    value, real = _tile(values, rows, ranges, outputs, base, last, lane, markers, SIGNALS)
    label = tl.load(labels + base[:, None] * markers + lane[None, :], mask=real, other=0)
    high = value >= 0.5
    rest = (1.0 - value).to(tl.int32, bitcast=True) - 1
    bits = tl.where(high, rest, value.to(tl.int32, bitcast=True))
    low = tl.maximum((bits >> shift) - first_bits, 0)
    number = tl.where(high, tl.minimum(2 * half - 1 - low, bins - 1), low)
    of_marker = (tl.load(chunk + 2) * markers + lane) * 2 * bins
    place = of_marker[None, :] + label.to(tl.int32) * bins + number
    is_known = tl.load(known + tl.load(chunk + 3) * markers + lane, mask=lane < markers, other=0)
    is_number = value == value  # noqa: PLR0124 - it is not equal to itself where it is none
    tl.store(unsound + lane[None, :] * 0 + base[:, None] * 0, 1, mask=real & (is_number == 0))
    tl.atomic_add(
        counts + place,
        tl.full((BASES, LANES), 1, tl.int32),
        mask=real & is_number & (is_known != 0)[None, :],
        sem="relaxed",
    )


@triton.jit
def _rank(  # type: ignore[no-untyped-def]
    values,
    rows,
    ranges,
    pieces,
    ranks,
    own,
    out,
    outputs,
    markers,
    shift,
    BASES: tl.constexpr,  # noqa: N803
    LANES: tl.constexpr,  # noqa: N803
    SIGNALS: tl.constexpr,  # noqa: N803
):
    """The first part of `follow_bases`, where peaks are called on a CPU."""
    piece = tl.program_id(0).to(tl.int64)
    lane = tl.program_id(1) * LANES + tl.arange(0, LANES)
    base = tl.load(pieces + 2 * piece) + tl.arange(0, BASES)
    last = tl.load(pieces + 2 * piece + 1)
    value, _ = _tile(values, rows, ranges, outputs, base, last, lane, markers, SIGNALS)
    highest = tl.max(value, axis=0)
    real = lane < markers
    rank = tl.load(ranks + (highest.to(tl.int32, bitcast=True) >> shift), mask=real, other=0)
    rank += (highest >= tl.load(own + lane, mask=real, other=0.0)).to(tl.int32)
    tl.store(out + piece * markers + lane, rank.to(tl.uint8), mask=real)
