"""`regtrack markers`: the catalogue of the paper's 919 markers, or those of a network."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import options, suggestions
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.screen import page, screen_width


@click.command(
    cls=Command,
    short_help="List the 919 markers of the paper, or those of a network.",
    examples=(
        "regtrack markers CTCF",
        "regtrack markers 'K562*' DNase",
        "regtrack markers --model mine.safetensors --tsv",
    ),
)
@click.argument(
    "patterns",
    metavar="[PATTERN]...",
    nargs=-1,
    shell_complete=suggestions.markers,
    cls=Argument,
    says="A name, cell, target or category; * stands for any letters.",
)
@options.model_listed
@click.option(
    "--tsv",
    is_flag=True,
    help="Whole rows as tab-separated text, for other programs. They also have accession and "
    "address of the file of peaks, and DeepSEA's published figures.",
)
def markers(patterns: tuple[str, ...], model: Path | None, tsv: bool) -> None:
    """List the markers of the paper: all 919, or those that match a PATTERN.

    PATTERN is a name, cell, target or category, upper and lower case alike; * stands for any
    letters: 'K562*', CTCF, DNase. A target also goes by its other names: POLR2A lists Pol2.
    """
    from regtrack.genome import catalogue

    listed = None
    if model is not None:
        from regtrack.models.header import read_table  # without torch, which takes a second

        listed = read_table(model).markers
    matching = catalogue.find_markers(patterns, listed)
    if tsv:
        click.echo(catalogue.markers_tsv(matching))
    else:
        page(catalogue.markers_table(matching, screen_width()))
    click.echo(catalogue.describe_found(matching, listed), err=True)
