"""What is done to blocks: predict them, and save what was made of them: segments, counts.

On a CPU a worker process does all of it, one for each core: so reading, predicting,
segmenting, packing and saving of different blocks overlap, and nothing waits in a queue.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from regtrack.genome.fasta import Genome
from regtrack.models.checkpoint import load_network
from regtrack.models.inference import for_inference
from regtrack.models.named_code import allowed_code, allowing_code
from regtrack.models.network import Network
from regtrack.paths import file_state
from regtrack.prediction.forward import Sink, feed
from regtrack.prediction.job import BlockTask
from regtrack.prediction.segmentation import Segmenter
from regtrack.prediction.settings import PredictionSettings
from regtrack.scoring.block_counts import is_sound
from regtrack.scoring.counting import BlockCounter, PeakLabels
from regtrack.tracks.blocks import Block, BlockStore
from regtrack.tracks.encoding import EncodedBlock, encode_block
from regtrack.tracks.peaks.block_peaks import BlockRules
from regtrack.tracks.peaks.callers import rank_bins
from regtrack.tracks.peaks.rules import MarkerRules
from regtrack.tracks.segments import BlockSegments, ranges_of


@dataclass(frozen=True)
class BlockRecipe:
    """What every block of a job is predicted with.

    Parameters
    ----------
    rows
        Which outputs of the network are asked for.
    marker_rules
        How the peaks of each of them are called; of signals, their ranges.
    stride
        Of the network.
    blocks
        Folder for the block files; None where nothing is wanted but counts.
    labels
        Peaks to score the predictions by, or None.
    allowed_code
        As `regtrack.models.named_code.allowed_code`.
    """

    model: Path
    genome: Path
    rows: tuple[int, ...]
    marker_rules: tuple[MarkerRules, ...]
    stride: int
    settings: PredictionSettings
    device: str
    blocks: Path | None
    labels: PeakLabels | None = None
    allowed_code: tuple[Path, ...] = ()

    @property
    def ranges(self) -> tuple[float, ...]:
        """Of signals, the range of each of the rows; empty for probabilities."""
        return tuple(rules.range for rules in self.marker_rules if rules.range is not None)


@dataclass(frozen=True)
class BlockWork:
    """Predict the blocks of one file, and save what the recipe asks for.

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
    def block_file(self) -> Path | None:
        """Of the segments, where these are wanted."""
        folder = self.recipe.blocks
        return None if folder is None else BlockStore(folder).path(self.tasks[0].block)

    @property
    def count_file(self) -> Path | None:
        """Of the counts, where there are measured peaks."""
        labels = self.recipe.labels
        return None if labels is None else labels.path(self.tasks[0].block)

    @property
    def files(self) -> list[Path]:
        """What is there when it is done."""
        return [path for path in (self.block_file, self.count_file) if path is not None]

    def damaged_files(self) -> list[Path]:
        """Those of `files` that are there and are not what was saved; they are read whole."""
        damaged = []
        folder, counts = self.recipe.blocks, self.count_file
        if self.block_file and folder and not BlockStore(folder).is_sound(self.blocks):
            damaged.append(self.block_file)
        if counts and not is_sound(counts):
            damaged.append(counts)
        return damaged


def predict_blocks(work: BlockWork) -> None:
    """Predict the blocks of one file, and save what the recipe asks for."""
    recipe, settings = work.recipe, work.recipe.settings
    sinks = WorkSinks(work)
    segments = []
    with one_thread():
        for number, task in enumerate(work.tasks):
            if recipe.blocks is None:
                sinks.feed(task)
                continue
            segmenter = Segmenter(
                *(len(recipe.rows), settings.max_error, settings.floor, recipe.ranges),
                keep_first=work.keep_first and number == 0,
            )
            sinks.feed(task, segmenter)
            segments.append(segmenter.finish())
        sinks.save(segments)


