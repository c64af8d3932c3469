"""Options of a job in shards, and what the commands that have them do with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regtrack.cli import machine_options, options
from regtrack.cli.kinds import Count
from regtrack.cli.teller import Teller
from regtrack.errors import ArgumentError
from regtrack.models.device_names import gpus_named
from regtrack.run_summary import RunSummary
from regtrack.shares import Share
from regtrack.work_folders import made_by, partial_path

if TYPE_CHECKING:
    from regtrack.prediction.planned_job import AnyJob, Here
    from regtrack.prediction.planning import Planned
    from regtrack.prediction.requests import EvalRequest, PredictRequest
    from regtrack.prediction.scope import KnownBases
    from regtrack.prediction.shards import Part

AUTO = "auto"
# What programs are told of a job that is finished already.
_FINISHED = {"finished": True}


def _parsed(_: click.Context, __: click.Parameter, text: str | None) -> Share | None:
    return None if text is None else Share.parse(text)


class _Number(Count):
    """A number of shards, or `auto`."""

    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or the word."""
        if value == AUTO or (isinstance(value, int) and value > 0):
            return value
        if not str(value).isdecimal() or int(value) < 1:
            self.fail(f"expected a number from 1 on, or auto, got {value!r}", param, ctx)
        return super().convert(value, param, ctx)

    def _describe_range(self) -> str:
        return ""


shards = click.option(
    "--shards",
    type=_Number(),
    metavar="N|auto",
    help="Do not run: divide the job into N parts for a cluster (then --shard, then finish). The "
    "parts run on any machines that see the folder. auto measures, and aims at five minutes for "
    "each. Planned again, the job keeps what is done, also in another number of parts "
    "(docs/predict.md).",
)
shard = click.option(
    "--shard",
    callback=_parsed,
    metavar="K/N",
    is_eager=True,
    help="Run part K of a plan; takes no region. Beside --out, give only what depends on the "
    "machine, such as --workers. It may be repeated: it skips what is done.",
)
share_of_files = click.option(
    "--shard",
    callback=_parsed,
    metavar="K/N",
    help="Write only share K of the markers' files (N may be any number, not that of --shards); "
    "not for reports.",
)
share_of_trainings = click.option(
    "--shard",
    callback=_parsed,
    metavar="K/N",
    help="Do only share K of N of the trainings, as an array of jobs does. The last one to end "
    "writes the tables.",
)
verify = click.option(
    "--verify",
    is_flag=True,
    help="With --shard, and in finish: read the whole FASTA again to check that it is the planned "
    "one, even if its size and date have not changed.",
)

# What is not the plan's, but that of the machine.
_OF_A_SHARD = frozenset(
    (
        "out",
        "shard",
        "model",
        "genome",
        "own_networks",
        "workers",
        "device",
        "any_cpu",
        "verify",
        "log",
        "as_json",
    )
)


