"""Options that several commands share, declared once."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Set
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from regtrack.cli.kinds import Count, Fasta, File, Model, Region
from regtrack.errors import ArgumentError
from regtrack.models.named_code import naming

F = TypeVar("F", bound=Callable[..., Any])

FILE = File(path_type=Path)


def _genome(required: bool, condition: str) -> Callable[[F], F]:
    return click.option(
        "--genome",
        type=Fasta(path_type=Path),
        required=required,
        envvar="REGTRACK_GENOME",
        help=f"FASTA, plain or bgzip{condition}.",
    )


def _peaks(required: bool, condition: str) -> Callable[[F], F]:
    return click.option(
        "--peaks",
        type=FILE,
        required=required,
        envvar="REGTRACK_PEAKS",
        help="Measured peaks: a markers table whose column 'file' names them, a folder of peak "
        f"files, a pattern of such in quotes, or one file{condition}.",
    )


def _model(default: str | None, otherwise: str) -> Callable[[F], F]:
    return click.option(
        "--model",
        type=Model(),
        default=default,
        show_default=otherwise,
        envvar="REGTRACK_MODEL",
        help="Checkpoint (.safetensors), as regtrack train writes it, or a network by its name: "
        "demo, which comes with regtrack, or deepsea, if regtrack fetch model deepsea has "
        "fetched it.",
    )


def _genes(what: str) -> Callable[[F], F]:
    return click.option(
        "--genes",
        type=FILE,
        envvar="REGTRACK_GENES",
        show_default="what regtrack fetch genes fetched for the genome",
        help=f"Genes{what}: GTF, GFF3, BED, or a gene table of UCSC (refGene.txt.gz).",
    )


genome = _genome(True, "")
genome_looked_at = _genome(False, "")
genome_of_model = _genome(False, "; of a model")
genome_shown = _genome(False, "; its sequence is shown")
peaks = _peaks(True, "")
peaks_or_dataset = _peaks(False, "; where there is no --dataset")
peaks_looked_at = _peaks(False, "")
peaks_shown = _peaks(False, "; they are shown below the predictions")
genes = _genes(" by which regions may be named, as COMT or COMT+-50kb")
genes_looked_at = _genes("")
genes_shown = _genes(" to show and to jump to by name")
report = click.option(
    "--report",
    type=FILE,
    show_default="the one in the tracks folder, if there is one",
    help="Folder of a report (regtrack eval --out): how good each marker is.",
)
scale = click.option(
    "--scale",
    type=click.Choice(["marker", "probability", "auto"]),
    default="marker",
    show_default=True,
    help="Axis of the signals. marker: from 0 to the marker's high values, so that each is seen. "
    "probability: from 0 to 1, so that they can be compared by eye; of a signal, to the marker's "
    "range. auto: to the highest "
    "value in view, as the browser does it.",
)


def _name_networks(
    context: click.Context, _: click.Parameter, files: tuple[Path, ...]
) -> tuple[Path, ...]:
    """Name the files while the command runs."""
    context.with_resource(naming(files))
    return files


networks = click.option(
    "--networks",
    "own_networks",
    type=FILE,
    multiple=True,
    envvar="REGTRACK_NETWORKS",
    expose_value=False,
    callback=_name_networks,
    metavar="FILE.py",
    help="Python file with networks of your own (docs/own-network.md); its code is run. "
    "Repeatable.",
)
model = _model("demo", "demo")
model_looked_at = _model(None, "none")
markers = click.option(
    "--markers",
    multiple=True,
    metavar="PATTERN",
    help="Only markers whose name, cell, target or category matches, e.g. 'K562*' or CTCF; a "
    "target also goes by its other names, Pol2 by POLR2A. Repeatable.",
)
exclude = click.option(
    "--exclude",
    type=FILE,
    multiple=True,
    envvar="REGTRACK_EXCLUDE",
    help="BED file of regions that do not count. Repeatable.",
)
clip = click.option(
    "--clip",
    is_flag=True,
    envvar="REGTRACK_CLIP",
    help="Clip BED rows that reach a little past an end of their chromosome, as padded rows may, "
    "and say how many. Without it, such a row is an error. A file of another assembly is an "
    "error either way.",
)
unknown = click.option(
    "--unknown",
    multiple=True,
    metavar="PATTERN=CHROM,...",
    help="Chromosomes on which nothing was called for some markers, e.g. '*DREAM=chr1,chr8': "
    "there, no peak is no information. Repeatable.",
)
workers = click.option(
    "--workers",
    type=Count(),
    show_default="one per core",
    help="Number of processes. Changes the time, not the results.",
)
device = click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|cuda[:N]",
    help="What computes.",
)
step = click.option(
    "--step",
    type=Count(),
    show_default="the bins of 200 bases that it was trained on",
    help="Of a network of the short task: bases that one value stands for. At a multiple of 16 "
    "overlapping inputs share most of the work: deepsea at 96 takes a third of the time of 200.",
)
any_genome = click.option(
    "--any-genome",
    is_flag=True,
    help="Accept a genome that the model was not trained on: of another assembly or species, told "
    "by the lengths of chromosomes. (Peaks and regions must lie on the genome all the same.)",
)
include_training = click.option(
    "--include-training",
    is_flag=True,
    help="Score bases that the model was trained on, too. Without it they are left out, where the "
    "checkpoint says which they are.",
)
force = click.option("--force", is_flag=True, help="Replace what an earlier run wrote.")


def scored_regions(otherwise: str) -> Callable[[F], F]:
    """`--region`, to score by."""
    return click.option(
        "--region",
        "regions",
        type=Region(),
        multiple=True,
        show_default=otherwise,
        help="Score only here: a region, a gene (COMT+-50kb) or a BED file. Repeatable.",
    )


def scored_dataset(what: str) -> Callable[[F], F]:
    """`--dataset`, to score by."""
    return click.option(
        "--dataset",
        type=FILE,
        help=f"{what} a split of this dataset, by its own peaks, whole, instead of regions.",
    )


def scored_split(otherwise: str) -> Callable[[F], F]:
    """`--split`, of the dataset to score by."""
    return click.option(
        "--split",
        type=click.Choice(["train", "valid", "test"]),
        show_default=otherwise,
        help="Of the dataset.",
    )


def scoring(command: F) -> F:
    """What else decides how a model is scored, in the order in which help lists it."""
    shared = (
        *(networks, markers, exclude, include_training, unknown, genes),
        *(clip, genome_of_model, step, workers, device, any_genome),
    )
    for option in reversed(shared):
        command = option(command)
    return command


def refuse(context: click.Context, wrong: Collection[str], why: str) -> None:
    """Refuse options of these names on the command line, which would do nothing.

    Raises
    ------
    ArgumentError
        For the first of them, saying why.
    """
    for name in typed(context):
        if name in wrong:
            raise ArgumentError(name, why)


def refuse_beside_dataset(context: click.Context, dataset: Path | None) -> None:
    """Refuse what a dataset says itself; without one, what is of a dataset.

    Raises
    ------
    ArgumentError
        As `refuse`.
    """
    from regtrack.scoring.score_tracks import NOT_WITH_A_DATASET

    if dataset is not None:
        refuse(context, NOT_WITH_A_DATASET, "does not go with --dataset")
    else:
        refuse(context, {"split"}, "is of a --dataset, and there is none")


def knows_peaks(context: click.Context) -> bool:
    """Whether `regtrack eval` would find measured peaks here without an option."""
    configured = (context.find_root().default_map or {}).get("eval", {})
    return "peaks" in configured or bool(os.environ.get("REGTRACK_PEAKS"))


def typed(context: click.Context) -> Set[str]:
    """Parameters whose options stand on the command line, in the order in which help has them.

    Those of regtrack.toml or of the environment, which may be for another use, are not in it.
    """
    return dict.fromkeys(
        str(one.name)
        for one in context.command.params
        if isinstance(one, click.Option)
        and context.get_parameter_source(str(one.name)) is ParameterSource.COMMANDLINE
    ).keys()
