"""What a report is, as text for people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regtrack.documents import read_json
from regtrack.listing import counted, first_names
from regtrack.paths import shell_word
from regtrack.report.comparison_files import COMPARISON
from regtrack.report.comparison_files import FORMAT_VERSION as COMPARISON_VERSION
from regtrack.report.files import DATA, FORMAT_VERSION
from regtrack.report.scores_table import PAGE
from regtrack.text_columns import named_lines


@dataclass(frozen=True)
class _Category:
    """Scores of a category, as far as they are shown; None where nothing was scored."""

    category: str
    markers: int
    mean: dict[str, float | None]


@dataclass(frozen=True)
class _Report:
    """A report, as far as it is shown."""

    subject: str
    kind: str
    about: dict[str, Any]
    bases: int
    chromosomes: dict[str, int]
    categories: list[_Category]


def describe_report(folder: Path) -> str:
    """A report in some ten lines.

    Raises
    ------
    InputError
        When it is damaged, or of a newer format.
    """
    report = read_json(folder / DATA, _Report, FORMAT_VERSION)
    kept = {name: text for name, text in report.about.items() if isinstance(text, str)}
    lines = {
        "report": f"{folder}, of the {report.kind} {report.subject}",
        **kept,
        "scored": f"{counted(report.bases, 'base')} of {first_names(report.chromosomes, 5)}",
        **{row.category: _scores(row) for row in report.categories},
        "next": f"open {shell_word(folder / PAGE)} in a browser",
    }
    return named_lines(lines)


@dataclass(frozen=True)
class _Network:
    """A network of a comparison, as far as it is shown."""

    name: str
    parameters: int


@dataclass(frozen=True)
class _Comparison:
    """A comparison, as far as it is shown."""

    dataset: str
    task: str
    networks: list[_Network]


def describe_comparison(folder: Path) -> str:
    """Networks side by side, a line for each.

    Raises
    ------
    InputError
        When it is damaged, or of a newer format.
    """
    comparison = read_json(folder / COMPARISON, _Comparison, COMPARISON_VERSION)
    word = shell_word(folder)
    return named_lines(
        {
            "comparison": f"{folder}, of {counted(len(comparison.networks), 'network')}",
            "dataset": f"{comparison.dataset}, {comparison.task} task",
            **{
                f"  {network.name}": f"{network.parameters:,} parameters"
                for network in comparison.networks
            },
            "next": f"read {word}/comparison.md, look at {word}/comparison.png",
        }
    )


def _scores(row: _Category) -> str:
    precision, rate = (row.mean.get(name) for name in ("average_precision", "base_rate"))
    markers = counted(row.markers, "marker")
    if precision is None or rate is None:
        return f"{markers}, none scored"
    return f"{markers}, mean average precision {precision:.4f}, base rate {rate:.4f}"
