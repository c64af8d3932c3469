"""Scores as a table for people, and as `report.tsv` and `report.json` for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from regtrack.atomic import write_text
from regtrack.errors import InputError
from regtrack.evaluation.cells import cell, defined
from regtrack.evaluation.evaluate import Evaluation
from regtrack.evaluation.metrics import CategoryMeans, Scores, category_means

FORMAT_VERSION = 1
_FILES = ("report.tsv", "report.json")
_PRINTED = ("average_precision", "pr_auc_trapezoid", "auroc", "base_rate")
_COLUMNS = (
    "index",
    "name",
    "category",
    "cell",
    "target",
    "treatment",
    "average_precision",
    "pr_auc_trapezoid",
    "auroc",
    "base_rate",
    "positives",
    "bases",
)


def text_table(evaluation: Evaluation) -> str:
    """A row per marker, means per category, what was not scored: what `regtrack eval` prints."""
    pairs = [
        pair for pair in zip(evaluation.markers, evaluation.scores, strict=True) if pair[1].scored
    ]
    means = category_means(evaluation.markers, evaluation.scores)
    rows: list[tuple[str, str, Scores | CategoryMeans]]
    rows = [(marker.name, marker.category, score) for marker, score in pairs]
    rows += [(f"mean of {mean.markers}", mean.category, mean) for mean in means]
    width = max([len("marker"), *(len(name) for name, _, _ in rows)])
    lines = [f"{'marker':<{width}}  category  {'  '.join(_PRINTED)}"]
    for name, category, row in rows:
        cells = (f"{getattr(row, column):>{len(column)}.4f}" for column in _PRINTED)
        lines.append(f"{name:<{width}}  {category:<8}  {'  '.join(cells)}")
    lines.append(f"{evaluation.bases:,} bases scored in {evaluation.tracks}")
    for reason, names in _unscored(evaluation).items():
        if names:
            lines.append(f"not scored, {reason}: {', '.join(names)}")
    return "\n".join(lines)


def check_out(folder: Path, force: bool) -> None:
    """Refuse a folder for the report that is in use, before anything is scored.

    Raises
    ------
    InputError
        When it is a file, or holds a report and `force` is not set.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(folder, "is a file; expected a folder")
    if not force and any((folder / name).exists() for name in _FILES):
        raise InputError(folder, "holds a report already; --force replaces it")


def write_report(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write `report.tsv` (a row per marker) and `report.json`; returns their paths.

    The folder is made where it is missing. Scores that are not defined are empty in the
    table and null in JSON.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = _rows(evaluation)
    table = ["\t".join(_COLUMNS)]
    table += ["\t".join(cell(row[column]) for column in _COLUMNS) for row in rows]
    record = {
        "format": FORMAT_VERSION,
        "tracks": str(evaluation.tracks),
        "bases": evaluation.bases,
        "categories": [
            {key: defined(value) for key, value in vars(mean).items()}
            for mean in category_means(evaluation.markers, evaluation.scores)
        ],
        "not_scored": _unscored(evaluation),
        "markers": [{key: defined(value) for key, value in row.items()} for row in rows],
    }
    paths = [folder / name for name in _FILES]
    write_text(paths[0], "\n".join(table) + "\n")
    write_text(paths[1], json.dumps(record, indent=1, allow_nan=False) + "\n")
    return paths


def _rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    return [
        {
            column: getattr(score if hasattr(score, column) else marker, column)
            for column in _COLUMNS
        }
        for marker, score in zip(evaluation.markers, evaluation.scores, strict=True)
    ]


def _unscored(evaluation: Evaluation) -> dict[str, list[str]]:
    pairs = zip(evaluation.markers, evaluation.scores, strict=True)
    return {
        "no measured peak in these bases": [
            marker.name for marker, score in pairs if not score.scored
        ],
        "not in the table of peaks": list(evaluation.without_peaks),
    }
