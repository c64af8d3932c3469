"""`regtrack info`: what a file or folder is, in a screenful."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click

from regtrack.cli import options
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.kinds import Model
from regtrack.cli.screen import page
from regtrack.errors import InputError
from regtrack.work_folders import partial_path

# A file that only folders of one kind have, and the function that describes them, which is loaded
# when it is needed.
_FOLDERS = {
    "dataset.json": "regtrack.datasets.describe.describe_dataset",
    "crossval.plan.json": "regtrack.crossval.describe.describe_crossval",
    "plan.json": "regtrack.prediction.shard_progress.describe_partial",
    "run.json": "regtrack.unfinished.describe_unfinished",
    "tracks.json": "regtrack.tracks.describe.describe_tracks",
    "report.json": "regtrack.report.describe.describe_report",
    "hub/runs.tsv": "regtrack.browsers.hub.describe_hub",
}
_CHECKPOINT = "regtrack.models.describe.describe_checkpoint"
_FILES = {
    "FASTA": "regtrack.genome.describe.describe_genome",
    "table": "regtrack.genome.describe.describe_table",
}
_GZIP = b"\x1f\x8b"


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
def info(path: Path) -> None:
    """Describe a file or folder, or the progress of a job.

    PATH is a checkpoint (or demo, deepsea), a tracks folder, a report, a dataset, a
    cross-validation, a hub of several runs, a FASTA file, a markers table, or the work folder of a
    job that is not finished (OUT.partial), of which it shows the progress, and who is at work on
    it.
    """
    if not path.exists() and partial_path(path).is_dir():
        path = partial_path(path)
    describe = _describer(_of_folder(path) if path.is_dir() else _of_file(path))
    page(describe(path))


def _describer(name: str) -> Callable[[Path], str]:
    module, _, function = name.rpartition(".")
    describe: Callable[[Path], str] = getattr(import_module(module), function)
    return describe


def _of_folder(path: Path) -> str:
    for name, function in _FOLDERS.items():
        if (path / name).is_file():
            return function
    kinds = "tracks, a report, a dataset, a hub of several runs, or an unfinished run"
    raise InputError(path, f"no folder that regtrack made; expected {kinds}")


def _of_file(path: Path) -> str:
    """By what it begins with: FASTA, plain or compressed, or a table; else a checkpoint."""
    head = b""
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(64)
    if head.startswith((b">", _GZIP)):
        return _FILES["FASTA"]
    is_table = b"\t" in head.partition(b"\n")[0] and b"\0" not in head
    return _FILES["table"] if is_table or path.suffix == ".csv" else _CHECKPOINT
