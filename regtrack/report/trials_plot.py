"""The trials of a search, as a plot."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from regtrack.report.plots import literal, save_figure

_TRIAL, _BEST, _MEAN = "#0072B2", "#D55E00", "#444444"


def plot_trials(
    scores: Sequence[float],
    settings: Mapping[str, Sequence[Any]],
    ranges: Collection[str],
    path: Path,
) -> None:
    """What the trials of a search reached, one by one and by the value of each setting, as PNG.

    Settings with one value only are left out.

    Parameters
    ----------
    scores
        Average precision of each trial, in the order in which they began; at least one.
    settings
        For each setting, its value in each trial.
    ranges
        Those that were drawn from a range; the others get a column for each value.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    varied = {name: values for name, values in settings.items() if len(set(values)) > 1}
    columns = min(3, 1 + len(varied))
    rows = math.ceil((1 + len(varied)) / columns)
    figure = Figure(figsize=(3.4 * columns, 2.7 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    first, *others = panels.flat
    best = max(range(len(scores)), key=scores.__getitem__)
    _dots(first, range(1, len(scores) + 1), scores, best)
    first.plot(
        range(1, len(scores) + 1),
        list(itertools.accumulate(scores, max)),
        color=_BEST,
        drawstyle="steps-post",
    )
    first.set_xlim(0.5, len(scores) + 0.5)
    first.set(xlabel="trials, in order", ylim=(0, 1.1 * scores[best] or 1))
    first.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes, (name, values) in zip(others, varied.items(), strict=False):
        if name in ranges:
            _plot_range(axes, values, scores, best)
        else:
            _plot_columns(axes, values, scores, best)
        axes.set_xlabel(literal(name))
    for axes in panels[:, 0]:
        axes.set_ylabel("average precision")
    for axes in others[len(varied) :]:
        axes.set_visible(False)
    for axes in panels.flat:
        axes.spines[["top", "right"]].set_visible(False)
    lines = [
        Line2D([], [], color=_TRIAL, marker="o", linestyle="none", alpha=0.6, label="trial"),
        Line2D([], [], color=_BEST, marker="*", linestyle="none", label="the best"),
        Line2D([], [], color=_BEST, label="the best so far"),
        Line2D([], [], color=_MEAN, linewidth=2, label="mean"),
    ]
    figure.legend(handles=lines, loc="outside upper center", ncols=columns + 1, frameon=False)
    save_figure(figure, path)


def _plot_range(axes: Axes, values: Sequence[float], scores: Sequence[float], best: int) -> None:
    """The scores over a setting that was drawn from a range."""
    _dots(axes, values, scores, best)
    if 0 < 30 * min(values) < max(values):
        axes.set_xscale("log")


def _plot_columns(axes: Axes, values: Sequence[Any], scores: Sequence[float], best: int) -> None:
    """The scores for each value of a setting, and their means."""
    distinct = sorted(set(values))
    places = [distinct.index(value) for value in values]
    # Side by side, not on top of each other, in the order of the trials.
    turns = [places[:index].count(place) for index, place in enumerate(places)]
    counts = [places.count(place) for place in places]
    spread = [
        place + 0.5 * ((turn + 0.5) / count - 0.5)
        for place, turn, count in zip(places, turns, counts, strict=True)
    ]
    _dots(axes, spread, scores, best)
    for place in range(len(distinct)):
        own = [score for score, at in zip(scores, places, strict=True) if at == place]
        axes.hlines(sum(own) / len(own), place - 0.35, place + 0.35, color=_MEAN, linewidth=2)
    axes.set_xticks(range(len(distinct)), [_tick(value) for value in distinct])
    axes.set_xlim(-0.6, len(distinct) - 0.4)


def _dots(axes: Axes, x: Sequence[float], scores: Sequence[float], best: int) -> None:
    """A dot per trial; the best one stands out."""
    axes.scatter(x, scores, s=14, color=_TRIAL, alpha=0.6, linewidths=0)
    axes.scatter([x[best]], [scores[best]], s=46, color=_BEST, marker="*", zorder=3)


def _tick(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else literal(str(value))
