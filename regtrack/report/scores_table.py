"""What other rooms read of a report: the average precision of each marker, and its base rate."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from regtrack.errors import InputError
from regtrack.genome.textfile import read_text

TABLE = "report.tsv"
PAGE = "report.html"  # for people, beside it


class Scores(NamedTuple):
    """How good markers are, by name; a marker without a score is not in it.

    `base_rates` are the shares of the scored bases that are positive: the average precision of
    a random track.
    """

    average_precision: Mapping[str, float]
    base_rates: Mapping[str, float]


NO_SCORES = Scores({}, {})


def read_scores(folder: Path) -> Scores:
    """The scores of a report.

    Parameters
    ----------
    folder
        Of a report, as `regtrack.report.files.write_report` makes it.

    Raises
    ------
    InputError
        When the folder holds no report, or its table is damaged.
    OSError
        When it cannot be read.
    """
    path = folder / TABLE
    if not path.is_file():
        raise InputError(folder, f"not a report (no {TABLE}); regtrack eval --out makes one")
    # Lines may end as on any system; StringIO takes them all for one kind.
    lines = io.StringIO(read_text(path), newline=None)
    try:
        rows = list(csv.DictReader(lines, delimiter="\t"))
        return Scores(_column(rows, "average_precision"), _column(rows, "base_rate"))
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(path, f"damaged ({error!r})") from error


def _column(rows: list[dict[str, str]], column: str) -> dict[str, float]:
    scores = {row["name"]: float(row[column]) for row in rows if row[column]}
    if None in scores or not all(0 <= value <= 1 for value in scores.values()):
        raise ValueError(f"expected a name and a number from 0 to 1 as {column}")
    return scores
