"""What is done to blocks: predict them, cut them into segments, save these.

On a CPU a worker process does all of it, one for each core: so reading, predicting,
segmenting, packing and saving of different blocks overlap, and nothing waits in a queue.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from regtrack.genome.fasta import Genome
from regtrack.models.checkpoint import load_network
from regtrack.models.inference import for_inference
from regtrack.models.named_code import named_files, naming
from regtrack.models.network import Network
from regtrack.prediction.forward import predict_stretches
from regtrack.prediction.job import BlockTask
from regtrack.prediction.segmentation import Segmenter
from regtrack.prediction.settings import PredictionSettings
from regtrack.scoring.block_counts import is_sound
from regtrack.scoring.counting import BlockCounter, Measured, file_state
from regtrack.tracks.blocks import Block, BlockStore
from regtrack.tracks.encoding import BlockRules, encode_block
from regtrack.tracks.segments import BlockSegments, ranges_of


@dataclass(frozen=True)
class BlockRecipe:
    """What every block of a job is predicted with.

    Parameters
    ----------
    rows
        Which outputs of the network are asked for.
    thresholds
        Value from which the peaks of each of them are called; infinite for none.
    ranges
        Of signals, the range of each of them; empty for probabilities.
    stride
        Of the network.
    blocks
        Folder for the block files.
    measured
        Peaks to score the predictions by, or None.
    named
        As `regtrack.models.named_code.named_files`.
    """

    model: Path
    genome: Path
    rows: tuple[int, ...]
    thresholds: tuple[float, ...]
    ranges: tuple[float, ...]
    stride: int
    settings: PredictionSettings
    device: str
    blocks: Path
    measured: Measured | None = None
    named: tuple[Path, ...] = ()


@dataclass(frozen=True)
class BlockWork:
    """Predict the blocks of one file and save their segments.

    Parameters
    ----------
    chrom_indices
        For each of them, its chromosome's place in the genome.
    keep_first
        Give the first block's first base a segment in every marker, so that no track is empty;
        it is set for the first blocks of a job.
    """

    recipe: BlockRecipe
    tasks: tuple[BlockTask, ...]
    chrom_indices: tuple[int, ...]
    keep_first: bool

    @property
    def blocks(self) -> list[Block]:
        """The blocks, the first of which names the files."""
        return [task.block for task in self.tasks]

    @property
    def bases(self) -> int:
        """Number of bases to predict."""
        return sum(task.targets.bases for task in self.tasks)

    @property
    def files(self) -> list[Path]:
        """What is there when it is done."""
        first = self.tasks[0].block
        found = [BlockStore(self.recipe.blocks).path(first)]
        if self.recipe.measured:
            found.append(self.recipe.measured.path(first))
        return found

    def damaged_files(self) -> list[Path]:
        """Those of `files` that are there and are not what was saved; they are read whole."""
        saved, *counts = self.files
        damaged = [] if BlockStore(self.recipe.blocks).is_sound(self.blocks) else [saved]
        return damaged + [path for path in counts if not is_sound(path)]


def predict_blocks(work: BlockWork) -> None:
    """Predict the blocks of one file and save their segments."""
    with one_thread():
        counter = counter_of(work)
        segments = [
            _segment_block(work.recipe, task, work.keep_first and number == 0, counter)
            for number, task in enumerate(work.tasks)
        ]
        save_blocks(work, segments, counter)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread while the body runs.

    One process per core does the work, and a block's bytes must not depend on how many cores
    there are.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def counter_of(work: BlockWork) -> BlockCounter | None:
    """What counts the probabilities of some blocks, where there are measured peaks."""
    measured = work.recipe.measured
    if measured is None:
        return None
    rules, ranges = work.recipe.settings.rules, work.recipe.ranges
    scored = ranges_of([ranges[row] for row in measured.rows]) if ranges else None
    return BlockCounter(measured, work.tasks[0].block, rules, ranges=scored)


def _segment_block(
    recipe: BlockRecipe, task: BlockTask, keep_first: bool, counter: BlockCounter | None
) -> BlockSegments:
    """Predict one block and cut it into segments; its probabilities are counted, too."""
    network, genome = open_tools(recipe)
    settings = recipe.settings
    limits = settings.max_error, settings.floor, recipe.ranges
    segmenter = Segmenter(len(recipe.rows), *limits)
    for stretch in predict_stretches(
        network,
        genome,
        task.block.chrom,
        task.targets,
        window=settings.window,
        batch_size=settings.batch_size,
    ):
        segmenter.add(stretch.start, stretch.probabilities, keep_first)
        keep_first = False
        if counter:
            counter.add(task.block.chrom, stretch.start, stretch.probabilities)
    return segmenter.finish()


def save_blocks(
    work: BlockWork, segments: Sequence[BlockSegments], counter: BlockCounter | None
) -> None:
    """Pack each block's segments as the tracks will hold them, and save them.

    The counts are saved first, so that saved blocks have their counts.
    """
    recipe = work.recipe
    thresholds = np.array(recipe.thresholds, np.float32)
    ranges = ranges_of(recipe.ranges)
    block_rules = BlockRules(thresholds, recipe.settings.rules, recipe.stride)
    encoded = [
        encode_block(of_block, chrom_index, block_rules, (block.start, block.end), ranges)
        for block, of_block, chrom_index in zip(
            work.blocks, segments, work.chrom_indices, strict=True
        )
    ]
    if counter:
        # At a marker's own threshold, its peaks are those of the track.
        for block, one in zip(work.blocks, encoded, strict=True):
            counter.call(block.chrom, [one.of(row).peaks for row in counter.rows])
        counter.save()
    BlockStore(work.recipe.blocks).save(work.blocks, encoded)


def open_tools(recipe: BlockRecipe) -> tuple[Network, Genome]:
    """The network and the genome, opened once per process."""
    step = recipe.settings.step
    with naming(recipe.named):
        return open_network(recipe.model, recipe.genome, recipe.rows, recipe.device, step)


def open_network(
    model: Path, genome: Path, rows: tuple[int, ...], device: str, step: int | None = None
) -> tuple[Network, Genome]:
    """A network with some of its outputs, made fast, and the genome; once per process.

    Where a file was replaced since, it is opened anew.
    """
    states = tuple(map(file_state, (model, genome, *named_files())))
    return _opened(model, genome, rows, device, step, states)


@functools.lru_cache(maxsize=1)
def _opened(
    model: Path,
    genome: Path,
    rows: tuple[int, ...],
    device: str,
    step: int | None,
    states: object,  # noqa: ARG001 - a part of the cache's key
) -> tuple[Network, Genome]:
    network = load_network(model, torch.device(device))
    network.keep_markers(list(rows))
    if step is not None:
        network.set_step(step)
    return for_inference(network), Genome(genome)
