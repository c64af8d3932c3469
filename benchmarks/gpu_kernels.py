"""Checks of gpu.py: kernels make of the same values what a CPU makes, however many there are."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from gpu_proof import Bench
from torch import Tensor

from regtrack.prediction.device_counting import (
    ScoredValues,
    count_on_device,
    paint_labels,
    rank_on_device,
)
from regtrack.prediction.device_segmentation import LEFT_OUT, segment_on_device
from regtrack.prediction.gpu_work import block_segments
from regtrack.prediction.segmentation import Segmenter
from regtrack.scoring.histogram import UNROUNDED, BinLayout, ScoreHistogram
from regtrack.tracks.blocks import BLOCK_LENGTH
from regtrack.tracks.peaks.callers import PEAK_BIN, THRESHOLD_RANKS, THRESHOLDS
from regtrack.tracks.peaks.runs import RANK_BITS
from regtrack.tracks.segments import BlockSegments

# A probability, a label, and room for segments.
_BYTES_A_VALUE = 6

R = TypeVar("R")
Values = npt.NDArray[np.float32]


def check_kernels(bench: Bench) -> None:
    """Segments and counts byte for byte, of few values and of more than 2^31."""
    began = time.monotonic()
    length = 60 if bench.small else 5_000
    shapes = [(130, 0.003, 0.003), (1, 0.2, 0.0), (5, 0.0002, 0.5), (bench.markers, 0.003, 0.003)]
    for markers, error, floor in shapes:
        _compare_segments(bench, markers, length, error, floor)
    _compare_counts(bench, min(bench.markers, 45), length)
    bench.proof.figure(f"kernels compiled and compared in {time.monotonic() - began:.1f} s")
    if bench.small:
        _compare_many(bench, 2, 150)
        return
    # Sixteen blocks of 919 markers are more than 2^31 values; on a small card, as many as fit.
    free, _ = torch.cuda.mem_get_info(bench.device)
    fitting = int(free * 0.7) // (_BYTES_A_VALUE * BLOCK_LENGTH * bench.markers)
    _compare_many(bench, min(16, fitting), BLOCK_LENGTH)


def walks(bench: Bench, bases: int, markers: int, seed: int, scale: float = 0.002) -> Tensor:
    """Values that look like tracks, on the device: slow steps, many of them under the floor."""
    generator = torch.Generator(device=bench.device).manual_seed(seed)
    values = torch.empty(bases, markers, device=bench.device)
    values.normal_(0, scale, generator=generator)
    values.cumsum_(0)
    return values.abs_().clamp_(0, 1)


def expected_segments(
    values: Values, origin: int, error: float, floor: float, *, keep_first: bool = False
) -> BlockSegments:
    """By the segmenter for CPUs, of values of which some are left out."""
    segmenter = Segmenter(values.shape[1], error, floor, keep_first=keep_first)
    there = values[:, 0] != LEFT_OUT
    edges = np.flatnonzero(np.diff(np.concatenate(([0], there, [0])).astype(int)))
    for start, end in edges.reshape(-1, 2):
        segmenter.add(origin + int(start), values[start:end].T)
    return segmenter.finish()


def are_equal(segments: BlockSegments, expected: BlockSegments) -> bool:
    """Byte for byte."""
    return (
        np.array_equal(segments.offsets, expected.offsets)
        and segments.records.tobytes() == expected.records.tobytes()
    )


def _compare_segments(bench: Bench, markers: int, length: int, error: float, floor: float) -> None:
    """Of three blocks with gaps, the last of which keeps its first base."""
    together = torch.cat(
        [walks(bench, length, markers, seed, 0.01 if markers == 5 else 0.002) for seed in range(3)]
    )
    together[30:40] = together[length : length + 7] = together[-5:] = LEFT_OUT
    edges, origins = list(range(0, 3 * length + 1, length)), [0, 1_000, 200_000]
    made = segment_on_device(together, edges, origins, [None, None, 0], error, floor)
    segments = block_segments(made.counts, made.records.cpu().numpy())
    values = together.cpu().numpy().reshape(3, length, markers)
    same = [
        are_equal(one, expected_segments(value, origin, error, floor, keep_first=origin == 200_000))
        for one, value, origin in zip(segments, values, origins, strict=True)
    ]
    name = f"segments of {markers} markers are the CPU's"
    bench.proof.expect(all(same) and len(made.records), name, f"{len(made.records):,}")


def _compare_counts(bench: Bench, markers: int, length: int) -> None:
    """Labels, histograms and ranks of some outputs, the last one first."""
    random = np.random.default_rng(0)
    values = walks(bench, length, markers, 9, 0.05)
    rows = range(markers - 1, 1, -1)
    starts = random.integers(0, length - 20, len(rows))
    peaks = np.stack([np.arange(len(rows)), starts, starts + 20], axis=1)
    own = random.random(len(rows)).astype(np.float32)
    pieces = np.stack([np.arange(0, length, PEAK_BIN)] * 2, axis=1)
    pieces[:, 1] = np.minimum(pieces[:, 1] + PEAK_BIN, length)
    scored = ScoredValues(values, rows)
    labels = paint_labels(length, len(rows), torch.from_numpy(peaks).to(bench.device))
    inside = np.zeros((length, len(rows)), np.uint8)
    for marker, start, end in peaks:
        inside[start:end, marker] = 1
    bench.proof.expect(np.array_equal(labels.cpu().numpy(), inside), "labels are the peaks")
    known, whole = np.ones((1, len(rows)), np.bool_), np.array([[0, length, 0, 0]])
    counts = count_on_device(scored, labels, known, whole, 1, BinLayout.of(UNROUNDED))
    numbers = values.cpu().numpy()[:, rows]
    bench.proof.expect(
        np.array_equal(counts[0].cpu().numpy(), counted(numbers, inside)), "counts are the CPU's"
    )
    ranks = rank_on_device(scored, pieces, THRESHOLD_RANKS, RANK_BITS, own).cpu().numpy()
    highest = np.stack([numbers[start:end].max(axis=0) for start, end in pieces])
    reached = (highest[:, :, None] >= THRESHOLDS).sum(axis=2) + (highest >= own)
    bench.proof.expect(np.array_equal(ranks, reached), "thresholds reached are the CPU's")


def counted(values: Values, labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """By the histogram for CPUs, of (bases, markers)."""
    histogram = ScoreHistogram(values.shape[1])
    histogram.add(values.T, labels.T)
    return histogram.counts


def _compare_many(bench: Bench, blocks: int, length: int) -> None:
    """The last block of so many that addresses take more than 32 bits; and seconds."""
    markers = bench.markers
    together = torch.empty(blocks * length, markers, device=bench.device)
    for block in range(blocks):
        together[block * length :][:length] = walks(bench, length, markers, block, 0.0008)
    edges = list(range(0, blocks * length + 1, length))
    last = together[-length:].cpu().numpy()
    segments, took = _timed(
        bench,
        lambda: segment_on_device(together, edges, edges[:-1], [None] * blocks, 0.003, 0.003),
    )
    count = len(segments.records)
    bench.proof.figure(
        f"segments of {blocks} blocks: {1e3 * took:.1f} ms, {count:,} of "
        f"{together.numel() / count:.0f} values each, {count / took / 1e6:,.0f} million a second"
    )
    of_last = block_segments(segments.counts[-1:], _last_records(segments.records, segments.counts))
    name = f"segments of the last of {together.numel():,} values"
    expected = expected_segments(last, edges[-2], 0.003, 0.003)
    bench.proof.expect(are_equal(of_last[0], expected), name, f"{len(expected.records):,}")
    peaks = np.stack([np.arange(markers)] * 3, axis=1)
    peaks[:, 1], peaks[:, 2] = edges[-2], edges[-2] + length // 2
    rows = torch.from_numpy(peaks).to(bench.device)
    labels, took = _timed(bench, lambda: paint_labels(len(together), markers, rows))
    bench.proof.figure(f"labels painted in {1e3 * took:.1f} ms")
    known = np.ones((1, markers), np.bool_)
    whole = np.array([[edges[-2], edges[-1], 1, 0], [0, edges[-2], 0, 0]])
    scored, layout = ScoredValues(together, range(markers)), BinLayout.of(UNROUNDED)
    counts, took = _timed(bench, lambda: count_on_device(scored, labels, known, whole, 2, layout))
    bench.proof.figure(f"all values counted in {1e3 * took:.1f} ms")
    inside = np.zeros(last.shape, np.uint8)
    inside[: length // 2] = 1
    name = "counts of the last block of a full group"
    bench.proof.expect(np.array_equal(counts[1].cpu().numpy(), counted(last, inside)), name)


def _last_records(records: Tensor, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    of_last: npt.NDArray[np.int32] = records[len(records) - int(counts[-1].sum()) :].cpu().numpy()
    return of_last


def _timed(bench: Bench, work: Callable[[], R]) -> tuple[R, float]:
    """What is made, and seconds of the device, of the second time."""
    if not bench.small:
        work()
        torch.cuda.synchronize(bench.device)
    began = time.monotonic()
    made = work()
    if not bench.small:
        torch.cuda.synchronize(bench.device)
    return made, time.monotonic() - began
