"""What scoring a model is: everything that decides the scores."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regtrack import __version__
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.settings import SPLITS
from regtrack.errors import ArgumentError, InputError
from regtrack.genome.alternative import without_peaks
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.fasta import Genome
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.markers import select_markers
from regtrack.genome.regions import ALL, read_regions
from regtrack.models.arithmetic import arithmetic_of, torch_version
from regtrack.models.checkpoint import Checkpoint, read_identified
from regtrack.models.device import kind_of
from regtrack.models.named_code import allowed_code
from regtrack.models.network import Context
from regtrack.models.trained_genome import check_assembly, seen_on
from regtrack.prediction.blockwork import BlockRecipe, BlockWork
from regtrack.prediction.gpu_probe import prediction_device
from regtrack.prediction.job import ANY_CPU, block_tasks, context_at_step, grouped
from regtrack.prediction.scope import KnownBases
from regtrack.prediction.settings import PredictionSettings
from regtrack.scoring.counting import PeakLabels
from regtrack.scoring.request import ScoreRequest, scored_regions
from regtrack.scoring.truth import Truth
from regtrack.tracks.peaks.rules import MarkerRules, PeakRules

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
        As `Job`.
    truth
        What it is scored by.
    step
        As `regtrack.prediction.settings.PredictionSettings`.
    any_cpu
        As `Job`, of counts.
    known_sequence
        What `sequence` is, where that is known: it takes a while for a genome.
    """

    model: Path
    genome: Path
    checkpoint: Checkpoint
    sha256: str
    device: str
    truth: Truth
    step: int | None = None
    any_cpu: bool = False
    known_sequence: str | None = None

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
        if self.known_sequence is not None:
            return self.known_sequence
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
            "arithmetic": arithmetic_of(self.device),
            "torch": torch_version(),
            "step": self.step,
        }

    @property
    def bases(self) -> int:
        """Number of bases to predict."""
        return self.truth.scope.scored.bases

    @property
    def may_differ(self) -> frozenset[str]:
        """What of the identity two runs need not share."""
        return ANY_CPU if self.any_cpu else frozenset()

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
    any_cpu: bool = False,
    known: KnownBases | None = None,
) -> ScoreJob:
    """Read and check everything that scoring a model on regions needs.

    Parameters
    ----------
    request
        No region stands for the whole genome, without `regtrack.genome.alternative`'s
        `without_peaks`.
    step
        Bases that one value stands for; None for the network's own.
    any_genome
        Accept a genome that the model was not trained on.
    any_cpu
        As `ScoreJob`.
    known
        What was found of the regions before.

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
    check_assembly(model, checkpoint, genome, sizes, any_genome)
    markers = select_markers(checkpoint.markers, request.markers)
    known = known or find_bases(request, source)
    files = BedFiles(sizes, request.clip)
    there = scored_regions(known.asked, known.targets, "N", request.exclude, genome, files)
    seen = seen_on(checkpoint, sizes)
    scored = request.scored(there, seen, model)
    truth = Truth.of_table(request, model, checkpoint.markers, markers, sizes, scored, seen)
    return ScoreJob(
        *(model, genome, checkpoint, sha256, device, truth, step, any_cpu),
        known_sequence=known.sequence,
    )


def find_bases(request: ScoreRequest, genome: Genome) -> KnownBases:
    """The regions that a user asked for, and what of them is not N.

    Raises
    ------
    InputError
        For regions that the genome does not have.
    """
    genes = GeneRegions(request.genes, genome.chrom_sizes)
    asked = read_regions(
        *(request.regions or [ALL], genome.chrom_sizes, request.clip, genes), without_peaks
    )
    return KnownBases(asked, genome.known(asked))


def bases_of(job: ScoreJob, request: ScoreRequest, dataset: Path | None) -> KnownBases:
    """What another process need not find again of a job; those of a dataset it says itself."""
    return KnownBases({}, {}) if dataset else find_bases(request, Genome(job.genome))


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
    any_cpu: bool = False,
    known: KnownBases | None = None,
) -> ScoreJob:
    """Read and check everything that scoring a model on a split of a dataset needs.

    Parameters
    ----------
    folder, genome
        As `regtrack.datasets.folder.open_dataset`.
    split
        `train`, `valid` or `test`.
    step, any_genome, any_cpu, known
        As `score_job_on_regions`; of what is known, the sequence alone.

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
    check_assembly(model, checkpoint, dataset.genome.path, dataset.chrom_sizes, any_genome)
    markers = select_markers(checkpoint.markers, marker_patterns)
    truth = Truth.of_dataset(
        dataset,
        split,
        model,
        markers,
        seen_on(checkpoint, dataset.chrom_sizes),
        trained_here=checkpoint.training.get("dataset") == dataset.digest,
    )
    return ScoreJob(
        *(model, dataset.genome.path, checkpoint, sha256, device, truth, step, any_cpu),
        known_sequence=None if known is None else known.sequence,
    )


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
    any_cpu: bool = False,
) -> ScoreJob:
    """As `score_job_on_regions`, or `score_job_on_split` where there is a dataset.

    Parameters
    ----------
    request
        With a dataset it only says which markers: the dataset's windows count whole.
    device
        As `regtrack.prediction.gpu_probe.prediction_device`.
    step, any_genome, any_cpu
        As `score_job_on_regions`.

    Raises
    ------
    ArgumentError
        When there is no dataset, and no genome or peaks; or no such step.
    InputError
        As `score_job_on_regions` and `score_job_on_split`.
    """
    chosen = prediction_device(device)
    if dataset is not None:
        return score_job_on_split(
            *(model, dataset, split, genome, request.markers, chosen),
            step=step,
            any_genome=any_genome,
            any_cpu=any_cpu,
        )
    if genome is None:
        raise ArgumentError("genome", "is missing: the sequence that the model reads")
    return score_job_on_regions(
        *(model, genome, request, chosen), step=step, any_genome=any_genome, any_cpu=any_cpu
    )
