"""The job behind `regtrack eval`: a tracks folder and measured peaks in, scores out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from regtrack.errors import InputError
from regtrack.evaluation.metrics import Scores
from regtrack.evaluation.overlap import score_track
from regtrack.genome.bed import read_bed
from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.genome.markers import Marker, read_markers, select_markers
from regtrack.genome.regions import read_regions
from regtrack.tracks.bigwig import BigWigReader
from regtrack.tracks.folder import Track, TrackSet


@dataclass(frozen=True)
class Evaluation:
    """Scores of some tracks.

    Parameters
    ----------
    tracks
        Path of the tracks folder.
    markers, scores
        One each per scored track, in the order of the tracks.
    without_peaks
        Names of tracks for which the table has no measured peaks: not scored.
    bases
        Bases looked at: predicted, and inside the regions asked for.
    """

    tracks: Path
    markers: tuple[Marker, ...]
    scores: tuple[Scores, ...]
    without_peaks: tuple[str, ...]
    bases: int


class EvaluationObserver(Protocol):
    """Is told of the progress; what it does with it is its own affair."""

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """A stage of `total` units begins."""

    def advanced(self, units: int) -> None:
        """So many units are done."""


def evaluate(
    folder: Path,
    peaks_table: Path,
    regions: Sequence[str],
    marker_patterns: Sequence[str],
    observer: EvaluationObserver,
) -> Evaluation:
    """Score the tracks of a folder against measured peaks, where sequence was predicted.

    Parameters
    ----------
    peaks_table
        Markers table; its rows are matched to the tracks by name.
    regions
        As typed or BED files; none stands for all that was predicted.
    marker_patterns
        As `regtrack.genome.markers.select_markers`.
    observer
        Is told of each track that is scored.

    Raises
    ------
    InputError
        When nothing predicted lies in the regions, no track is in the table, or a file
        cannot be used.
    """
    trackset = TrackSet.read(folder)
    measured = {marker.name: marker for marker in read_markers(peaks_table)}
    names = {
        marker.name
        for marker in select_markers([track.marker for track in trackset.tracks], marker_patterns)
    }
    chosen = [track for track in trackset.tracks if track.marker.name in names]
    known = [track for track in chosen if track.marker.name in measured]
    if not known:
        raise InputError(
            peaks_table,
            f"has none of the tracks' markers: it has {next(iter(measured))!r} ..., "
            f"{folder} has {chosen[0].marker.name!r} ...",
        )
    where = _where(trackset, folder, regions)
    scores = []
    observer.stage("scoring", "markers", len(known), 0)
    for track in known:
        peaks_file = Path(measured[track.marker.name].file)
        scores.append(_score(folder, track, where, peaks_file, trackset))
        observer.advanced(1)
    return Evaluation(
        tracks=folder,
        markers=tuple(track.marker for track in known),
        scores=tuple(scores),
        without_peaks=tuple(track.marker.name for track in chosen if track not in known),
        bases=sum(asked.bases for asked in where.values()),
    )


def _where(trackset: TrackSet, folder: Path, regions: Sequence[str]) -> dict[str, IntervalSet]:
    """The bases to score: predicted and, where regions were given, inside these."""
    predicted = trackset.predicted(folder)
    if not regions:
        return predicted
    asked = read_regions(regions, trackset.chrom_sizes)
    where = {
        chrom: intervals.intersect(predicted.get(chrom, EMPTY))
        for chrom, intervals in asked.items()
    }
    where = {chrom: intervals for chrom, intervals in where.items() if len(intervals)}
    if not where:
        raise InputError(" ".join(regions), f"nothing was predicted there in {folder}")
    return where


def _score(
    folder: Path,
    track: Track,
    where: dict[str, IntervalSet],
    peaks_file: Path,
    trackset: TrackSet,
) -> Scores:
    peaks = read_bed(peaks_file, trackset.chrom_sizes)
    with BigWigReader(folder / track.bigwig) as reader:
        return score_track(reader, where, peaks)
