"""`regtrack info`: what a file or folder is, in a screenful."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import options
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.kinds import Model
from regtrack.cli.teller import Teller, as_json
from regtrack.work_folders import partial_path


@click.command(
    cls=Command,
    short_help="Describe a file or folder, or the progress of a job.",
    examples=("regtrack info tracks/", "regtrack info tracks.partial"),
)
@click.argument(
    "path",
    type=Model(or_folder=True),
    cls=Argument,
    says="Any file or folder that regtrack made or reads.",
)
@options.networks
@as_json
def info(path: Path) -> None:
    """Describe a file or folder, or the progress of a job.

    PATH is anything that regtrack makes or reads: a checkpoint (or demo, deepsea), tracks, a
    report, a dataset, a search, a comparison, a cross-validation, a hub, an exported page, a
    FASTA file, peaks, a markers table, a log, regtrack.toml, a folder of such things, or the work
    folder of a job that is not finished (OUT.partial), of which it shows the progress, and who is
    at work on it.
    """
    from regtrack.cli.recognised import kind_of, whole_of

    if not path.exists() and partial_path(path).is_dir():
        path = partial_path(path)
    whole = whole_of(path)
    part = f"{path} is a part of {whole}:\n" if whole else ""
    path = whole or path
    teller = Teller.current()
    summary = kind_of(path).summarised(path, part, counted=teller.as_json_of is not None)
    teller.show(summary, paged=True)
