"""What is done to a block: predict it, cut it into segments, save them.

On a CPU a worker process does all of it, one for each core: so reading, predicting,
segmenting, packing and saving of different blocks overlap, and nothing waits in a queue.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from regtrack.evaluation.blockcounts import is_sound
from regtrack.genome.fasta import Genome
from regtrack.models.checkpoint import load_network
from regtrack.models.inference import for_inference
from regtrack.models.network import Network
from regtrack.prediction.counting import BlockCounter, Measured, file_state
from regtrack.prediction.forward import predict_stretches
from regtrack.prediction.job import BlockTask
from regtrack.prediction.segmentation import Segmenter
from regtrack.prediction.settings import PredictionSettings
from regtrack.tracks.blocks import BlockStore
from regtrack.tracks.encoding import encode_block
from regtrack.tracks.segments import BlockSegments


@dataclass(frozen=True)
class BlockRecipe:
    """What every block of a job is predicted with.

    Parameters
    ----------
    rows
        Which outputs of the network are asked for.
    thresholds
        Probability from which the peaks of each of them are called.
    blocks
        Folder for the block files.
    measured
        Peaks to score the predictions by, or None.
    """

    model: Path
    genome: Path
    rows: tuple[int, ...]
    thresholds: tuple[float, ...]
    settings: PredictionSettings
    device: str
    blocks: Path
    measured: Measured | None = None


@dataclass(frozen=True)
class BlockWork:
    """Predict one block and save its segments.

    Parameters
    ----------
    chrom_index
        The chromosome's place in the genome.
    keep_first
        Give the block's first base a segment in every marker, so that no track is empty; it
        is set for the first block of a job.
    """

    recipe: BlockRecipe
    task: BlockTask
    chrom_index: int
    keep_first: bool

    @property
    def files(self) -> list[Path]:
        """What is there when it is done."""
        found = [BlockStore(self.recipe.blocks).path(self.task.block)]
        if self.recipe.measured:
            found.append(self.recipe.measured.path(self.task.block))
        return found

    def damaged_files(self) -> list[Path]:
        """Those of `files` that are there and are not what was saved; they are read whole."""
        block, *counts = self.files
        damaged = [] if BlockStore(self.recipe.blocks).is_sound(self.task.block) else [block]
        return damaged + [path for path in counts if not is_sound(path)]


def predict_block(work: BlockWork) -> None:
    """Predict one block and save its segments."""
    with one_thread():
        counter = counter_of(work)
        save_block(work, segment_block(work, counter), counter)


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
    """What counts a block's probabilities, where there are measured peaks."""
    measured = work.recipe.measured
    return BlockCounter(measured, work.task.block) if measured else None


def segment_block(work: BlockWork, counter: BlockCounter | None = None) -> BlockSegments:
    """Predict one block and cut it into segments; its probabilities are counted, too."""
    recipe = work.recipe
    network, genome = open_tools(recipe)
    settings = recipe.settings
    segmenter = Segmenter(len(recipe.rows), settings.max_error, settings.floor)
    keep_first = work.keep_first
    for stretch in predict_stretches(
        network,
        genome,
        work.task.block.chrom,
        work.task.targets,
        window=settings.window,
        batch_size=settings.batch_size,
    ):
        segmenter.add(stretch.start, stretch.probabilities, keep_first)
        keep_first = False
        if counter:
            counter.add(work.task.block.chrom, stretch.start, stretch.probabilities)
    return segmenter.finish()


def save_block(
    work: BlockWork, segments: BlockSegments, counter: BlockCounter | None = None
) -> None:
    """Pack a block's segments as the tracks will hold them, and save them.

    The counts are saved first, so that a saved block has its counts.
    """
    thresholds = np.array(work.recipe.thresholds, np.float32)
    encoded = encode_block(segments, work.chrom_index, thresholds)
    if counter:
        counter.call(work.task.block.chrom, [encoded.of(row).high for row in counter.rows])
        counter.save()
    BlockStore(work.recipe.blocks).save(work.task.block, encoded)


def open_tools(recipe: BlockRecipe) -> tuple[Network, Genome]:
    """The network and the genome, opened once per process."""
    return open_network(recipe.model, recipe.genome, recipe.rows, recipe.device)


def open_network(
    model: Path, genome: Path, rows: tuple[int, ...], device: str
) -> tuple[Network, Genome]:
    """A network with some of its outputs, made fast, and the genome; once per process.

    Where a file was replaced since, it is opened anew.
    """
    return _opened(model, genome, rows, device, (file_state(model), file_state(genome)))


@functools.lru_cache(maxsize=1)
def _opened(
    model: Path,
    genome: Path,
    rows: tuple[int, ...],
    device: str,
    states: object,  # noqa: ARG001 - a part of the cache's key
) -> tuple[Network, Genome]:
    network = load_network(model, torch.device(device))
    network.keep_markers(list(rows))
    return for_inference(network), Genome(genome)
