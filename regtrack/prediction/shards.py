"""A job in shards: planned once, its shards predicted by anybody, finished by one.

Any scheduler will do. Every step is its own process, on any machine that sees the folder; each
may be repeated, killed, or run at the same time as others, and skips what is there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from regtrack.atomic import remove_left_aside, replacing
from regtrack.documents import read_json
from regtrack.errors import ArgumentError, BusyError, InputError
from regtrack.folders import clear
from regtrack.leases import holders, leased, refuse_holders, wait_for_silent
from regtrack.listing import counted
from regtrack.models.instructions import use_instructions
from regtrack.notes import note
from regtrack.observer import Observer
from regtrack.plan_folders import plan_folder, shared_plan
from regtrack.prediction.blockwork import BlockWork
from regtrack.prediction.dispatch import missing, predict_missing
from regtrack.prediction.job import Job
from regtrack.prediction.missing_shards import naming_shard, refuse_unfinished
from regtrack.prediction.planned_job import SUMMARIES, Here, planned_job, works_of
from regtrack.prediction.planning import UNPLANNED
from regtrack.prediction.run import (
    clear_peaks_aside,
    deliver,
    finish_tracks,
    is_finished,
    write_markers,
)
from regtrack.prediction.score_job import ScoreJob
from regtrack.prediction.score_model import evaluate_counts
from regtrack.prediction.shard_plan import ShardPlan, computed_on, read_plan, settle_machine
from regtrack.prediction.shard_progress import mark_done, shard_lease
from regtrack.report.files import check_report_folder, write_report
from regtrack.scoring.evaluation import Evaluation
from regtrack.shares import Share
from regtrack.tracks.folder import TrackSet
from regtrack.tracks.summary import Summary
from regtrack.tracks.write import check_tracks_folder
from regtrack.work_folders import LEASES, REPORT, TRACKS, partial_path, remove_claimed

# Name of the lease of who finishes a job.
_FINISH = "finish"


@dataclass(frozen=True)
class Part:
    """What a process did of a job.

    Parameters
    ----------
    name
        `shard 1/3`, or `share 1/3 of the files`.
    what
        Of what it has some: `base` or `marker`.
    how
        What was done: `predicted` or `written`.
    total, new
        How many it has; of these, how many were done now, and not before.
    """

    name: str
    what: str
    how: str
    total: int
    new: int

    def describe(self) -> str:
        """In a line."""
        if not self.total:
            return f"{self.name}: empty"
        if not self.new:
            return f"{self.name}: done already, {counted(self.total, self.what)}"
        there = self.total - self.new
        before = f"; {there:,} were there" if there else ""
        return f"{self.name}: {counted(self.new, self.what)} {self.how}{before}"

    def counts(self) -> dict[str, int]:
        """For programs."""
        return {f"{self.what}s": self.total, f"{self.what}s_{self.how}": self.new}


def run_shard(out: Path, share: Share, here: Here, workers: int, observer: Observer) -> Part:
    """Predict the blocks of one shard that are not there yet.

    Parameters
    ----------
    share
        Which shard, of as many as were planned.
    workers
        As `regtrack.prediction.run.run`.

    Raises
    ------
    ArgumentError
        When another number of shards was planned.
    InputError
        When there is no plan; when model, genome or peaks are not what they were, or shards before
        this one were computed with another arithmetic; or when somebody is at work on it.
    OSError
        When a file cannot be written; the same call goes on from there.
    """
    out = out.resolve()
    partial = partial_path(out)
    plan = read_plan(out)
    if share.total != plan.shards:
        raise ArgumentError(
            "shard",
            f"{counted(plan.shards, 'shard')} {'is' if plan.shards == 1 else 'are'} planned in "
            f"{partial}, not {share.total:,}: use --shard K/{plan.shards}",
        )
    use_instructions(plan.isa)
    began = time.monotonic()
    with _sharing(partial, shard_lease(share)) as is_taken_over:
        job = planned_job(plan, partial, here)
        folder = plan.work_folder(partial)
        all_works = works_of(job, folder)
        works = _of_share(all_works, share)
        if works and is_taken_over and len(missing(works)) == len(works):
            note(f"shard {share}: nothing was kept of it")
        if missing(works):
            alone = len(holders(partial / LEASES)) == 1
            anew = alone and len(missing(all_works)) == len(all_works)
            settle_machine(folder, job.identity(), job.may_differ, anew)
        for place in {path.parent for work in works for path in work.files}:
            remove_left_aside(place)
        predicted = predict_missing(works, workers, observer)
        _read_back(works)
        mark_done(folder, share, time.monotonic() - began, predicted)
    return Part(f"shard {share}", "base", "predicted", sum(work.bases for work in works), predicted)


def write_share(out: Path, share: Share, here: Here, workers: int, observer: Observer) -> Part:
    """Write the files of a share of the markers, from all blocks.

    Parameters
    ----------
    share
        Which markers: any number of shares will do.

    Raises
    ------
    ArgumentError
        When the job writes no tracks.
    InputError
        When a shard is not finished; and as `run_shard`.
    OSError
        When a file cannot be written; the same call goes on from there.
    """
    out = out.resolve()
    partial = partial_path(out)
    plan = read_plan(out)
    if plan.predict is None:
        raise ArgumentError("shard", "is for tracks; a report is made in one piece, without it")
    with _sharing(partial, f"files {share.name}"):
        job = planned_job(plan, partial, here)
        assert isinstance(job, Job)
        folder = plan.work_folder(partial)
        works = works_of(job, folder)
        refuse_unfinished(plan, out, works)
        rows = share.of([1] * len(job.rows))
        left = _unwritten(job, folder, rows)
        with naming_shard(plan, out, works):
            _write_rows(job, folder, left, workers, observer)
    return Part(f"share {share} of the files", "marker", "written", len(rows), len(left))


def finish(
    out: Path, here: Here, workers: int, observer: Observer, force: bool
) -> TrackSet | Evaluation | None:
    """Make what is left to make when all shards are finished, and give the folder its name.

    None is returned of a report that an earlier call has made, and this one has moved.

    Parameters
    ----------
    force
        Replace what an earlier run left at `out`.

    Raises
    ------
    InputError
        When a shard is not finished, or somebody is at work on one; and as `run_shard`.
    OSError
        When a file cannot be written; the same call goes on from there.
    """
    out = out.resolve()
    plan = read_plan(out)
    evaluation: Evaluation | None = None
    wait_for_silent(partial_path(out) / LEASES, _FINISH)
    with plan_folder(out, UNPLANNED) as partial:
        if not (partial / REPORT).exists():  # of which some may be at `out` already
            (check_report_folder if plan.eval else check_tracks_folder)(out, force)
            with leased(partial / LEASES, _FINISH):
                refuse_holders(partial / LEASES, _FINISH)
                evaluation = _make(plan, partial, out, here, workers, observer)
        clear([plan.work_folder(partial)])  # first, for it is large
        if plan.predict:
            return deliver(partial, out)
        _deliver_report(partial, out)
    return evaluation


def _make(
    plan: ShardPlan, partial: Path, out: Path, here: Here, workers: int, observer: Observer
) -> Evaluation | None:
    """Make what is to be moved to `out`, all of it in the work folder."""
    if is_finished(partial):
        return None
    evaluation, folder = None, plan.work_folder(partial)
    job = planned_job(plan, partial, here)
    works = works_of(job, folder)
    refuse_unfinished(plan, out, works)
    with naming_shard(plan, out, works):
        if isinstance(job, ScoreJob):
            evaluation = evaluate_counts(job, folder, workers, observer, computed_on(folder))
            write_report(evaluation, folder / REPORT)
        else:
            _finish_tracks(job, folder, workers, observer)
    name = REPORT if evaluation else TRACKS
    (folder / name).replace(partial / name)
    return evaluation


def _finish_tracks(job: Job, folder: Path, workers: int, observer: Observer) -> None:
    """Write what is left of the tracks, all in the folder of the work."""
    clear_peaks_aside(folder)
    _write_rows(job, folder, _unwritten(job, folder, range(len(job.rows))), workers, observer)
    summaries, device = _summaries(job, folder), computed_on(folder)
    finish_tracks(job, folder, summaries, device, workers, observer)


def _deliver_report(partial: Path, out: Path) -> None:
    """Move the files of a report to where they belong, and remove their work folder."""
    out.mkdir(parents=True, exist_ok=True)
    for path in (partial / REPORT).iterdir():
        path.replace(out / path.name)
    remove_claimed(partial)


@contextmanager
def _sharing(partial: Path, share: str) -> Iterator[bool]:
    """Take part in the job of a plan, unless it is just being finished; as `leased`."""
    with shared_plan(partial), leased(partial / LEASES, share) as is_taken_over:
        if (holder := holders(partial / LEASES).get(_FINISH)) is not None:
            raise BusyError(partial, f"{_FINISH} is at work: {holder}")
        yield is_taken_over


def _of_share(works: Sequence[BlockWork], share: Share) -> list[BlockWork]:
    """Consecutive ones, so that a shard reads one stretch of the genome."""
    return [works[place] for place in share.of([work.bases for work in works])]


def _read_back(works: Sequence[BlockWork]) -> None:
    """Refuse to call saved what a file system has not kept."""
    lost = [work.tasks[0].block.name for work in missing(works)]
    lost += [str(path) for work in works for path in work.damaged_files()]
    if lost:
        raise InputError(lost[0], "is not there as it was written; run this shard again")


def _unwritten(job: Job, folder: Path, rows: Sequence[int]) -> list[int]:
    """Markers of which a file is missing, or what values it has."""
    tracks = job.trackset.tracks
    return [
        row
        for row in rows
        if not _summary_file(folder, row).exists()
        or not all((folder / TRACKS / name).exists() for name in tracks[row].files)
    ]


def _write_rows(
    job: Job, folder: Path, rows: Sequence[int], workers: int, observer: Observer
) -> None:
    """Write the files of some markers, and what values they have, which the last process needs."""
    for row, summary in write_markers(job, folder, rows, workers, observer):
        with replacing(_summary_file(folder, row), tidy=False) as aside:
            aside.write_text(json.dumps(asdict(summary)) + "\n", encoding="utf-8")


def _summaries(job: Job, folder: Path) -> list[Summary]:
    return [read_json(_summary_file(folder, row), Summary) for row in range(len(job.rows))]


def _summary_file(folder: Path, row: int) -> Path:
    return folder / SUMMARIES / f"{row}.json"
