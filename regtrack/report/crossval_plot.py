"""A cross-validation as a picture: how much better each network is, on each fold and on all."""

from __future__ import annotations

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from regtrack.report.crossval import MEAN, pair_row
from regtrack.report.palette import looks_of
from regtrack.report.plots import INCHES_PER_LETTER, literal, save_figure
from regtrack.scoring.cross_scores import POOLED, CrossNetwork, CrossScores

_FOLD = "#888888"
# Of the height of a row: where all folds stand, and between what each of them does.
_POOLED_AT, _FOLDS_FROM, _FOLDS_TO = -0.28, -0.1, 0.34


def plot_crossval(scores: CrossScores, path: Path) -> None:
    """Differences of average precision to the reference, with 95% intervals, as PNG.

    A panel for each category, a row for each other network: on top, thick, all folds together;
    below, thin, one fold after the other; a dot for each seed. Where there is no other network, its
    scores themselves are drawn.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    others = scores.others
    rows = others or list(scores.networks)
    looks = looks_of(scores.categories)
    names = max(len(network.name) for network in rows)
    high = max(0.5, 0.12 * (len(scores.folds) + 3))
    size = (0.5 + INCHES_PER_LETTER * names + 2.7 * len(scores.categories), 1.5 + high * len(rows))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(scores.categories), sharey=True, squeeze=False)[0]
    for axes, category in zip(panels, scores.categories, strict=True):
        for place, network in enumerate(rows):
            _draw(axes, scores, network, category, place, looks[category].colour)
        if others:
            axes.axvline(0, color="black", linewidth=1)
        axes.set_title(literal(category))
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.tick_params(axis="x", labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(rows)), [literal(network.name) for network in rows])
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    what = "average precision"
    if others:
        what += f" minus that of {literal(scores.reference)}: right of 0 is better"
    figure.supxlabel(what, fontsize=10)
    handles = [
        Line2D([], [], color="black", linewidth=3, marker="o", label="all folds, 95% interval"),
        Line2D([], [], color=_FOLD, marker="o", markersize=3, label="one fold"),
    ]
    if len(scores.seeds) > 1:
        handles.append(
            Line2D([], [], color="black", marker="|", linestyle="none", label="one seed, all folds")
        )
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    save_figure(figure, path)


def _draw(
    axes: Axes, scores: CrossScores, network: CrossNetwork, category: str, place: int, colour: str
) -> None:
    """One network in one panel."""
    middle, low, high = _values(scores, network, MEAN, POOLED, category)
    at = place + _POOLED_AT
    axes.plot([low, high], [at, at], color=colour, linewidth=3, solid_capstyle="butt")
    axes.plot([middle], [at], color=colour, marker="o", markersize=6)
    if len(scores.seeds) > 1:
        each = [_values(scores, network, seed, POOLED, category)[0] for seed in scores.seeds]
        axes.plot(each, [at] * len(each), color="black", marker="|", linestyle="none", zorder=3)
    step = (_FOLDS_TO - _FOLDS_FROM) / max(len(scores.folds) - 1, 1)
    for number, fold in enumerate(scores.folds):
        middle, low, high = _values(scores, network, MEAN, fold, category)
        at = place + _FOLDS_FROM + number * step
        axes.plot([low, high], [at, at], color=_FOLD, linewidth=1)
        axes.plot([middle], [at], color=_FOLD, marker="o", markersize=3)


def _values(
    scores: CrossScores, network: CrossNetwork, seed: int | str, fold: str, category: str
) -> tuple[float, float, float]:
    """The difference to the reference, or without others the score; and its interval."""
    if scores.others:
        row = pair_row(scores, network, seed, fold, category)
        values = (row["difference"], row["low"], row["high"])
        return tuple(math.nan if value is None else value for value in values)  # type: ignore[return-value]
    sampled = network.sampled(fold, category, None if isinstance(seed, str) else seed)
    return (sampled.score, *sampled.interval) if sampled else (math.nan,) * 3
