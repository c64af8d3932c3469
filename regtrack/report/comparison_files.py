"""The files of a comparison: for programs, for documentation, and a plot."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from regtrack.atomic import write_texts
from regtrack.report.comparison import Compared, Comparison, markdown_report, notes
from regtrack.report.numbers import defined, tsv_field
from regtrack.report.plots import plot_comparison

FORMAT_VERSION = 1
_NAME = "comparison"
COMPARISON = f"{_NAME}.json"


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write `comparison.tsv`, `.json`, `.md` and `.png`; returns their paths.

    What an earlier comparison left there is replaced.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    table, record, page, plot = (
        folder / f"{_NAME}.{kind}" for kind in ("tsv", "json", "md", "png")
    )
    columns = comparison.columns()
    lines = [columns, *([tsv_field(row[name]) for name in columns] for row in comparison.rows())]
    write_texts(
        {
            table: "\n".join("\t".join(line) for line in lines) + "\n",
            record: json.dumps(_record(comparison), indent=1, allow_nan=False) + "\n",
            page: markdown_report(comparison),
        }
    )
    plot_comparison(comparison, plot)
    return [table, record, page, plot]


def _record(comparison: Comparison) -> dict[str, Any]:
    return {
        "format": FORMAT_VERSION,
        "dataset": comparison.dataset,
        "dataset_sha256": comparison.digest,
        "task": comparison.task,
        "windows": dict(comparison.windows),
        "networks": [_network(network) for network in comparison.networks],
        "random": {
            split: {
                category: comparison.base_rate(split, category)
                for category in comparison.categories
            }
            for split in comparison.windows
        },
        "notes": notes(comparison),
    }


def _network(network: Compared) -> dict[str, Any]:
    scores = {
        split: {
            mean.category: {
                key: defined(value) for key, value in asdict(mean).items() if key != "category"
            }
            for mean in means
        }
        for split, means in network.means.items()
    }
    return {
        **{key: value for key, value in vars(network).items() if key != "means"},
        "published": dict(network.published),
        "scores": scores,
    }
