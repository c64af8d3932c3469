"""Blocks predicted on a GPU: several at a time there, packed and saved by threads here."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from regtrack.errors import RegtrackError
from regtrack.models.device import memory_advice
from regtrack.prediction.blockwork import BlockWork, WorkSinks
from regtrack.prediction.job import BlockTask
from regtrack.tracks.blocks import BLOCK_LENGTH
from regtrack.tracks.segments import BlockSegments

# Probabilities of so many blocks lie on the device together, if they fit into this share of
# its memory: the kernel goes through all of them side by side.
_MOST_BLOCKS = 16
_SHARE_OF_MEMORY = 0.5


def predict_on_gpu(works: Sequence[BlockWork], threads: int) -> Iterator[BlockWork]:
    """Predict and save blocks; yields each as it is finished, in order.

    While threads pack and save some blocks, the device predicts the next ones. At most two
    groups of blocks are held at a time.

    Raises
    ------
    RegtrackError
        When Triton is missing, or the device's memory runs out.
    """
    size = _blocks_at_once(works[0]) if works else 1
    pending: deque[tuple[BlockWork, Future[None]]] = deque()
    parts = _parts(works)
    segmented: list[BlockSegments] = []
    done = 0
    with ThreadPoolExecutor(threads) as pool:
        while group := list(itertools.islice(parts, size)):
            segments = _segments_of(group)
            for number, part in enumerate(group):
                segmented += segments[number : number + 1]
                done += 1
                if done == len(part.work.tasks):
                    saving = pool.submit(part.sinks.save, segmented)
                    pending.append((part.work, saving))
                    segmented, done = [], 0
            while len(pending) > size:
                yield _finished(pending)
        while pending:
            yield _finished(pending)


class _Part(NamedTuple):
    """One block of a work."""

    work: BlockWork
    task: BlockTask
    keep_first: bool
    sinks: WorkSinks


def _parts(works: Sequence[BlockWork]) -> Iterator[_Part]:
    for work in works:
        sinks = WorkSinks(work)
        for number, task in enumerate(work.tasks):
            yield _Part(work, task, work.keep_first and number == 0, sinks)


def _finished(pending: deque[tuple[BlockWork, Future[None]]]) -> BlockWork:
    """Wait for the block that was handed on first."""
    work, future = pending.popleft()
    future.result()
    return work


def _blocks_at_once(work: BlockWork) -> int:
    """How many blocks' probabilities the device can hold."""
    device = torch.device(work.recipe.device)
    if device.type == "cpu":  # the kernel is tested on one, in Triton's interpreter
        return _MOST_BLOCKS
    free, _ = torch.cuda.mem_get_info(device)
    size = BLOCK_LENGTH * len(work.recipe.rows) * torch.float32.itemsize
    return max(1, min(_MOST_BLOCKS, int(free * _SHARE_OF_MEMORY) // size))


def _segments_of(group: Sequence[_Part]) -> list[BlockSegments]:
    """Predict some blocks; their segments, if the recipe asks for any.

    The probabilities leave the device only to be counted.
    """
    if group[0].work.recipe.blocks is None:
        for part in group:
            part.sinks.feed(part.task)
        return []
    segmenter = _DeviceSegmenter(group)
    for number, part in enumerate(group):
        segmenter.go_to(number)
        part.sinks.feed(part.task, device_segmenter=segmenter)
    return segmenter.finish()


class _DeviceSegmenter:
    """A sink on the device: holds the probabilities of some blocks, then cuts all of them."""

    def __init__(self, group: Sequence[_Part]) -> None:
        try:
            from regtrack.prediction import device_segmentation as kernel  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise RegtrackError(
                "predicting on a GPU needs Triton, which comes with PyTorch's CUDA builds for "
                "Linux (pip install triton); or use --device cpu"
            ) from error
        self._kernel, self._group = kernel, group
        self._recipe = group[0].work.recipe
        self._number = 0
        spans = [(part.task.targets.starts[0], part.task.targets.ends[-1]) for part in group]
        shape = len(group), int(max(end - start for start, end in spans))
        device = torch.device(self._recipe.device)
        self._origins = [int(start) for start, _ in spans]
        with memory_advice(markers="fewer {}"):
            self._values = torch.empty(*shape, len(self._recipe.rows), device=device)
            self._bases = torch.full(shape, kernel.LEFT_OUT, dtype=torch.uint8, device=device)

    def go_to(self, number: int) -> None:
        """What is added from now on is of this block of the group."""
        self._number = number

    def add(self, start: int, probabilities: Tensor) -> None:
        """Hold those of some bases of a block."""
        first = start - self._origins[self._number]
        here = slice(first, first + len(probabilities))
        self._values[self._number, here] = probabilities
        self._bases[self._number, here] = self._kernel.ASKED_FOR

    def finish(self) -> list[BlockSegments]:
        """The segments of all blocks."""
        for part, bases in zip(self._group, self._bases, strict=True):
            if part.keep_first:
                bases[0] = self._kernel.KEPT
        settings = self._recipe.settings
        with memory_advice(max_error="a larger {}", markers="fewer {}"):
            return self._kernel.segment_on_device(
                *(self._values, self._bases, self._origins),
                *(settings.max_error, settings.floor, self._recipe.ranges),
            )
