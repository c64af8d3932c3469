"""A job in shards: planned once, its shards predicted by anybody, finished by one.

Any scheduler will do. Every step is its own process, on any machine that sees the folder; each
may be repeated, killed, or run at the same time as others, and skips what is there.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from regtrack.atomic import remove_left_aside, replacing
from regtrack.documents import read_json
from regtrack.errors import ArgumentError, BusyError, InputError
from regtrack.folders import clear
from regtrack.leases import holders, leased, refuse_holders, wait_for_silent
from regtrack.listing import counted, numbers_text
from regtrack.models.instructions import use_instructions
from regtrack.notes import note
from regtrack.observer import Observer
from regtrack.plan_folders import (
    drop_work,
    plan_folder,
    removed_unless_planned,
    shared_plan,
)
from regtrack.prediction.blockwork import BlockWork
from regtrack.prediction.dispatch import missing, predict_missing
from regtrack.prediction.job import Job
from regtrack.prediction.missing_shards import naming_shard, refuse_unfinished
from regtrack.prediction.planned_job import AnyJob, Here, planned_job, prepare_works, works_of
from regtrack.prediction.requests import EvalRequest, PredictRequest
from regtrack.prediction.run import (
    WORK_NAMES,
    clear_peaks_aside,
    deliver,
    finish_tracks,
    is_finished,
    write_markers,
)
from regtrack.prediction.scope import KnownBases
from regtrack.prediction.score_job import ScoreJob
from regtrack.prediction.score_model import COUNT_FILES, evaluate_counts
from regtrack.prediction.shard_plan import (
    GenomeFile,
    ShardPlan,
    as_read,
    computed_on,
    read_plan,
    settle_machine,
    write_regions,
)
from regtrack.prediction.shard_progress import mark_done, shard_lease
from regtrack.report.files import check_report_folder, write_report
from regtrack.scoring.evaluation import Evaluation
from regtrack.shares import Share
from regtrack.tracks.folder import TrackSet
from regtrack.tracks.summary import Summary
from regtrack.tracks.write import check_tracks_folder
from regtrack.work_folders import LEASES, PLAN, REPORT, TRACKS, partial_path, remove_claimed

# What a shard is to take where their number is not given: minutes, so that starting a process is
# little of it, and a scheduler that ends one loses little.
_SECONDS_A_SHARD = 300

_SUMMARIES = "summaries"

# Name of the lease of who finishes a job.
_FINISH = "finish"

# What a run without a plan may have left.
_NAMES = (*WORK_NAMES, *COUNT_FILES)


@dataclass(frozen=True)
class Pinned:
    """What a plan says of the machines, whichever they are; as `ShardPlan`."""

    device: str
    isa: str
    any_cpu: bool


def plan_shards(
    out: Path,
    request: PredictRequest | EvalRequest,
    job: AnyJob,
    known: KnownBases,
    shards: int,
    pinned: Pinned,
    force: bool,
    notes: Sequence[str] = (),
) -> str:
    """Plan a job in shards, in `<out>.partial`; returns what was planned, in a line.

    Nothing is predicted. The same plan once more changes nothing but the number of shards.

    Parameters
    ----------
    request, job, known
        What was asked for, and what was found of it.
    force
        Drop an unfinished run or another plan.
    notes
        As `ShardPlan`.

    Raises
    ------
    InputError
        When work of another job lies there, or somebody is at work on it.
    OSError
        When it cannot be written.
    """
    with plan_folder(out.resolve(), _NAMES) as partial:
        works = works_of(job, partial)
        plan = ShardPlan(
            shards=shards,
            blocks=tuple((work.tasks[0].block.name, work.bases) for work in works),
            predict=request if isinstance(request, PredictRequest) else None,
            eval=request if isinstance(request, EvalRequest) else None,
            identity=as_read(job.identity()),
            genome=GenomeFile.of(job.genome),
            regions=("", ""),
            device=pinned.device,
            isa=pinned.isa,
            any_cpu=pinned.any_cpu,
            notes=tuple(notes),
        )
        before = _number_planned(partial, plan)
        if before is None:
            drop_work(partial, force)
        elif before != shards:
            note(f"this replaces a plan of {counted(before, 'shard')}; finished work is kept")
        folder = plan.work_folder(partial)
        with removed_unless_planned(partial):
            folder.mkdir(exist_ok=True)
            prepare_works(job, folder)
            (folder / _SUMMARIES).mkdir(exist_ok=True)
            regions = write_regions(partial, known.asked, known.targets)
            replace(plan, regions=regions).write(partial)
    planned = f"planned {counted(shards, 'shard')} for {job.bases:,} bases in all, in {partial}"
    return f"{planned}{_empty_text(sorted(set(plan.numbers())), shards)}"


def _empty_text(working: Sequence[int], shards: int) -> str:
    """Which shards have work, where some have none."""
    if len(working) == shards:
        return ""
    which = "shard" if len(working) == 1 else "shards"
    verb = "has" if len(working) == 1 else "have"
    return f"; {which} {numbers_text(working)} {verb} work, more than {len(working):,} are no use"


def suited_number(seconds: float) -> int:
    """How many shards a job of so many seconds is cut in, where nobody says."""
    return max(1, math.ceil(seconds / _SECONDS_A_SHARD))


def run_shard(out: Path, share: Share, here: Here, workers: int, observer: Observer) -> str:
    """Predict the blocks of one shard that are not there yet; returns what was done, in a line.

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
    with _sharing(partial, shard_lease(share)):
        job = planned_job(plan, partial, here)
        folder = plan.work_folder(partial)
        all_works = works_of(job, folder)
        works = _of_share(all_works, share)
        if missing(works):
            alone = len(holders(partial / LEASES)) == 1
            anew = alone and len(missing(all_works)) == len(all_works)
            settle_machine(folder, job.identity(), job.may_differ, anew)
        for place in {path.parent for work in works for path in work.files}:
            remove_left_aside(place)
        predicted = predict_missing(works, workers, observer)
        _read_back(works)
        mark_done(folder, share, time.monotonic() - began, predicted)
    bases = sum(work.bases for work in works)
    if not predicted:
        return (
            f"shard {share}: done already, {counted(bases, 'base')}"
            if bases
            else f"shard {share}: empty"
        )
    return (
        f"shard {share}: {counted(predicted, 'base')} "
        f"predicted{_that_were_there(bases - predicted)}"
    )


