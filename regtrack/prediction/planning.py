"""Cutting a job in shards: what is written into its folder before anybody predicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.listing import counted
from regtrack.notes import note
from regtrack.plan_folders import drop_work, plan_folder, removed_unless_planned
from regtrack.prediction.planned_job import AnyJob, prepare_works, works_of
from regtrack.prediction.requests import EvalRequest, PredictRequest
from regtrack.prediction.run import WORK_NAMES
from regtrack.prediction.scope import KnownBases
from regtrack.prediction.score_model import COUNT_FILES
from regtrack.prediction.shard_plan import GenomeFile, ShardPlan, as_read, write_regions
from regtrack.work_folders import PLAN, partial_path

# What a shard is to take where their number is not given: minutes, so that starting a process is
# little of it, and a scheduler that ends one loses little.
_SECONDS_A_SHARD = 300

# What a run without a plan may have left.
UNPLANNED = (*WORK_NAMES, *COUNT_FILES)


@dataclass(frozen=True)
class Pinned:
    """What a plan says of the machines, whichever they are; as `ShardPlan`."""

    device: str
    isa: str
    any_cpu: bool


@dataclass(frozen=True)
class Planned:
    """What was planned.

    Parameters
    ----------
    partial
        Where the plan lies.
    plan
        As it lies there.
    bases
        Of the whole job.
    """

    partial: Path
    plan: ShardPlan
    bases: int

    def describe(self) -> str:
        """In a line."""
        number = counted(self.plan.shards, "shard")
        some = self.plan.work_text()
        useful = len(self.plan.lists()["with_work"])
        return (
            f"planned {number} for {self.bases:,} bases in all, in {self.partial}{some}"
            f"{f', more than {useful:,} are no use' if some else ''}"
        )

    def counts(self) -> dict[str, Any]:
        """For programs."""
        working = len(self.plan.lists()["with_work"])
        return {"shards": self.plan.shards, "with_work": working, "bases": self.bases}


def plan_shards(
    out: Path,
    request: PredictRequest | EvalRequest,
    job: AnyJob,
    known: KnownBases,
    shards: int,
    pinned: Pinned,
    force: bool,
    notes: Sequence[str] = (),
) -> Planned:
    """Plan a job in shards, in `<out>.partial`.

    Nothing is predicted. The plan of the same work once more changes nothing but the number of
    shards, and where files lie.

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
        When work of another job lies there, naming what differs, or somebody is at work on it.
    OSError
        When it cannot be written.
    """
    out = out.resolve()
    plan = ShardPlan(
        shards=shards,
        blocks=tuple(
            (work.tasks[0].block.name, work.bases) for work in works_of(job, partial_path(out))
        ),
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
    # Before it is asked who is at work: who has other settings in mind need not wait for that.
    _number_planned(partial_path(out), plan, force)
    with plan_folder(out, UNPLANNED) as partial:
        before = _number_planned(partial, plan, force)
        if before is None:
            drop_work(partial, force)
        elif before != shards:
            note(f"this replaces a plan of {counted(before, 'shard')}; finished work is kept")
        folder = plan.work_folder(partial)
        with removed_unless_planned(partial):
            folder.mkdir(exist_ok=True)
            prepare_works(job, folder)
            regions = write_regions(partial, known.asked, known.targets)
            replace(plan, regions=regions).write(partial)
    return Planned(partial, plan, job.bases)


def suited_number(seconds: float) -> int:
    """How many shards a job of so many seconds is cut in, where nobody says."""
    return max(1, math.ceil(seconds / _SECONDS_A_SHARD))


def _number_planned(partial: Path, plan: ShardPlan, force: bool) -> int | None:
    """In how many shards this very work is planned there already; None where it is not.

    Raises
    ------
    InputError
        When other work is planned there, unless `force` is set.
    """
    try:
        written = read_json(partial / PLAN, ShardPlan)
    except (FileNotFoundError, InputError):
        return None
    other = written.differences(plan)
    if other and not force:
        raise InputError(
            partial, f"holds a plan with {other}; --force drops it, with the former it continues"
        )
    return None if other else written.shards
