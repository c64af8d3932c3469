"""The figures of the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter

from regtrack.genome.markers import Marker
from regtrack.report.numbers import count_and_share, number, share, span
from regtrack.report.page.svg import INK, PIXELS, QUIET, inline_svg, page_style
from regtrack.report.palette import Look
from regtrack.report.plots import literal
from regtrack.scoring.evaluation import Evaluation, deepsea_figure
from regtrack.scoring.marker_scores import MarkerScores

Scored = tuple[Marker, MarkerScores]

# By the place of a category's look: told apart in print, too. First those of the paper; the others
# have the same shapes as their swatches.
SHAPES = "o^s"
OTHER_SHAPES = "DvPX"
_LARGER = "^v"  # so that all look alike in size
LINES = ("-", "--", "-.", ":")
# Strokes and gaps, of the curves that are picked out and of the base rate.
DASHES: dict[str, tuple[float, ...]] = {
    "best": (),
    "median": (6, 2.5),
    "worst": (6, 2, 1.2, 2),
    "base rate": (1.2, 2),
}

# A point of the calibration with fewer bases is drawn hollow.
FEW_BASES = 1_000


def address(marker: Marker) -> str:
    """Link to a marker's row in the table."""
    return f"#m{marker.index}"


def scored_markers(evaluation: Evaluation) -> list[Scored]:
    """Those that have scores."""
    pairs = zip(evaluation.markers, evaluation.scores, strict=True)
    return [(marker, scores) for marker, scores in pairs if scores.overall.scored]