class WorkSinks:
    """What is made of a work's probabilities, and saved.

    On a CPU, a sink for each thing is made here, fed in `feed`, and finished in `save`. Of what
    a GPU's kernels counted, `take` gets it in place of `feed`.
    """

    def __init__(self, work: BlockWork) -> None:
        self._work = work
        self._counter = _counter_of(work)

    def feed(self, task: BlockTask, segmenter: Sink | None = None) -> None:
        """Predict one block of the work, the next one.

        Parameters
        ----------
        segmenter
            What makes its segments; None where none are wanted.
        """
        sinks = [segmenter] if segmenter else []
        if self._counter:
            self._counter.go_to(task.block.chrom)
            sinks.append(self._counter)
        feed_block(self._work.recipe, task, sinks)

    def take(
        self,
        numbers: Sequence[int],
        histograms: npt.NDArray[np.uint32],
        ranks: npt.NDArray[np.uint8],
    ) -> None:
        """Take what a device counted of the work, in place of `feed`.

        Parameters
        ----------
        numbers
            Blocks of the bootstrap that the work lies in.
        histograms
            For each of them, uint32 (scored markers, 2, bins).
        ranks
            uint8 (bins, scored markers), as `ProbabilityPeakCaller.add_ranks`, of all stretches of
            targets, one after another.
        """
        assert self._counter is not None
        for number, counts in zip(numbers, histograms, strict=True):
            self._counter.add_counts(number, counts)
        done = 0
        for task in self._work.tasks:
            self._counter.go_to(task.block.chrom)
            for start, end in task.targets:
                behind = done + len(rank_bins(start, end))
                self._counter.add_ranks(start, end, ranks[done:behind])
                done = behind

    def save(self, segments: Sequence[BlockSegments]) -> None:
        """Pack each block's segments as the tracks will hold them, and save them, and the counts.

        The counts are saved first, so that saved blocks have their counts.
        """
        work, counter = self._work, self._counter
        folder = work.recipe.blocks
        if folder is None:  # the counter has called the peaks itself
            if counter:
                counter.finish()
            return
        encoded = _encoded(work, segments)
        if counter:
            for block, tracks in zip(work.blocks, encoded, strict=True):
                counter.call(block.chrom, [tracks.of(row).peaks for row in counter.rows])
            counter.finish()
        BlockStore(folder).save(work.blocks, encoded)


def feed_block(
    recipe: BlockRecipe,
    task: BlockTask,
    sinks: Sequence[Sink] = (),
    place: Callable[[int, int], Tensor] | None = None,
) -> None:
    """Predict a block for some sinks, or into memory of the device: as `feed`."""
    feed(
        *(*open_tools(recipe), task.block.chrom, task.targets, sinks, place),
        window=recipe.settings.window,
        batch_size=recipe.settings.batch_size,
    )


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


def _counter_of(work: BlockWork) -> BlockCounter | None:
    """What counts the probabilities of some blocks, where there are measured peaks."""
    recipe = work.recipe
    if recipe.labels is None:
        return None
    return BlockCounter(
        recipe.labels,
        work.tasks[0].block,
        scored_rules(recipe, recipe.labels),
        calls_own=not recipe.blocks,
    )


def scored_rules(recipe: BlockRecipe, labels: PeakLabels) -> list[MarkerRules]:
    """How the peaks of the scored markers are called."""
    return [recipe.marker_rules[row] for row in labels.rows]


def _encoded(work: BlockWork, segments: Sequence[BlockSegments]) -> list[EncodedBlock]:
    recipe = work.recipe
    block_rules = BlockRules.of(recipe.marker_rules, recipe.stride)
    ranges = ranges_of(recipe.ranges)
    return [
        encode_block(of_block, chrom_index, block_rules, (block.start, block.end), ranges)
        for block, of_block, chrom_index in zip(
            work.blocks, segments, work.chrom_indices, strict=True
        )
    ]


def open_tools(recipe: BlockRecipe) -> tuple[Network, Genome]:
    """The network and the genome, opened once per process."""
    step = recipe.settings.step
    with allowing_code(recipe.allowed_code):
        return open_network(recipe.model, recipe.genome, recipe.rows, recipe.device, step)


def open_network(
    model: Path, genome: Path, rows: tuple[int, ...], device: str, step: int | None = None
) -> tuple[Network, Genome]:
    """A network with some of its outputs, made fast, and the genome; once per process.

    Where a file was replaced since, it is opened anew.
    """
    states = tuple(map(file_state, (model, genome, *allowed_code())))
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
