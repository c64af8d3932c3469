"""What a prediction is: everything that decides the bytes of its tracks."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from regtrack import __version__
from regtrack.errors import ArgumentError
from regtrack.genome.alternative import where_peaks_are
from regtrack.genome.assemblies import name_of
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.fasta import sizes_fingerprint
from regtrack.genome.intervals import IntervalSet, Regions, intersect
from regtrack.genome.seen import Seen
from regtrack.listing import names_and_rest
from regtrack.models.arithmetic import arithmetic_of, torch_version
from regtrack.models.checkpoint import Checkpoint, read_identified
from regtrack.models.device import kind_of
from regtrack.models.network import Context
from regtrack.models.trained_genome import seen_on
from regtrack.notes import note
from regtrack.prediction.scope import Scope, find_scope
from regtrack.prediction.settings import PredictionSettings
from regtrack.prediction.windows import suited_length, tile
from regtrack.scoring.marker_scores import scored_by_themselves
from regtrack.scoring.request import ScoreRequest, scored_regions
from regtrack.scoring.truth import Truth
from regtrack.signals import MOST
from regtrack.tracks.blocks import BLOCK_FORMAT, BLOCK_LENGTH, Block
from regtrack.tracks.folder import (
    BY_BASES,
    BY_OPTION,
    BY_PEAKS,
    BY_SCORES,
    CHANCE,
    GIVEN,
    Track,
    TrackSet,
)
from regtrack.tracks.peaks.files import index_suffix
from regtrack.tracks.repeats import FEWEST_MARKERS

# Small blocks that are predicted and saved together, as scaffolds are: so few that a killed run
# loses only seconds, for the network reads the halo of each.
_MOST_TOGETHER = 32

# What of an identity need not be the same where any processor's arithmetic will do, or any GPU's.
ANY_CPU = frozenset(("arithmetic",))
REMEDIES = {"arithmetic": "--any-cpu goes on with it"}


@dataclass(frozen=True)
class BlockTask:
    """One block and its bases that are to be predicted."""

    block: Block
    targets: IntervalSet


@dataclass(frozen=True)
class Job:
    """A prediction, checked and ready to run.

    Parameters
    ----------
    model, genome
        Paths of the checkpoint and the FASTA file.
    checkpoint
        What the former says.
    rows
        Which outputs of the network are asked for.
    targets
        The bases asked for that are not N, per chromosome in the genome's order.
    sequence
        SHA-256 of where the targets lie, and of all sequence that the network reads.
    device
        As `regtrack.models.device.device_name`; one of another kind rounds otherwise.
    trackset
        What the finished folder's `tracks.json` will say.
    seen
        What the training has seen of the targets, where that is known.
    truth
        What the predictions are scored by in the same pass, or None.
    any_cpu
        Blocks that a CPU, or a GPU, of another arithmetic predicted are as good; a GPU's are never
        taken for a CPU's.
    """

    model: Path
    genome: Path
    checkpoint: Checkpoint
    rows: tuple[int, ...]
    targets: Mapping[str, IntervalSet]
    sequence: str
    settings: PredictionSettings
    device: str
    trackset: TrackSet
    seen: Seen | None
    truth: Truth | None = None
    any_cpu: bool = False

    @property
    def overlap(self) -> int:
        """Bases by which windows overlap where that is not enough to hide their seams; else 0."""
        return 0 if self.context.exact else self.context.left

    @functools.cached_property
    def context(self) -> Context:
        """What the network reads around a base."""
        return self.checkpoint.sketch(self.settings.step).context

    @property
    def bases(self) -> int:
        """Number of bases to predict."""
        return sum(targets.bases for targets in self.targets.values())

    @functools.cached_property
    def groups(self) -> tuple[tuple[BlockTask, ...], ...]:
        """The blocks that hold a target, in the genome's order; those of a file together."""
        scored = self.truth.scope.scored.where if self.truth else None
        return tuple(grouped(self.targets, _MOST_TOGETHER, BLOCK_LENGTH, scored))

    @property
    def finds_repeats(self) -> bool:
        """Whether enough markers may have peaks to look for repeats in which most have one."""
        may_have_peaks = sum(track.no_peaks is None for track in self.trackset.tracks)
        return may_have_peaks >= FEWEST_MARKERS

    def identity(self) -> dict[str, Any]:
        """What two runs must share for one to go on with the other's blocks."""
        return {
            "regtrack": __version__,
            "block length": BLOCK_LENGTH,
            "block format": BLOCK_FORMAT,
            "model": self.trackset.model["sha256"],
            **({"code": code} if (code := self.checkpoint.network.sha256) else {}),
            "chromosomes": list(self.trackset.chrom_sizes.items()),
            "sequence and regions": self.sequence,
            "markers": [track.marker.name for track in self.trackset.tracks],
            "device": kind_of(self.device),
            "arithmetic": arithmetic_of(self.device),
            "torch": torch_version(),
            **({"peaks": self.truth.digest} if self.truth else {}),
            **self.settings.record(),
        }

    @property
    def may_differ(self) -> frozenset[str]:
        """What of the identity two runs need not share."""
        return ANY_CPU if self.any_cpu else frozenset()


