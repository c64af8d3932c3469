"""What is finished at an output already, held against the same job when it is asked for again.

Tracks and reports say what they were made with. What they do not keep is not compared: of the
sequence only its chromosomes and where it is N, of peaks only the name, and of both whether a
file is younger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regtrack.differences import another
from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.genome.intervals import Regions, total_bases
from regtrack.paths import named
from regtrack.prediction.job import Job
from regtrack.prediction.score_job import ScoreJob
from regtrack.report.files import DATA
from regtrack.report.files import FORMAT_VERSION as REPORT_VERSION
from regtrack.scoring.provenance import Predictions, Provenance, TableOfPeaks
from regtrack.scoring.truth import Truth
from regtrack.tracks.folder import TrackSet
from regtrack.tracks.trackless import CONTENTS

_Known = dict[str, Any]

# What a report says of how it was made, but not what was made.
_PASSING = ("device", "regtrack", "regions", "tracks", "model", "seen in training")


@dataclass(frozen=True)
class _Marker:
    """A marker of a report, as far as it is compared."""

    name: str


@dataclass(frozen=True)
class _Report:
    """A report, as far as it is compared."""

    about: dict[str, Any]
    chromosomes: dict[str, int]
    markers: list[_Marker]


def refuse_another(out: Path, job: Job | ScoreJob) -> None:
    """Refuse what is finished at `out` where it is not what a job would make.

    Raises
    ------
    InputError
        Naming what differs, or when a file there is damaged.
    OSError
        When one cannot be read.
    """
    written, wanted = _tracks(out, job) if isinstance(job, Job) else _report(out, job)
    if other := another(written, wanted):
        raise InputError(out, f"exists already, with {other}; --force replaces it")
    made = out / (CONTENTS if isinstance(job, Job) else DATA)
    for read, same in _read_by(job):
        if read.stat().st_mtime_ns > made.stat().st_mtime_ns:
            raise InputError(
                out,
                f"exists already, and {read} was written after it; if {same}, all is done; "
                "--force makes it anew",
            )


def _read_by(job: Job | ScoreJob) -> Iterator[tuple[Path, str]]:
    """Files whose content is not kept in what is made of them, and when that does not matter."""
    yield job.genome, "that is the same sequence"
    truth = job.truth
    if truth is not None and isinstance(truth.source, TableOfPeaks):
        for marker in truth.markers:
            yield Path(marker.file), "these are the same peaks"


def _tracks(out: Path, job: Job) -> tuple[_Known, _Known]:
    """What tracks that are there, and those of a job, are made with."""
    there = TrackSet.read(out)
    written = _of_tracks(there)
    wanted = _of_tracks(job.trackset)
    regions = _regions(there.predicted(out), job.targets)
    written["regions"], wanted["regions"] = regions
    if job.truth is not None:
        scored = Predictions(job.trackset.model, named(job.genome), tracks=job.trackset.settings)
        reports = _reports(out, scored, job.truth) if (out / DATA).exists() else _none(job.truth)
        written, wanted = reports[0] | written, reports[1] | wanted
    return written, wanted


def _of_tracks(tracks: TrackSet) -> _Known:
    return {
        "model": tracks.model["sha256"],
        "chromosomes": [[chrom, size] for chrom, size in tracks.chrom_sizes.items()],
        "markers": [track.marker.name for track in tracks.tracks],
        **tracks.settings,
    }


def _regions(there: Regions, asked: Regions) -> tuple[str, str]:
    """What was predicted, and what is to be; two texts that differ where these do."""
    texts = [f"{total_bases(regions):,} bases" for regions in (there, asked)]
    if texts[0] == texts[1] and dict(there) != dict(asked):
        texts[0] += " elsewhere"
    return texts[0], texts[1]


def _none(truth: Truth) -> tuple[_Known, _Known]:
    """No report, and one."""
    return {"peaks": None}, {"peaks": getattr(truth.source, "peaks", None)}


def _report(out: Path, job: ScoreJob) -> tuple[_Known, _Known]:
    """What a report that is there, and that of a job, are made with."""
    identified = job.checkpoint.identified(job.sha256)
    predictions = Predictions(identified, named(job.genome), None, job.step)
    return _reports(out, predictions, job.truth)


def _reports(out: Path, predictions: Predictions, truth: Truth) -> tuple[_Known, _Known]:
    report = read_json(out / DATA, _Report, REPORT_VERSION)
    about = Provenance(predictions, truth.source, truth.seen).to_json()
    return (
        _of_report(report.about, report.chromosomes, [marker.name for marker in report.markers]),
        _of_report(
            about,
            {chrom: bases.bases for chrom, bases in truth.scope.scored.where.items()},
            [marker.name for marker in truth.markers],
        ),
    )


def _of_report(about: _Known, chromosomes: dict[str, int], markers: list[str]) -> _Known:
    return {
        "model": about.get("model", {}).get("sha256"),
        "subject": "tracks" if "tracks" in about else "model",
        **{name: value for name, value in about.items() if name not in _PASSING},
        "scored regions": f"{sum(chromosomes.values()):,} bases",
        "scored chromosomes": list(chromosomes.items()),
        "scored markers": markers,
    }
