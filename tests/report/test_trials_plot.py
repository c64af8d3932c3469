"""The plot of a search's trials: a panel per setting that varies, whatever its values are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from pictures import ODD_NAMES, words_of

from regtrack.report import trials_plot
from regtrack.report.trials_plot import plot_trials


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures, instead of files."""
    figures: list[Figure] = []
    monkeypatch.setattr(trials_plot, "save_figure", lambda figure, _: figures.append(figure))
    return figures


def panels(figure: Figure) -> dict[str, Any]:
    return {axes.get_xlabel(): axes for axes in figure.axes if axes.get_visible()}


def test_each_setting_that_varies_has_a_panel(drawn: list[Figure]) -> None:
    settings = {
        "f1": [64, 128, 64],
        "stride": [10, 10, 10],
        "schedule": ["cosine", "constant", "cosine"],
        "learning_rate": [0.0001, 0.1, 0.003],
        "dropout": [0.1, 0.2, 0.15],
    }
    plot_trials([0.1, 0.3, 0.2], settings, ["learning_rate", "dropout"], Path("trials.png"))
    found = panels(drawn[0])
    assert list(found) == ["trials, in order", "f1", "schedule", "learning_rate", "dropout"]
    ticks = {
        name: [one.get_text() for one in axes.get_xticklabels()] for name, axes in found.items()
    }
    assert ticks["f1"] == ["64", "128"]
    assert ticks["schedule"] == ["constant", "cosine"]
    assert found["learning_rate"].get_xscale() == "log"
    assert found["dropout"].get_xscale() == "linear"
    # The means of the two values of f1.
    (low, high) = (lines.get_segments()[0][0][1] for lines in found["f1"].collections[2:])
    assert (low, high) == pytest.approx((0.15, 0.3))


@pytest.mark.parametrize("scores", [[0.2], [0.0, 0.0], [0.1] * 50])
def test_any_number_of_trials_will_do(tmp_path: Path, scores: list[float]) -> None:
    values = [index % 3 for index in range(len(scores))]
    plot_trials(scores, {"f1": values}, [], tmp_path / "trials.png")
    assert (tmp_path / "trials.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_value_is_shown_as_it_is(drawn: list[Figure], name: str) -> None:
    plot_trials([0.1, 0.2], {f"set {name}": [name, "other"]}, [], Path("trials.png"))
    words = words_of(drawn[0])
    assert f">{name}<" in words
    assert f">set {name}<" in words
