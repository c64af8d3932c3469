"""`regtrack models`: the networks that can be trained."""

from __future__ import annotations

from importlib import resources

import click

from regtrack.cli.help_page import Command
from regtrack.cli.screen import page


@click.command(
    cls=Command,
    short_help="List the networks that can be trained.",
)
def models() -> None:
    """List the networks: layers, parameters beside the paper's, and context."""
    # Written by docs/models.py: to ask the networks, torch would be loaded.
    table = resources.files("regtrack.models") / "networks.txt"
    page(table.read_text(encoding="utf-8").rstrip("\n"))
