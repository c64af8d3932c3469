"""`regtrack import`: weights of others that a user has, made into a checkpoint."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import options


@click.group("import", short_help="Make a checkpoint of published weights that you have.")
def import_() -> None:
    """Make a checkpoint of weights that were published elsewhere and that you have as a file."""


@import_.command(short_help="DeepSEA's weights, as Kipoi publishes them.")
@click.argument("weights", type=options.FILE)
@click.option("--out", type=options.FILE, required=True, help="Checkpoint to write (.safetensors).")
@options.force
def deepsea(weights: Path, out: Path, force: bool) -> None:
    """Make a checkpoint of DeepSEA's WEIGHTS: deepsea_predict.pth or its kin.

    `regtrack fetch model deepsea` does both, where the web can be reached. No code that such a
    file may hold is run.
    """
    from regtrack.models.published import import_deepsea

    import_deepsea(weights, out, force)
    click.echo(f"{out}: DeepSEA of 919 markers; predict with --model {out}")
