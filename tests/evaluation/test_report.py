"""The report: a table for people, and the same numbers for programs."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from builders import a_marker

from regtrack.evaluation.evaluate import Evaluation
from regtrack.evaluation.metrics import Scores
from regtrack.evaluation.report import text_table, write_report

EVALUATION = Evaluation(
    tracks=Path("tracks"),
    markers=(
        a_marker(4, "K562|CTCF|None"),
        a_marker(2, "HepG2|DNase|None", "DNase"),
        a_marker(9, "K562|JunD|TGFb"),
        a_marker(1, "K562|MAZ|None"),
    ),
    scores=(
        Scores(2_000, 100, 0.25, 0.26, 0.875),
        Scores(2_000, 2_000, 1.0, 1.0, math.nan),  # every base in a peak: no AUROC
        Scores(2_000, 200, 0.75, 0.76, 0.925),
        Scores(2_000, 0),
    ),
    without_peaks=("A549|POLR2A|None",),
    bases=2_000,
)


def test_the_table_has_a_line_per_scored_marker_and_the_means_below() -> None:
    lines = [line.split() for line in text_table(EVALUATION).splitlines()]
    columns = ["average_precision", "pr_auc_trapezoid", "auroc", "base_rate"]
    assert lines[0] == ["marker", "category", *columns]
    scored = [one for one in EVALUATION.scores if one.scored]
    assert len(scored) == 3
    for line, score in zip(lines[1:4], scored, strict=True):
        assert line[2] == f"{score.average_precision:.4f}"
    assert lines[4] == ["mean", "of", "2", "TFBS", "0.5000", "0.5100", "0.9000", "0.0750"]
    assert lines[5] == ["mean", "of", "1", "DNase", "1.0000", "1.0000", "nan", "1.0000"]
    assert lines[6] == ["2,000", "bases", "scored", "in", "tracks"]


def test_the_table_says_what_was_not_scored_and_why() -> None:
    assert text_table(EVALUATION).splitlines()[-2:] == [
        "not scored, no measured peak in these bases: K562|MAZ|None",
        "not scored, not in the table of peaks: A549|POLR2A|None",
    ]


def test_the_table_says_nothing_of_what_did_not_happen() -> None:
    everything = Evaluation(Path("tracks"), (a_marker(),), (Scores(9, 3, 0.5, 0.5, 0.5),), (), 9)
    assert "not scored" not in text_table(everything)


def test_a_table_without_any_scored_marker_still_says_why() -> None:
    nothing = Evaluation(Path("tracks"), (a_marker(),), (Scores(9, 0),), (), 9)
    assert "not scored, no measured peak in these bases: K562|CTCF|None" in text_table(nothing)


def test_the_tsv_has_a_header_and_a_row_per_marker(tmp_path: Path) -> None:
    tsv, _ = write_report(EVALUATION, tmp_path)
    header, *rows = [line.split("\t") for line in tsv.read_text().splitlines()]
    assert " ".join(header) == (
        "index name category cell target treatment "
        "average_precision pr_auc_trapezoid auroc base_rate positives bases"
    )
    assert rows == [
        ["4", "K562|CTCF|None", "TFBS", "K562", "CTCF", "None"]
        + ["0.25", "0.26", "0.875", "0.05", "100", "2000"],
        ["2", "HepG2|DNase|None", "DNase", "HepG2", "DNase", "None"]
        + ["1", "1", "", "1", "2000", "2000"],
        ["9", "K562|JunD|TGFb", "TFBS", "K562", "JunD", "TGFb"]
        + ["0.75", "0.76", "0.925", "0.1", "200", "2000"],
        ["1", "K562|MAZ|None", "TFBS", "K562", "MAZ", "None", "", "", "", "0", "0", "2000"],
    ]


def test_the_json_says_the_same(tmp_path: Path) -> None:
    _, path = write_report(EVALUATION, tmp_path)
    record = json.loads(path.read_text())
    assert (record["format"], record["tracks"], record["bases"]) == (1, "tracks", 2_000)
    assert [marker["index"] for marker in record["markers"]] == [4, 2, 9, 1]
    assert record["markers"][0]["average_precision"] == 0.25
    assert [mean["category"] for mean in record["categories"]] == ["TFBS", "DNase"]
    assert record["categories"][0]["pr_auc_trapezoid"] == pytest.approx(0.51)


def test_the_json_has_null_where_a_score_is_not_defined(tmp_path: Path) -> None:
    _, path = write_report(EVALUATION, tmp_path)
    record = json.loads(path.read_text())
    assert record["markers"][3]["average_precision"] is None
    assert record["markers"][1]["auroc"] is None
    assert record["categories"][1]["auroc"] is None


def test_the_json_lists_what_was_not_scored(tmp_path: Path) -> None:
    _, path = write_report(EVALUATION, tmp_path)
    assert json.loads(path.read_text())["not_scored"] == {
        "no measured peak in these bases": ["K562|MAZ|None"],
        "not in the table of peaks": ["A549|POLR2A|None"],
    }


def test_the_folder_is_made_and_older_reports_are_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    for _ in range(2):
        paths = write_report(EVALUATION, folder)
    assert paths == [folder / "report.tsv", folder / "report.json"]
    assert sorted(folder.iterdir()) == sorted(paths)


def test_a_file_in_place_of_the_folder_is_an_error_of_the_operating_system(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("text")
    with pytest.raises(FileExistsError):
        write_report(EVALUATION, tmp_path / "report")
