"""`regtrack models`: the networks that can be trained."""

from __future__ import annotations

import click


@click.command(short_help="List the networks that can be trained.")
def models() -> None:
    """List the networks: layers, parameters beside the paper's, and context."""
    from regtrack.models.describe import models_table

    click.echo(models_table())
