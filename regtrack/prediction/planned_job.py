"""The job of a plan, made again on each machine that works on it, and checked against the plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from regtrack.notes import told_before
from regtrack.paths import from_text
from regtrack.prediction.blockwork import BlockWork
from regtrack.prediction.job import Job, job_from_scope
from regtrack.prediction.requests import EvalRequest, PredictRequest
from regtrack.prediction.run import prepare, works_in
from regtrack.prediction.scope import KnownBases, find_scope
from regtrack.prediction.score_job import ScoreJob, score_job_on_regions, score_job_on_split
from regtrack.prediction.shard_plan import ShardPlan

AnyJob = Job | ScoreJob

# Where what values the written tracks have is kept until all are there.
SUMMARIES = "summaries"


@dataclass(frozen=True)
class Here:
    """What may be another on each machine that works on a job.

    Parameters
    ----------
    device
        As `Job`.
    any_cpu
        As `Job`.
    model, genome
        Where the files lie; None for where they lay for the plan.
    verify
        Read all sequence again, also where size and time of the genome are the plan's.
    """

    device: str
    any_cpu: bool = False
    model: Path | None = None
    genome: Path | None = None
    verify: bool = False


def planned_job(plan: ShardPlan, partial: Path, here: Here) -> AnyJob:
    """The job of a plan as this machine does it, checked against the plan."""
    genome = here.genome or plan.genome.file
    known = plan.known(partial, genome, here.verify)
    any_cpu = here.any_cpu or plan.any_cpu
    with told_before(plan.notes):
        if plan.predict:
            job = _prediction(plan.predict, genome, known, here, any_cpu)
        else:
            assert plan.eval is not None
            job = _scoring(plan.eval, genome, known, here, any_cpu)
    plan.check(job.identity(), partial)
    return job


def _prediction(
    request: PredictRequest, genome: Path, known: KnownBases, here: Here, any_cpu: bool
) -> AnyJob:
    scope = find_scope(
        *(here.model or from_text(request.model), genome, request.regions, request.markers),
        any_genome=request.any_genome,
        clip=request.clip,
        known=known,
    )
    return job_from_scope(
        *(scope, request.settings, here.device),
        peaks=None if request.peaks is None else from_text(request.peaks),
        include_training=request.include_training,
        any_cpu=any_cpu,
        sequence=known.sequence,
    )


def _scoring(
    request: EvalRequest, genome: Path, known: KnownBases, here: Here, any_cpu: bool
) -> AnyJob:
    model = here.model or from_text(request.model)
    if request.dataset is not None:
        return score_job_on_split(
            *(model, from_text(request.dataset), request.split, genome, request.markers),
            here.device,
            step=request.step,
            any_genome=request.any_genome,
            any_cpu=any_cpu,
            known=known,
        )
    return score_job_on_regions(
        *(model, genome, request.score_request(), here.device),
        step=request.step,
        any_genome=request.any_genome,
        any_cpu=any_cpu,
        known=known,
    )


def prepare_works(job: AnyJob, folder: Path) -> None:
    """Make what the works of a job need in the folder for them."""
    (folder / SUMMARIES).mkdir(exist_ok=True)
    if isinstance(job, Job):
        prepare(job, folder)
    else:
        job.truth.save(folder)


def works_of(job: AnyJob, folder: Path) -> list[BlockWork]:
    """All of a job's works, whose files lie in a folder."""
    return works_in(job, folder) if isinstance(job, Job) else job.works(folder)
