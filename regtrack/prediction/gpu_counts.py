"""What is counted of works whose probabilities lie on a GPU; a CPU would use `BlockCounter`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from regtrack.prediction.blockwork import BlockWork, scored_rules
from regtrack.prediction.job import BlockTask
from regtrack.scoring.counting import PeakLabels
from regtrack.scoring.histogram import UNROUNDED, BinLayout
from regtrack.tracks.peaks.callers import THRESHOLD_RANKS, rank_bins
from regtrack.tracks.peaks.runs import RANK_BITS


class WorkCounts(NamedTuple):
    """What is counted of a work.

    Parameters
    ----------
    numbers
        Blocks of the bootstrap that it lies in.
    histograms
        int32 (numbers, scored markers, 2, bins), on the device.
    ranks
        uint8 (bins of its targets, scored markers), on the device.
    """

    numbers: tuple[int, ...]
    histograms: Tensor
    ranks: Tensor


class Placed(NamedTuple):
    """A block whose probabilities lie among others, from base `edge` on."""

    task: BlockTask
    edge: int

    @property
    def shift(self) -> int:
        """What is added to a position on the chromosome."""
        return self.edge - int(self.task.targets.starts[0])


def count_works(
    works: Sequence[BlockWork], edges: Sequence[int], values: Tensor
) -> list[WorkCounts]:
    """Count the probabilities of some works.

    Parameters
    ----------
    edges
        Where each of their blocks begins.
    values
        float32 (bases, markers), on the device.

    Raises
    ------
    ValueError
        When a probability is not a number.
    """
    from regtrack.prediction import device_counting as kernels  # noqa: PLC0415 - needs Triton

    recipe = works[0].recipe
    labels = recipe.labels
    assert labels is not None
    places = iter(edges)
    placed = [[Placed(task, next(places)) for task in work.tasks] for work in works]
    blocks = [block for of_work in placed for block in of_work]
    numbers = [_numbers(labels, of_work) for of_work in placed]
    rules = scored_rules(recipe, labels)
    ranges = [of_marker.range for of_marker in rules if of_marker.range is not None]
    scored = kernels.ScoredValues(values, labels.rows, ranges)
    peaks = torch.from_numpy(_peaks(labels, blocks)).to(values.device)
    histograms = kernels.count_on_device(
        scored,
        kernels.paint_labels(len(values), len(labels.rows), peaks),
        np.array([labels.known_on(block.task.block.chrom) for block in blocks]),
        _stretches(labels, placed, numbers),
        sum(map(len, numbers)),
        BinLayout.of(UNROUNDED),
    )
    bins = [[_bins(block) for block in of_work] for of_work in placed]
    ranks = kernels.rank_on_device(
        scored,
        np.concatenate([of_block for of_work in bins for of_block in of_work]),
        THRESHOLD_RANKS,
        RANK_BITS,
        # Where there are tracks, peaks at a marker's own threshold are theirs.
        np.array(
            [np.inf if recipe.blocks else of_marker.counted_from for of_marker in rules], np.float32
        ),
    )
    made = zip(
        numbers,
        torch.split(histograms, [len(of_work) for of_work in numbers]),
        torch.split(ranks, [sum(map(len, of_work)) for of_work in bins]),
        strict=True,
    )
    return [WorkCounts(tuple(of_work), *of_device) for of_work, *of_device in made]


def _parts(labels: PeakLabels, block: Placed) -> list[tuple[int, int, int]]:
    """As `PeakLabels.parts`, of all targets of a block."""
    chrom, targets = block.task.block.chrom, block.task.targets
    return [part for start, end in targets for part in labels.parts(chrom, start, end)]


def _numbers(labels: PeakLabels, blocks: Sequence[Placed]) -> list[int]:
    """Blocks of the bootstrap that a work lies in."""
    return sorted({number for block in blocks for number, _, _ in _parts(labels, block)})


def _stretches(
    labels: PeakLabels, placed: Sequence[Sequence[Placed]], numbers: Sequence[Sequence[int]]
) -> npt.NDArray[np.int64]:
    """What is counted, and in which histogram, as `count_on_device` takes it."""
    rows: list[tuple[int, int, int, int]] = []
    histograms = blocks = 0
    for of_work, of_numbers in zip(placed, numbers, strict=True):
        places = {number: histograms + at for at, number in enumerate(of_numbers)}
        for block in of_work:
            rows += [
                (begin + block.shift, end + block.shift, places[number], blocks)
                for number, begin, end in _parts(labels, block)
            ]
            blocks += 1
        histograms += len(of_numbers)
    return np.array(rows, np.int64).reshape(-1, 4)


def _peaks(labels: PeakLabels, blocks: Sequence[Placed]) -> npt.NDArray[np.int64]:
    """Measured peaks, as `paint_labels` takes them."""
    pieces = [np.zeros((0, 3), np.int64)]
    for block in blocks:
        targets = block.task.targets
        span = int(targets.starts[0]), int(targets.ends[-1])
        peaks = labels.peaks(block.task.block.chrom, *span)
        pieces.append(peaks + (0, block.shift, block.shift))
    return np.concatenate(pieces)


def _bins(block: Placed) -> npt.NDArray[np.int64]:
    """Where peaks are looked for, as `rank_on_device` takes it."""
    return np.concatenate([rank_bins(*target) for target in block.task.targets]) + block.shift