def write_share(out: Path, share: Share, here: Here, workers: int, observer: Observer) -> str:
    """Write the files of a share of the markers, from all blocks; returns what was done.

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
    if not left:
        return f"share {share} of the files: done already, {counted(len(rows), 'marker')}"
    there = _that_were_there(len(rows) - len(left))
    return f"share {share} of the files: {counted(len(left), 'marker')} written{there}"


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
    with plan_folder(out, _NAMES) as partial:
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
def _sharing(partial: Path, share: str) -> Iterator[None]:
    """Take part in the job of a plan, unless it is just being finished."""
    with shared_plan(partial), leased(partial / LEASES, share):
        if (holder := holders(partial / LEASES).get(_FINISH)) is not None:
            raise BusyError(partial, f"{_FINISH} is at work: {holder}")
        yield


def _that_were_there(count: int) -> str:
    return f"; {count:,} were there" if count else ""


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
    return folder / _SUMMARIES / f"{row}.json"


def _number_planned(partial: Path, plan: ShardPlan) -> int | None:
    """In how many shards this very job is planned there already; None where it is not."""
    try:
        written = read_json(partial / PLAN, ShardPlan)
    except (FileNotFoundError, InputError):
        return None
    same = replace(written, shards=plan.shards, regions=plan.regions) == plan
    return written.shards if same else None
