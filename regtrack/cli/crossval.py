"""`regtrack crossval`: which network is better, decided on folds that it never saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from regtrack.cli import machine_options, options, shard_options, suggestions, training_options
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.kinds import Count, Named
from regtrack.cli.teller import Teller, as_json, log
from regtrack.cli.training_options import read_settings, training_settings
from regtrack.errors import ArgumentError
from regtrack.shares import Share


def _read_seeds(_: click.Context, __: click.Parameter, text: str) -> tuple[int, ...]:
    """`1,2` as numbers, each once."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() and len(part) < 19 for part in parts):
        raise ArgumentError("seeds", f"expected whole numbers such as 1,2, got {text!r}")
    return tuple(dict.fromkeys(map(int, parts)))


def _read_folds(_: click.Context, __: click.Parameter, text: str) -> str:
    """A number, or the path of a file that is there."""
    if not text.isdecimal() and not Path(text).is_file():
        raise ArgumentError("folds", f"expected a number or a BED file, and {text!r} is neither")
    return text


@click.command(
    cls=Command,
    short_help="Decide which of several networks or recipes is better.",
    examples=(
        "regtrack crossval dataset/ dilated cnn7 --out crossval/ --minutes 60",
        "regtrack crossval dataset/ dilated dry=dilated:dropout=.2 --out c/ --steps 900",
    ),
)
@click.argument(
    "dataset", type=options.FILE, cls=Argument, says="Folder that regtrack prepare made."
)
@click.argument(
    "networks",
    type=Named(),
    nargs=-1,
    metavar="[NETWORK]...",
    shell_complete=suggestions.networks,
    cls=Argument,
    says="cnn7, cnn7:f1=64, or b4=cnn7:batch_size=4; without it, all networks.",
)
@options.out("Folder for trainings, tables and picture.")
@options.genome_of_dataset
@options.networks
@click.option(
    "--folds",
    default="5",
    show_default=True,
    metavar="N|FILE",
    callback=_read_folds,
    help="How many folds to make; or a BED file with the name of a fold in column 4.",
)
@click.option(
    "--seeds",
    default="1,2",
    show_default=True,
    metavar="N,...",
    callback=_read_seeds,
    help="Train each network so often on each fold, from these seeds.",
)
@click.option(
    "--against",
    "reference",
    metavar="LABEL",
    show_default="the first network",
    help="What the other networks are held against.",
)
@training_settings(without=("seed",))
@options.plan("Say folds, steps of each network and time; train nothing.")
@training_options.trainings_at_once
@click.option(
    "--threads",
    type=Count(),
    show_default="the cores, shared by --workers",
    help="Threads of each training. The same in all, whichever machine does it.",
)
@shard_options.share_of_trainings
@machine_options.device
@options.force_over_unfinished
@log
@as_json
def crossval(
    dataset: Path,
    networks: tuple[str, ...],
    out: Path,
    genome: Path | None,
    folds: str,
    seeds: tuple[int, ...],
    reference: str | None,
    plan: bool,
    workers: int,
    threads: int | None,
    shard: Share | None,
    device: str,
    force: bool,
    **values: Any,
) -> None:
    """Train networks on folds of DATASET, test each on what it never saw, and compare.

    All windows of the dataset are used, whatever their split was. Each fold in turn is left out;
    every network is trained on the rest, once for each seed, and scored on that fold.
    --minutes gives every network the same time: its steps are what it does in that on a quiet
    machine, which is measured first. A network may be named twice, with other settings or with
    others of its training: LABEL=NETWORK:SETTING=VALUE,... calls it LABEL.

    If it was stopped, give the same command again, and it continues; more networks and seeds may
    be named then. Several commands at once, also on machines that share the folder, do it together.
    """
    from regtrack.cli.progress import Progress
    from regtrack.crossval.planning import Asked
    from regtrack.crossval.run import CrossvalRequest, run_crossval

    asked = Asked(folds, read_settings(values), seeds, threads, workers)
    request = CrossvalRequest(dataset, genome, networks, asked, reference, shard, plan, device)
    with Progress() as progress:
        result = run_crossval(request, out, force, progress)
    Teller.current().show(result.summary())
    if result.stopped_by:
        raise result.stopped_by(result.reached)
