"""The scores as a table for people."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import takewhile

import pytest
from builders import a_marker
from scoring_builders import marker_scores, unscored, with_published

from regtrack.report.text import reference_table, text_table
from regtrack.scoring.evaluation import Evaluation


def lines_of(evaluation: Evaluation) -> list[list[str]]:
    """Words of the lines, from the table on."""
    return [line.split() for line in text_table(evaluation).splitlines()[2:]]


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
    assert [line[:4] for line in lines[4:9]] == [
        [],
        ["mean", "of", "2", "TFBS"],
        ["median", "of", "2", "TFBS"],
        ["mean", "of", "1", "DNase"],
        ["median", "of", "1", "DNase"],
    ]


def of_many(evaluation: Evaluation, number: int, name: str = "K562|CTCF|{}") -> Evaluation:
    """Markers of which those with a higher number are predicted better."""
    return replace(
        evaluation,
        markers=tuple(a_marker(index, name.format(index)) for index in range(number)),
        scores=tuple(marker_scores(index % 30) for index in range(number)),
    )


def test_a_few_markers_are_listed_in_their_own_order(evaluation: Evaluation) -> None:
    lines = lines_of(of_many(evaluation, 25))
    assert [line[0] for line in lines[1:26]] == [f"K562|CTCF|{index}" for index in range(25)]
    assert lines[26] == []


def test_of_many_markers_the_table_has_the_best_and_the_worst_ten(evaluation: Evaluation) -> None:
    many = of_many(evaluation, 30)
    lines = lines_of(many)
    ranked = sorted(range(30), key=lambda at: -many.scores[at].overall.average_precision)
    assert [line[0] for line in lines[1:11]] == [f"K562|CTCF|{index}" for index in ranked[:10]]
    assert lines[11] == ["...", "10", "more"]
    assert [line[0] for line in lines[12:22]] == [f"K562|CTCF|{index}" for index in ranked[-10:]]
    assert lines[22] == []
    assert lines[23][:3] == ["mean", "of", "30"]
    assert text_table(many, where="r/report.tsv").splitlines()[27] == (
        "the 10 best and the 10 worst of 30 markers, by average precision; "
        "all of them: r/report.tsv"
    )
    assert "all of them" not in text_table(of_many(evaluation, 25))


@pytest.mark.parametrize("name", ["CTCF|{}", "H3K4me3_of_a_cell_with_a_very_long_name_{}"])
def test_on_eighty_columns_the_table_leaves_out_what_the_report_has(
    evaluation: Evaluation, name: str
) -> None:
    lines = text_table(of_many(evaluation, 120, name), width=80).splitlines()[2:]
    table = list(takewhile(lambda line: not line.startswith("the 10 best"), lines))
    assert len(table) == 2 + 21 + 1 + 2
    assert max(map(len, table)) <= 80
    titles = ["marker", "category", "precision", "interval", "lift", "auroc", "rate"]
    assert table[1].split() == titles


def test_of_many_markers_those_differ_most_that_are_shown_beside_scikit_learn(
    evaluation: Evaluation,
) -> None:
    many = of_many(evaluation, 40)
    off = replace(many.overall[7], auroc=many.overall[7].auroc - 0.25)
    lines = reference_table(
        replace(many, reference=(*many.overall[:7], off, *many.overall[8:]))
    ).splitlines()
    assert len(lines) == 1 + 10 + 1
    assert lines[1].split()[0] == "K562|CTCF|7"
    assert lines[1].split()[-1] == "+2.5e-01"
    assert lines[-1].split() == ["largest", "difference", "0.0e+00", "0.0e+00", "2.5e-01"]


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


def with_intervals(evaluation: Evaluation, *intervals: tuple[float, float]) -> Evaluation:
    """With others for the first markers; their base rates are .003."""
    scores = [
        replace(one, interval=interval)
        for one, interval in zip(evaluation.scores[: len(intervals)], intervals, strict=True)
    ]
    return replace(evaluation, scores=(*scores, *evaluation.scores[len(scores) :]))


def test_the_first_line_says_how_many_are_better_than_chance_and_whether_they_were_seen(
    evaluation: Evaluation,
) -> None:
    assert text_table(evaluation).splitlines()[:2] == [
        "3 of 3 markers better than chance; seen in training: no",
        "",
    ]


def test_no_skill_and_too_few_peaks_to_tell_are_two_things(evaluation: Evaluation) -> None:
    text = text_table(with_intervals(evaluation, (0.001, 0.004), (0.001, 0.2)))
    assert text.startswith(
        "1 of 3 markers better than chance, 1 not clearly better than chance here, "
        "1 with too few peaks here to tell; seen in training: no\n"
    )
    assert "\nnot clearly better than chance here, 1: K562|CTCF|None\n" in text
    few = "\nwith too few peaks here to tell, 1: K562|JunD|TGFb"
    assert text.endswith(few)


def test_where_most_markers_cannot_be_judged_the_first_line_says_how_much_would_do(
    evaluation: Evaluation,
) -> None:
    unknown = (math.nan, math.nan)
    text = text_table(with_intervals(evaluation, unknown, (0.001, 0.2)))
    assert text.startswith(
        "too few bases to judge 2 of 3 markers: score 10 Mb or more that was not "
        "trained on, or all there is; best a whole chromosome\n1 of 3 markers better"
    )
