"""`regtrack predict`: a checkpoint and a genome in, a tracks folder out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regtrack.cli import machine_options, options, shard_options
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.kinds import Count, Region
from regtrack.cli.teller import Teller, as_json, log
from regtrack.prediction.settings import PredictionSettings
from regtrack.tracks.peaks.rules import PeakRules

if TYPE_CHECKING:
    from regtrack.prediction.job import Job
    from regtrack.prediction.plan import Plan
    from regtrack.prediction.scope import Scope
    from regtrack.shares import Share


@click.command(
    cls=Command,
    short_help="Write a BigWig and peaks per marker, for whole chromosomes.",
    examples=(
        "regtrack predict chr22 --out tracks/",
        "regtrack predict COMT+-50kb --model mine.safetensors --markers CTCF --out t/",
        "regtrack predict all --model deepsea --step 96 --out tracks/ --plan",
        "regtrack predict all --out tracks/ --shards 40",
        "regtrack predict --shard 7/40 --out tracks/   # last: regtrack finish tracks/",
    ),
)
@shard_options.shard
@click.argument(
    "regions",
    metavar="REGION...",
    type=Region(),
    nargs=-1,
    callback=shard_options.argument_unless_shard,
    cls=Argument,
    says="chr22, chr22:1,000-2,000 (1-based), a gene (COMT, COMT+-50kb), a BED file, or all. Not "
    "with --shard.",
)
@options.out("Tracks folder to write.")
@options.model
@options.networks
@shard_options.genome
@options.markers
@click.option(
    "--max-error",
    type=float,
    default=PredictionSettings.max_error,
    show_default=True,
    help="Largest error of a value. It is its distance from the probability. Of a network of "
    "your own that gives a signal, this, --floor and --peak-threshold are shares of each marker's "
    "range.",
)
@click.option(
    "--floor",
    type=float,
    default=PredictionSettings.floor,
    show_default=True,
    help="Least probability that is written. Bases under it may be left out.",
)
@click.option(
    "--peak-threshold",
    type=float,
    show_default="each marker's own",
    help="Probability from which peaks are called. The checkpoint has one for each "
    "marker. (Markers not clearly better than chance get none.)",
)
@click.option(
    "--max-gap",
    type=Count(0),
    default=PeakRules.max_gap,
    show_default=True,
    help="Join peaks at most this many bases apart. A peak is a stretch at or above the threshold.",
)
@click.option(
    "--min-length",
    type=Count(),
    default=PeakRules.min_length,
    show_default=True,
    help="Shorter peaks are dropped.",
)
@options.step
@click.option(
    "--window",
    type=Count(),
    default=PredictionSettings.window,
    show_default="what suits the network",
    help="Bases read at once, halo included. Changes the time, not what a track promises "
    "(but for a bi-lstm, whose values depend a little on it).",
)
@click.option(
    "--batch-size",
    type=Count(),
    show_default="1 on a CPU, up to 4 on a GPU",
    help="Windows of a block of 200,000 bases that are read together: there are two of the usual "
    "length, more of a shorter --window. Changes the time, not what a track promises.",
)
@machine_options.workers_predicting
@machine_options.devices
@machine_options.isa
@machine_options.any_cpu
@options.peaks_in_same_pass
@options.include_training
@options.plan(
    "Only say what it will take: time, disk, memory. It measures for a moment. (A long run says so "
    "before it begins, and is refused when the disk is too small.)"
)
@shard_options.shards
@shard_options.verify
@options.genes
@options.clip
@options.any_genome
@options.force_over_unfinished
@log
@as_json
@click.pass_context
def predict(
    context: click.Context,
    /,
    regions: tuple[str, ...],
    out: Path,
    model: Path,
    genome: Path,
    markers: tuple[str, ...],
    workers: int,
    device: str,
    any_cpu: bool,
    peaks: Path | None,
    include_training: bool,
    plan: bool,
    shards: int | str | None,
    shard: Share | None,
    verify: bool,
    genes: Path | None,
    clip: bool,
    any_genome: bool,
    force: bool,
    max_gap: int,
    min_length: int,
    **settings: Any,
) -> None:
    """Write a BigWig and a peak file per marker, for chromosomes or regions.

    REGION is chr22, 22, chr22:1,000-2,000 (1-based, both ends included), a gene (COMT, with
    2 kb on each side, or COMT+-50kb), the path of a BED file, or all: the whole
    genome but for copies of parts of chromosomes (chr6_..._alt; 'all,*_alt' takes them, too).
    Several are given with blanks or commas between them; each marker gets one file.

    The promise: a value in a track is within --max-error of the predicted probability at
    every base; a base without a value is N, or its probability is under --floor. Of a signal,
    both are times the marker's range.

    If a run was stopped, give the same command again, and it continues.
    """
    if shard is not None:
        shard_options.do_shard(context, shard, workers, verify)
        return
    from regtrack.tracks.write import check_tracks_folder

    check_tracks_folder(out, force or shard_options.may_be_finished(context))
    from regtrack.prediction.scope import find_scope

    chosen = PredictionSettings(peak_rules=PeakRules(max_gap, min_length), **settings)
    scope = find_scope(
        *(model, genome, regions, markers), any_genome=any_genome, genes=genes, clip=clip
    )
    # What is wrong with what was typed is told before torch is loaded, which takes seconds.
    from regtrack.prediction.job import job_from_scope

    job = job_from_scope(
        scope,
        chosen,
        machine_options.chosen_device(
            shard_options.device_of_job(device, shards), tell=shards is None
        ),
        peaks=peaks,
        include_training=include_training,
        any_cpu=any_cpu,
    )
    if shards is not None:
        _plan_shards(context, scope, chosen, job)
    else:
        _run(context, job, out, workers, force, plan)


def _plan_shards(
    context: click.Context, scope: Scope, settings: PredictionSettings, job: Job
) -> None:
    from regtrack.prediction.requests import PredictRequest
    from regtrack.prediction.scope import KnownBases

    asked = context.params
    request = PredictRequest.of(
        *(scope, asked["markers"], settings, asked["peaks"], asked["include_training"])
    )
    shard_options.plan_job(context, request, job, KnownBases(scope.asked, scope.targets))


def _run(
    context: click.Context, job: Job, out: Path, workers: int, force: bool, plan: bool
) -> None:
    from regtrack.cli.progress import Progress
    from regtrack.prediction.run import run
    from regtrack.tracks.describe import summarise_written

    if plan and shard_options.tell_finished(context, job):
        return
    _foretell(job, out, workers, plan)
    if plan:
        return
    with Progress() as progress:
        trackset = run(job, out, workers, force, progress)
    summary = summarise_written(
        trackset,
        out,
        genes=context.params["genes"] if "genes" in options.typed(context) else None,
        is_scored=job.truth is not None,
        can_score=options.knows_peaks(context),
    )
    Teller.current().show(summary)


def _foretell(job: Job, out: Path, workers: int, plan: bool) -> None:
    """Say what is known before a run; of a long one, or for a plan, also what it will take."""
    from regtrack.prediction.plan import is_long, make_plan
    from regtrack.workspace.networks import tell_of_bundled

    tell_of_bundled(job.model)
    tell = Teller.current().say
    if job.overlap:
        tell(
            f"this network's context has no bound, as a recurrent network's: windows overlap by "
            f"{job.overlap:,} bases, and values depend a little on where windows lie"
        )
    if plan or is_long(job, out):
        tell("measuring what it will take")
        prospect = make_plan(job, out, workers)
        _tell(prospect, plan)
        prospect.check(out)


def _tell(prospect: Plan, asked: bool) -> None:
    """Print a plan that was asked for; say it before a long run."""
    if asked:
        Teller.current().show(prospect.summary())
    else:
        Teller.current().say(prospect.describe())
