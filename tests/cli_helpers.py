"""Command lines that several tests of commands use."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from builders import TinyWorld


def predict_arguments(
    world: TinyWorld, out: Path, *more: object, regions: Sequence[str] = ("chr1", "chr2", "chrM")
) -> list[object]:
    """A whole command line; small windows, so that there are several."""
    options = ["--model", world.model, "--genome", world.genome, "--out", out]
    return ["predict", *regions, *options, "--window", 15_000, "--device", "cpu", *more]


def files_of(folder: Path) -> dict[str, bytes]:
    """Content of every file in a folder, by its path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(folder: Path) -> list[dict[str, str]]:
    """A report's rows, as its table has them."""
    with (folder / "report.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t"))
