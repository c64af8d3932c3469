"""The files of a report, for programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from scoring_builders import with_published

from regtrack.report.files import FILES, report_files, rows, write_report
from regtrack.scoring.evaluation import Evaluation


def test_what_deepsea_published_of_a_marker_stands_in_its_row(evaluation: Evaluation) -> None:
    table = rows(with_published(evaluation))
    assert [row["deepsea_auprc"] for row in table] == [0.25, 0.75, None, None]
    assert table[0]["deepsea_auroc"] == 0.9


def test_the_tsv_has_a_row_per_marker_and_empty_cells_for_what_is_not_defined(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    write_report(evaluation, tmp_path)
    with (tmp_path / "report.tsv").open() as file:
        found = list(csv.DictReader(file, delimiter="\t"))
    assert [row["index"] for row in found] == ["3", "4", "5", "7"]
    for row, one in zip(found, evaluation.scores, strict=True):
        overall = one.overall
        assert (int(row["bases"]), int(row["positives"])) == (overall.bases, overall.positives)
        if overall.scored:
            assert float(row["lift"]) == pytest.approx(overall.lift, rel=1e-4)
            peaks = one.peaks
            assert (int(row["called_peaks"]), int(row["called_peaks_hit"])) == (
                peaks.called,
                peaks.called_hit,
            )
    assert found[3]["average_precision"] == found[3]["recall"] == found[3]["lift"] == ""
    assert [row["unknown_chromosomes"] for row in found] == ["", "chr6", "", ""]


def test_the_json_says_the_same_and_more(evaluation: Evaluation, tmp_path: Path) -> None:
    write_report(evaluation, tmp_path)
    record = json.loads((tmp_path / "report.json").read_text())
    assert (record["format"], record["kind"], record["bases"]) == (2, "model", 600_000)
    assert record["bootstrap"] == {
        "block_length": 100_000,
        "blocks": 6,
        "resamples": 1_000,
        "level": 0.95,
    }
    first = record["markers"][0]
    overall = evaluation.scores[0].overall
    assert first["average_precision"] == overall.average_precision
    assert first["chromosomes"]["chr1"]["auroc"] == overall.auroc
    assert len(first["curve"]["recall"]) == len(first["curve"]["precision"]) > 10
    curve = first["peak_curve"]
    assert curve["called"] == [3, 2]
    assert curve["precision"] == [2 / 3, 0.5]
    assert curve["recall"] == [1, 0.5]
    assert (first["peak_precision"], first["peak_recall"], first["peak_f1"]) == (0.5, 0.5, 0.5)
    assert (first["called_peak_width"], first["measured_peak_width"]) == (200, 200)
    assert sum(first["calibration"]["bases"]) == overall.bases
    assert record["markers"][3]["average_precision"] is None
    assert [one["category"] for one in record["categories"]] == ["TFBS", "DNase"]
    assert record["not_scored"] == {
        "no measured peak in these bases": ["HepG2|MAZ|None"],
        "unknown on all of these chromosomes": [],
        "not in the table of peaks": ["A549|POLR2A|None"],
    }


def test_every_column_of_the_tsv_is_documented(evaluation: Evaluation) -> None:
    page = Path(__file__).parents[2] / "docs" / "report.md"
    text = page.read_text()
    assert [name for name in rows(evaluation)[0] if f"`{name}`" not in text] == []


def test_the_folder_is_made_and_older_reports_are_replaced(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "report"
    for _ in range(2):
        write_report(evaluation, folder)
        paths = report_files(folder)
    assert paths == [folder / name for name in FILES]
    assert sorted(folder.iterdir()) == sorted(paths)


def test_a_file_in_place_of_the_folder_is_an_error_of_the_operating_system(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    (tmp_path / "report").write_text("text")
    with pytest.raises(FileExistsError):
        write_report(evaluation, tmp_path / "report")
