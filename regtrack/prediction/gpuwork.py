"""Blocks predicted on a GPU: several at a time there, packed and saved by threads here."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from regtrack.errors import RegtrackError
from regtrack.models.device import memory_advice
from regtrack.prediction.blockwork import BlockWork, counter_of, open_tools, save_block
from regtrack.prediction.counting import BlockCounter
from regtrack.prediction.forward import predict_on_device
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
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(works), size):
            group = works[first : first + size]
            counters = [counter_of(work) for work in group]
            segmented = _segments_of(group, counters)
            for work, segments, counter in zip(group, segmented, counters, strict=True):
                pending.append((work, pool.submit(save_block, work, segments, counter)))
            while len(pending) > size:
                yield _finished(pending)
        while pending:
            yield _finished(pending)


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


def _segments_of(
    group: Sequence[BlockWork], counters: Sequence[BlockCounter | None]
) -> list[BlockSegments]:
    """The segments of some blocks; the probabilities leave the device only to be counted."""
    try:
        from regtrack.prediction import device_segmentation as kernel  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise RegtrackError(
            "predicting on a GPU needs Triton, which comes with PyTorch's CUDA builds for Linux "
            "(pip install triton); or use --device cpu"
        ) from error
    recipe = group[0].recipe
    network, genome = open_tools(recipe)
    device = network.output.weight.device
    spans = [(work.task.targets.starts[0], work.task.targets.ends[-1]) for work in group]
    shape = len(group), int(max(end - start for start, end in spans))
    with memory_advice("fewer --markers need less"):
        probabilities = torch.empty(*shape, len(recipe.rows), device=device)
        bases = torch.full(shape, kernel.LEFT_OUT, dtype=torch.uint8, device=device)
    for work, (origin, _), row, kinds, counter in zip(
        group, spans, probabilities, bases, counters, strict=True
    ):
        for start, part in predict_on_device(
            network,
            genome,
            work.task.block.chrom,
            work.task.targets,
            window=recipe.settings.window,
            batch_size=recipe.settings.batch_size,
        ):
            here = slice(start - origin, start - origin + len(part))
            row[here] = part
            kinds[here] = kernel.ASKED_FOR
            if counter:
                counter.add(work.task.block.chrom, start, part.cpu().numpy().T)
        if work.keep_first:
            kinds[0] = kernel.KEPT
    origins = [int(start) for start, _ in spans]
    limits = recipe.settings.max_error, recipe.settings.floor
    with memory_advice("a larger --max-error or fewer --markers need less"):
        return kernel.segment_on_device(probabilities, bases, origins, *limits)
