"""The segmentation of `segmentation.py` as GPU kernels, so that only segments cross the bus.

Sequential along a block, parallel over its markers and over several blocks. The scan runs twice
over the probabilities: first to count the segments of every marker, then to write each where it
belongs, sorted by marker. A second kernel finds the segments' values. Triton comes with PyTorch's
CUDA builds.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import triton
import triton.language as tl
from torch import Tensor

from regtrack.prediction.segmentation import Limits
from regtrack.prediction.settings import ARITHMETIC_MARGIN
from regtrack.tracks.segments import SEGMENT

# The value of a base that is left out; no network's is.
LEFT_OUT = float("-inf")

# Markers that one program of the scan works on: a warp, so that many of them are under way.
_LANES = 32
# Bases whose values are asked for together.
_BASES = 8
# Segments whose values one program finds.
_SEGMENTS = 256

# Of a segment's record, in words of four bytes.
_WORDS = SEGMENT.itemsize // 4

# Products are rounded before they are added, as on a CPU: else bytes differ.
_EXACT = {"enable_fp_fusion": False}


class DeviceSegments(NamedTuple):
    """Segments of several blocks.

    Parameters
    ----------
    counts
        int64 (blocks, markers), in the CPU's memory: segments of each.
    records
        int32 (segments, 3): start, end and value as SEGMENT has them, block by block, marker by
        marker.
    """

    counts: npt.NDArray[np.int64]
    records: Tensor


def segment_on_device(
    probabilities: Tensor,
    edges: Sequence[int],
    origins: Sequence[int],
    forced: Sequence[int | None],
    max_error: float,
    floor: float,
    ranges: Sequence[float] = (),
) -> DeviceSegments:
    """Segments of several blocks, as `Segmenter` makes them.

    Parameters
    ----------
    probabilities
        float32 (bases, markers), contiguous, block after block: `LEFT_OUT` where a base has none.
    edges
        The bases of block i are those from edge i up to edge i + 1.
    origins
        Position on its chromosome of each block's first base, 0-based.
    forced
        Of each block, the base, counted from its first, that gets a segment in every marker, also
        under the floor; None where there is none.
    max_error, floor, ranges
        As `Segmenter`.

    Raises
    ------
    ValueError
        When `max_error` leaves no room for `ARITHMETIC_MARGIN`.
    """
    blocks, markers = len(origins), probabilities.shape[1]
    device = probabilities.device
    limits = Limits.of(markers, max_error, floor, ranges)
    forced_bases = torch.tensor([-1 if base is None else base for base in forced], device=device)
    scan = functools.partial(
        _scan[blocks, triton.cdiv(markers, _LANES)],
        *(probabilities, torch.tensor(edges, device=device)),
        *(forced_bases, torch.tensor(origins, device=device)),
        **{"error_share": float(limits.error), "floor_share": float(limits.floor)},
        **{"ranges": torch.tensor(ranges or [1.0], dtype=torch.float32, device=device)},
        **{"margin": ARITHMETIC_MARGIN, "markers": markers},
        **{"LANES": _LANES, "BASES": _BASES, "SIGNALS": bool(ranges), "num_warps": 1, **_EXACT},
    )
    counts = torch.zeros(blocks, markers, dtype=torch.int64, device=device)
    # Triton works on the current GPU, which need not be the one where the tensors are.
    with torch.cuda.device_of(probabilities):
        nowhere = counts  # for pointers that the counting pass does not use
        scan(counts, nowhere, nowhere, nowhere, WRITE=False)
        ends = counts.flatten().cumsum(0)
        on_cpu = counts.cpu().numpy()  # waits for the device
        total = int(on_cpu.sum())
        records = torch.empty(total, _WORDS, dtype=torch.int32, device=device)
        if total:
            uppers = torch.empty(total, dtype=torch.float32, device=device)
            scan(counts, ends - counts.flatten(), records, uppers, WRITE=True)
            units = torch.from_numpy(limits.units).to(device)[None].expand(blocks, -1)
            per_segment = units.flatten().repeat_interleave(counts.flatten()) if ranges else units
            _put_values[triton.cdiv(total, _SEGMENTS),](
                *(records, uppers, per_segment, total),
                **{"SIZE": _SEGMENTS, "SIGNALS": bool(ranges), **_EXACT},
            )
    return DeviceSegments(on_cpu, records)


@triton.jit
def _values_of(probabilities, place, left, markers, lane, BASES: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: N803
    """The probabilities of some bases: all are asked for before the first is used."""
    values = ()
    for base in tl.static_range(BASES):
        inside = lane < tl.where(base < left, markers, 0)
        row = probabilities + (place + base) * markers
        values = values + (tl.load(row + lane, mask=inside, other=float("-inf")),)  # type: ignore[assignment]
    return values


@triton.jit
def _extend(value, base, state, limits, out, SIGNALS: tl.constexpr, WRITE: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: N803
    """A translation of one turn of `_extend_all` in segmentation.py."""
    start, end, low, high, upper_at_end, cuts = state
    share, floor, margin, forced = limits
    error = share
    if SIGNALS:
        error = tl.maximum(share - margin * value, 0.0)
    asked = value > float("-inf")  # not left out
    fits = (value - error <= high) & (low <= value + error) & asked
    crossed = (start >= 0) & (fits == 0)
    if WRITE:
        origin, records, uppers = out
        record = records + 3 * cuts
        tl.store(record, (origin + start).to(tl.int32), mask=crossed)
        tl.store(record + 1, (origin + end).to(tl.int32), mask=crossed)
        # In the value's place, the lower bound, until the value is found.
        tl.store(record + 2, low.to(tl.int32, bitcast=True), mask=crossed)
        tl.store(uppers + cuts, upper_at_end, mask=crossed)
    cuts += crossed.to(tl.int64)
    start = tl.where(crossed, -1, start)
    low = tl.where(crossed, float("-inf"), low)
    high = tl.where(crossed, float("inf"), high)
    needed = (value >= tl.where(base == forced, float("-inf"), floor)) & asked
    closed = start < 0
    upper = tl.minimum(high, value + error)
    low = tl.where(needed, tl.maximum(low, value - error), low)
    high = tl.where(needed | ((start >= 0) & asked), upper, high)
    upper_at_end = tl.where(needed, upper, upper_at_end)
    start = tl.where(needed & closed, base, start)
    end = tl.where(needed, base + 1, end)
    return start, end, low, high, upper_at_end, cuts


@triton.jit
def _scan(  # type: ignore[no-untyped-def]
    probabilities,
    edges,
    forced_bases,
    origins,
    counts,
    places,
    records,
    uppers,
    error_share,
    floor_share,
    ranges,
    margin,
    markers,
    LANES: tl.constexpr,  # noqa: N803
    BASES: tl.constexpr,  # noqa: N803
    SIGNALS: tl.constexpr,  # noqa: N803
    WRITE: tl.constexpr,  # noqa: N803
):
    """Count the segments of some markers on a block, or write them; see `segment_on_device`."""
    block = tl.program_id(0).to(tl.int64)
    lane = tl.program_id(1) * LANES + tl.arange(0, LANES)
    real = lane < markers
    share, floor = error_share, floor_share
    if SIGNALS:
        scale = tl.load(ranges + lane, mask=real, other=1.0)
        share, floor = share * scale, floor * scale
    limits = (share, floor, margin, tl.load(forced_bases + block))
    out = (tl.load(origins + block), records, uppers)
    first = tl.zeros((LANES,), tl.int64)
    if WRITE:
        first = tl.load(places + block * markers + lane, mask=real, other=0)
    state = (
        tl.full((LANES,), -1, tl.int32),
        tl.zeros((LANES,), tl.int32),
        tl.full((LANES,), float("-inf"), tl.float32),
        tl.full((LANES,), float("inf"), tl.float32),
        tl.zeros((LANES,), tl.float32),
        first,
    )
    place = tl.load(edges + block)
    length = (tl.load(edges + block + 1) - place).to(tl.int32)
    values = _values_of(probabilities, place, length, markers, lane, BASES)
    # Behind the last base stand some that are left out: there everything open ends.
    for base in range(0, length + 1, BASES):
        behind = base + BASES
        coming = _values_of(probabilities, place + behind, length - behind, markers, lane, BASES)
        for ahead in tl.static_range(BASES):
            state = _extend(values[ahead], base + ahead, state, limits, out, SIGNALS, WRITE)
        values = coming
    if not WRITE:
        tl.store(counts + block * markers + lane, state[5], mask=real)


@triton.jit
def _put_values(  # type: ignore[no-untyped-def]
    records,
    uppers,
    units,
    total,
    SIZE: tl.constexpr,  # noqa: N803
    SIGNALS: tl.constexpr,  # noqa: N803
):
    """Put each segment's value in the place of its lower bound: `shortest_decimals`.

    Apart from the scan: there, float64 would be spent on every base, not on every hundredth.
    """
    index = tl.program_id(0).to(tl.int64) * SIZE + tl.arange(0, SIZE)
    real = index < total
    low = tl.load(records + 3 * index + 2, mask=real, other=0).to(tl.float32, bitcast=True)
    least = low.to(tl.float64)
    most = tl.load(uppers + index, mask=real, other=0.0).to(tl.float64)
    middle = (least + most) / 2
    best = middle
    scale = tl.full((SIZE,), 1e6, tl.float64)
    if SIGNALS:
        scale /= tl.load(units + index, mask=real, other=1.0)
    for _ in tl.static_range(7):
        scaled = middle * scale
        # To the nearest, half to even: in the sum, no bits are left for a fraction.
        whole = (scaled + 6755399441055744.0) - 6755399441055744.0
        whole = tl.where(tl.abs(scaled) < 2251799813685248.0, whole, scaled)
        value = whole / scale
        best = tl.where((least <= value) & (value <= most), value, best)
        scale = scale / 10
    tl.store(records + 3 * index + 2, best.to(tl.float32).to(tl.int32, bitcast=True), mask=real)
