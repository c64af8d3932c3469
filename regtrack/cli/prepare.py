"""`regtrack prepare`: a genome, measured peaks and regions to exclude in, a dataset out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from regtrack.cli import options
from regtrack.cli.help_page import Command
from regtrack.cli.kinds import Count, Region
from regtrack.cli.teller import Teller, as_json, log
from regtrack.datasets.settings import DEFAULT_SPLIT, TASKS, PrepareSettings


@click.command(
    cls=Command,
    short_help="Make a dataset of a genome and measured peaks.",
    examples=(
        "regtrack prepare --out dataset/",
        "regtrack prepare --out dataset/ --valid chr7 --test chr8,chr9",
        "regtrack prepare --out dataset/ --genome hg38.fa --peaks 'peaks/*.bed.gz'",
    ),
)
@options.out("Dataset folder to write.")
@options.genome_to_cut
@options.peaks
@click.option(
    "--task",
    type=click.Choice(TASKS),
    show_default="dense, or short with --deepsea",
    help="Label every base of a window (dense), or inputs of 1,000 bases once (short). An input is "
    "labelled on its middle 200 bases, where these have a TFBS peak or, without a TFBS marker, any "
    "peak.",
)
@options.markers
@options.exclude_windows
@click.option(
    "--mappability",
    type=options.FILE,
    help="BigWig; bases under --min-mappability, or without a value, are excluded too.",
)
@click.option(
    "--min-mappability",
    type=float,
    default=PrepareSettings.min_mappability,
    show_default=True,
    help="Least value of a base that is not excluded.",
)
@click.option(
    "--window",
    type=Count(),
    default=PrepareSettings.window,
    show_default=True,
    help="Bases per window; windows lie at its multiples.",
)
@click.option(
    "--max-unknown",
    type=click.FloatRange(0, 1),
    default=PrepareSettings.max_unknown,
    show_default=True,
    help="Largest share of a window that may be N.",
)
@click.option(
    "--max-excluded",
    type=click.FloatRange(0, 1),
    default=PrepareSettings.max_excluded,
    show_default=True,
    help="Largest share of a window that may be excluded.",
)
@click.option(
    "--train",
    type=Region(),
    multiple=True,
    show_default="all others",
    help="Region, BED file or chromosomes to train on.",
)
@click.option(
    "--valid",
    type=Region(),
    multiple=True,
    help="The same, to choose the best checkpoint by.",
)
@click.option("--test", type=Region(), multiple=True, help="The same, to score at the end.")
@click.option(
    "--split",
    metavar="TRAIN,VALID,TEST",
    show_default=f"{DEFAULT_SPLIT}, where no region is given",
    help="Shares of the windows, split at random.",
)
@options.seed(PrepareSettings.seed, "Same seed, same random split.")
@options.unknown_masked
@options.assembly("Name of the genome, such as hg19.", "by its lengths, or the FASTA's name")
@click.option(
    "--deepsea",
    type=options.FILE,
    help="Folder with the published train.mat, valid.mat and test.mat; --peaks then names "
    "the markers only, in their order.",
)
@options.clip
@options.force
@log
@as_json
def prepare(out: Path, force: bool, task: str | None, **settings: Any) -> None:
    """Cut a genome into windows, label them with measured peaks, and split them.

    Prints what was kept, and why the rest was not.
    """
    chosen = task or ("short" if settings["deepsea"] else "dense")
    asked = PrepareSettings(task=chosen, **settings)

    from regtrack.cli.progress import Progress
    from regtrack.datasets.describe import summarise_dataset
    from regtrack.datasets.prepare import prepare as run

    with Progress() as progress:
        run(asked, out, force, progress)
    Teller.current().show(summarise_dataset(out))
