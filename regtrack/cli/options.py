"""Options that several commands share, declared once."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Set
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from regtrack.cli import machine_options, suggestions
from regtrack.cli.help_page import Argument
from regtrack.cli.kinds import Count, Fasta, File, LabelledFile, Model, Peaks, Region
from regtrack.cli.teller import not_around_log
from regtrack.errors import ArgumentError
from regtrack.models.named_code import allowing_code

F = TypeVar("F", bound=Callable[..., Any])

FILE, _PEAKS = File(path_type=Path), Peaks(path_type=Path)


def out(what: str, *, required: bool = True) -> Callable[[F], F]:
    """`--out`: the file or folder to write."""
    return click.option("--out", type=FILE, required=required, callback=not_around_log, help=what)


def plan(what: str) -> Callable[[F], F]:
    """`--plan`: what a run will take, and no run."""
    return click.option("--plan", is_flag=True, help=what)


def seed(default: int, what: str) -> Callable[[F], F]:
    """`--seed` of all that is drawn at random."""
    return click.option(
        "--seed", type=Count(0, 2**63 - 1), default=default, show_default=True, help=what
    )


def assembly(what: str, otherwise: str) -> Callable[[F], F]:
    """`--assembly`: the name of a genome."""
    return click.option("--assembly", metavar="NAME", show_default=otherwise, help=what)


def url(what: str) -> Callable[[F], F]:
    """`--url`: where a folder will be on the web."""
    return click.option("--url", metavar="BASE", help=what)


def genome_option(
    what: str,
    *,
    required: bool = False,
    otherwise: str | None = None,
    variable: str | None = "REGTRACK_GENOME",
    callback: Callable[[click.Context, click.Parameter, Any], Any] | None = None,
) -> Callable[[F], F]:
    """`--genome`, by what it is for."""
    return click.option(
        "--genome",
        type=Fasta(path_type=Path),
        required=required,
        show_default=otherwise,
        envvar=variable,
        callback=callback,
        help=what,
    )


def _peaks(
    what: str,
    *,
    required: bool = False,
    multiple: bool = False,
    variable: str | None = "REGTRACK_PEAKS",
) -> Callable[[F], F]:
    return click.option(
        "--peaks", type=_PEAKS, required=required, multiple=multiple, envvar=variable, help=what
    )


def model_option(
    what: str,
    *,
    default: str | None = None,
    otherwise: str | None = None,
    metavar: str | None = None,
    variable: str | None = "REGTRACK_MODEL",
) -> Callable[[F], F]:
    """`--model`, by what it is for."""
    return click.option(
        "--model",
        type=Model(),
        default=default,
        show_default=otherwise,
        metavar=metavar,
        envvar=variable,
        help=what,
    )


def _genes(
    what: str,
    *,
    otherwise: str | None = "those of regtrack fetch genes",
    variable: str | None = "REGTRACK_GENES",
) -> Callable[[F], F]:
    return click.option("--genes", type=FILE, envvar=variable, show_default=otherwise, help=what)


def _markers(what: str, otherwise: str | None = None) -> Callable[[F], F]:
    return click.option(
        "--markers",
        multiple=True,
        shell_complete=suggestions.markers,
        metavar="PATTERN",
        show_default=otherwise,
        help=f"{what} Each pattern adds markers; both cell and target: 'K562|CTCF*'. A target "
        "also goes by its other names, Pol2 by POLR2A.",
    )


def _exclude(what: str) -> Callable[[F], F]:
    return click.option("--exclude", type=FILE, multiple=True, envvar="REGTRACK_EXCLUDE", help=what)


def _unknown(what: str) -> Callable[[F], F]:
    return click.option("--unknown", multiple=True, metavar="PATTERN=CHROM,...", help=what)


_FASTA = "FASTA, plain or bgzip"
_NEEDED = "needed, here or in regtrack.toml"
genome_help = f"{_FASTA}; {_NEEDED}."
genome = genome_option(genome_help, required=True)
genome_looked_at = genome_option(f"{_FASTA}.")
genome_of_model = genome_option(f"{_FASTA}; needed to score a model.")
genome_shown = genome_option(f"{_FASTA}; its sequence is shown.")
genome_to_cut = genome_option(f"{_FASTA}; {_NEEDED}, but for --deepsea.")
genome_of_dataset = genome_option(
    "FASTA that the dataset was made with, if it has moved.", otherwise="where it was"
)
genome_of_weights = genome_option(
    "FASTA of the assembly that it was trained on; predict then refuses others. The range "
    "of a signal is measured on a sample of it.",
    otherwise="any",
    variable=None,
)
genome_to_name = genome_option(f"{_FASTA}, wherever it lies.", variable=None)

_MEASURED = "Measured peaks: a markers table, a folder, a pattern in quotes, or one file"
_LISTED = "The column 'file' of a markers table names files of peaks."
peaks = _peaks(f"{_MEASURED}; {_NEEDED}. {_LISTED}", required=True)
peaks_or_dataset = _peaks(f"{_MEASURED}; where there is no --dataset. {_LISTED}")
peaks_looked_at = _peaks(f"{_MEASURED}. {_LISTED}")
peaks_shown = _peaks(f"{_MEASURED}; shown below the predictions. {_LISTED}")
peaks_explained = _peaks(
    f"{_MEASURED}. {_LISTED} Without it, or where it has no peak for --marker, positive is what is "
    "predicted with the marker's threshold or more; which it was, the output says."
)
peaks_in_same_pass = _peaks(
    "Also score the predictions against these peaks. Measured peaks are a markers table, a folder "
    "of peak files, a pattern in quotes, or one file. Predictions are scored unrounded, except "
    "where the model was trained; the report is written into the tracks folder. (Not taken from "
    "[defaults]: it costs some time.)",
    variable=None,
)
peaks_to_name = _peaks(
    "Your peaks: a markers table, a folder, a pattern in quotes ('peaks/*.narrowPeak.gz'), or one "
    "file. For files, DIR/markers.tsv is written; a table is used as it is.",
    multiple=True,
    variable=None,
)

_TABLES = "GTF, GFF3, BED, or a gene table of UCSC (refGene.txt.gz)"
genes = _genes(f"Genes that regions may name, as COMT+-50kb. {_TABLES}.")
genes_looked_at = _genes(f"Genes: {_TABLES}.")
genes_shown = _genes(f"Genes to show and to jump to by name: {_TABLES}.")
genes_to_name = _genes(f"Genes: {_TABLES}.", otherwise=None, variable=None)

region_shown = click.option(
    "--region",
    metavar="REGION",
    shell_complete=suggestions.regions,
    show_default="all that was predicted, if it is short, or the strongest predicted peak",
    help="Where to open: chr22, chr22:1,000-2,000, or a gene. Positions are 1-based, both ends "
    "included. COMT is the gene with 2 kb on each side, COMT+-50kb with just what is typed.",
)

reports = click.option(
    "--report",
    type=LabelledFile(path_type=Path),
    metavar="[LABEL=]PATH",
    multiple=True,
    show_default="the one in the tracks folder, if there is one",
    help="Folder of a report (regtrack eval --out): how good each marker is; of several tracks "
    "folders, each with the label of its folder.",
)


def tracks_folders(callback: Callable[..., Any] | None = None) -> Callable[[F], F]:
    """One tracks folder, or several; without a callback, one at least."""
    return click.argument(
        "tracks",
        cls=Argument,
        says="Folders that regtrack predict wrote; LABEL=FOLDER names a run.",
        metavar="TRACKS...",
        type=LabelledFile(path_type=Path),
        nargs=-1,
        required=callback is None,
        callback=callback,
    )


scale = click.option(
    "--scale",
    type=click.Choice(["marker", "probability", "auto"]),
    default="marker",
    show_default=True,
    help="Axis of the signals: to the marker's high values, to 1, or to what is in view. marker: "
    "from 0 to the marker's high values, so that each is seen. probability: from 0 to 1, so that "
    "they can be compared by eye; of a signal, to the marker's range. auto: to the highest value "
    "in view, as the browser does it.",
)


def _name_networks(
    context: click.Context, _: click.Parameter, files: tuple[Path, ...]
) -> tuple[Path, ...]:
    """Allow code from the files while the command runs."""
    context.with_resource(allowing_code(files))
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
    help="Python file with networks of your own (docs/own-network.md); its code is run.",
)
_CHECKPOINT = (
    "Checkpoint (.safetensors), or a network by its name: demo, deepsea. Checkpoints are written "
    "by regtrack train. demo comes with regtrack; deepsea is there once regtrack fetch model "
    "deepsea has fetched it."
)
model = model_option(_CHECKPOINT, default="demo", otherwise="demo")
model_looked_at = model_option(_CHECKPOINT, otherwise="none")
model_listed = model_option(
    "List the markers of this network instead: demo, deepsea, or a checkpoint.",
    metavar="NAME|FILE",
    variable=None,
)
markers = _markers("Only markers whose name, cell, target or category matches: 'K562*', CTCF.")
markers_shown = _markers(
    "Shown at first: markers whose name, cell, target or category matches, 30 at most.",
    "a few, the best of each category",
)
exclude = _exclude("BED file of regions to leave out.")
exclude_windows = _exclude(
    "BED file of regions to keep out of windows. --max-excluded is the most that one may have."
)
clip = click.option(
    "--clip",
    is_flag=True,
    envvar="REGTRACK_CLIP",
    help="Clip BED rows that reach a little past an end of their chromosome, as padded rows may, "
    "and say how many. Without it, such a row is an error. A file of another assembly is an "
    "error either way.",
)
_UNKNOWN = "Chromosomes on which nothing was called for some markers, e.g. '*DREAM=chr1,chr8': "
unknown = _unknown(f"{_UNKNOWN}there, no peak is no information.")
unknown_masked = _unknown(
    f"{_UNKNOWN}masked in the loss and in the scores of train, search and compare."
)
step = click.option(
    "--step",
    type=Count(),
    show_default="200, its bins",
    help="Bases per value (only for short-task networks such as deepsea). Without it, there is one "
    "value for each bin of the size that the network was trained on. Multiples of 16 are "
    "fast, because overlapping inputs share most of the work: deepsea at 96 takes a third of the "
    "time that it takes at 200.",
)
any_genome = click.option(
    "--any-genome",
    is_flag=True,
    help="Accept a genome that the model was not trained on. It may be of another assembly or "
    "species, as the lengths of chromosomes tell. (Peaks and regions must lie on the genome all "
    "the same.)",
)
include_training = click.option(
    "--include-training",
    is_flag=True,
    help="Score bases that the model was trained on, too. Without it they are left out, where the "
    "checkpoint says which they are.",
)


def _force(what: str) -> Callable[[F], F]:
    return click.option("--force", is_flag=True, help=what)


force = _force("Replace what an earlier run wrote.")
force_over_unfinished = _force(
    "Replace earlier output; drop unfinished work. What this command can continue, it keeps."
)


def scored_regions(otherwise: str) -> Callable[[F], F]:
    """`--region`, to score by."""
    what = "Score only here: a region, a gene (COMT+-50kb) or a BED file."
    return click.option(
        "--region", "regions", type=Region(), multiple=True, show_default=otherwise, help=what
    )


def scored_dataset(what: str) -> Callable[[F], F]:
    """`--dataset`, to score by."""
    return click.option(
        "--dataset",
        type=FILE,
        help=f"{what} a split of this dataset, instead of regions. It is scored whole, by its own "
        "peaks.",
    )


def scored_split(otherwise: str) -> Callable[[F], F]:
    """`--split`, of the dataset to score by."""
    return click.option(
        "--split",
        type=click.Choice(["train", "valid", "test"]),
        show_default=otherwise,
        help="Which split of the --dataset.",
    )


def scoring(command: F) -> F:
    """What else decides how a model is scored, in the order in which help lists it."""
    shared = (
        *(networks, markers, exclude, include_training, unknown, genes),
        *(clip, genome_of_model, step, machine_options.workers, machine_options.devices),
        *(machine_options.isa, any_genome),
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
    from regtrack.scoring.request import NOT_WITH_A_DATASET

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
        str(parameter.name)
        for parameter in context.command.params
        if isinstance(parameter, click.Option)
        and context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    ).keys()
