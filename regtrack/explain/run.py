"""The job behind `regtrack explain`: networks and a region in, a folder out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from regtrack.errors import ArgumentError, InputError
from regtrack.explain.context_files import CONTEXTS, context_table, write_contexts
from regtrack.explain.contexts import find_contexts
from regtrack.explain.explained_models import ExplainedModel, choose_marker, read_models
from regtrack.explain.positives import PeakTable
from regtrack.explain.stretch import Explanation, explain_stretch
from regtrack.explain.stretch_files import TABLE, text_table, write_explanations
from regtrack.folders import check_folder, replacing_folder
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.fasta import Genome
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.intervals import EMPTY, Interval, IntervalSet
from regtrack.genome.markers import select_markers
from regtrack.genome.regions import read_regions
from regtrack.genome.unknown_sequence import nothing_but_n
from regtrack.models.device import choose_device
from regtrack.observer import Observer

# A picture of more would show nothing, and the gradient of every base is in memory.
LONGEST = 10_000_000

MEASURED_ONLY, PREDICTED_ONLY = "measured", "predicted"
BEGINNINGS = (MEASURED_ONLY, PREDICTED_ONLY)
_HOW = f"; --from {PREDICTED_ONLY} begins with what is predicted"


@dataclass(frozen=True)
class ExplainRequest:
    """What to explain: which models, and where.

    Parameters
    ----------
    models, genome
        Paths of the checkpoints and the FASTA file.
    region
        As typed, or the path of a BED file.
    peaks
        Measured peaks, as `regtrack.genome.measured.read_measured`, or None.
    any_genome
        Accept a genome that a network was not trained on.
    clip
        As `regtrack.genome.bed.Rules`, for all BED files.
    genes
        As `regtrack.genome.gene_regions.GeneRegions` takes its table, for the region.
    begin
        What is positive: `measured` or `predicted` (`BEGINNINGS`); None for measured peaks where
        there are any, else what is predicted.
    """

    models: Sequence[Path]
    region: str
    genome: Path
    peaks: Path | None
    device: str
    any_genome: bool
    clip: bool = False
    genes: Path | None = None
    begin: str | None = None

    def __post_init__(self) -> None:
        if self.begin == MEASURED_ONLY and self.peaks is None:
            raise ArgumentError("peaks", f"is needed by --from {MEASURED_ONLY}")

    @property
    def table(self) -> Path | None:
        """The measured peaks to begin from, or None."""
        return None if self.begin == PREDICTED_ONLY else self.peaks

    @property
    def why_predicted(self) -> str:
        """Why predictions say what is positive, where they do."""
        if self.begin == PREDICTED_ONLY:
            return f"--from {PREDICTED_ONLY}"
        return "no --peaks" if self.peaks is None else "no measured peak here"


def explain_marker(
    request: ExplainRequest,
    marker: str,
    out: Path,
    force: bool,
    observer: Observer,
    width: int | None = None,
) -> str:
    """Explain one marker in each network on one stretch; returns a table for people.

    Parameters
    ----------
    width
        Columns of the screen that the table is for; None for no screen.

    Raises
    ------
    InputError, ArgumentError
        For anything that cannot be used; then nothing is written.
    OSError
        When a file cannot be read or written.
    """
    device = choose_device(request.device)
    _check_folder(out, force)
    genome, models = _opened(request)
    chosen = choose_marker(models, marker)
    region = _stretch(request, genome)
    files = BedFiles(genome.chrom_sizes, request.clip)
    peaks = PeakTable(request.table, files).of(chosen)
    files.tell()
    region_peaks = peaks.get(region.chrom, EMPTY).clip(region.start, region.end)
    if request.begin == MEASURED_ONLY and not len(region_peaks):
        raise InputError(request.region, f"no measured peak of {chosen.name} there{_HOW}")
    explanations: list[Explanation] = [
        explain_stretch(model, genome, chosen, region, region_peaks, device, observer)
        for model in models
    ]
    with replacing_folder(out, TABLE) as folder:
        write_explanations(explanations, genome.chrom_sizes, folder)
    return text_table(explanations, out, request.why_predicted, width)


def explain_contexts(
    request: ExplainRequest,
    patterns: Sequence[str],
    samples: int,
    out: Path,
    force: bool,
    observer: Observer,
    width: int | None = None,
) -> str:
    """Find the effective context of every marker in each network; returns a table for people.

    Parameters
    ----------
    patterns
        As `regtrack.genome.markers.select_markers`.
    samples
        Positive bases per marker, at most.
    width
        Columns of the screen that the table is for; None for no screen.

    Raises
    ------
    InputError, ArgumentError
        For anything that cannot be used; then nothing is written.
    OSError
        When a file cannot be read or written.
    """
    device = choose_device(request.device)
    _check_folder(out, force)
    genome, models = _opened(request)
    chosen = [select_markers(model.checkpoint.markers, patterns) for model in models]
    files = BedFiles(genome.chrom_sizes, request.clip)
    peaks = PeakTable(request.table, files)
    asked = _regions(request, genome)
    targets = genome.known(asked)
    if not targets:
        raise InputError(request.region, nothing_but_n(asked, genome))
    contexts = [
        context
        for model, markers in zip(models, chosen, strict=True)
        for context in find_contexts(
            model, genome, markers, targets, peaks, samples, device, observer
        )
    ]
    files.tell()
    if not any(context.samples for context in contexts):
        raise InputError(
            request.region,
            f"no marker has a measured peak there{_HOW}"
            if len(peaks)
            else "no marker is predicted with its threshold or more there (--peaks tells where "
            "markers were measured)",
        )
    with replacing_folder(out, CONTEXTS) as folder:
        write_contexts(contexts, folder)
    return context_table(contexts, width)


def _check_folder(out: Path, force: bool) -> None:
    """Refuse a folder that `regtrack explain` did not write, or did unless `force` is set."""
    contents = CONTEXTS if (out / CONTEXTS).exists() else TABLE
    check_folder(out, force, contents, "what regtrack explain writes")


def _opened(request: ExplainRequest) -> tuple[Genome, tuple[ExplainedModel, ...]]:
    if Path(request.region).suffix == ".safetensors":
        raise ArgumentError("region", f"{request.region} is a checkpoint; the region comes last")
    genome = Genome(request.genome)
    models = read_models(
        request.models, request.genome, genome.chrom_sizes, any_genome=request.any_genome
    )
    return genome, models


def _regions(request: ExplainRequest, genome: Genome) -> dict[str, IntervalSet]:
    genes = GeneRegions(request.genes, genome.chrom_sizes)
    return read_regions([request.region], genome.chrom_sizes, request.clip, genes)


def _stretch(request: ExplainRequest, genome: Genome) -> Interval:
    """The stretch of a chromosome that a region names.

    Raises
    ------
    InputError
        When it is several, or too long for a picture.
    """
    text = request.region
    stretches = [
        Interval(chrom, start, end)
        for chrom, intervals in _regions(request, genome).items()
        for start, end in intervals
    ]
    if len(stretches) > 1:
        raise InputError(text, f"{len(stretches)} stretches; --marker expects one")
    if len(stretches[0]) > LONGEST:
        raise InputError(text, f"{len(stretches[0]):,} bases; --marker expects {LONGEST:,} at most")
    return stretches[0]
