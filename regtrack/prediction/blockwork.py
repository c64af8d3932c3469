"""What a worker process does to a block: predict it, cut it into segments, save them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import torch

from regtrack.genome.fasta import Genome
from regtrack.models.checkpoint import load_network
from regtrack.models.network import Network
from regtrack.prediction.forward import predict_stretches
from regtrack.prediction.job import BlockTask
from regtrack.prediction.segmentation import Segmenter
from regtrack.prediction.settings import PredictionSettings
from regtrack.tracks.blocks import BlockStore


@dataclass(frozen=True)
class BlockRecipe:
    """What every block of a job is predicted with; hashable, and cheap to send."""

    model: Path
    genome: Path
    rows: tuple[int, ...]
    settings: PredictionSettings
    device: str
    blocks: Path


@dataclass(frozen=True)
class BlockWork:
    """Predict one block and save its segments.

    `keep_first` gives its first base a segment in every marker, so that no track is
    empty; it is set for the first block of a job.
    """

    recipe: BlockRecipe
    task: BlockTask
    keep_first: bool


def predict_block(work: BlockWork) -> None:
    """Predict one block and save its segments."""
    recipe, block = work.recipe, work.task.block
    network, genome = _tools(recipe)
    settings = recipe.settings
    segmenter = Segmenter(len(recipe.rows), settings.max_error, settings.floor)
    keep_first = work.keep_first
    for stretch in predict_stretches(
        network,
        genome,
        block.chrom,
        work.task.targets,
        window=settings.window,
        batch_size=settings.batch_size,
    ):
        segmenter.add(stretch.start, stretch.probabilities, keep_first)
        keep_first = False
    BlockStore(recipe.blocks).save(block, segmenter.finish())


@functools.lru_cache(maxsize=1)
def _tools(recipe: BlockRecipe) -> tuple[Network, Genome]:
    """The network and the genome, opened once per process and job."""
    # One process per core does the work, and a block's bytes must not depend on how
    # many cores there are.
    torch.set_num_threads(1)
    network = load_network(recipe.model, torch.device(recipe.device))
    network.keep_markers(list(recipe.rows))
    return network, Genome(recipe.genome)
