"""Blocks predicted on a GPU: cut into segments there, packed and saved by processes here.

This process does nothing but ask for work. The device predicts the bases of some works and makes
of them what is wanted; that is copied into memory which the processes share, and while they pack
and save it, the next works are predicted.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from regtrack.errors import DeviceMemoryError
from regtrack.models.device import memory_advice
from regtrack.notes import note
from regtrack.prediction.blockwork import BlockRecipe, BlockWork, WorkSinks, feed_block
from regtrack.prediction.gpu_counts import count_works
from regtrack.prediction.gpu_memory import (
    MemoryNeed,
    bases_at_once,
    free_memory,
    measure_peak,
    measured_peak,
)
from regtrack.prediction.gpu_probe import check_gpu
from regtrack.prediction.gpu_supply import Supply, WorkList, bases_of, span
from regtrack.prediction.job import BlockTask
from regtrack.prediction.shared_buffers import Shape, Shared, SharedBuffer
from regtrack.tracks.segments import SEGMENT, BlockSegments
from regtrack.workers import in_processes_as_made


class DeviceResult(NamedTuple):
    """What a device made of a work, for the process that packs and saves it.

    Parameters
    ----------
    numbers
        Blocks of the bootstrap that it lies in, where it is scored.
    arrays
        Where segments are wanted, `counts` and `records`, as `DeviceSegments` has them; where it is
        scored, `histograms` and `ranks`, as `WorkSinks.take` takes them.
    """

    work: BlockWork
    numbers: tuple[int, ...]
    arrays: Shared


class Device(Protocol):
    """What predicts works, and hands over what it made of them in memory that processes share."""

    def results(self, supply: Supply, /) -> Iterator[DeviceResult]:
        """Those of all works, in order."""

    def release(self, result: DeviceResult, /) -> None:
        """A process is done with it: its memory can be filled again."""

    def close(self) -> None:
        """Give all memory back."""


def predict_on_gpu(recipe: BlockRecipe, supply: Supply, processes: int) -> Iterator[BlockWork]:
    """Predict and save blocks of a recipe on its GPU; yields each as it is finished, in order.

    Raises
    ------
    RegtrackError
        When the GPU lacks something (`gpu_problem`), or its memory runs out.
    """
    yield from predict_on(_Gpu(recipe), supply, processes)


def predict_on(device: Device, supply: Supply, processes: int) -> Iterator[BlockWork]:
    """The same on a device of any kind, which is closed at the end."""
    results = device.results(supply)
    try:
        # One in every process, one at hand for it.
        for result, _ in in_processes_as_made(save_result, results, processes, 2 * processes):
            device.release(result)
            yield result.work
    finally:
        device.close()


class GpuSample(NamedTuple):
    """What some works took: seconds of the GPU, and of one process for the rest."""

    predicting: float
    saving: float
    memory: MemoryNeed


def time_on_gpu(works: Sequence[BlockWork]) -> GpuSample:
    """Predict and save some works of one recipe.

    Raises
    ------
    RegtrackError
        As `predict_on_gpu`.
    """
    recipe = works[0].recipe
    device = torch.device(recipe.device)
    gpu = _Gpu(recipe)
    free = free_memory(device)
    measure_peak(device)
    began = time.monotonic()
    try:
        results = list(gpu.results(WorkList(works)))
        predicted = time.monotonic()
        for result in results:
            save_result(result)
    finally:
        gpu.close()
    spent = predicted - began, time.monotonic() - predicted
    made = [result.arrays.shapes for result in results]
    segments = sum(shapes["records"].size for shapes in made if "records" in shapes)
    return GpuSample(
        *spent, MemoryNeed.measured(recipe, free, measured_peak(device), span(works), segments)
    )


def save_result(result: DeviceResult) -> None:
    """Pack and save a work."""
    sinks, recipe = WorkSinks(result.work), result.work.recipe
    with result.arrays.open() as arrays:
        segments = []
        if recipe.blocks is not None:
            segments = block_segments(arrays["counts"], arrays["records"])
        if recipe.labels:
            sinks.take(result.numbers, arrays["histograms"].view(np.uint32), arrays["ranks"])
        sinks.save(segments)


def block_segments(
    counts: npt.NDArray[np.int64], records: npt.NDArray[np.int32]
) -> list[BlockSegments]:
    """Those of each block: views of what `DeviceSegments` has."""
    offsets = np.zeros((len(counts), counts.shape[1] + 1), np.int64)
    np.cumsum(counts, axis=1, out=offsets[:, 1:])
    edges = np.append(0, np.cumsum(offsets[:, -1]))
    together = records.view(SEGMENT)[:, 0]
    return [
        BlockSegments(of_block, together[first:last])
        for of_block, (first, last) in zip(offsets, itertools.pairwise(edges), strict=True)
    ]


class _Gpu:
    """A GPU, and the memory that it hands works over in."""

    def __init__(self, recipe: BlockRecipe) -> None:
        self._device = torch.device(recipe.device)
        check_gpu(self._device)
        from regtrack.prediction import device_segmentation  # noqa: PLC0415 - needs Triton

        self._segmentation = device_segmentation
        self._recipe = recipe
        self._most_bases = bases_at_once(recipe, free_memory(self._device))
        self._free: list[SharedBuffer] = []
        self._in_use: dict[Path, SharedBuffer] = {}
        self._copies = None if self._device.type == "cpu" else torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]

    def results(self, supply: Supply) -> Iterator[DeviceResult]:
        """Those of all works, in order. While some are copied, the next are predicted.

        Raises
        ------
        RegtrackError
            When there is no memory for a single one.
        """
        left: deque[BlockWork] = deque()
        pending: _PendingCopies | None = None
        while True:
            left.extend(supply.take(self._most_bases) if not left else ())
            if not left:
                break
            following = self._predict_next(left)
            if pending:
                yield from pending.wait()
            pending = following
        if pending:
            yield from pending.wait()

    def release(self, result: DeviceResult) -> None:
        """A process is done with it: its memory can be filled again."""
        self._free.append(self._in_use.pop(result.arrays.path))

    def close(self) -> None:
        """Give all memory back."""
        if self._copies:  # of a run that was stopped, which may still write there
            self._copies.synchronize()
        # Of that GPU: asked of another one, this would take memory there.
        with torch.cuda.device(-1 if self._device.index is None else self._device.index):
            for buffer in [*self._free, *self._in_use.values()]:
                buffer.close()

    def _predict_next(self, left: deque[BlockWork]) -> _PendingCopies:
        """Predict the first of the works that are left, as many as fit, and take them from there.

        Where memory runs out, half as many from then on.
        """
        while True:
            group = [left[0]]
            for work in itertools.islice(left, 1, None):
                if span(group) + span([work]) > self._most_bases:
                    break
                group.append(work)
            made = self._try_predict(group)
            if made is not None:
                for _ in group:
                    left.popleft()
                return made
            self._most_bases = span(group) // 2
            torch.cuda.empty_cache()
            note(
                f"the GPU ran out of memory; predicting {self._most_bases:,} bases at a time from "
                "now on"
            )

    def _try_predict(self, group: Sequence[BlockWork]) -> _PendingCopies | None:
        """Predict some works; None where there was no memory for all, but may be for one of them.

        What they hold is free again when this has returned.
        """
        try:
            with memory_advice(max_error="a larger {}", markers="fewer {}"):
                return self._predict(group)
        except DeviceMemoryError:
            if len(group) == 1:
                raise
            return None

    def _predict(self, group: Sequence[BlockWork]) -> _PendingCopies:
        recipe = self._recipe
        blocks = _BlockValues(group, len(recipe.rows), self._device, self._segmentation.LEFT_OUT)
        for number, task in enumerate(blocks.tasks):
            feed_block(recipe, task, place=functools.partial(blocks.place, number))
        made: list[dict[str, Tensor]] = [{} for _ in group]
        numbers: list[tuple[int, ...]] = [() for _ in group]
        if recipe.blocks is not None:
            segments = self._segmentation.segment_on_device(
                *(blocks.values, blocks.edges, blocks.origins, blocks.forced),
                *(recipe.settings.max_error, recipe.settings.floor, recipe.ranges),
            )
            tasks = [len(work.tasks) for work in group]
            counts = torch.split(torch.from_numpy(segments.counts), tasks)
            records = torch.split(segments.records, [int(of_work.sum()) for of_work in counts])
            for arrays, *of_work in zip(made, counts, records, strict=True):
                arrays["counts"], arrays["records"] = of_work
        if recipe.labels:
            for number, counted in enumerate(count_works(group, blocks.edges, blocks.values)):
                numbers[number] = counted.numbers
                made[number] |= {"histograms": counted.histograms, "ranks": counted.ranks}
        with self._copying(made) as arrival:
            results = [
                DeviceResult(work, of_work, self._shared(arrays))
                for work, of_work, arrays in zip(group, numbers, made, strict=True)
            ]
        return _PendingCopies(results, arrival)

    def _shared(self, made: Mapping[str, Tensor]) -> Shared:
        """Copy tensors into memory that is free."""
        shapes = {
            name: Shape(str(tensor.dtype).partition(".")[2], tuple(tensor.shape))
            for name, tensor in made.items()
        }
        pinned = self._device.type == "cuda"
        new = PinnedBuffer if pinned else SharedBuffer
        buffer = self._free.pop() if self._free else new()
        buffer.reserve(shapes)
        self._in_use[buffer.path] = buffer
        for name, array in buffer.arrays(shapes).items():
            torch.from_numpy(array).copy_(made[name], non_blocking=True)
        return buffer.shared(shapes)

    @contextmanager
    def _copying(self, made: Sequence[Mapping[str, Tensor]]) -> Iterator[torch.cuda.Event | None]:
        """Copy on a stream of its own: after the kernels, without delaying the next ones."""
        if self._copies is None:
            yield None
            return
        arrival = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._copies.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._copies):
            yield arrival
            arrival.record(self._copies)
        for tensor in (tensor for arrays in made for tensor in arrays.values()):
            if tensor.is_cuda:
                tensor.record_stream(self._copies)


class _PendingCopies(NamedTuple):
    """Works whose arrays are being copied."""

    results: list[DeviceResult]
    arrival: torch.cuda.Event | None

    def wait(self) -> list[DeviceResult]:
        """Them all, when they are there."""
        if self.arrival:
            self.arrival.synchronize()
        return self.results


class _BlockValues:
    """The probabilities of all blocks of some works, on the device.

    Attributes
    ----------
    tasks
        The blocks.
    edges
        The bases of block i are those from edge i up to edge i + 1.
    origins
        Position on its chromosome of each block's first base.
    forced
        Of each, its first base where that is to have a segment in every marker; else None.
    values
        float32 (bases, markers).
    """

    def __init__(
        self, works: Sequence[BlockWork], markers: int, device: torch.device, left_out: float
    ) -> None:
        self.tasks: list[BlockTask] = [task for work in works for task in work.tasks]
        self.edges = [0, *itertools.accumulate(map(bases_of, self.tasks))]
        self.origins = [int(task.targets.starts[0]) for task in self.tasks]
        self.forced = [
            0 if work.keep_first and not number else None
            for work in works
            for number in range(len(work.tasks))
        ]
        self.values = torch.full((self.edges[-1], markers), left_out, device=device)

    def place(self, number: int, start: int, bases: int) -> Tensor:
        """Those of so many bases of a block, from a position on."""
        first = self.edges[number] + start - self.origins[number]
        return self.values[first : first + bases]


class PinnedBuffer(SharedBuffer):
    """A buffer that a GPU copies into by itself."""

    def reserve(self, shapes: Mapping[str, Shape]) -> bool:
        """As `SharedBuffer.reserve`; new memory is pinned."""
        before = self.memory
        if not super().reserve(shapes):
            return False
        driver = torch.cuda.cudart()  # type: ignore[no-untyped-call]
        if len(before):
            driver.cudaHostUnregister(before.ctypes.data)
        torch.cuda.check_error(
            driver.cudaHostRegister(self.memory.ctypes.data, len(self.memory), 0)
        )
        return True

    def close(self) -> None:
        """As `SharedBuffer.close`."""
        if len(self.memory):
            driver = torch.cuda.cudart()  # type: ignore[no-untyped-call]
            driver.cudaHostUnregister(self.memory.ctypes.data)
        super().close()
