"""Effective contexts of markers, as a table for people, a table for programs, and a picture."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from regtrack.explain.contexts import DISTANCES, MarkerContext, grouped, models_of
from regtrack.explain.gradient import SHARES, WIDTH_NAMES
from regtrack.explain.positives import MEASURED, PREDICTED
from regtrack.explain.tables import write_table
from regtrack.genome.markers import in_order
from regtrack.listing import first_and_last
from regtrack.paths import named
from regtrack.report.palette import Look, looks_of
from regtrack.report.plots import INCHES_PER_LETTER, literal, save_figure
from regtrack.text_columns import aligned

_LINES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")
_BINS = 60


def plot_contexts(contexts: Sequence[MarkerContext], path: Path) -> None:
    """Draw a dot per marker at the width of 90% of its norm, and the mean norm by distance.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    scored = [context for context in contexts if context.widths[1] is not None]
    models = models_of(contexts)
    names = [model.name for model in models]
    groups = [
        (names.index(model.name), category, members)
        for model, category, members in grouped(scored, models)
    ]
    for_name = INCHES_PER_LETTER * max(map(len, names)) + 0.2
    left_width = max(3.2, max(1.5, for_name) * len(names))
    figure = Figure(figsize=(left_width + 4.6, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[left_width, 4.6])
    shown = in_order(category for _, category, _ in groups)
    looks = looks_of(shown)
    _strips(left, groups, names, looks)
    _profiles(right, groups, looks)
    handles = [
        Line2D(
            [],
            [],
            color=looks[category].colour,
            marker="o",
            linewidth=1.5,
            label=literal(category),
        )
        for category in shown
    ]
    handles += [
        Line2D([], [], color="black", linestyle=_LINES[number % len(_LINES)], label=literal(name))
        for number, name in enumerate(names)
        if len(names) > 1
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=6, frameon=False)
    save_figure(figure, path)


_Groups = Sequence[tuple[int, str, list[MarkerContext]]]


def _strips(axes: Axes, groups: _Groups, names: Sequence[str], looks: Mapping[str, Look]) -> None:
    """Dots side by side for each network and category, with their median."""
    categories = list(looks)
    apart = 0.81 / len(categories)
    for number, category, members in groups:
        place = number + apart * (categories.index(category) - (len(categories) - 1) / 2)
        heights = sorted(context.widths[1] or 0 for context in members)
        # Spread over the strip, the same way every time.
        turns = (np.arange(len(heights)) * 0.618) % 1 - 0.5
        axes.scatter(
            place + 0.63 * apart * turns,
            heights,
            s=10,
            color=looks[category].colour,
            alpha=0.6,
            linewidths=0,
        )
        median = float(np.median(heights))
        half = 0.45 * apart
        axes.hlines(median, place - half, place + half, color="black", linewidth=1.5, zorder=3)
    axes.set_xticks(range(len(names)), [literal(name) for name in names])
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_yscale("log")
    bases = FuncFormatter(lambda at, _: f"{at:,.0f}")
    axes.yaxis.set_major_formatter(bases)
    low, high = axes.get_ylim()
    # Within a decade there are no other labels than these.
    axes.yaxis.set_minor_formatter(bases if high < 10 * low else NullFormatter())
    axes.set_ylabel("bases that hold 90% of the norm")
    axes.spines[["top", "right"]].set_visible(False)


def _profiles(axes: Axes, groups: _Groups, looks: Mapping[str, Look]) -> None:
    """Draw the mean norm of a base by its distance, for each network and category."""
    for number, category, members in groups:
        profile = np.mean([context.profile for context in members], axis=0)
        at, values = binned(profile)
        axes.plot(
            at,
            values,
            color=looks[category].colour,
            linestyle=_LINES[number % len(_LINES)],
            linewidth=1.5,
        )
    axes.set(xscale="log", yscale="log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:,.0f}"))
    axes.set(xlabel="distance in bases", ylabel="share of the norm per base")
    axes.spines[["top", "right"]].set_visible(False)


