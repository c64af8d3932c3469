"""`regtrack import`: weights of others that a user has, made into a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from regtrack.cli import options
from regtrack.cli.help_page import Argument, Group
from regtrack.cli.network_options import own_settings


@click.group("import", cls=Group, short_help="Make a checkpoint from a file of weights.")
def import_() -> None:
    """Make a checkpoint from a file of weights of another program."""


@import_.command(
    short_help="DeepSEA's weights, as Kipoi publishes them.",
    examples=("regtrack import deepsea deepsea_predict.pth --out deepsea.safetensors",),
)
@click.argument(
    "weights",
    type=options.FILE,
    cls=Argument,
    says="File of weights: deepsea_predict.pth or its kin.",
)
@options.out("Checkpoint to write (.safetensors).")
@options.force
def deepsea(weights: Path, out: Path, force: bool) -> None:
    """Make a checkpoint of DeepSEA's WEIGHTS: deepsea_predict.pth or its kin.

    `regtrack fetch model deepsea` does both, where the web can be reached. No code that such a
    file may hold is run.
    """
    from regtrack.models.published import import_deepsea

    import_deepsea(weights, out, force)
    click.echo(f"{out}: DeepSEA of 919 markers; predict with --model {out}")


@import_.command(
    short_help="A network of your own, from another program.",
    examples=(
        "regtrack import network a.py:A --markers m.tsv --out a.safetensors",
        "regtrack import network a.py:A --weights a.pt --markers m.tsv --out a.st",
    ),
)
@click.argument(
    "network",
    metavar="FILE.py:CLASS",
    cls=Argument,
    says="The class of the module (docs/own-network.md).",
)
@options.out("Checkpoint to write (.safetensors).")
@click.option(
    "--markers",
    type=options.FILE,
    required=True,
    help="Markers table (TSV): a row for each output, in order.",
)
@click.option(
    "--weights",
    type=options.FILE,
    show_default="those that the class makes",
    help="State of the module, as torch.save(module.state_dict()) or safetensors write it.",
)
@options.genome_of_weights
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    show_default="0.5, or measured",
    help="Probability from which peaks are called, of all markers. Of a signal, it is a share of "
    "each one's range; without this option, what one base in a hundred of --genome exceeds.",
)
@own_settings
@options.networks
@options.force
def network(own_settings: dict[str, Any], **values: Any) -> None:
    """Make a checkpoint of a torch module: CLASS in FILE.py, or what a package offers.

    docs/own-network.md says what the class must be. Its code is run; no code that the file of
    weights may hold is.
    """
    from regtrack.cli.progress import Progress
    from regtrack.prediction.imported import ImportRequest, import_network

    request = ImportRequest(settings=own_settings, **values)
    with Progress() as progress:
        said = import_network(request, progress)
    click.echo(said)
