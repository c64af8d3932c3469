"""The job behind `regtrack eval TRACKS`: a tracks folder and measured peaks in, scores out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regtrack.datasets.unknown import read_unknown
from regtrack.errors import InputError
from regtrack.genome.alternative import where_peaks_are, without_peaks
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.intervals import Regions, intersect
from regtrack.genome.markers import select_markers
from regtrack.genome.regions import read_regions
from regtrack.observer import Observer, staged
from regtrack.paths import named
from regtrack.scoring.evaluation import Evaluation, ScoredRegions
from regtrack.scoring.marker_scores import MarkerScores
from regtrack.scoring.provenance import Predictions, Provenance
from regtrack.scoring.reference import processes_that_fit, reference_scores
from regtrack.scoring.request import ScoreRequest, match_measured, scored_regions
from regtrack.scoring.resampling import BootstrapBlocks
from regtrack.scoring.seen import seen_words
from regtrack.scoring.track_scores import TrackTask, score_track
from regtrack.tracks.coarse import tell_of_coarse
from regtrack.tracks.folder import TrackSet
from regtrack.workers import in_processes

# Tracks of less than this are read sooner than a process starts.
_BYTES_PER_PROCESS = 50_000_000


def evaluate(
    folder: Path,
    request: ScoreRequest,
    workers: int,
    observer: Observer,
    *,
    with_reference: bool = False,
) -> Evaluation:
    """Score the tracks of a folder against measured peaks, where sequence was predicted.

    Parameters
    ----------
    workers
        Processes at most; a small job is done in this one.
    observer
        Is told of each track that is scored.
    with_reference
        Also score every base with scikit-learn (`regtrack.scoring.reference`).

    Raises
    ------
    InputError
        When nothing predicted lies in the regions, no track is in the table, a file cannot be
        used, or the reference needs more memory than there is.
    """
    trackset = TrackSet.read(folder)
    predicted = [track.marker for track in trackset.tracks]
    chosen = select_markers(predicted, request.markers)
    known, without_peaks = match_measured(request, folder, chosen)
    tell_of_coarse(trackset, [marker.name for marker in known])
    seen = trackset.seen(folder)
    scored = request.scored(_scored_regions(trackset, folder, request), seen, folder)
    by_index = read_unknown(request.unknown, predicted, trackset.chrom_sizes)
    unknown = {marker.index: by_index[marker.index] for marker in known if marker.index in by_index}
    blocks = BootstrapBlocks.of(scored.where)
    tracks = {track.marker.name: track for track in trackset.tracks}
    tasks = [
        TrackTask(
            folder / tracks[marker.name].bigwig,
            Path(marker.file),
            trackset.chrom_sizes,
            scored.without(unknown.get(marker.index, ())),
            blocks,
            tracks[marker.name].marker_rules(trackset.peak_rules),
            trackset.least_meaning(tracks[marker.name]),
            request.clip,
        )
        for marker in known
    ]
    processes = processes_that_fit(folder, tasks, workers) if with_reference else 0
    files = BedFiles(trackset.chrom_sizes, request.clip)
    scores = _scores(tasks, files, workers, observer)
    files.tell()
    return Evaluation(
        subject=named(folder),
        kind="tracks",
        markers=tuple(known),
        scores=tuple(scores),
        without_peaks=without_peaks,
        unknown=unknown,
        scored=scored,
        blocks=blocks,
        provenance=Provenance(
            Predictions(trackset.model, trackset.fingerprint, tracks=trackset.settings),
            request.table("all that was predicted"),
            seen_words(seen, scored.where),
        ),
        reference=reference_scores(tasks, processes, observer) if with_reference else (),
    )


def _scored_regions(trackset: TrackSet, folder: Path, request: ScoreRequest) -> ScoredRegions:
    """The bases to score: predicted and, where regions were given, inside these."""
    sizes = trackset.chrom_sizes
    predicted = trackset.predicted(folder)
    if request.regions:
        genes = GeneRegions(request.genes, sizes)
        regions: Regions = read_regions(request.regions, sizes, request.clip, genes, without_peaks)
    else:
        regions = where_peaks_are(predicted, sizes)
    where = intersect(predicted, regions)
    if not where:
        raise InputError(" ".join(request.regions), f"nothing was predicted there in {folder}")
    return scored_regions(
        regions,
        where,
        "not predicted, or N",
        request.exclude,
        folder,
        BedFiles(sizes, request.clip),
    )


def _scores(
    tasks: Sequence[TrackTask], files: BedFiles, workers: int, observer: Observer
) -> list[MarkerScores]:
    """In the order of the tasks."""
    size = sum(task.bigwig.stat().st_size for task in tasks)
    processes = min(workers, 1 + size // _BYTES_PER_PROCESS)
    with staged(observer, "scoring", "markers", len(tasks)) as advance:
        by_track = {}
        for task, (scores, counts) in in_processes(score_track, tasks, processes):
            by_track[task.bigwig] = scores
            files.count_peaks(counts)
            advance(1)
    return [by_track[task.bigwig] for task in tasks]
