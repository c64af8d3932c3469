"""`regtrack eval`: tracks or a model, and measured peaks in; scores and a report out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regtrack.cli import machine_options, options, shard_options
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.kinds import Model
from regtrack.cli.screen import screen_width
from regtrack.cli.teller import Teller, as_json, log
from regtrack.errors import ArgumentError, InputError
from regtrack.paths import nearest

if TYPE_CHECKING:
    from regtrack.prediction.score_job import ScoreJob
    from regtrack.scoring.evaluation import Evaluation
    from regtrack.scoring.request import ScoreRequest
    from regtrack.shares import Share


@click.command(
    "eval",
    cls=Command,
    short_help="Score tracks or a model against measured peaks.",
    examples=(
        "regtrack eval tracks/ --out report/",
        "regtrack eval mine.safetensors --dataset dataset/ --out report/",
        "regtrack eval deepsea --region chr8,chr9 --peaks markers.tsv --out report/",
        "regtrack eval --shard 7/40 --out report/   # of a plan made with --shards 40",
    ),
)
@shard_options.shard
@click.argument(
    "subject",
    metavar="TRACKS|MODEL",
    type=Model(or_folder=True),
    required=False,
    callback=shard_options.argument_unless_shard,
    cls=Argument,
    says="Folder that regtrack predict wrote, or a checkpoint (or demo, deepsea). Not with "
    "--shard.",
)
@options.peaks_or_dataset
@options.scored_regions("all that was predicted, or the whole genome")
@options.scored_dataset("With a model: score")
@options.scored_split("test")
@options.scoring
@machine_options.any_cpu
@options.out("Folder for report.html, report.tsv, report.json.", required=False)
@click.option(
    "--reference-scores",
    is_flag=True,
    help="With tracks: also score every base with scikit-learn, and print how far our scores are "
    "from these. Takes 1 to 2 seconds per marker and million bases, and 60 bytes of memory per "
    "base.",
)
@options.plan("With a model: only say what it will take.")
@shard_options.shards
@shard_options.verify
@options.force_over_unfinished
@log
@as_json
@click.pass_context
def eval_(
    context: click.Context,
    /,
    subject: Path | None,
    shard: Share | None,
    peaks: Path | None,
    regions: tuple[str, ...],
    markers: tuple[str, ...],
    exclude: tuple[Path, ...],
    include_training: bool,
    unknown: tuple[str, ...],
    genes: Path | None,
    clip: bool,
    workers: int,
    out: Path | None,
    reference_scores: bool,
    verify: bool,
    **of_model: Any,
) -> None:
    """Score a tracks folder, or a model, against measured peaks.

    Per marker: average precision with its 95% interval, lift over the base rate, trapezoid PR
    AUC, AUROC; more in the report (--out). Means and medians per category.

    TRACKS are scored as they are written, where they were predicted; a base that a track leaves
    out counts as 0. A MODEL is scored by its unrounded predictions, on any regions or on a split
    of a dataset; only the report is written. --step is that of predict.

    Bases that the model was trained on are left out, where that is known; --include-training scores
    them. A split of a dataset is scored whole, even the one that was trained on.

    The output lists what was left out (also N, excluded or unknown bases, markers without peaks).

    With --out, if scoring a model was stopped, give the same command again, and it continues.
    Until the report is written, counts are kept beside it: of 919 markers some 30 MB for a million
    bases, 30 GB for a human genome. Without --out they are kept in the folder for temporary files
    (TMPDIR), and a stopped run cannot continue.
    """
    if shard is not None:
        shard_options.do_shard(context, shard, workers, verify)
        return
    assert subject is not None  # the plan of a shard has it
    _check_options(context, subject, out, of_model)
    from regtrack.scoring.request import ScoreRequest

    request = ScoreRequest(
        peaks=peaks,
        regions=regions,
        exclude=exclude,
        markers=markers,
        unknown=unknown,
        clip=clip,
        genes=genes,
        include_training=include_training,
    )
    if subject.is_dir():
        _score_tracks(subject, request, workers, out, reference_scores)
    else:
        _score_model(context, subject, request, workers, out, of_model)


def _score_tracks(
    tracks: Path, request: ScoreRequest, workers: int, out: Path | None, with_reference: bool
) -> None:
    from regtrack.cli.progress import Progress
    from regtrack.report.files import write_report
    from regtrack.report.text import reference_table
    from regtrack.scoring.score_tracks import evaluate

    with Progress() as progress:
        evaluation = evaluate(tracks, request, workers, progress, with_reference=with_reference)
    if out is not None:
        write_report(evaluation, out)
    more = [reference_table(evaluation, screen_width())] if with_reference else []
    show_report(evaluation, out, *more)


def _score_model(
    context: click.Context,
    model: Path,
    request: ScoreRequest,
    workers: int,
    out: Path | None,
    asked: Mapping[str, Any],
) -> None:
    from regtrack.prediction.score_job import make_score_job
    from regtrack.workspace.networks import tell_of_bundled

    tell_of_bundled(model)
    job = make_score_job(
        *(model, request, asked["dataset"], asked["split"] or "test"),
        genome=asked["genome"],
        step=asked["step"],
        device=shard_options.device_of_job(asked["device"], asked["shards"]),
        any_genome=asked["any_genome"],
        any_cpu=asked["any_cpu"],
    )
    if asked["shards"] is not None:
        _plan_shards(context, job, model, request, asked)
    elif asked["plan"]:
        _tell_plan(context, job, out, workers)
    else:
        _run(job, workers, out, asked["force"])


def _tell_plan(context: click.Context, job: ScoreJob, out: Path | None, workers: int) -> None:
    from regtrack.prediction.plan import make_score_plan

    if shard_options.tell_finished(context, job):
        return
    Teller.current().show(make_score_plan(job, out, workers).summary())


def _plan_shards(
    context: click.Context,
    job: ScoreJob,
    model: Path,
    request: ScoreRequest,
    asked: Mapping[str, Any],
) -> None:
    from regtrack.prediction.requests import EvalRequest
    from regtrack.prediction.score_job import bases_of

    planned = EvalRequest.of(
        *(model, request, asked["dataset"], asked["split"] or "test"),
        step=asked["step"],
        any_genome=asked["any_genome"],
    )
    shard_options.plan_job(context, planned, job, bases_of(job, request, asked["dataset"]))


def _run(job: ScoreJob, workers: int, out: Path | None, force: bool) -> None:
    from regtrack.cli.progress import Progress
    from regtrack.prediction.score_model import run_scores

    Teller.current().goes_on = out is not None
    with Progress() as progress:
        evaluation = run_scores(job, workers, progress, out, force)
    show_report(evaluation, out)


def show_report(evaluation: Evaluation, out: Path | None, *more: str) -> None:
    """Print scores, where the report of them lies, and more about them."""
    from regtrack.report.files import report_files, summarise_evaluation
    from regtrack.report.scores_table import TABLE
    from regtrack.report.text import text_table

    written = report_files(out) if out is not None else []
    where = "with --out" if out is None else str(out / TABLE)
    table = text_table(evaluation, width=screen_width(), where=where)
    paths = [f"wrote {', '.join(map(str, written))}"] if written else []
    said = "\n".join([table, *paths, *more])
    Teller.current().show(summarise_evaluation(evaluation, said, written))


# What tracks do not need.
_NOT_WITH_TRACKS = frozenset(
    (
        *("dataset", "split", "step", "device", "isa", "any_genome", "any_cpu"),
        *("plan", "shards", "verify"),
    )
)


def _check_options(
    context: click.Context, subject: Path, out: Path | None, asked: Mapping[str, Any]
) -> None:
    """Refuse an option that would do nothing; those of regtrack.toml may be for another use."""
    from regtrack.report.files import check_report_folder

    _check_there(subject)
    if subject.is_dir():
        options.refuse(context, _NOT_WITH_TRACKS, "is for a model; this is a folder")
    else:
        options.refuse(context, {"reference_scores"}, "is for tracks; this is a model")
        options.refuse_beside_dataset(context, asked["dataset"])
    if out is not None:  # of a model, half a report may be that of a run that was stopped
        may_hold = subject.is_file() and asked["shards"] is None
        check_report_folder(
            out, asked["force"] or may_hold or shard_options.may_be_finished(context)
        )
    elif asked["shards"] is not None:
        raise ArgumentError("shards", "needs --out, where the plan is to lie")


def _check_there(subject: Path) -> None:
    """Refuse what is not there, or not finished yet."""
    from regtrack.tracks.trackless import refuse_trackless
    from regtrack.unfinished import refuse_unfinished

    if subject.is_dir():
        refuse_trackless(subject)
    elif not subject.exists():
        refuse_unfinished(subject)
        raise InputError(
            subject,
            f"no such file or folder{nearest(subject)}; expected tracks (regtrack predict makes "
            "them) or a checkpoint (regtrack train; regtrack fetch model; demo)",
        )
