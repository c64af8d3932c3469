"""Blocks predicted on a GPU: cut into segments there, packed and saved by processes here.

This process does nothing but ask for work. The device predicts the bases of some works and makes
of them what is wanted; that is copied into memory which the processes share, and while they pack
and save it, the next works are predicted.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from regtrack.errors import DeviceMemoryError, RegtrackError
from regtrack.models.device import memory_advice
from regtrack.notes import note
from regtrack.prediction.blockwork import BlockWork, WorkSinks, feed_block
from regtrack.prediction.gpucounts import count_works
from regtrack.prediction.job import BlockTask
from regtrack.prediction.shared_buffers import Shape, Shared, SharedBuffer
from regtrack.tracks.blocks import BLOCK_LENGTH
from regtrack.tracks.segments import SEGMENT, BlockSegments
from regtrack.workers import in_processes_as_made

# Bases at most whose probabilities lie on the device together, should they fit into this share of
# its free memory: the kernels go through all their blocks side by side.
_MOST_BASES = 32 * BLOCK_LENGTH
_SHARE_OF_MEMORY = 0.5


class Handover(NamedTuple):
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


def predict_on_gpu(works: Sequence[BlockWork], processes: int) -> Iterator[BlockWork]:
    """Predict and save blocks; yields each as it is finished, in order.

    Raises
    ------
    RegtrackError
        When Triton is missing, or the device's memory runs out.
    """
    if not works:
        return
    device = _Device(works[0])
    handovers = device.handovers(works)
    try:
        # One in every process, one at hand for it.
        for handed, _ in in_processes_as_made(save_handed, handovers, processes, 2 * processes):
            device.take_back(handed)
            yield handed.work
    finally:
        device.close()


def save_handed(handed: Handover) -> None:
    """Pack and save a work."""
    sinks, recipe = WorkSinks(handed.work), handed.work.recipe
    with handed.arrays.open() as arrays:
        segments = []
        if recipe.blocks is not None:
            segments = block_segments(arrays["counts"], arrays["records"])
        if recipe.labels:
            sinks.take(handed.numbers, arrays["histograms"].view(np.uint32), arrays["ranks"])
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


class _Device:
    """A device, and the memory that it hands works over in."""

    def __init__(self, work: BlockWork) -> None:
        try:
            from regtrack.prediction import device_segmentation  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise RegtrackError(
                "predicting on a GPU needs Triton, which comes with PyTorch's CUDA builds for "
                "Linux (pip install triton); or use --device cpu"
            ) from error
        self._segmentation = device_segmentation
        self._recipe = work.recipe
        self._device = torch.device(work.recipe.device)
        self._most_bases = self._bases_at_once()
        self._free: list[SharedBuffer] = []
        self._given: dict[Path, SharedBuffer] = {}
        self._copies = None if self._device.type == "cpu" else torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]

    def handovers(self, works: Sequence[BlockWork]) -> Iterator[Handover]:
        """Those of some works, in order. While some are copied, the next are predicted.

        Raises
        ------
        RegtrackError
            When there is no memory for a single one.
        """
        left = deque(works)
        on_the_way: _OnTheWay | None = None
        while left:
            following = self._next(left)
            if on_the_way:
                yield from on_the_way.arrived()
            on_the_way = following
        if on_the_way:
            yield from on_the_way.arrived()

    def take_back(self, handed: Handover) -> None:
        """A process is done with it: its memory can be filled again."""
        self._free.append(self._given.pop(handed.arrays.path))

    def close(self) -> None:
        """Give all memory back."""
        for buffer in [*self._free, *self._given.values()]:
            buffer.close()

    def _next(self, left: deque[BlockWork]) -> _OnTheWay:
        """Predict the first of the works that are left, as many as fit, and take them from there.

        Where memory runs out, half as many from then on.
        """
        while True:
            group = [left[0]]
            for work in itertools.islice(left, 1, None):
                if _span(group) + _span([work]) > self._most_bases:
                    break
                group.append(work)
            made = self._predicted_or_none(group)
            if made is not None:
                for _ in group:
                    left.popleft()
                return made
            self._most_bases = _span(group) // 2
            torch.cuda.empty_cache()
            note(
                f"the GPU ran out of memory; predicting {self._most_bases:,} bases at a time from "
                "now on"
            )

    def _predicted_or_none(self, group: Sequence[BlockWork]) -> _OnTheWay | None:
        """Predict some works; None where there was no memory for all, but may be for one of them.

        What they held is free again when this has returned.
        """
        try:
            with memory_advice(max_error="a larger {}", markers="fewer {}"):
                return self._predict(group)
        except DeviceMemoryError:
            if len(group) == 1:
                raise
            return None

    def _predict(self, group: Sequence[BlockWork]) -> _OnTheWay:
        recipe = self._recipe
        held = _HeldBlocks(group, len(recipe.rows), self._device, self._segmentation.LEFT_OUT)
        for number, task in enumerate(held.tasks):
            held.go_to(number)
            feed_block(recipe, task, on_device=[held])
        made: list[dict[str, Tensor]] = [{} for _ in group]
        numbers: list[tuple[int, ...]] = [() for _ in group]
        if recipe.blocks is not None:
            segments = self._segmentation.segment_on_device(
                *(held.values, held.edges, held.origins, held.kept),
                *(recipe.settings.max_error, recipe.settings.floor, recipe.ranges),
            )
            tasks = [len(work.tasks) for work in group]
            counts = torch.split(torch.from_numpy(segments.counts), tasks)
            records = torch.split(segments.records, [int(of_work.sum()) for of_work in counts])
            for arrays, *of_work in zip(made, counts, records, strict=True):
                arrays["counts"], arrays["records"] = of_work
        if recipe.labels:
            for number, counted in enumerate(count_works(group, held.edges, held.values)):
                numbers[number] = counted.numbers
                made[number] |= {"histograms": counted.histograms, "ranks": counted.ranks}
        with self._copying(made) as arrival:
            handovers = [
                Handover(work, of_work, self._shared(arrays))
                for work, of_work, arrays in zip(group, numbers, made, strict=True)
            ]
        return _OnTheWay(handovers, arrival)

    def _shared(self, made: Mapping[str, Tensor]) -> Shared:
        """Copy tensors into memory that is free."""
        shapes = {
            name: Shape(str(tensor.dtype).partition(".")[2], tuple(tensor.shape))
            for name, tensor in made.items()
        }
        pinned = self._device.type == "cuda"
        buffer = self._free.pop() if self._free else (PinnedBuffer() if pinned else SharedBuffer())
        buffer.reserve(shapes)
        self._given[buffer.path] = buffer
        for name, array in buffer.arrays(shapes).items():
            torch.from_numpy(array).copy_(made[name], non_blocking=True)
        return buffer.shared(shapes)

    @contextmanager
    def _copying(self, made: Sequence[Mapping[str, Tensor]]) -> Iterator[torch.cuda.Event | None]:
        """Let copies of what was made wait for it, and nothing else wait for the copies."""
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

    def _bases_at_once(self) -> int:
        """How many bases' probabilities the device can hold."""
        if self._device.type == "cpu":  # the kernels are tested on one, in Triton's interpreter
            return _MOST_BASES
        free, _ = torch.cuda.mem_get_info(self._device)
        size = len(self._recipe.rows) * torch.float32.itemsize
        if self._recipe.labels:
            size += len(self._recipe.labels.rows)  # a byte for each label
        return min(_MOST_BASES, int(free * _SHARE_OF_MEMORY) // size)


class _OnTheWay(NamedTuple):
    """Works whose arrays are being copied."""

    handovers: list[Handover]
    arrival: torch.cuda.Event | None

    def arrived(self) -> list[Handover]:
        """Them all, when they are there."""
        if self.arrival:
            self.arrival.synchronize()
        return self.handovers


class _HeldBlocks:
    """A sink on the device: the probabilities of all blocks of some works.

    Attributes
    ----------
    tasks
        The blocks.
    edges
        The bases of block i are those from edge i up to edge i + 1.
    origins
        Position on its chromosome of each block's first base.
    kept
        Of each, its first base where that is to have a segment in every marker; else None.
    values
        float32 (bases, markers).
    """

    def __init__(
        self, works: Sequence[BlockWork], markers: int, device: torch.device, left_out: float
    ) -> None:
        self.tasks: list[BlockTask] = [task for work in works for task in work.tasks]
        self.edges = [0, *itertools.accumulate(map(_length, self.tasks))]
        self.origins = [int(task.targets.starts[0]) for task in self.tasks]
        self.kept = [
            0 if work.keep_first and not number else None
            for work in works
            for number in range(len(work.tasks))
        ]
        self.values = torch.full((self.edges[-1], markers), left_out, device=device)
        self._number = 0

    def go_to(self, number: int) -> None:
        """What is added from now on is of this block."""
        self._number = number

    def add(self, start: int, probabilities: Tensor) -> None:
        """Hold those of some bases of a block."""
        first = self.edges[self._number] + start - self.origins[self._number]
        self.values[first : first + len(probabilities)] = probabilities

    def finish(self) -> Tensor:
        """All of them."""
        return self.values


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


def _span(works: Sequence[BlockWork]) -> int:
    """Bases that some works take on the device, those between targets included."""
    return sum(_length(task) for work in works for task in work.tasks)


def _length(task: BlockTask) -> int:
    return int(task.targets.ends[-1] - task.targets.starts[0])
