"""A cross-validation as text, tables and a picture."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from builders import a_marker
from matplotlib.figure import Figure
from pictures import ODD_NAMES, words_of

from regtrack.report import crossval_plot
from regtrack.report.crossval import text_report
from regtrack.report.crossval_files import FILES, write_crossval
from regtrack.report.crossval_plot import plot_crossval
from regtrack.scoring.cross_scores import (
    POOLED,
    CrossNetwork,
    CrossScores,
    FoldScores,
    Sampled,
    Trained,
)
from regtrack.scoring.metrics import RankingScores
from regtrack.scoring.resampling import REPLICATES

MARKERS = (a_marker(0), a_marker(1, "K562|H3K4me3", "Histone"))
FOLDS, SEEDS = ("left", "right"), (1, 2)


def fold_scores(score: float, spread: float, *, histone: bool = True) -> FoldScores:
    """Both categories have one score; resamples are spread evenly around it."""
    drawn = np.linspace(-spread, spread, REPLICATES)
    each = [RankingScores(1_000, 10, score, score, 0.9)] * 2
    if not histone:
        each[1] = RankingScores(1_000, 0)
    sampled = {"TFBS": Sampled(score, drawn, 9)}
    if histone:
        sampled["Histone"] = Sampled(score, drawn, 9)
    return FoldScores(tuple(each), sampled)


def network(name: str, scores: Mapping[str, float], spread: float = 0.0) -> CrossNetwork:
    """By the fold and `POOLED`; the second seed is a hundredth better."""
    runs = {
        seed: {
            fold: fold_scores(score + 0.01 * (seed - 1), spread, histone=fold != "right")
            for fold, score in scores.items()
        }
        for seed in SEEDS
    }
    trained = tuple(Trained(seed, fold, 20, 10, 3.5) for seed in SEEDS for fold in FOLDS)
    return CrossNetwork(name, 123, runs, trained)


def cross_scores(*names: str) -> CrossScores:
    """The first has .2; the others .3 over all, in which they are better on the left only."""
    networks = [network(names[0], {"left": 0.2, "right": 0.2, POOLED: 0.2}, 0.01)]
    networks += [
        network(name, {"left": 0.4, "right": 0.1, POOLED: 0.3}, 0.02) for name in names[1:]
    ]
    return CrossScores("set", "abc", MARKERS, FOLDS, (5, 6), SEEDS, tuple(networks), names[0])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_text_says_who_is_better_where_and_what_that_means() -> None:
    text = text_report(cross_scores("old", "new"))
    lines = [line.split() for line in text.splitlines()]
    assert lines[0][:7] == ["TFBS:", "mean", "of", "1", "marker,", "base", "rate"]
    assert ["old", "0.2050", "0.0100", *["-"] * 6] in lines
    new = next(line for line in lines if line[:1] == ["new"])
    assert new[:4] == ["new", "0.3050", "0.0100", "+0.1000"]
    assert 0.08 < float(new[4]) < 0.1 < float(new[5]) < 0.12
    assert new[6:] == ["1.5", "1", "of", "2", "1", "of", "2"]
    assert "new against old: better for TFBS, Histone" in text
    assert "better: the whole 95% interval" in text


def test_one_network_alone_has_scores_and_no_differences() -> None:
    text = text_report(cross_scores("alone"))
    assert ["alone", "0.2050", "0.0100"] in [line.split() for line in text.splitlines()]
    assert "one network: name another one" in text


def test_the_files_hold_every_score_and_say_where_there_is_none(tmp_path: Path) -> None:
    assert write_crossval(cross_scores("old", "new"), tmp_path) == [
        tmp_path / name for name in FILES
    ]
    scores = {
        (row["network"], row["seed"], row["fold"], row["category"]): row
        for row in rows(tmp_path / "crossval.tsv")
    }
    assert len(scores) == 2 * 3 * 3 * 2
    mean = scores["new", "mean", "left", "TFBS"]
    assert (mean["average_precision"], mean["markers"]) == ("0.405", "1")
    assert float(mean["low"]) < 0.405 < float(mean["high"])
    assert (mean["steps"], scores["new", "2", "left", "TFBS"]["steps"]) == ("", "20")
    absent = scores["new", "mean", "right", "Histone"]
    assert absent["average_precision"] == ""
    assert (absent["markers"], absent["markers_without_peak"]) == ("0", "1")
    pairs = {
        (row["seed"], row["fold"], row["category"]): row for row in rows(tmp_path / "pairs.tsv")
    }
    assert pairs["mean", POOLED, "TFBS"]["verdict"] == "better"
    assert pairs["2", "right", "TFBS"]["verdict"] == "worse"
    assert pairs["mean", "right", "Histone"]["difference"] == ""
    assert pairs["mean", "left", "TFBS"]["ratio"] == "1.97561"
    record = json.loads((tmp_path / "crossval.json").read_text())
    assert (record["reference"], record["folds"]) == ("old", {"left": 5, "right": 6})
    assert record["networks"][1]["trained"][0] == {
        "seed": 1, "fold": "left", "steps": 20, "best_step": 10, "seconds": 3.5
    }  # fmt: skip
    assert len(record["pairs"]) == len(pairs)
    unscored = [row for row in rows(tmp_path / "markers.tsv") if row["fold"] == "right"]
    assert {row["category"] for row in unscored} == {"TFBS"}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures, instead of files."""
    figures: list[Figure] = []
    monkeypatch.setattr(crossval_plot, "save_figure", lambda figure, _: figures.append(figure))
    return figures


def test_the_picture_has_a_panel_for_each_category_and_a_row_for_each_other_network(
    drawn: list[Figure],
) -> None:
    plot_crossval(cross_scores("old", *ODD_NAMES), Path("crossval.png"))
    panels = drawn[0].axes
    assert [axes.get_title() for axes in panels] == ["TFBS", "Histone"]
    assert len(panels[0].get_yticks()) == len(ODD_NAMES)
    words = words_of(drawn[0])
    for name in ODD_NAMES:
        assert name in words
    assert "average precision minus that of old: right of 0 is better" in words
    (thick, *_) = (line for line in panels[0].lines if line.get_linewidth() == 3)
    low, high = thick.get_xdata()
    assert 0.08 < low < 0.1 < high < 0.12


def test_the_picture_of_one_network_shows_its_scores(drawn: list[Figure]) -> None:
    plot_crossval(cross_scores("alone"), Path("crossval.png"))
    assert "minus" not in words_of(drawn[0])
    dots = [line for line in drawn[0].axes[0].lines if line.get_markersize() == 6 and
            line.get_marker() == "o"]  # fmt: skip
    assert dots[0].get_xdata()[0] == pytest.approx(0.205)
