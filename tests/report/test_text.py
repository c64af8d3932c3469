"""The scores as a table for people."""

from __future__ import annotations

from dataclasses import replace

from builders import a_marker
from scoring_builders import unscored, with_published

from regtrack.report.text import text_table
from regtrack.scoring.evaluation import Evaluation


def lines_of(evaluation: Evaluation) -> list[list[str]]:
    return [line.split() for line in text_table(evaluation).splitlines()]


def test_the_table_has_a_line_per_scored_marker_and_the_categories_below(
    evaluation: Evaluation,
) -> None:
    lines = lines_of(evaluation)
    header = "marker category average_precision 95% interval lift trapezoid auroc base_rate"
    assert lines[0] == header.split()
    scored = [
        (marker.name, scores)
        for marker, scores in zip(evaluation.markers, evaluation.scores, strict=True)
        if scores.overall.scored
    ]
    assert len(scored) == 3
    for line, (name, scores) in zip(lines[1:4], scored, strict=True):
        low, high = scores.interval
        assert line[0] == name
        assert line[2] == f"{scores.overall.average_precision:.4f}"
        assert line[3] == f"{low:.4f}-{high:.4f}"
    assert [line[:4] for line in lines[4:8]] == [
        ["mean", "of", "2", "TFBS"],
        ["median", "of", "2", "TFBS"],
        ["mean", "of", "1", "DNase"],
        ["median", "of", "1", "DNase"],
    ]


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
    text = text_table(with_published(evaluation))
    assert "the paper's dilated, TFBS: PR AUC 0.274 (trapezoid, 919 markers, its own split)" in text
    assert "DeepSEA, TFBS: mean PR AUC 0.500 of 2 markers (published, of 200-bp bins" in text
    assert "DeepSEA, DNase" not in text
