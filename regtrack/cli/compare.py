"""`regtrack compare`: networks on one dataset, side by side and beside the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from regtrack.cli import machine_options, options, suggestions
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.kinds import Named
from regtrack.cli.screen import screen_width
from regtrack.cli.teller import Teller, as_json, log
from regtrack.cli.training_options import read_settings, training_settings


@click.command(
    cls=Command,
    short_help="Train and score several networks: the paper's tables.",
    examples=(
        "regtrack compare dataset/ --out tables/ --minutes 60",
        "regtrack compare dataset/ cnn3 dilated mine.safetensors --out tables/",
    ),
)
@click.argument(
    "dataset", type=options.FILE, cls=Argument, says="Folder that regtrack prepare made."
)
@click.argument(
    "networks",
    type=Named(),
    nargs=-1,
    metavar="[NAME|CHECKPOINT]...",
    shell_complete=suggestions.networks,
    cls=Argument,
    says="What to train, or to take as it is; without it, all networks are trained.",
)
@options.out("Folder for networks and tables.")
@options.genome_of_dataset
@options.networks
@training_settings()
@machine_options.device
@options.force_over_unfinished
@log
@as_json
def compare(
    dataset: Path,
    networks: tuple[str, ...],
    out: Path,
    genome: Path | None,
    device: str,
    force: bool,
    **values: Any,
) -> None:
    """Compare networks on DATASET: parameters, PR AUC per category, training time.

    Each NAME, of a network of the dataset's task, is trained into the folder; a
    CHECKPOINT is taken as it is. Without any, all networks of the task are trained. The
    limits (--minutes, --steps, --epochs) are for each network, not for all together.

    If a comparison was stopped, give the same command again, and it continues; nothing is trained
    or scored twice. --force trains again what was trained with other settings.
    """
    from regtrack.cli.progress import Progress
    from regtrack.training.compare import ComparisonRequest, run_comparison

    request = ComparisonRequest(dataset, genome, networks, read_settings(values), device)
    with Progress() as progress:
        result = run_comparison(request, out, force, progress)
    if result.describe():
        Teller.current().show(result.summary(screen_width()))
    if result.stopped_by:
        raise result.stopped_by(result.reached)
