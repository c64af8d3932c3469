"""The plots of a training and of a comparison: all that they draw is seen, and named rightly."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from pictures import ODD_NAMES, words_of

from regtrack.report import plots
from regtrack.report.comparison import Compared, Comparison
from regtrack.report.palette import looks_of
from regtrack.report.plots import literal, plot_bars, plot_comparison, plot_history
from regtrack.scoring.metrics import CategoryMeans


@dataclass(frozen=True)
class Point:
    """A validation."""

    epoch: float
    loss: float
    validation_loss: float | None = None
    best: bool = False
    average_precision: dict[str, float] = field(default_factory=dict)
    base_rate: dict[str, float] = field(default_factory=dict)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures, instead of files."""
    figures: list[Figure] = []
    monkeypatch.setattr(plots, "save_figure", lambda figure, _: figures.append(figure))
    return figures


def compared(name: str, *means: tuple[str, float], published: float | None = None) -> Compared:
    theirs = {} if published is None else {"Histone": published}
    scores = tuple(CategoryMeans(kind, 2, value, value, 0.7, 0.05) for kind, value in means)
    return Compared(name, "cnn1", 9, None, theirs, None, None, None, {"test": scores})


def a_comparison(*networks: Compared) -> Comparison:
    return Comparison("set", "ab" * 32, "dense", {"test": 5}, networks)


def test_no_bar_of_a_comparison_is_cut_off_by_the_limits_of_another_panel(
    drawn: list[Figure],
) -> None:
    low, high = (("TFBS", 0.05), ("Histone", 0.4)), (("TFBS", 0.1), ("Histone", 0.62))
    one = compared("one", *low, published=0.75)
    plot_comparison(a_comparison(one, compared("two", *high)), Path("x"))
    tfbs, histone = drawn[0].axes
    bars = [patch for patch in histone.patches if isinstance(patch, Rectangle)]
    assert [bar.get_width() for bar in bars] == [0.4, 0.62]
    for axes in (tfbs, histone):
        left, right = axes.get_xlim()
        assert left == 0
        assert right > 0.75


def test_a_long_name_leaves_room_for_the_bars_of_a_comparison(drawn: list[Figure]) -> None:
    for name in ("short", "a_very_long_name_of_a_network_" * 3):
        plot_comparison(a_comparison(compared(name, ("TFBS", 0.5))), Path("x"))
    for figure in drawn:
        figure.draw_without_rendering()
        (axes,) = figure.axes
        assert axes.get_position().width * figure.get_figwidth() > 1.8
        (tick,) = axes.get_yticklabels()
        assert tick.get_window_extent().x0 >= 0


def test_the_legend_of_a_comparison_has_what_any_panel_shows(drawn: list[Figure]) -> None:
    one = compared("one", ("TFBS", 0.05), ("Histone", 0.4), published=0.3)
    plot_comparison(a_comparison(one), Path("x"))
    (legend,) = drawn[0].legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["base rate", "published (trapezoid, on other data)"]


def test_a_history_shows_both_losses_and_each_base_rate(drawn: list[Figure]) -> None:
    rates = {"TFBS": 0.02, "Histone": 0.08}
    points = [
        Point(1, 0.3, 0.35, best=False, average_precision={"TFBS": 0.1}, base_rate=rates),
        Point(2, 0.2, 0.25, True, {"TFBS": 0.2, "Histone": 0.3}, rates),
        Point(3, 0.1, 0.28, False, {"TFBS": 0.18, "Histone": 0.29}, rates),
    ]
    plot_history(points, Path("x"))
    left, right = drawn[0].axes
    losses = {line.get_label(): list(line.get_ydata()) for line in left.lines}
    assert losses["training"] == [0.3, 0.2, 0.1]
    assert losses["validation"] == [0.35, 0.25, 0.28]
    levels = {
        to_hex(line.get_color()).upper(): set(line.get_ydata())
        for line in right.lines
        if line.get_linestyle() == ":" and len(line.get_ydata())
    }
    assert levels[looks_of([])["TFBS"].colour] == {0.02}
    assert levels[looks_of([])["Histone"].colour] == {0.08}
    (legend,) = drawn[0].legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["training", "validation", "best", "TFBS", "Histone", "base rate"]


def test_a_history_of_an_older_training_has_no_validation_loss(drawn: list[Figure]) -> None:
    plot_history([Point(1, 0.3), Point(2, 0.2, 0.25)], Path("x"))
    (_, validation) = drawn[0].axes[0].lines
    assert (list(validation.get_xdata()), list(validation.get_ydata())) == ([2], [0.25])


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_is_shown_as_it_is(drawn: list[Figure], name: str) -> None:
    plot_comparison(a_comparison(compared(name, ("TFBS", 0.05))), Path("x"))
    plot_bars([name], {f"bar {name}": [0.5]}, [0.7], "level", Path("x"))
    of_comparison, of_bars = map(words_of, drawn)
    assert f">{name}<" in of_comparison
    assert f">{name}<" in of_bars
    assert f">bar {name}<" in of_bars


def test_a_name_without_a_dollar_is_left_alone() -> None:
    assert literal(r"K562|CTCF|None \a_b^c") == r"K562|CTCF|None \a_b^c"
