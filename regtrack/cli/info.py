"""`regtrack info`: what a file or folder is, in a screenful."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import options
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.kinds import Model
from regtrack.work_folders import PLAN


@click.command(
    cls=Command,
    short_help="Say what a checkpoint, a tracks folder, a dataset or a plan is.",
    examples=(
        "regtrack info tracks/",
        "regtrack info demo",
    ),
)
@click.argument(
    "path",
    type=Model(),
    cls=Argument,
    says="Checkpoint, tracks folder, dataset, or OUT.partial of a plan.",
)
@options.networks
def info(path: Path) -> None:
    """Say what PATH is: a checkpoint (or demo, deepsea), a tracks folder, a dataset, or a plan.

    A plan is a job in shards, OUT.partial: how far it is, and who is at work on it.
    """
    if (path / "dataset.json").is_file():
        from regtrack.datasets.describe import describe_dataset

        click.echo(describe_dataset(path))
    elif (path / PLAN).is_file():
        from regtrack.prediction.shard_progress import describe_partial

        click.echo(describe_partial(path))
    elif path.is_dir():
        from regtrack.tracks.describe import describe_tracks

        click.echo(describe_tracks(path))
    else:
        from regtrack.models.describe import describe_checkpoint

        click.echo(describe_checkpoint(path))
