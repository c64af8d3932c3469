"""`regtrack init`: a configuration that names what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from regtrack.cli import options
from regtrack.cli.config import NAME
from regtrack.cli.help_page import Argument, Command


@click.command(
    cls=Command,
    short_help="Write a regtrack.toml that names what is there.",
    examples=(
        "regtrack init",
        "regtrack init --genome hg38.fa --peaks 'peaks/*.narrowPeak.gz'",
        "regtrack init --genome hg19.fa.gz --model deepsea   # to predict, not to train",
    ),
)
@click.argument(
    "folder",
    metavar="[DIR]",
    type=options.FILE,
    default=".",
    cls=Argument,
    says="Folder to write it to; here, if none is given.",
)
@options.peaks_to_name
@click.option(
    "--category",
    metavar="NAME",
    show_default="what the files' names tell",
    help="Of the markers of --peaks: TFBS, DNase, Histone, ATAC, or any other word.",
)
@options.genome_to_name
@options.assembly(
    "Which assembly it is, or which fetched one is meant: hg19, hg38, mm10, ...",
    "told by the genome's lengths",
)
@options.genes_to_name
@options.model_option(
    "Network that predict is to use: a checkpoint, wherever it lies, or demo or deepsea.",
    variable=None,
)
@options.force
def init(folder: Path, force: bool, **settings: Any) -> None:
    """Write a regtrack.toml into DIR (here, if not given) that names what is there.

    Genome (a FASTA), markers.tsv, genes (refGene.txt.gz, or a GTF or GFF3 file), exclude/*.bed.gz
    and a checkpoint of DIR itself or, where it has none, those that regtrack fetch fetched for the
    assembly. With --peaks it also writes the table of your markers, and says what to check in it.
    After it, `regtrack prepare`, `regtrack train` and `regtrack predict chr1 --out tracks/` need no
    options in DIR and below. With --model, or a checkpoint in DIR, predict can be used at once.
    Else, until the model that is named there has been trained, predict uses the network that comes
    with regtrack, and says so.
    """
    from regtrack.workspace.init import InitRequest, initialise

    click.echo(initialise(folder / NAME, force, InitRequest(**settings)))
