"""Plots, as files."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from regtrack.atomic import replacing
from regtrack.report.comparison import Comparison
from regtrack.report.palette import looks_of

# Of bars side by side: grey, orange, blue, green, yellow, told apart by the colour-blind (Okabe &
# Ito 2008).
BAR_COLOURS = ("#999999", "#D55E00", "#0072B2", "#009E73", "#F0E442")

# What a name of usual size takes.
INCHES_PER_LETTER = 0.09

_QUIET = "#777777"
_HOLLOW: dict[str, Any] = {
    "color": "black",
    "marker": "D",
    "markerfacecolor": "white",
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
    def validation_loss(self) -> float | None:
        """Of the validation split; None where it was not taken."""
        ...

    @property
    def best(self) -> bool:
        """Whether it was the best so far."""
        ...

    @property
    def average_precision(self) -> dict[str, float]:
        """Mean over the markers of each category."""
        ...

    @property
    def base_rate(self) -> dict[str, float]:
        """What a random ranking reaches, per category."""
        ...


def literal(name: str) -> str:
    """A name for matplotlib, in which text between `$` is no formula."""
    return name.replace("$", r"\$")


def plot_history(points: Sequence[Point], path: Path) -> None:
    """Losses and average precision over the epochs of a training, as PNG.

    Each category's average precision stands over its base rate, a dotted line of its colour.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [point.epoch for point in points]
    left.plot(epochs, [point.loss for point in points], color=_QUIET, marker=".", label="training")
    taken = [
        (point.epoch, point.validation_loss)
        for point in points
        if point.validation_loss is not None
    ]
    if taken:
        left.plot(*zip(*taken, strict=True), color="black", marker=".", label="validation")
    left.set(xlabel="epoch", ylabel="loss per base and marker")
    looks = looks_of(category for point in points for category in point.average_precision)
    for category, (_, colour, _) in looks.items():
        measured = [
            (point.epoch, point.average_precision[category])
            for point in points
            if category in point.average_precision
        ]
        rates = [point.base_rate[category] for point in points if category in point.base_rate]
        if measured:
            right.plot(
                *zip(*measured, strict=True), color=colour, marker=".", label=literal(category)
            )
        if measured and rates:
            right.axhline(rates[-1], color=colour, linestyle=":", linewidth=1.2)
    if right.lines:
        right.plot([], [], color="black", linestyle=":", linewidth=1.2, label="base rate")
    best = [point.epoch for point in points if point.best]
    if best:
        for axes in (left, right):
            axes.axvline(best[-1], color="#999999", linestyle="--", linewidth=1, label="best")
    right.set(xlabel="epoch", ylabel="average precision, validation", ylim=(0, None))
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))
    _legend(figure, (left, right))
    save_figure(figure, path)


def plot_comparison(comparison: Comparison, path: Path) -> None:
    """Average precision of each network beside what the paper published, as PNG.

    Of the test split, or of the validation split where there is no other. A row per network, so
    that a name of any length can be read, and a panel per category, so that no colour is needed to
    tell the networks apart.

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
    looks = looks_of(categories)
    names = [network.name for network in comparison.networks]
    for_names = INCHES_PER_LETTER * max(map(len, names))
    size = (0.4 + for_names + 2.6 * max(len(categories), 1), 1.6 + 0.32 * len(names))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, max(len(categories), 1), sharex=True, sharey=True, squeeze=False)[0]
    for axes, category in zip(panels, categories, strict=False):
        means = [network.mean(split, category) for network in comparison.networks]
        axes.barh(
            range(len(names)),
            [mean.average_precision if mean else 0 for mean in means],
            color=looks[category].colour,
            height=0.7,
        )
        published = [
            (network.published[category], place)
            for place, network in enumerate(comparison.networks)
            if category in network.published
        ]
        if published:
            axes.plot(
                *zip(*published, strict=True),
                **_HOLLOW,
                label="published (trapezoid, on other data)",
            )
        axes.axvline(
            comparison.base_rate(split, category), color="#444444", linestyle=":", label="base rate"
        )
        axes.set_title(literal(category))
        axes.spines[["top", "right"]].set_visible(False)
    first = panels[0]
    first.set_yticks(range(len(names)), [literal(name) for name in names])
    first.set_ylim(len(names) - 0.4, -0.6)
    # Only now, when every panel has its bars: from here on the limits stay.
    first.set_xlim(left=0)
    first.xaxis.set_major_locator(MaxNLocator(4))
    panels[len(panels) // 2].set_xlabel(f"average precision, {split}")
    _legend(figure, panels)
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
        drawn = axes.bar(left, heights, 0.92 * share, color=next(colours), label=literal(name))
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        axes.bar_label(drawn, fmt="%.2f", fontsize=8, padding=2, bbox=behind)
    for at, level in enumerate(levels):
        label = level_label if at == 0 else None
        axes.plot([at - 0.45, at + 0.45], [level] * 2, color="black", ls="--", lw=1.2, label=label)
    axes.set_xticks(range(len(groups)), [literal(name) for name in groups])
    axes.set(ylabel="average precision", ylim=(0, 1.08))
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=len(bars) + 1, frameon=False)
    save_figure(figure, path)


def _legend(figure: Figure, panels: Iterable[Axes]) -> None:
    """One legend above all panels, with what any of them shows; what several show, once."""
    entries = {
        label: handle
        for axes in panels
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if entries:
        figure.legend(
            list(entries.values()),
            list(entries),
            loc="outside upper center",
            ncols=len(entries),
            frameon=False,
        )


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, complete or not at all."""
    with replacing(path) as aside:
        figure.savefig(aside, format="png", dpi=150)
