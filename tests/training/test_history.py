"""The log of a training: a table and a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from regtrack.report.plots import plot_history
from regtrack.training.state import HistoryRow, history_table

ROWS = [
    HistoryRow(
        *(5, 0.5, 1.25, 0.001, 0.7, 0.2, True),
        *({"TFBS": 0.1, "DNase": 0.3}, {"TFBS": 0.05}),
        validation_loss=0.75,
    ),
    HistoryRow(10, 1.0, 2.5, 0.0005, 0.6, 0.25, True, {"TFBS": 0.25}, {"TFBS": 0.05}),
    HistoryRow(15, 1.5, 3.75, 1e-9, 0.5, 0.1, False),
]


def test_the_table_has_a_row_per_validation_and_gaps_where_nothing_was_scored() -> None:
    lines = history_table(ROWS).splitlines()
    header, *rows = [line.split("\t") for line in lines]
    assert header == [
        *("step", "epoch", "seconds", "learning_rate", "loss", "validation_loss"),
        *("average_precision", "best"),
        *(f"average_precision_{one}" for one in ("TFBS", "DNase", "Histone")),
        *(f"base_rate_{one}" for one in ("TFBS", "DNase", "Histone")),
    ]
    shared = [["5", "0.500", "1.2", "0.001"], ["10", "1.000", "2.5", "0.0005"]]
    assert [row[:4] for row in rows[:2]] == shared
    assert rows[0][4:] == [
        *("0.700000", "0.750000", "0.200000", "1"),
        *("0.100000", "0.300000", "", "0.050000", "", ""),
    ]
    assert rows[2] == ["15", "1.500", "3.8", "1e-09", "0.500000", "", "0.100000", "0", *[""] * 6]


def test_other_categories_than_the_papers_have_columns_behind_those() -> None:
    row = replace(ROWS[0], average_precision={"ATAC": 0.5, "TFBS": 0.1}, base_rate={"ATAC": 0.02})
    header, values = [line.split("\t") for line in history_table([row]).splitlines()]
    found = dict(zip(header, values, strict=True))
    assert header[8:] == [
        *(f"average_precision_{one}" for one in ("TFBS", "DNase", "Histone", "ATAC")),
        *(f"base_rate_{one}" for one in ("TFBS", "DNase", "Histone", "ATAC")),
    ]
    assert (found["average_precision_ATAC"], found["base_rate_ATAC"]) == ("0.500000", "0.020000")


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], [replace(ROWS[2], best=True)]])
def test_the_picture_is_a_png(tmp_path: Path, rows: list[HistoryRow]) -> None:
    path = tmp_path / "log.png"
    plot_history(rows, path)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert path.stat().st_size > 5_000
    assert list(tmp_path.iterdir()) == [path]
