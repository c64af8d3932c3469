"""What others read of a report: the average precision of each marker, and its base rate."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from regtrack.errors import InputError
from regtrack.genome.textfile import read_text

TABLE = "report.tsv"


def read_average_precision(folder: Path) -> dict[str, float]:
    """Average precision by name of marker, of those that have one.

    Parameters
    ----------
    folder
        Of a report, as `regtrack.evaluation.report.write_report` makes it.

    Raises
    ------
    InputError
        When the folder holds no report, or its table is damaged.
    OSError
        When it cannot be read.
    """
    return _read(folder, "average_precision")


def read_base_rates(folder: Path) -> dict[str, float]:
    """Share of the scored bases that are positive, as `read_average_precision`."""
    return _read(folder, "base_rate")


def _read(folder: Path, column: str) -> dict[str, float]:
    """The numbers of one column, by name of marker."""
    path = folder / TABLE
    if not path.is_file():
        raise InputError(folder, f"not a report (no {TABLE}); regtrack eval --out makes one")
    rows = csv.DictReader(io.StringIO(read_text(path)), delimiter="\t")
    try:
        return {row["name"]: float(row[column]) for row in rows if row[column]}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(path, f"damaged ({error!r})") from error