def binned(
    profile: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean share of a base at distances that grow by a constant factor; 0 is left out.

    Parameters
    ----------
    profile
        Share at each distance from 0 on, both sides together.

    Returns
    -------
    float64, float64
        Middle of each bin that has a base, and the share of one base there; bins without any
        norm are left out.
    """
    edges = np.unique(np.geomspace(1, len(profile), _BINS + 1).astype(int))
    sums = np.add.reduceat(profile, edges[:-1]) if len(edges) > 1 else np.zeros(0)
    middle, share = np.sqrt(edges[:-1] * (edges[1:] - 1)), sums / (2 * np.diff(edges))
    return middle[share > 0], share[share > 0]


CONTEXTS = "context.tsv"
_PICTURE = "context.png"

_BEYOND = [f"beyond_{distance}" for distance in DISTANCES]


def write_contexts(contexts: Sequence[MarkerContext], folder: Path) -> None:
    """Write `context.tsv`, a row per marker and network, and `context.png`.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    write_table([_row(context) for context in contexts], folder / CONTEXTS)
    plot_contexts(contexts, folder / _PICTURE)


def context_table(contexts: Sequence[MarkerContext], width: int | None = None) -> str:
    """The printed table: a row per marker and network, the widest first, then medians.

    Of many rows, the first and the last ones. `width` as `aligned` takes it.
    """
    scored = sorted(
        (context for context in contexts if context.samples),
        key=lambda context: (-(context.widths[1] or 0), context.marker.index, context.model.name),
    )
    models = models_of(contexts)
    titles = ["marker", "category", "model", "samples", *WIDTH_NAMES, *_BEYOND]
    table = []
    widest, narrowest = first_and_last(scored)
    for context in [*widest, *narrowest]:
        table.append(
            _cells(
                context.marker.name, context.marker.category, context.model.name, context.samples
            )
        )
        table[-1] += _numbers(context.widths, context.beyond)
    for model, category, members in grouped(scored, models):
        table.append(_cells(f"median of {len(members)}", category, model.name, ""))
        table[-1] += _numbers(
            [_median([context.widths[i] for context in members]) for i in range(len(SHARES))],
            [_median([context.beyond[i] for context in members]) for i in range(len(DISTANCES))],
        )
    spare = [3, *([2] if len(models) == 1 else [])]
    lines = aligned(titles, table, range(3), width=width, spare=spare)
    if narrowest:
        lines.append(
            f"of {len(scored):,} rows, the {len(widest)} of the widest context and the "
            f"{len(narrowest)} of the narrowest; all of them: {CONTEXTS}"
        )
    origin = {
        MEASURED: "middles of measured peaks",
        PREDICTED: "predicted with the marker's threshold or more, each network its own",
    }[contexts[0].source]
    lines.append(f"positive bases: {origin}; beyond_N: share of the norm farther away")
    lines += [model.note for model in models if model.note]
    for model in models:
        without = [
            context.marker.name
            for context in contexts
            if context.model is model and not context.samples
        ]
        if without:
            lines.append(f"{model.name}: no positive base of {', '.join(without)}")
    return "\n".join(lines)


def _cells(*values: object) -> list[str]:
    return [str(value) for value in values]


def _numbers(widths: Sequence[float | None], shares: Sequence[float | None]) -> list[str]:
    return [
        *("-" if width is None else f"{width:,.0f}" for width in widths),
        *("-" if share is None else f"{share:.3f}" for share in shares),
    ]


def _median(values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return statistics.median(numbers) if numbers else None


def _row(context: MarkerContext) -> dict[str, Any]:
    """A row of `context.tsv`."""
    marker = context.marker
    return {
        "model": named(context.model.path),
        "architecture": context.model.checkpoint.architecture,
        "index": marker.index,
        "name": marker.name,
        "category": marker.category,
        "cell": marker.cell,
        "target": marker.target,
        "treatment": marker.treatment,
        "positives_from": context.source,
        "samples": context.samples,
        **dict(zip(WIDTH_NAMES, context.widths, strict=True)),
        **dict(zip(_BEYOND, context.beyond, strict=True)),
    }