def picked(pairs: Sequence[Scored]) -> dict[str, Scored]:
    """Of one category the `best`, the `median` and the `worst` by average precision.

    Fewer where there are no three; of an even number, the better one of the middle two.
    """
    order = sorted(pairs, key=lambda pair: -pair[1].overall.average_precision)
    choice = {"best": order[0], "worst": order[-1], "median": order[(len(order) - 1) // 2]}
    wanted = ("best", "median", "worst")[: len(order)] if len(order) != 2 else ("best", "worst")
    return {name: choice[name] for name in wanted}


def curves_svg(pairs: Sequence[Scored], lowest: float, colour: str) -> str:
    """Precision-recall curves of one category.

    Parameters
    ----------
    pairs
        Scored markers of the category.
    lowest
        Where the precision axis begins: the same for all categories.
    colour
        Of the category.
    """
    category = pairs[0][0].category
    with page_style(f"curves of {category}"):
        figure, axes = _figure(404, 300)
        _log_axis(axes, "y", lowest, 1.0)
        lines = LineCollection(
            [_drawn(scores, lowest) for _, scores in pairs],
            colors=colour,
            linewidths=0.8,
            alpha=max(0.12, min(0.5, 8 / len(pairs))),
            urls=[address(marker) for marker, _ in pairs],
        )
        axes.add_collection(lines)
        for name, (marker, scores) in picked(pairs).items():
            (line,) = axes.plot(
                *zip(*_drawn(scores, lowest), strict=True), color=INK, linewidth=1.6
            )
            _dashed(line, name)
            line.set_url(address(marker))
        level = float(np.mean([scores.overall.base_rate for _, scores in pairs]))
        _dashed(axes.axhline(level, color=QUIET, linewidth=1.4), "base rate")
        axes.set(xlim=(0, 1), xlabel="recall", ylabel="precision")
        tips = {
            address(marker): f"{marker.name}: average precision "
            f"{number(scores.overall.average_precision)}"
            for marker, scores in pairs
        }
        return inline_svg(figure, f"Precision against recall, {category}", tips)


def lowest_precision(pairs: Iterable[Scored]) -> float:
    """Where the axes of the curves begin: a little under every base rate, where curves end."""
    return 0.7 * min(scores.overall.base_rate for _, scores in pairs)


def chance_svg(pairs: Sequence[Scored], looks: Mapping[str, Look]) -> str:
    """Average precision against base rate, a point for each marker."""
    with page_style("chance"):
        figure, axes = _figure(620, 440)
        theirs = _deepsea([marker for marker, _ in pairs])
        rates = [scores.overall.base_rate for _, scores in pairs] + [rate for rate, _ in theirs]
        heights = [scores.overall.average_precision for _, scores in pairs]
        left = _decade(min(rates), math.floor)
        right = min(1.0, _decade(max(rates), math.ceil))
        bottom = min(left, _decade(min(heights), math.floor))
        _log_axis(axes, "x", left, right)
        _log_axis(axes, "y", bottom, 1.0)
        axes.plot([left, right], [left, right], color=QUIET, linewidth=1, linestyle=":")
        for marker, scores in pairs:
            low, high = scores.interval
            if not math.isnan(low):
                axes.plot(
                    [scores.overall.base_rate] * 2,
                    [max(low, bottom), high],
                    color=looks[marker.category].colour,
                    linewidth=0.7,
                    alpha=0.3,
                    clip_on=False,
                )
        if theirs:
            axes.scatter(
                *zip(*theirs, strict=True), **_hollow("#999999", "D"), label="DeepSEA (200-bp bins)"
            )
        _points(
            axes,
            looks,
            [
                (marker, scores.overall.base_rate, scores.overall.average_precision)
                for marker, scores in pairs
            ],
        )
        axes.text(right, 0.8 * right, "chance", color=QUIET, ha="right", va="top")
        axes.set(xlabel="base rate", ylabel="average precision")
        _legend(figure)
        tips = {
            address(marker): f"{marker.name}: average precision "
            f"{number(scores.overall.average_precision)} ({span(scores.interval)}), "
            f"base rate {number(scores.overall.base_rate)}"
            for marker, scores in pairs
        }
        return inline_svg(figure, "Average precision against base rate", tips)


def _deepsea(markers: Iterable[Marker]) -> list[tuple[float, float]]:
    """Base rate and PR AUC that DeepSEA published."""
    figures = (
        (deepsea_figure(marker, "base_rate"), deepsea_figure(marker, "auprc")) for marker in markers
    )
    return [(rate, height) for rate, height in figures if rate and height]


def calibration_svg(pairs: Sequence[Scored], looks: Mapping[str, Look]) -> str:
    """Measured rates against predicted probabilities, all markers of a category together."""
    with page_style("calibration"):
        figure, axes = _figure(300, 290)
        drawn = {category: pooled(pairs, category) for category in looks}
        values = [value for rows in drawn.values() for row in rows for value in row[1:]]
        lowest = _decade(min(values, default=0.01), math.floor)
        for name in ("x", "y"):
            _log_axis(axes, name, lowest, 1.0, most_ticks=5)
        axes.plot([lowest, 1], [lowest, 1], color=QUIET, linewidth=1, linestyle=":")
        for category, rows in drawn.items():
            if not rows:
                continue
            bases, predicted, observed = zip(*rows, strict=True)
            place, colour, _ = looks[category]
            shape, line = _shape(place), LINES[place % len(LINES)]
            axes.plot(predicted, observed, color=colour, linestyle=line, linewidth=1.2)
            many = [count >= FEW_BASES for count in bases]
            fills = [colour if enough else "white" for enough in many]
            axes.scatter(
                predicted, observed, s=_size(place), c=fills, edgecolors=colour, marker=shape,
                zorder=3, clip_on=False,
            )  # fmt: skip
            axes.plot([], [], color=colour, linestyle=line, marker=shape, label=literal(category))
        axes.set(xlabel="predicted probability", ylabel="share inside of measured peaks")
        _legend(figure)
        return inline_svg(figure, "Measured rates against predicted probabilities")


def pooled(pairs: Sequence[Scored], category: str) -> list[tuple[int, float, float]]:
    """Bases, mean probability and measured rate per octave, by rising probability.

    Without the octaves that have no place on a logarithmic axis.
    """
    calibrations = [scores.calibration for marker, scores in pairs if marker.category == category]
    sums: dict[int, list[float]] = {}
    for calibration in calibrations:
        columns = (
            calibration.octaves,
            calibration.bases,
            calibration.predicted,
            calibration.observed,
        )
        for octave, bases, predicted, observed in zip(*columns, strict=True):
            if predicted:
                into = sums.setdefault(octave, [0, 0.0, 0.0])
                for place, value in enumerate((1, predicted, observed)):
                    into[place] += bases * value
    return [
        (int(bases), predicted / bases, inside / bases)
        for _, (bases, predicted, inside) in sorted(sums.items())
        if inside
    ]


def peaks_svg(pairs: Sequence[Scored], looks: Mapping[str, Look]) -> str:
    """How many called peaks are right against how many measured ones are found."""
    with page_style("peaks"):
        figure, axes = _figure(300, 290)
        points = [
            (
                marker,
                share(peaks.measured_hit, peaks.measured),
                share(peaks.called_hit, peaks.called),
            )
            for marker, peaks in ((marker, scores.peaks) for marker, scores in pairs)
            if peaks.called and peaks.measured
        ]
        _points(axes, looks, points)
        highest = max((right for _, _, right in points), default=1)
        axes.set(
            xlim=(0, 1), ylim=(0, max(0.1, math.ceil(10 * highest) / 10)),
            xlabel="measured peaks that are found", ylabel="called peaks that are right",
        )  # fmt: skip
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        _legend(figure)
        tips = {
            address(marker): f"{marker.name}: called {_hits(scores, 'called')}, "
            f"measured {_hits(scores, 'measured')}"
            for marker, scores in pairs
        }
        return inline_svg(figure, "Called peaks that are right against measured peaks found", tips)


def _hits(scores: MarkerScores, which: Literal["called", "measured"]) -> str:
    peaks = scores.peaks
    return count_and_share(getattr(peaks, which), getattr(peaks, f"{which}_hit"))


def _figure(width: int, height: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width / PIXELS, height / PIXELS), layout="constrained")
    return figure, figure.subplots()


def _drawn(scores: MarkerScores, lowest: float) -> list[tuple[float, float]]:
    """A curve from the first base it finds on, that stays on its axis."""
    return [(recall, max(precision, lowest)) for recall, precision in scores.curve if recall]


def _dashed(line: Any, name: str) -> None:
    if DASHES[name]:
        line.set_dashes(DASHES[name])


def _decade(value: float, towards: Any) -> float:
    return float(10.0 ** towards(math.log10(value)))


def _log_axis(axes: Axes, name: str, first: float, last: float, most_ticks: int = 12) -> None:
    """Powers of ten, written out."""
    axes.set(**{f"{name}scale": "log", f"{name}lim": (first, max(last, 10 * first))})
    axis = axes.xaxis if name == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(numticks=most_ticks))
    axis.set_major_formatter(lambda value, _: f"{value:.12f}".rstrip("0").rstrip("."))
    axis.set_minor_formatter(NullFormatter())