def block_tasks(targets: Regions) -> list[BlockTask]:
    """The blocks that hold any of some bases, in the order of the chromosomes."""
    tasks: list[BlockTask] = []
    for chrom, intervals in targets.items():
        blocks = [Block(chrom, index) for index in intervals.units(BLOCK_LENGTH)]
        if len(blocks) == 1:  # as those of 100,000 scaffolds, which it would take long to cut
            tasks.append(BlockTask(blocks[0], intervals))
            continue
        tasks += [BlockTask(block, intervals.clip(block.start, block.end)) for block in blocks]
    return tasks


def grouped(
    targets: Regions, most: int, most_bases: float = math.inf, scored: Regions | None = None
) -> Iterator[tuple[BlockTask, ...]]:
    """The same, consecutive ones together: at most so many, of so many targets.

    Those of a chromosome that has scores of its own are by themselves; of the others, which may
    be 100,000 scaffolds, many are together.

    Parameters
    ----------
    scored
        Those of the targets that are scored; None for all.
    """
    alone = set(scored_by_themselves(targets if scored is None else scored))
    group: list[BlockTask] = []
    owner, bases = None, 0
    for task in block_tasks(targets):
        own = task.block.chrom if task.block.chrom in alone else None
        bases += task.targets.bases
        if group and (own != owner or len(group) == most or bases > most_bases):
            yield tuple(group)
            group, bases = [], task.targets.bases
        group.append(task)
        owner = own
    if group:
        yield tuple(group)


def make_job(
    model: Path,
    genome: Path,
    regions: Sequence[str],
    marker_patterns: Sequence[str],
    settings: PredictionSettings,
    device: str,
    *,
    any_genome: bool = False,
    peaks: Path | None = None,
    genes: Path | None = None,
    clip: bool = False,
    include_training: bool = False,
) -> Job:
    """Read and check everything that a prediction needs, before any work.

    Parameters
    ----------
    model, genome, regions, marker_patterns, any_genome, genes, clip
        As `find_scope`.
    peaks, include_training
        As `job_from_scope`.

    Raises
    ------
    ArgumentError, InputError
        As both.
    """
    scope = find_scope(
        *(model, genome, regions, marker_patterns),
        any_genome=any_genome,
        genes=genes,
        clip=clip,
    )
    return job_from_scope(scope, settings, device, peaks=peaks, include_training=include_training)


