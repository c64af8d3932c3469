"""The job behind `regtrack eval MODEL`: exact scores from unrounded predictions.

Probabilities are counted block by block, in constant memory, and never written. With a folder for
the report, the counts lie in `<out>.partial` until it is written: a killed run resumes.
"""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from regtrack import __version__
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.labels import LABEL_FILES
from regtrack.datasets.settings import SPLITS
from regtrack.errors import ArgumentError, InputError
from regtrack.folders import is_of_run, unfinished_run
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.fasta import Genome
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.markers import select_markers
from regtrack.genome.regions import ALL, read_regions
from regtrack.models.checkpoint import Checkpoint, read_identified
from regtrack.models.device import describe_device, kind_of
from regtrack.models.named_code import allowed_code
from regtrack.models.network import Context
from regtrack.models.trained_genome import check_assembly, seen_on
from regtrack.observer import Observer
from regtrack.paths import named
from regtrack.prediction.blockwork import BlockRecipe, BlockWork
from regtrack.prediction.dispatch import missing, predict_missing
from regtrack.prediction.gpu_probe import prediction_device
from regtrack.prediction.job import block_tasks, context_at_step, grouped
from regtrack.prediction.settings import PredictionSettings
from regtrack.report.files import check_report_folder, write_report
from regtrack.scoring.counting import PeakLabels, gather_scores
from regtrack.scoring.evaluation import Evaluation
from regtrack.scoring.provenance import Predictions
from regtrack.scoring.request import ScoreRequest, scored_regions
from regtrack.scoring.truth import Truth
from regtrack.tracks.peaks.rules import MarkerRules, PeakRules
from regtrack.work_folders import partial_path

