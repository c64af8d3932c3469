"""`regtrack init`: a configuration that names what is there."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import options
from regtrack.cli.config import NAME


@click.command(short_help="Write a regtrack.toml that names what is there.")
@click.argument("folder", metavar="[DIR]", type=options.FILE, default=".")
@options.force
def init(folder: Path, force: bool) -> None:
    """Write a regtrack.toml into DIR (here, if not given) that names what is there.

    Genome (a FASTA), markers.tsv, genes (refGene.txt.gz, or a GTF or GFF3 file), exclude/*.bed.gz
    and a checkpoint of DIR itself or, where it has none, those that regtrack fetch fetched. After
    it, `regtrack prepare`, `regtrack train` and `regtrack predict chr1 --out tracks/` need no
    options in DIR and below.
    """
    from regtrack.workspace.init import initialise

    click.echo(initialise(folder / NAME, force))
