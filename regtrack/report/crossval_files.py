"""The files of a cross-validation: tables for programs, and a picture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from regtrack.atomic import write_texts
from regtrack.report.crossval import SCORES, pair_rows, score_rows
from regtrack.report.crossval_plot import plot_crossval
from regtrack.report.numbers import defined, tsv_field
from regtrack.scoring.cross_scores import POOLED, CrossScores

FORMAT_VERSION = 1
FILES = _SCORES, _PAIRS, _MARKERS, _RECORD, _PICTURE = (
    "crossval.tsv",
    "pairs.tsv",
    "markers.tsv",
    "crossval.json",
    "crossval.png",
)


def write_crossval(scores: CrossScores, folder: Path) -> list[Path]:
    """Write the tables, a record of them, and the picture; returns their paths.

    What an earlier report left there is replaced.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    write_texts(
        {
            folder / _SCORES: _table(score_rows(scores)),
            folder / _PAIRS: _table(pair_rows(scores)),
            folder / _MARKERS: _table(_marker_rows(scores)),
            folder / _RECORD: json.dumps(_record(scores), indent=1, allow_nan=False) + "\n",
        }
    )
    plot_crossval(scores, folder / _PICTURE)
    return [folder / name for name in FILES]


def _table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Tab-separated, with a header line; empty where there is no value."""
    lines: list[str] = []
    for row in rows:
        if not lines:
            lines.append("\t".join(row))
        lines.append("\t".join(map(tsv_field, row.values())))
    return "".join(f"{line}\n" for line in lines)


def _marker_rows(scores: CrossScores) -> Iterable[dict[str, Any]]:
    """A row for each network, seed, fold (and all pooled) and marker that has a peak there."""
    for network in scores.networks:
        for seed in scores.seeds:
            for fold in (*scores.folds, POOLED):
                for marker, of_marker in zip(
                    scores.markers, network.runs[seed][fold].markers, strict=True
                ):
                    if of_marker.scored:
                        yield {
                            "network": network.name,
                            "seed": seed,
                            "fold": fold,
                            "index": marker.index,
                            "name": marker.name,
                            "category": marker.category,
                            "bases": of_marker.bases,
                            "positives": of_marker.positives,
                            "base_rate": of_marker.base_rate,
                            **{name: getattr(of_marker, name) for name in SCORES},
                        }


def _record(scores: CrossScores) -> dict[str, Any]:
    return {
        "format": FORMAT_VERSION,
        "dataset": scores.dataset,
        "dataset_sha256": scores.digest,
        "folds": dict(zip(scores.folds, scores.windows, strict=True)),
        "seeds": list(scores.seeds),
        "reference": scores.reference,
        "networks": [
            {
                "name": network.name,
                "parameters": network.parameters,
                "trained": [vars(one) for one in network.trained],
            }
            for network in scores.networks
        ],
        "scores": [_plain(row) for row in score_rows(scores)],
        "pairs": [_plain(row) for row in pair_rows(scores)],
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: defined(value) for name, value in row.items()}
