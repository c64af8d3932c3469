"""The job behind `regtrack eval MODEL`: exact scores from unrounded predictions.

Probabilities are counted block by block, in constant memory, and never written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.settings import SPLITS
from regtrack.errors import ArgumentError, InputError
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.fasta import Genome
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.markers import select_markers
from regtrack.genome.regions import ALL, read_regions
from regtrack.models.checkpoint import Checkpoint, read_identified
from regtrack.models.device import choose_device, describe_device
from regtrack.models.named_code import named_files, naming
from regtrack.models.trained_genome import check_assembly, seen_on
from regtrack.observer import Observer
from regtrack.paths import named
from regtrack.prediction.blockwork import one_thread, open_network
from regtrack.prediction.forward import predict_stretches
from regtrack.prediction.job import BlockTask, block_tasks, context_of, grouped
from regtrack.scoring.counting import BlockCounter, Measured, gather_scores
from regtrack.scoring.evaluate import Asked, ground_of
from regtrack.scoring.evaluation import Evaluation
from regtrack.scoring.truth import Yardstick
from regtrack.tracks.peak_rules import MarkerRules, PeakRules
from regtrack.tracks.segments import ranges_of
from regtrack.workers import in_processes

# Files of counts take some 3 kB per marker each, however long what was counted is.
_MOST_FILES = 200


@dataclass(frozen=True)
class ScoreJob:
    """A model to score, checked and ready to run.

    Parameters
    ----------
    model, genome
        Paths of the checkpoint and the FASTA file.
    checkpoint, sha256
        What the former says, and what names it.
    device
        `cpu` or `cuda:0`.
    yardstick
        What it is scored by.
    step
        As `regtrack.prediction.settings.PredictionSettings`.
    """

    model: Path
    genome: Path
    checkpoint: Checkpoint
    sha256: str
    device: str
    yardstick: Yardstick
    step: int | None = None


def plan_scores(
    model: Path,
    genome: Path,
    asked: Asked,
    device: str,
    *,
    step: int | None = None,
    any_genome: bool = False,
) -> ScoreJob:
    """Read and check everything that scoring a model on regions needs.

    Parameters
    ----------
    asked
        No region stands for the whole genome.
    step
        Bases that one value stands for; None for the network's own.
    any_genome
        Accept a genome that the model was not trained on.

    Raises
    ------
    ArgumentError
        When the network has no such step.
    InputError
        For anything that cannot be used.
    """
    checkpoint, sha256 = read_identified(model)
    context_of(checkpoint, step)
    source = Genome(genome)
    sizes = source.chrom_sizes
    if not any_genome:
        check_assembly(model, checkpoint, genome, sizes)
    markers = select_markers(checkpoint.markers, asked.markers)
    genes = GeneRegions(asked.genes, sizes)
    regions = read_regions(asked.regions or [ALL], sizes, asked.clip, genes)
    files = BedFiles(sizes, asked.clip)
    there = ground_of(regions, source.known(regions), "N", asked.exclude, genome, files)
    seen = seen_on(checkpoint, sizes)
    ground = asked.ground(there, seen, model)
    yardstick = Yardstick.of_table(asked, model, checkpoint.markers, markers, sizes, ground, seen)
    return ScoreJob(model, genome, checkpoint, sha256, device, yardstick, step)


def plan_split(
    model: Path,
    folder: Path,
    split: str,
    genome: Path | None,
    marker_patterns: Sequence[str],
    device: str,
    *,
    step: int | None = None,
    any_genome: bool = False,
) -> ScoreJob:
    """Read and check everything that scoring a model on a split of a dataset needs.

    Parameters
    ----------
    folder, genome
        As `regtrack.datasets.folder.open_dataset`.
    split
        `train`, `valid` or `test`.
    step, any_genome
        As `plan_scores`.

    Raises
    ------
    ArgumentError
        When there is no such split, or the network has no such step.
    InputError
        For anything that cannot be used.
    """
    if split not in SPLITS:
        raise ArgumentError("split", f"expected {', '.join(SPLITS)}, got {split!r}")
    checkpoint, sha256 = read_identified(model)
    context_of(checkpoint, step)
    dataset = open_dataset(folder, genome)
    if not isinstance(dataset, DenseDataset):
        raise InputError(
            folder, "a dataset of the short task, which has no bases; regtrack compare scores it"
        )
    if not any_genome:
        check_assembly(model, checkpoint, dataset.genome.path, dataset.chrom_sizes)
    markers = select_markers(checkpoint.markers, marker_patterns)
    yardstick = Yardstick.of_dataset(
        dataset,
        split,
        model,
        markers,
        seen_on(checkpoint, dataset.chrom_sizes),
        trained_here=checkpoint.training.get("dataset") == dataset.digest,
    )
    return ScoreJob(model, dataset.genome.path, checkpoint, sha256, device, yardstick, step)


def evaluate_model(
    model: Path,
    asked: Asked,
    dataset: Path | None,
    split: str,
    workers: int,
    observer: Observer,
    *,
    genome: Path | None,
    device: str,
    any_genome: bool,
    step: int | None = None,
) -> Evaluation:
    """Score a model on regions, by the peaks of a table, or on a split of a dataset.

    Parameters
    ----------
    asked
        With a dataset it only says which markers: the dataset's windows count whole.
    device
        As `regtrack.models.device.choose_device`.
    step, any_genome
        As `plan_scores`.

    Raises
    ------
    ArgumentError
        When there is no dataset, and no genome or peaks; or no such step.
    InputError
        As `plan_scores` and `plan_split`.
    """
    chosen = str(choose_device(device))
    if dataset is not None:
        job = plan_split(
            *(model, dataset, split, genome, asked.markers, chosen),
            step=step,
            any_genome=any_genome,
        )
    elif genome is None:
        raise ArgumentError("genome", "is missing: the sequence that the model reads")
    else:
        job = plan_scores(model, genome, asked, chosen, step=step, any_genome=any_genome)
    return run_scores(job, workers, observer)


@dataclass(frozen=True)
class CountWork:
    """Predict some consecutive blocks and count them together; what a worker process does."""

    model: Path
    genome: Path
    rows: tuple[int, ...]
    rules_by_marker: tuple[MarkerRules, ...]
    device: str
    step: int | None
    measured: Measured
    tasks: tuple[BlockTask, ...]
    named: tuple[Path, ...]


def run_scores(job: ScoreJob, workers: int, observer: Observer) -> Evaluation:
    """Predict and count every block, then score marker by marker.

    Parameters
    ----------
    workers
        Processes; changes nothing but the time. With a GPU, this one predicts.

    Raises
    ------
    OSError
        When the disk for temporary files is full.
    """
    checkpoint = job.checkpoint
    places = {marker.name: place for place, marker in enumerate(checkpoint.markers)}
    rows = tuple(places[marker.name] for marker in job.yardstick.markers)
    rules_by_marker = tuple(
        MarkerRules(
            checkpoint.thresholds[row],
            PeakRules(),
            checkpoint.is_skilled(row),
            checkpoint.range_of(row),
        )
        for row in rows
    )
    with tempfile.TemporaryDirectory(prefix="regtrack-eval.") as scratch:
        # Nothing but the scored markers is predicted.
        measured = job.yardstick.save(Path(scratch)).alone()
        where = measured.ground.where
        together = -(-len(block_tasks(where)) // _MOST_FILES)
        works = [
            CountWork(
                *(job.model, job.genome, rows, rules_by_marker, job.device, job.step),
                *(measured, tasks),
                named_files(),
            )
            for tasks in grouped(where, together)
        ]
        observer.stage("predicting", "bp", measured.ground.bases, 0)
        processes = workers if job.device == "cpu" else 1
        for work, _ in in_processes(count_blocks, works, processes):
            observer.advanced(sum(task.targets.bases for task in work.tasks))
        observer.finished()
        order = [work.tasks[0].block for work in works]
        scores = gather_scores(measured, rules_by_marker, order, workers, observer)
    about = {
        "model": checkpoint.identified(job.sha256),
        "genome": named(job.genome),
        "device": describe_device(torch.device(job.device)),
        **({"step": job.step} if job.step else {}),
    }
    return job.yardstick.evaluation(scores, job.model, "model", checkpoint.network.paper_auc, about)


def count_blocks(work: CountWork) -> None:
    """Predict some blocks, count their probabilities, and call their peaks."""
    with naming(work.named):
        network, genome = open_network(work.model, work.genome, work.rows, work.device, work.step)
    thresholds = np.array([one.counted_from for one in work.rules_by_marker], np.float32)
    ranges = ranges_of([one.range for one in work.rules_by_marker])
    counter = BlockCounter(work.measured, work.tasks[0].block, PeakRules(), thresholds, ranges)
    with one_thread():
        for task in work.tasks:
            chrom = task.block.chrom
            for stretch in predict_stretches(network, genome, chrom, task.targets):
                counter.add(chrom, stretch.start, stretch.probabilities)
    counter.save()