def _needed_unless_shard(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    if value is None and context.params.get("shard") is None:
        raise click.MissingParameter(ctx=context, param=parameter)
    return value


genome = options.genome_option(options.genome_help, callback=_needed_unless_shard)
genome_of_plan = options.genome_option(
    "FASTA, if it has moved.", otherwise="where it was", variable=None
)
model_of_plan = options.model_option(
    "Checkpoint, if it has moved.", otherwise="where it was", variable=None
)


def argument_unless_shard(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Ask for an argument but where a shard is done, whose plan has it."""
    if context.params.get("shard") is None:
        if not value:
            raise click.MissingParameter(ctx=context, param=parameter)
        options.refuse(context, {"verify"}, "is of a --shard, and there is none")
    elif value:
        what = parameter.make_metavar(context)
        raise ArgumentError(
            "shard", f"takes no {what}, which the plan has (--shards plans; --shard does one)"
        )
    return value


def do_shard(context: click.Context, share: Share, workers: int, verify: bool) -> None:
    """Do a shard of a planned job, and print what was done."""
    out = context.params["out"]
    if out is None:
        raise click.MissingParameter(ctx=context, param_hint="--out", param_type="option")
    out = made_by(out)
    strange = options.typed(context) - _OF_A_SHARD
    options.refuse(context, strange, "is the plan's, not a shard's")
    if is_delivered(out):
        return
    here = _here(context, out, verify)
    from regtrack.cli.progress import Progress
    from regtrack.prediction.shards import run_shard

    Teller.current().goes_on = True
    with Progress() as progress:
        done = run_shard(out, share, here, workers, progress)
    tell_part(done, share, out)


def tell_part(done: Part, share: Share, out: Path) -> None:
    """Print what was done of a share of a planned job."""
    counts = {"shard": share.number, "shards": share.total, **done.counts()}
    Teller.current().show(RunSummary(done.describe(), (partial_path(out),), counts))


def is_delivered(out: Path) -> bool:
    """Whether a job was finished already, which is printed: an engine may ask for it again."""
    from regtrack.prediction.shard_plan import is_delivered as is_there

    if not is_there(out):
        return False
    Teller.current().show(RunSummary(f"{out}: finished already", (out,), more=_FINISHED))
    return True


def may_be_finished(context: click.Context) -> bool:
    """Whether a job is only to be planned, and lies finished where it was made, or another one."""
    from regtrack.prediction.shard_plan import is_delivered as is_there
    from regtrack.report.files import DATA
    from regtrack.tracks.trackless import CONTENTS

    asked = context.params
    if asked["out"] is None or asked["force"] or not (asked["plan"] or asked["shards"]):
        return False
    return is_there(asked["out"], [CONTENTS if context.info_name == "predict" else DATA])


def tell_finished(context: click.Context, job: AnyJob) -> bool:
    """Whether a job that is only to be planned is finished already, which is printed.

    Raises
    ------
    InputError
        When another job lies finished there, naming what differs.
    """
    if not may_be_finished(context):
        return False
    from regtrack.paths import shell_word
    from regtrack.prediction.finished import refuse_another
    from regtrack.report.scores_table import PAGE

    out = context.params["out"]
    refuse_another(out, job)
    looks = f"open {shell_word(out / PAGE)} in a browser"
    if context.info_name == "predict":
        looks = f"regtrack browse {shell_word(out)}"
    said = f"{out}: finished already, with these settings; --force makes it anew"
    Teller.current().show(RunSummary(said, (out,), following=[f"next: {looks}"], more=_FINISHED))
    return True


def _here(context: click.Context, out: Path, verify: bool) -> Here:
    """What this machine is to do its part of a plan with."""
    from regtrack.models.instructions import use_instructions
    from regtrack.prediction.shard_plan import read_plan

    asked, typed, plan = context.params, options.typed(context), read_plan(out)
    if plan.command != context.info_name:
        raise ArgumentError("shard", f"{out} is planned by regtrack {plan.command}; use that")
    use_instructions(plan.isa)  # before torch is loaded
    from regtrack.prediction.planned_job import Here

    return Here(
        device=machine_options.chosen_device(asked["device"] if "device" in typed else plan.device),
        any_cpu=asked["any_cpu"],
        model=asked["model"] if "model" in typed else None,
        genome=asked["genome"] if "genome" in typed else None,
        verify=verify,
    )


def plan_job(
    context: click.Context,
    request: PredictRequest | EvalRequest,
    job: AnyJob,
    known: KnownBases,
) -> None:
    """Plan a job in shards as the command line asks for it, and print what comes next."""
    from regtrack.models.instructions import instructions_in_use
    from regtrack.prediction.planning import Pinned, plan_shards

    options.refuse(context, {"plan"}, "goes without --shards: its estimate is for one machine")
    if tell_finished(context, job):
        return
    asked = context.params
    number = _number(job, asked["shards"], asked["out"], asked["workers"])
    pinned = Pinned(asked["device"], instructions_in_use(), asked["any_cpu"])
    planned = plan_shards(
        *(asked["out"], request, job, known, number, pinned, asked["force"]),
        notes=Teller.current().notes,
    )
    _tell_planned(context, planned)


def _tell_planned(context: click.Context, planned: Planned) -> None:
    """Print a plan, and what comes next."""
    from regtrack.paths import shell_word

    out, number = shell_word(context.params["out"]), planned.plan.shards
    command = f"regtrack {context.info_name} --shard {{}}/{number} --out {out}"
    every = f"next, for K from 1 to {number}: {command.format('K')}"
    following = every if number > 1 else f"next: {command.format(1)}"
    said = f"{planned.describe()}\n{following}\nthen: regtrack finish {out}"
    written = (partial_path(context.params["out"]),)
    Teller.current().show(
        RunSummary(said, written, planned.counts(), more={"shards": planned.plan.lists()})
    )


def device_of_job(name: str, number: str | int | None) -> str:
    """What a job is computed on by name; one that is only planned needs nothing of it here.

    Raises
    ------
    ArgumentError
        For a name that no machine knows.
    """
    if not isinstance(number, int):
        return name
    gpus_named(name)
    return "cpu"


def _number(job: AnyJob, asked: str | int, out: Path, workers: int) -> int:
    if isinstance(asked, int):
        return asked
    from regtrack.listing import counted
    from regtrack.prediction.job import Job
    from regtrack.prediction.plan import make_plan, make_score_plan
    from regtrack.prediction.planning import suited_number

    if isinstance(job, Job):
        plan = make_plan(job, out, workers)
        plan.check(out)
    else:
        plan = make_score_plan(job, out, workers)
    Teller.current().say(f"five minutes each, with {counted(workers, 'process', 'processes')}")
    return suited_number(plan.before_writing)
