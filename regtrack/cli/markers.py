"""`regtrack markers`: the catalogue of the paper's 919 markers."""

from __future__ import annotations

import click


@click.command(short_help="List the 919 markers of the paper.")
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option(
    "--tsv",
    is_flag=True,
    help="Whole rows as tab-separated text for other programs: also accession and address of the "
    "file of peaks, and DeepSEA's published figures.",
)
def markers(patterns: tuple[str, ...], tsv: bool) -> None:
    """List the markers of the paper: all 919, or those that match a PATTERN.

    PATTERN is a name, cell, target or category, upper and lower case alike; * stands for any
    letters: 'K562*', CTCF, DNase. A target also goes by its other names: POLR2A lists Pol2.
    """
    from regtrack.genome import catalogue

    found = catalogue.find_in_catalogue(patterns)
    click.echo(catalogue.markers_tsv(found) if tsv else catalogue.markers_table(found))
    click.echo(catalogue.describe_found(found), err=True)
