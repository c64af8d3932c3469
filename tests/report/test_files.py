"""The report: a table for people, and the same numbers for programs."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from builders import a_marker
from scoring_builders import an_evaluation, unscored

from regtrack.genome.markers import Marker
from regtrack.report.files import FILES, report_files, rows, text_table, write_report
from regtrack.scoring.evaluation import Evaluation


@pytest.fixture
def evaluation() -> Evaluation:
    return an_evaluation()


def with_extra(marker: Marker, **extra: str) -> Marker:
    return replace(marker, extra=extra)


def lines_of(evaluation: Evaluation) -> list[list[str]]:
    return [line.split() for line in text_table(evaluation).splitlines()]


def test_the_table_has_a_line_per_scored_marker_and_the_categories_below(
    evaluation: Evaluation,
) -> None:
    lines = lines_of(evaluation)
    header = "marker category average_precision 95% interval lift trapezoid auroc base_rate"
    assert lines[0] == header.split()
    scored = [
        (marker.name, one)
        for marker, one in zip(evaluation.markers, evaluation.scores, strict=True)
        if one.overall.scored
    ]
    assert len(scored) == 3
    for line, (name, one) in zip(lines[1:4], scored, strict=True):
        low, high = one.interval
        assert line[0] == name
        assert line[2] == f"{one.overall.average_precision:.4f}"
        assert line[3] == f"{low:.4f}-{high:.4f}"
    assert [line[:4] for line in lines[4:8]] == [
        ["mean", "of", "2", "TFBS"],
        ["median", "of", "2", "TFBS"],
        ["mean", "of", "1", "DNase"],
        ["median", "of", "1", "DNase"],
    ]


def test_a_category_of_one_marker_has_that_markers_interval(evaluation: Evaluation) -> None:
    summary = evaluation.categories[1]
    (alone,) = [
        one
        for marker, one in zip(evaluation.markers, evaluation.scores, strict=True)
        if marker.category == "DNase"
    ]
    assert summary.interval == pytest.approx(alone.interval)
    assert summary.median_interval == pytest.approx(alone.interval)
    assert summary.median == alone.overall.average_precision


def test_a_mean_is_surer_than_its_markers(evaluation: Evaluation) -> None:
    summary = evaluation.categories[0]
    widths = [
        high - low
        for marker, one in zip(evaluation.markers, evaluation.scores, strict=True)
        if marker.category == "TFBS" and one.overall.scored
        for low, high in [one.interval]
    ]
    assert summary.interval[1] - summary.interval[0] < max(widths)
    assert summary.interval[0] < summary.means.average_precision < summary.interval[1]


def test_the_table_says_what_was_left_out_and_why(evaluation: Evaluation) -> None:
    text = text_table(evaluation).splitlines()
    assert text[-6:] == [
        "600,000 bases scored in /runs/model.safetensors",
        "left out, excluded: 41,713 bases",
        "seen in training: no: another split",
        "left out, unknown there: chr6 for 1 marker",
        "not scored, no measured peak in these bases: HepG2|MAZ|None",
        "not scored, not in the table of peaks: A549|POLR2A|None",
    ]


def test_of_very_many_unknown_chromosomes_the_table_says_their_number(
    evaluation: Evaluation,
) -> None:
    scaffolds = tuple(f"scaffold_{number}" for number in range(100_000))
    text = text_table(replace(evaluation, unknown={3: scaffolds}))
    assert "left out, unknown there: 100,000 chromosomes for 1 marker\n" in text


def test_the_table_names_a_few_of_many_markers_without_scores(evaluation: Evaluation) -> None:
    many = replace(evaluation, without_peaks=tuple(f"m{number}" for number in range(40)))
    assert text_table(many).splitlines()[-1].endswith("m0, m1, m2, m3, m4 and 35 more")


def test_the_table_says_nothing_of_what_did_not_happen(evaluation: Evaluation) -> None:
    everything = replace(
        evaluation,
        markers=evaluation.markers[:3],
        scores=evaluation.scores[:3],
        without_peaks=(),
        unknown={},
        scored=replace(evaluation.scored, left_out={"N": 0}),
    )
    text = text_table(everything)
    assert "left out" not in text
    assert "not scored" not in text
    assert "paper" not in text
    assert "DeepSEA" not in text


def test_a_table_without_any_scored_marker_still_says_why(evaluation: Evaluation) -> None:
    nothing = replace(evaluation, markers=(a_marker(),), scores=(unscored(),))
    assert "not scored, no measured peak in these bases: K562|CTCF|None" in text_table(nothing)


def test_what_others_published_stands_beside_and_says_of_what(evaluation: Evaluation) -> None:
    markers = (
        with_extra(evaluation.markers[0], deepsea_auprc="0.25", deepsea_auroc="0.9"),
        with_extra(evaluation.markers[1], deepsea_auprc="0.75"),
        with_extra(evaluation.markers[2], deepsea_auprc="not known"),
        evaluation.markers[3],
    )
    found = replace(evaluation, markers=markers, published={"TFBS": 0.274})
    text = text_table(found)
    assert "the paper's dilated, TFBS: PR AUC 0.274 (trapezoid, 919 markers, its own split)" in text
    assert "DeepSEA, TFBS: mean PR AUC 0.500 of 2 markers (published, of 200-bp bins" in text
    assert "DeepSEA, DNase" not in text
    table = rows(found)
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
