"""Plots, as files."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from matplotlib.figure import Figure

from regtrack.atomic import replacing
from regtrack.evaluation.comparison import Comparison
from regtrack.genome.palette import COLOURS

# Of bars side by side: grey, orange, blue, green, yellow, told apart by the colour-blind (Okabe &
# Ito 2008).
BAR_COLOURS = ("#999999", "#D55E00", "#0072B2", "#009E73", "#F0E442")

_HOLLOW: dict[str, Any] = {
    "color": "black",
    "marker": "D",
    "markerfacecolor": "none",
    "linestyle": "none",
}


class Point(Protocol):
    """What `plot_history` reads of a validation."""

    @property
    def epoch(self) -> float:
        """How far."""
        ...

    @property
    def loss(self) -> float:
        """Mean over the training steps since the validation before."""
        ...

    @property
    def best(self) -> bool:
        """Whether it was the best so far."""
        ...

    @property
    def average_precision(self) -> dict[str, float]:
        """Mean over the markers of each category."""
        ...


def plot_history(points: Sequence[Point], path: Path) -> None:
    """Loss and average precision over the epochs of a training, as PNG.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [point.epoch for point in points]
    left.plot(epochs, [point.loss for point in points], color="#444444", marker=".")
    left.set(xlabel="epoch", ylabel="training loss")
    for category, colour in COLOURS.items():
        found = [
            (point.epoch, point.average_precision[category])
            for point in points
            if category in point.average_precision
        ]
        if found:
            right.plot(*zip(*found, strict=True), color=colour, marker=".", label=category)
    best = [point.epoch for point in points if point.best]
    if best:
        right.axvline(best[-1], color="#999999", linestyle=":", label="best")
    right.set(xlabel="epoch", ylabel="average precision, validation", ylim=(0, None))
    right.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path)


def plot_comparison(comparison: Comparison, path: Path) -> None:
    """Average precision of each network beside what the paper published, as PNG.

    Of the test split, or of the validation split where there is no other. A panel per
    category, so that no colour is needed to tell the networks apart.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    split = list(comparison.windows)[-1]
    categories = [
        category
        for category in comparison.categories
        if comparison.base_rate(split, category) is not None
    ]
    names = [one.name for one in comparison.networks]
    width = 1.5 + len(categories) * max(2.0, 0.5 * len(names))
    figure = Figure(figsize=(max(width, 5.5), 3.8), layout="constrained")
    panels = figure.subplots(1, max(len(categories), 1), sharey=True, squeeze=False)[0]
    for axes, category in zip(panels, categories, strict=False):
        means = [one.mean(split, category) for one in comparison.networks]
        axes.bar(
            range(len(names)),
            [mean.average_precision if mean else 0 for mean in means],
            color=COLOURS[category],
            width=0.7,
        )
        published = [
            (place, one.published[category])
            for place, one in enumerate(comparison.networks)
            if category in one.published
        ]
        if published:
            axes.plot(
                *zip(*published, strict=True),
                **_HOLLOW,
                label="published (trapezoid, on other data)",
            )
        axes.axhline(
            comparison.base_rate(split, category), color="#444444", linestyle=":", label="base rate"
        )
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set(title=category, ylim=(0, None))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel(f"average precision, {split}")
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    save_figure(figure, path)


def plot_bars(
    groups: Sequence[str],
    bars: Mapping[str, Sequence[float]],
    levels: Sequence[float],
    level_label: str,
    path: Path,
) -> None:
    """Average precision as bars, some per group, as PNG.

    Parameters
    ----------
    groups
        Names along the axis.
    bars
        Name of each bar, the same in every group, and its height per group.
    levels, level_label
        A height per group to compare with, drawn as a dashed line, and what it is.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    figure = Figure(figsize=(8, 3.8), layout="constrained")
    axes = figure.subplots()
    share = 0.8 / len(bars)
    colours = itertools.cycle(BAR_COLOURS)
    for number, (name, heights) in enumerate(bars.items()):
        left = [at - 0.4 + (number + 0.5) * share for at in range(len(groups))]
        drawn = axes.bar(left, heights, 0.92 * share, color=next(colours), label=name)
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        axes.bar_label(drawn, fmt="%.2f", fontsize=8, padding=2, bbox=behind)
    for at, level in enumerate(levels):
        label = level_label if at == 0 else None
        axes.plot([at - 0.45, at + 0.45], [level] * 2, color="black", ls="--", lw=1.2, label=label)
    axes.set_xticks(range(len(groups)), groups)
    axes.set(ylabel="average precision", ylim=(0, 1.08))
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=len(bars) + 1, frameon=False)
    save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, complete or not at all."""
    with replacing(path) as aside:
        figure.savefig(aside, format="png", dpi=150)