def job_from_scope(
    scope: Scope,
    settings: PredictionSettings,
    device: str,
    *,
    peaks: Path | None = None,
    include_training: bool = False,
    any_cpu: bool = False,
    sequence: str | None = None,
) -> Job:
    """Read and check everything else that a prediction needs.

    Parameters
    ----------
    peaks
        Measured peaks that the predictions are scored by, as `ScoreRequest` takes them, or None.
    include_training
        Score bases that were trained on, too.
    any_cpu, sequence
        As `Job`; None to read the sequence.

    Raises
    ------
    ArgumentError
        For `include_training` without peaks.
    InputError
        For anything that cannot be used.
    """
    if include_training and peaks is None:
        raise ArgumentError("include_training", "does nothing without --peaks: nothing is scored")
    checkpoint, sha256 = read_identified(scope.model)
    sizes, targets = scope.genome.chrom_sizes, scope.targets
    rows = tuple(checkpoint.markers.index(marker) for marker in scope.markers)
    if settings.peak_threshold is not None:
        _tell_of_peakless(checkpoint, rows)
    context = context_at_step(checkpoint, settings.step)
    window = settings.window or suited_length(context)
    settings = replace(settings, window=window)
    next(tile(next(iter(targets.values())), context, window))
    reach = max(context.left, context.right) + context.stride
    suffix = index_suffix(sizes)
    seen = seen_on(checkpoint, sizes)
    seen_here = None if seen is None else seen.inside(targets)
    trackset = TrackSet(
        model=checkpoint.identified(sha256),
        fingerprint=sizes_fingerprint(sizes),
        chrom_sizes=dict(sizes),
        settings=settings.record(),
        tracks=tuple(_track(checkpoint, row, settings, suffix) for row in rows),
        assembly=name_of(sizes, "" if scope.any_genome else checkpoint.assembly),
        seen_bases=None if seen_here is None else seen_here.bases,
    )
    return Job(
        model=scope.model,
        genome=scope.genome.path,
        checkpoint=checkpoint,
        rows=rows,
        targets=targets,
        sequence=sequence or scope.genome.digest(targets, reach),
        settings=settings,
        device=device,
        trackset=trackset,
        seen=seen_here,
        truth=(
            None if peaks is None else _truth(scope, checkpoint, peaks, include_training, seen_here)
        ),
        any_cpu=any_cpu,
    )


def _truth(
    scope: Scope,
    checkpoint: Checkpoint,
    peaks: Path,
    include_training: bool,
    seen: Seen | None,
) -> Truth:
    """Measured peaks, on the bases that are predicted."""
    request = ScoreRequest(peaks, scope.regions, clip=scope.clip, include_training=include_training)
    sizes, genome = scope.genome.chrom_sizes, scope.genome.path
    asked = where_peaks_are(scope.asked, sizes, named=scope.regions)
    targets = intersect(scope.targets, asked)
    there = scored_regions(asked, targets, "N", (), genome, BedFiles(sizes))
    scored = request.scored(there, seen, scope.model)
    return Truth.of_table(
        request, scope.model, checkpoint.markers, scope.markers, sizes, scored, seen
    )


def _tell_of_peakless(checkpoint: Checkpoint, rows: Sequence[int]) -> None:
    names = [checkpoint.markers[row].name for row in rows if not checkpoint.is_skilled(row)]
    if names:
        note(
            "not clearly better than chance, so that no peaks are called of them whatever the "
            f"threshold: {names_and_rest(names)}"
        )


def context_at_step(checkpoint: Checkpoint, step: int | None) -> Context:
    """What the network reads around a base when it gives one value for every `step` bases.

    Raises
    ------
    ArgumentError
        When it has no such step.
    """
    try:
        return checkpoint.sketch(step).context
    except ValueError as error:
        raise ArgumentError("step", f"{checkpoint.architecture}: {error}") from None


def _track(checkpoint: Checkpoint, row: int, settings: PredictionSettings, suffix: str) -> Track:
    """What is known of a marker's track before it is made."""
    origins = {"peaks": BY_PEAKS, "bases": BY_BASES, "scores": BY_SCORES, "given": GIVEN}
    threshold, origin = checkpoint.thresholds[row], origins[checkpoint.threshold_from(row)]
    marker_range = checkpoint.range_of(row)
    scale, most = (1, 1) if marker_range is None else (marker_range, MOST)
    if settings.peak_threshold is not None:
        threshold, origin = settings.peak_threshold * scale, BY_OPTION
    validated = checkpoint.validation_of(row)
    return Track.of(
        checkpoint.markers[row],
        # Lower values may stand for nothing.
        min(max(threshold, (settings.floor + settings.max_error) * scale), most),
        suffix,
        threshold_from=origin,
        no_peaks=None if checkpoint.is_skilled(row) else CHANCE,
        base_rate=validated.base_rate if validated else None,
        range=marker_range,
    )
