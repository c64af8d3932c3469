"""`regtrack search`: a dataset in, the best of many trainings out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from regtrack.cli import machine_options, options, training_options
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.kinds import Count
from regtrack.cli.teller import Teller, as_json, log
from regtrack.cli.training_options import read_settings, training_settings
from regtrack.search.settings import SAMPLERS, SearchSettings


@click.command(
    cls=Command,
    short_help="Try many settings of a network and keep the best.",
    examples=(
        "regtrack search dataset/ --out search/ --trials 20 --minutes 30",
        "regtrack search dataset/ --out s/ --space space.toml --sampler tpe",
    ),
)
@click.argument(
    "dataset", type=options.FILE, cls=Argument, says="Folder that regtrack prepare made."
)
@training_options.architecture
@options.networks
@options.out("Folder of the search.")
@options.genome_of_dataset
@click.option(
    "--space",
    type=options.FILE,
    show_default="the paper's grid",
    help="TOML file of settings to vary. It names them, and their values.",
)
@click.option(
    "--sampler",
    type=click.Choice(SAMPLERS),
    default=SearchSettings.sampler,
    show_default=True,
    help="Every combination once, or draw at random, or learn from the trials before.",
)
@click.option(
    "--trials",
    type=Count(),
    show_default="all of the grid",
    help="Stop when so many trials are done.",
)
@training_options.trainings_at_once
@training_settings(without=("learning_rate",))
@machine_options.device
@options.force_over_unfinished
@log
@as_json
def search(
    dataset: Path,
    architecture: str | None,
    out: Path,
    genome: Path | None,
    space: Path | None,
    device: str,
    force: bool,
    sampler: str,
    trials: int | None,
    workers: int,
    **values: Any,
) -> None:
    """Train a network on DATASET with many settings, each to its end, and keep the best.

    --steps, --epochs, --minutes and --patience say how long each trial is. A space is

    \b
        learning_rate = {low = 1e-4, high = 1e-1, log = true}
        f1 = {low = 32, high = 256, step = 32}
        dropout = [0.1, 0.01]
        hidden = 200

    with settings of the network (regtrack models), learning_rate, batch_size,
    positive_weight, shift and schedule as keys. A grid takes lists only; with --trials it is
    a sample without repetition.

    If a search was killed, or ended by Ctrl-C or SIGTERM, give the same command again, and it
    continues. Several commands at once, also on machines that share the folder, work on one
    search. --force drops a search with other settings.
    """  # noqa: D301 - click wants the character
    from regtrack.cli.progress import Progress
    from regtrack.search.run import SearchRequest, run_search

    training = read_settings(values)
    chosen = SearchSettings(sampler, trials, workers, training.seed)
    request = SearchRequest(dataset, genome, architecture, space, chosen, training, device)
    with Progress() as progress:
        result = run_search(request, out, force, progress)
    if result.describe():
        Teller.current().show(result.summary())
    if result.stopped_by:
        raise result.stopped_by(result.reached)
