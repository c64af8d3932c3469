"""Options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path)

genome = click.option(
    "--genome", type=FILE, required=True, envvar="REGTRACK_GENOME", help="FASTA, plain or bgzip."
)
model = click.option(
    "--model",
    type=FILE,
    required=True,
    envvar="REGTRACK_MODEL",
    help="Checkpoint (.safetensors), as regtrack train writes it.",
)
peaks = click.option(
    "--peaks",
    type=FILE,
    required=True,
    envvar="REGTRACK_PEAKS",
    help="Markers table (TSV) whose column 'file' names the measured peaks.",
)
markers = click.option(
    "--markers",
    multiple=True,
    metavar="PATTERN",
    help="Only markers whose name, cell, target or category matches, e.g. 'K562*' or CTCF. "
    "Repeatable.",
)
device = click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|cuda[:N]",
    help="What computes.",
)
force = click.option("--force", is_flag=True, help="Replace what an earlier run wrote.")
