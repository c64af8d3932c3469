"""Blocks predicted on a GPU: several at a time there, packed and saved by threads here."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import torch

from regtrack.errors import RegtrackError
from regtrack.models.device import memory_advice
from regtrack.prediction.blockwork import BlockWork, counter_of, open_tools, save_blocks
from regtrack.prediction.forward import predict_on_device
from regtrack.prediction.job import BlockTask
from regtrack.scoring.counting import BlockCounter
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
    with ThreadPoolExecutor(threads) as pool:
        while group := list(itertools.islice(parts, size)):
            for part, segments in zip(group, _segments_of(group), strict=True):
                segmented.append(segments)
                if len(segmented) == len(part.work.tasks):
                    saving = pool.submit(save_blocks, part.work, segmented, part.counter)
                    pending.append((part.work, saving))
                    segmented = []
            while len(pending) > size:
                yield _finished(pending)
        while pending:
            yield _finished(pending)


class _Part(NamedTuple):
    """One block of a work."""

    work: BlockWork
    task: BlockTask
    keep_first: bool
    counter: BlockCounter | None


def _parts(works: Sequence[BlockWork]) -> Iterator[_Part]:
    for work in works:
        counter = counter_of(work)
        for number, task in enumerate(work.tasks):
            yield _Part(work, task, work.keep_first and number == 0, counter)


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
    one = BLOCK_LENGTH * len(work.recipe.rows) * torch.float32.itemsize
    return max(1, min(_MOST_BLOCKS, int(free * _SHARE_OF_MEMORY) // one))


def _segments_of(group: Sequence[_Part]) -> list[BlockSegments]:
    """The segments of some blocks; the probabilities leave the device only to be counted."""
    try:
        from regtrack.prediction import device_segmentation as kernel  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise RegtrackError(
            "predicting on a GPU needs Triton, which comes with PyTorch's CUDA builds for Linux "
            "(pip install triton); or use --device cpu"
        ) from error
    recipe = group[0].work.recipe
    network, genome = open_tools(recipe)
    device = network.device
    spans = [(part.task.targets.starts[0], part.task.targets.ends[-1]) for part in group]
    shape = len(group), int(max(end - start for start, end in spans))
    with memory_advice("fewer --markers need less"):
        probabilities = torch.empty(*shape, len(recipe.rows), device=device)
        bases = torch.full(shape, kernel.LEFT_OUT, dtype=torch.uint8, device=device)
    for part, (origin, _), row, kinds in zip(group, spans, probabilities, bases, strict=True):
        chrom = part.task.block.chrom
        for start, values in predict_on_device(
            network,
            genome,
            chrom,
            part.task.targets,
            window=recipe.settings.window,
            batch_size=recipe.settings.batch_size,
        ):
            here = slice(start - origin, start - origin + len(values))
            row[here] = values
            kinds[here] = kernel.ASKED_FOR
            if part.counter:
                part.counter.add(chrom, start, values.cpu().numpy().T)
        if part.keep_first:
            kinds[0] = kernel.KEPT
    origins = [int(start) for start, _ in spans]
    limits = recipe.settings.max_error, recipe.settings.floor, recipe.ranges
    with memory_advice("a larger --max-error or fewer --markers need less"):
        return kernel.segment_on_device(probabilities, bases, origins, *limits)