def _points(
    axes: Axes, looks: Mapping[str, Look], points: Sequence[tuple[Marker, float, float]]
) -> None:
    """A linked point for each marker."""
    for category, (place, colour, _) in looks.items():
        chosen = [point for point in points if point[0].category == category]
        if chosen:
            drawn = axes.scatter(
                [across for _, across, _ in chosen],
                [up for _, _, up in chosen],
                s=_size(place), c=colour, marker=_shape(place),
                edgecolors="white", linewidths=0.5, zorder=3, clip_on=False,
                label=literal(category),
            )  # fmt: skip
            drawn.set_urls([address(marker) for marker, _, _ in chosen])


def _shape(place: int) -> str:
    others = place - len(SHAPES)
    return SHAPES[place] if others < 0 else OTHER_SHAPES[others % len(OTHER_SHAPES)]


def _size(place: int) -> int:
    return 42 if _shape(place) in _LARGER else 24


def _hollow(colour: str, shape: str) -> dict[str, Any]:
    return {"s": 16, "facecolors": "none", "edgecolors": colour, "marker": shape, "linewidths": 0.8}


def _legend(figure: Figure) -> None:
    """In a line above the axes, where it hides nothing."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    room = int(figure.get_figwidth() * PIXELS // 100)
    figure.legend(
        handles, labels, loc="outside upper right", ncols=max(min(len(labels), room), 1),
        frameon=False, fontsize=11, handletextpad=0.3, columnspacing=1.2, borderpad=0.1,
    )  # fmt: skip