# A file of counts takes some 3 kB per marker however many bases it counts; the runs that are called
# at every threshold come on top, some 0.01 byte per base and marker on real sequence.
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
    truth
        What it is scored by.
    step
        As `regtrack.prediction.settings.PredictionSettings`.
    """

    model: Path
    genome: Path
    checkpoint: Checkpoint
    sha256: str
    device: str
    truth: Truth
    step: int | None = None

    @functools.cached_property
    def context(self) -> Context:
        """What the network reads around a base."""
        return context_at_step(self.checkpoint, self.step)

    @functools.cached_property
    def rows(self) -> tuple[int, ...]:
        """Which outputs of the network are asked for: nothing but the scored markers."""
        places = {marker.name: place for place, marker in enumerate(self.checkpoint.markers)}
        return tuple(places[marker.name] for marker in self.truth.markers)

    @functools.cached_property
    def marker_rules(self) -> tuple[MarkerRules, ...]:
        """How the peaks of each scored marker are called."""
        known = self.checkpoint
        return tuple(
            MarkerRules(
                known.thresholds[row], PeakRules(), known.is_skilled(row), known.range_of(row)
            )
            for row in self.rows
        )

    @functools.cached_property
    def sequence(self) -> str:
        """SHA-256 of where the scored bases lie, and of all sequence that the network reads."""
        reach = max(self.context.left, self.context.right) + self.context.stride
        return Genome(self.genome).digest(self.truth.scope.scored.where, reach)

    def identity(self) -> dict[str, Any]:
        """What two runs must share for one to go on with the other's counts."""
        return {
            "regtrack": __version__,
            "model": self.sha256,
            **({"code": code} if (code := self.checkpoint.network.sha256) else {}),
            # Called peaks are kept as positions on a line of all of them.
            "chromosomes": list(self.truth.scope.chrom_sizes),
            "sequence and regions": self.sequence,
            "markers": [marker.name for marker in self.truth.markers],
            "peaks": self.truth.digest,
            "device": kind_of(self.device),
            "step": self.step,
        }

    def peak_labels(self, folder: Path) -> PeakLabels:
        """What is scored by, as it was saved in a folder; no other markers are predicted."""
        return self.truth.peak_labels(folder).alone()

    def saved_works(self, folder: Path) -> list[BlockWork]:
        """Save what is scored by in a folder; the works that count there."""
        self.truth.save(folder)
        return self.works(folder)

    def works(self, folder: Path) -> list[BlockWork]:
        """All that is to be counted, in the genome's order.

        Parameters
        ----------
        folder
            Where the truth was saved, and the counts are.
        """
        labels = self.peak_labels(folder)
        recipe = BlockRecipe(
            model=self.model,
            genome=self.genome,
            rows=self.rows,
            marker_rules=self.marker_rules,
            stride=self.context.stride,
            settings=PredictionSettings(step=self.step),
            device=self.device,
            blocks=None,
            labels=labels,
            allowed_code=allowed_code(),
        )
        where = labels.scored.where
        places = {chrom: place for place, (chrom, _) in enumerate(labels.chrom_sizes)}
        together = -(-len(block_tasks(where)) // _MOST_FILES)
        return [
            BlockWork(recipe, tasks, tuple(places[task.block.chrom] for task in tasks), False)
            for tasks in grouped(where, together)
        ]


def score_job_on_regions(
    model: Path,
    genome: Path,
    request: ScoreRequest,
    device: str,
    *,
    step: int | None = None,
    any_genome: bool = False,
) -> ScoreJob:
    """Read and check everything that scoring a model on regions needs.

    Parameters
    ----------
    request
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
    context_at_step(checkpoint, step)
    source = Genome(genome)
    sizes = source.chrom_sizes
    if not any_genome:
        check_assembly(model, checkpoint, genome, sizes)
    markers = select_markers(checkpoint.markers, request.markers)
    genes = GeneRegions(request.genes, sizes)
    regions = read_regions(request.regions or [ALL], sizes, request.clip, genes)
    files = BedFiles(sizes, request.clip)
    there = scored_regions(regions, source.known(regions), "N", request.exclude, genome, files)
    seen = seen_on(checkpoint, sizes)
    scored = request.scored(there, seen, model)
    truth = Truth.of_table(request, model, checkpoint.markers, markers, sizes, scored, seen)
    return ScoreJob(model, genome, checkpoint, sha256, device, truth, step)


def score_job_on_split(
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
        As `score_job_on_regions`.

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
    context_at_step(checkpoint, step)
    dataset = open_dataset(folder, genome)
    if not isinstance(dataset, DenseDataset):
        raise InputError(
            folder, "a dataset of the short task, which has no bases; regtrack compare scores it"
        )
    if not any_genome:
        check_assembly(model, checkpoint, dataset.genome.path, dataset.chrom_sizes)
    markers = select_markers(checkpoint.markers, marker_patterns)
    truth = Truth.of_dataset(
        dataset,
        split,
        model,
        markers,
        seen_on(checkpoint, dataset.chrom_sizes),
        trained_here=checkpoint.training.get("dataset") == dataset.digest,
    )
    return ScoreJob(model, dataset.genome.path, checkpoint, sha256, device, truth, step)


def make_score_job(
    model: Path,
    request: ScoreRequest,
    dataset: Path | None,
    split: str,
    *,
    genome: Path | None,
    device: str,
    any_genome: bool,
    step: int | None = None,
) -> ScoreJob:
    """As `score_job_on_regions`, or `score_job_on_split` where there is a dataset.

    Parameters
    ----------
    request
        With a dataset it only says which markers: the dataset's windows count whole.
    device
        As `regtrack.prediction.gpu_probe.prediction_device`.
    step, any_genome
        As `score_job_on_regions`.

    Raises
    ------
    ArgumentError
        When there is no dataset, and no genome or peaks; or no such step.
    InputError
        As `score_job_on_regions` and `score_job_on_split`.
    """
    chosen = str(prediction_device(device))
    if dataset is not None:
        return score_job_on_split(
            *(model, dataset, split, genome, request.markers, chosen),
            step=step,
            any_genome=any_genome,
        )
    if genome is None:
        raise ArgumentError("genome", "is missing: the sequence that the model reads")
    return score_job_on_regions(model, genome, request, chosen, step=step, any_genome=any_genome)


def run_scores(
    job: ScoreJob, workers: int, observer: Observer, out: Path | None = None, force: bool = False
) -> Evaluation:
    """Predict and count every block, then score marker by marker.

    Parameters
    ----------
    workers
        Processes; changes nothing but the time. With a GPU, this one predicts.
    out
        Folder for the report, which is written there; None for none.
    force
        Replace a report, and drop an unfinished run that scored something else.

    Raises
    ------
    InputError
        When `out` holds a report, or what lies at `<out>.partial` is not an unfinished run of
        this job.
    OSError
        When a file cannot be written; with `out`, the same call resumes.
    """
    if out is None:
        with tempfile.TemporaryDirectory(prefix="regtrack-eval.") as scratch:
            return _scores(job, Path(scratch), workers, observer)
    # A report of this very run, all or half of it, was written when it was stopped.
    check_report_folder(out, force or is_of_run(partial_path(out.resolve()), job.identity()))
    names = (*LABEL_FILES, "*.cnt")
    with unfinished_run(out.resolve(), job.identity(), names, force, no_work=LABEL_FILES) as work:
        evaluation = _scores(job, work, workers, observer)
        write_report(evaluation, out)
        shutil.rmtree(work)
    return evaluation


def _scores(job: ScoreJob, folder: Path, workers: int, observer: Observer) -> Evaluation:
    """The same, with the counts in a folder, where some may be already."""
    works = job.saved_works(folder)
    labels = job.peak_labels(folder)
    predict_missing(works, workers, observer)
    order = [work.tasks[0].block for work in works]
    scores = gather_scores(labels, job.marker_rules, order, workers, observer)
    checkpoint = job.checkpoint
    predictions = Predictions(
        checkpoint.identified(job.sha256),
        named(job.genome),
        describe_device(torch.device(job.device)),
        job.step,
    )
    return job.truth.evaluation(
        scores, job.model, "model", checkpoint.network.paper_auc, predictions
    )


def left_to_score(job: ScoreJob, out: Path | None) -> int:
    """Bases that `run_scores` would have to predict: not those of a run that it would resume."""
    work = None if out is None else partial_path(out.resolve())
    if work is None or not work.exists() or not is_of_run(work, job.identity()):
        return job.truth.scope.scored.bases
    return sum(left.bases for left in missing(job.works(work)))
