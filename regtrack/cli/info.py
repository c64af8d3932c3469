"""`regtrack info`: what a file or folder is, in a screenful."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import options
from regtrack.cli.kinds import Model


@click.command(short_help="Say what a checkpoint, a tracks folder or a dataset is.")
@click.argument("path", type=Model())
@options.networks
def info(path: Path) -> None:
    """Say what PATH is: a checkpoint (or demo, deepsea), a tracks folder or a dataset."""
    if (path / "dataset.json").is_file():
        from regtrack.datasets.describe import describe_dataset

        click.echo(describe_dataset(path))
    elif path.is_dir():
        from regtrack.tracks.describe import describe_tracks

        click.echo(describe_tracks(path))
    else:
        from regtrack.models.describe import describe_checkpoint

        click.echo(describe_checkpoint(path))
