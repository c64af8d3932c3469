"""The segmentation of `segmentation.py` as a GPU kernel, so that only segments cross the bus.

Sequential along a block, parallel over its markers and over several blocks. It runs twice
over the probabilities: first to count the segments of every marker, then to write each where
it belongs, sorted by marker. Triton comes with PyTorch's CUDA builds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import triton
import triton.language as tl

from regtrack.prediction.segmentation import Limits, shortest_decimals
from regtrack.prediction.settings import ARITHMETIC_MARGIN
from regtrack.tracks.segments import SEGMENT, BlockSegments

# What is to be done with a base.
LEFT_OUT, ASKED_FOR, KEPT = 0, 1, 2

# Markers that one program of the kernel works on.
_LANES = 128


def segment_on_device(
    probabilities: torch.Tensor,
    bases: torch.Tensor,
    origins: Sequence[int],
    max_error: float,
    floor: float,
    ranges: Sequence[float] = (),
) -> list[BlockSegments]:
    """Segments of several blocks, as `Segmenter` makes them.

    Parameters
    ----------
    probabilities
        float32 (blocks, length, markers), contiguous; what is left out may hold anything.
    bases
        uint8 (blocks, length): `LEFT_OUT`; `ASKED_FOR`; or `KEPT`, which gives the base a
        segment in every marker, also under the floor.
    origins
        Position on its chromosome of each block's first base, 0-based.
    max_error, floor, ranges
        As `Segmenter`.

    Returns
    -------
    list of BlockSegments
        One for each block, in the CPU's memory.
    """
    blocks, length, markers = probabilities.shape
    bases = torch.nn.functional.pad(bases, (0, 1), value=LEFT_OUT)
    kept = Limits.of(markers, max_error, floor, ranges)
    scales = torch.tensor(ranges or [1.0], dtype=torch.float32, device=probabilities.device)
    limits = float(kept.error), float(kept.floor), scales
    grid = (triton.cdiv(markers, _LANES), blocks)
    size: dict[str, Any] = {
        **{"length": length, "markers": markers, "margin": ARITHMETIC_MARGIN},
        **{"LANES": _LANES, "SIGNALS": bool(ranges)},
    }
    counts = torch.zeros(blocks, markers, dtype=torch.int64, device=probabilities.device)
    nowhere = (counts,) * 5  # pointers that the counting pass does not use
    # Triton works on the current GPU, which need not be the one where the tensors are.
    with torch.cuda.device_of(probabilities):  # type: ignore[no-untyped-call]
        _cut_segments[grid](probabilities, bases, counts, *nowhere, *limits, **size, WRITE=False)
        ends_at = counts.flatten().cumsum(0)
        total = int(ends_at[-1])
        places = ends_at - counts.flatten()
        whole = [torch.empty(total, dtype=torch.int32, device=counts.device) for _ in range(2)]
        bounds = [torch.empty(total, dtype=torch.float32, device=counts.device) for _ in range(2)]
        out = (places, *whole, *bounds)
        _cut_segments[grid](probabilities, bases, counts, *out, *limits, **size, WRITE=True)
    start, end, low, high = (part.cpu().numpy() for part in (*whole, *bounds))
    edges = np.concatenate(([0], ends_at.view(blocks, markers)[:, -1].cpu().numpy()))
    segments = []
    for number, origin in enumerate(origins):
        mine = slice(int(edges[number]), int(edges[number + 1]))
        offsets = np.concatenate(([0], counts[number].cumsum(0).cpu().numpy()))
        rows = np.repeat(np.arange(markers, dtype=np.int32), np.diff(offsets))
        value = shortest_decimals(low[mine], high[mine], rows, kept.units)
        segments.append(BlockSegments(offsets, _records(start[mine], end[mine], value, origin)))
    return segments


def _records(
    start: npt.NDArray[np.int32],
    end: npt.NDArray[np.int32],
    value: npt.NDArray[np.float32],
    origin: int,
) -> npt.NDArray[np.void]:
    records = np.empty(len(start), SEGMENT)
    records["start"], records["end"], records["value"] = start, end, value
    records["start"] += np.uint32(origin)
    records["end"] += np.uint32(origin)
    return records


@triton.jit
def _cut_segments(  # type: ignore[no-untyped-def]
    probabilities,
    bases,
    counts,
    places,
    out_start,
    out_end,
    out_low,
    out_high,
    share,
    floor_share,
    ranges,
    length,
    markers,
    margin,
    LANES: tl.constexpr,  # noqa: N803
    SIGNALS: tl.constexpr,  # noqa: N803
    WRITE: tl.constexpr,  # noqa: N803
):
    """A translation of `_extend_all` in segmentation.py; arguments as `segment_on_device`."""
    block = tl.program_id(1).to(tl.int64)
    lane = tl.program_id(0) * LANES + tl.arange(0, LANES)
    real = lane < markers
    error, floor = share, floor_share
    if SIGNALS:
        scale = tl.load(ranges + lane, mask=real, other=1.0)
        error, floor = share * scale, floor_share * scale
    start = tl.full((LANES,), -1, tl.int32)
    end = tl.zeros((LANES,), tl.int32)
    low = tl.full((LANES,), float("-inf"), tl.float32)
    high = tl.full((LANES,), float("inf"), tl.float32)
    high_at_end = tl.zeros((LANES,), tl.float32)
    cuts = tl.zeros((LANES,), tl.int64)
    if WRITE:
        place = tl.load(places + block * markers + lane, mask=real, other=0)
    # Behind the last base stands one that is left out: there everything open ends.
    for base in range(length + 1):
        kind = tl.load(bases + block * (length + 1) + base)
        asked = lane < tl.where(kind > 0, markers, 0)
        least = tl.where(kind == 2, -1.0, floor)
        row = probabilities + (block * length + base) * markers
        value = tl.load(row + lane, mask=asked, other=0.0)
        if SIGNALS:
            error = tl.maximum(share * scale - margin * value, 0.0)
        fits = (value - error <= high) & (low <= value + error) & asked
        crossed = (start >= 0) & (fits == 0)
        if WRITE:
            at = place + cuts
            tl.store(out_start + at, start, mask=crossed)
            tl.store(out_end + at, end, mask=crossed)
            tl.store(out_low + at, low, mask=crossed)
            tl.store(out_high + at, high_at_end, mask=crossed)
        cuts += crossed.to(tl.int64)
        start = tl.where(crossed, -1, start)
        low = tl.where(crossed, float("-inf"), low)
        high = tl.where(crossed, float("inf"), high)
        needed = (value >= least) & asked
        closed = start < 0
        upper = tl.minimum(high, value + error)
        low = tl.where(needed, tl.maximum(low, value - error), low)
        high = tl.where(needed | ((start >= 0) & asked), upper, high)
        high_at_end = tl.where(needed, upper, high_at_end)
        start = tl.where(needed & closed, base, start)
        end = tl.where(needed, base + 1, end)
    if not WRITE:
        tl.store(counts + block * markers + lane, cuts, mask=real)
