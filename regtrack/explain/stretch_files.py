"""Explanations of a stretch as files: a table, a picture, a BigWig per network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from regtrack.atomic import write_text
from regtrack.explain.gradient import WIDTH_NAMES
from regtrack.explain.stretch import Explanation
from regtrack.explain.strongest import Stretch
from regtrack.explain.tables import write_table
from regtrack.genome.intervals import Interval
from regtrack.paths import named
from regtrack.report.palette import looks_of
from regtrack.report.plots import literal, save_figure
from regtrack.text_columns import aligned
from regtrack.tracks.bigwig_writer import writing_bigwig
from regtrack.tracks.encoding import encode_block
from regtrack.tracks.segments import SEGMENT, BlockSegments

_POSITIVE, _PROBABILITY, _EDGE = "#444444", "#111111", "#999999"
# White beside the dark line sets it off from the filling, whatever its colour.
_CASING = withStroke(linewidth=2.6, foreground="white")
# More columns than the picture has pixels across would only hide each other.
_COLUMNS = 1_400

_Line = npt.NDArray[np.floating]


def plot_explanations(explanations: Sequence[Explanation], path: Path) -> None:
    """Draw a row per network over one axis: norm and predicted probability at each base.

    Above them lie the positive bases. Of the bases that share a column of pixels, the largest
    norm is drawn light and the mean dark.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    first = explanations[0]
    measured = first.threshold is None
    strips = explanations[:1] if measured else explanations
    figure = Figure(
        figsize=(9, 1.0 + 0.22 * len(strips) + 1.35 * len(explanations)), layout="constrained"
    )
    top, *panels = figure.subplots(
        1 + len(explanations),
        sharex=True,
        gridspec_kw={"height_ratios": [0.16 * len(strips)] + [1.0] * len(explanations)},
    )
    _strip(top, strips, "measured peaks" if measured else "")
    for axes, explanation in zip(panels, explanations, strict=True):
        _panel(axes, explanation)
    start, end = (
        min(explanation.start for explanation in explanations),
        max(explanation.end for explanation in explanations),
    )
    top.set_xlim(start, end)
    for axes in panels:
        for edge in (first.region.start, first.region.end):
            axes.axvline(edge, color=_EDGE, linestyle=":", linewidth=0.8)
    last = panels[-1]
    last.set_xlabel(
        literal(f"position on {first.region.chrom} ({first.model.checkpoint.assembly})")
        + "; dotted: the region",
        fontsize=9,
    )
    last.xaxis.set_major_locator(MaxNLocator(7))
    # Positions as browsers count them.
    last.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{int(at):,}"))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    figure.suptitle(literal(f"{first.marker.name}   {first.region}"), fontsize=11)
    save_figure(figure, path)


def _strip(axes: Axes, explanations: Sequence[Explanation], name: str) -> None:
    """Draw the positive bases, a line for each network that has its own."""
    for number, explanation in enumerate(explanations):
        spans = [(start, end - start) for start, end in explanation.positives]
        axes.broken_barh(spans, (-number - 0.35, 0.7), color=_POSITIVE, linewidth=0.5)
    labels = (
        [name]
        if name
        else [
            f"{literal(explanation.model.name)} ≥ {explanation.threshold:.3g}"
            for explanation in explanations
        ]
    )
    axes.set_yticks([-number for number in range(len(explanations))], labels, fontsize=8)
    axes.set_ylim(0.6 - len(explanations), 0.6)
    axes.tick_params(left=False, bottom=False)
    axes.spines[:].set_visible(False)


def _panel(axes: Axes, explanation: Explanation) -> None:
    """Draw one network."""
    colour = looks_of([explanation.marker.category])[explanation.marker.category].colour
    at, mean, most = _columns(explanation.relative, explanation.start)
    axes.fill_between(
        at, most, color=colour, alpha=0.3, linewidth=0, label="norm, largest of a pixel's bases"
    )
    axes.fill_between(at, mean, color=colour, linewidth=0, label="norm, their mean")
    at, mean, _ = _columns(explanation.probability, explanation.region.start)
    axes.plot(
        at,
        mean,
        color=_PROBABILITY,
        linewidth=1.1,
        path_effects=[_CASING],
        label="predicted probability",
    )
    shown = " / ".join(map(_width_text, explanation.widths))
    axes.set_title(
        literal(f"{named(explanation.model.path)}, {explanation.model.checkpoint.architecture}: ")
        + f"50 / 90 / 99% of the norm within {shown} bases"
        + (" (inside: the positive ones)" if 1 in explanation.widths else ""),
        loc="left",
        fontsize=9,
    )
    axes.set(ylim=(0, 1.03), yticks=[0, 0.5, 1])
    axes.set_ylabel("relative norm,\nprobability", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _columns(values: npt.NDArray[np.float32], start: int) -> tuple[_Line, _Line, _Line]:
    """Middle, mean and maximum of consecutive bases; NaN where none of them has a value."""
    each = -(-len(values) // _COLUMNS)
    count = -(-len(values) // each)
    padded = np.full(count * each, np.nan)
    padded[: len(values)] = values
    rows = padded.reshape(count, each)
    is_known = ~np.isnan(rows)
    number = is_known.sum(axis=1)
    mean = np.where(number, np.nansum(rows, axis=1) / np.maximum(number, 1), np.nan)
    most = np.where(number, np.where(is_known, rows, -np.inf).max(axis=1), np.nan)
    return start + (np.arange(count) + 0.5) * each, mean, most


TABLE = "explain.tsv"
_STRETCHES = "stretches.tsv"
# Printed, of those in the table.
_SHOWN = 5
_PICTURE = "explain.png"

# Bases that are packed at once.
_PIECE = 200_000


def write_explanations(
    explanations: Sequence[Explanation], chrom_sizes: Mapping[str, int], folder: Path
) -> None:
    """Write `explain.tsv`, `explain.png`, `stretches.tsv`, `<model>.bw` and `<model>.bed`.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    write_table([_row(explanation) for explanation in explanations], folder / TABLE)
    plot_explanations(explanations, folder / _PICTURE)
    for explanation in explanations:
        _write_bigwig(explanation, chrom_sizes, folder / f"{explanation.model.name}.bw")
        write_text(folder / f"{explanation.model.name}.bed", _bed(explanation))
    rows = [row for explanation in explanations for row in _stretch_rows(explanation)]
    write_table(rows or [dict.fromkeys(_STRETCH_COLUMNS, "")], folder / _STRETCHES)


def text_table(
    explanations: Sequence[Explanation], out: Path, why: str, width: int | None = None
) -> str:
    """The printed table: a row per network, the strongest stretches, and notes.

    Parameters
    ----------
    out
        The folder that is written.
    why
        Why predictions, and not measured peaks, say what is positive, where they do.
    width
        As `aligned` takes it.
    """
    first = explanations[0]
    titles = ["model", "network", "positives from", "bases", *WIDTH_NAMES, "context"]
    table = []
    for explanation in explanations:
        context = explanation.model.context
        reach = f"-{context.left:,} +{context.right:,}"
        table.append(
            [
                explanation.model.name,
                explanation.model.checkpoint.architecture,
                explanation.source
                if explanation.threshold is None
                else f"{explanation.source} >= {explanation.threshold:.3g}",
                f"{explanation.positives.bases:,}",
                *map(_width_text, explanation.widths),
                reach if context.exact else f"{reach} (followed)",
            ]
        )
    title = f"{first.marker.name} in {first.region}"
    lines = aligned(titles, table, range(3), width=width)
    shown = [_strongest_text(explanation) for explanation in explanations]
    load = " and ".join(str(out / f"{first.model.name}{end}") for end in (".bw", ".bed"))
    igv = f"to see it in IGV: File > Load from File, {load}"
    return "\n".join([title, *lines, *_notes(explanations, why), *shown, igv])


def _width_text(width: int | None) -> str:
    """A width of 1 is no base beside the positive ones."""
    return "-" if width is None else "inside" if width == 1 else f"{width:,}"


def _strongest_text(explanation: Explanation) -> str:
    """The first of the strongest stretches: place, letters, and what they do."""
    lines = [
        f"  {_interval(explanation, stretch)}  {stretch.letters}  {_effect(stretch)}"
        for stretch in explanation.strongest[:_SHOWN]
    ]
    return "\n".join(
        [f"{explanation.model.name}: strongest stretches, all in {_STRETCHES}:", *lines]
    )


def _interval(explanation: Explanation, stretch: Stretch) -> Interval:
    return Interval(explanation.region.chrom, stretch.start, stretch.end)


def _effect(stretch: Stretch) -> str:
    return "raises" if stretch.contribution > 0 else "lowers"


_STRETCH_COLUMNS = (
    *("model", "chrom", "start", "end", "letters", "contribution", "relative", "effect"),
)


def _stretch_rows(explanation: Explanation) -> list[dict[str, Any]]:
    """Rows of `stretches.tsv`, the strongest first."""
    return [
        dict(
            zip(
                _STRETCH_COLUMNS,
                (
                    *(explanation.model.name, explanation.region.chrom),
                    *(stretch.start, stretch.end, stretch.letters, stretch.contribution),
                    *(_relative(explanation, stretch), _effect(stretch)),
                ),
                strict=True,
            )
        )
        for stretch in explanation.strongest
    ]


def _relative(explanation: Explanation, stretch: Stretch) -> float:
    """Its amount, that of the strongest being 1."""
    return abs(stretch.contribution / explanation.strongest[0].contribution)


def _bed(explanation: Explanation) -> str:
    """The same as BED: named by the letters, with a score up to 1,000, by position."""
    rows = sorted(explanation.strongest, key=lambda stretch: stretch.start)
    return "".join(
        f"{explanation.region.chrom}\t{stretch.start}\t{stretch.end}\t{stretch.letters}\t"
        f"{round(1000 * _relative(explanation, stretch))}\t.\n"
        for stretch in rows
    )


def _notes(explanations: Sequence[Explanation], why: str) -> list[str]:
    """What a reader must know to compare the rows."""
    notes = [explanation.model.note for explanation in explanations if explanation.model.note]
    notes += [said for explanation in explanations if (said := explanation.caution)]
    if any(1 in explanation.widths for explanation in explanations):
        notes.append("inside: the positive bases themselves hold as much of the norm")
    if explanations[0].threshold is not None:
        notes.append(
            f"{why}: positive is what a network predicts with the marker's threshold or more"
            + (", each its own bases" if len(explanations) > 1 else "")
        )
    return notes


def _row(explanation: Explanation) -> dict[str, Any]:
    """A row of `explain.tsv`."""
    context = explanation.model.context
    return {
        "model": named(explanation.model.path),
        "architecture": explanation.model.checkpoint.architecture,
        "chrom": explanation.region.chrom,
        "start": explanation.region.start,
        "end": explanation.region.end,
        "marker": explanation.marker.name,
        "positives_from": explanation.source,
        "threshold": explanation.threshold,
        "positive_bases": explanation.positives.bases,
        **dict(zip(WIDTH_NAMES, explanation.widths, strict=True)),
        "context_left": context.left,
        "context_right": context.right,
        "context_exact": "yes" if context.exact else "no",
        "bigwig": f"{explanation.model.name}.bw",
    }


def _write_bigwig(explanation: Explanation, chrom_sizes: Mapping[str, int], path: Path) -> None:
    """Write the relative norm, a value for every base that has a norm."""
    relative = explanation.relative
    number = list(chrom_sizes).index(explanation.region.chrom)
    with writing_bigwig(path, chrom_sizes) as writer:
        for first in range(0, len(relative), _PIECE):
            records = segments_of(relative[first : first + _PIECE], explanation.start + first)
            block = BlockSegments(np.array([0, len(records)], np.int64), records)
            writer.add([(explanation.region.chrom, encode_block(block, number).of(0))])


def segments_of(values: np.ndarray[Any, Any], start: int) -> np.ndarray[Any, Any]:
    """Runs of equal values as SEGMENT; NaN is no value.

    Parameters
    ----------
    values
        float32, one per base.
    start
        Position of the first of them, 0-based.
    """
    is_known = ~np.isnan(values)
    # NaN differs from NaN: runs of NaN are single bases, and dropped.
    begins = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    ends = np.append(begins[1:], len(values))
    has_value = is_known[begins]
    records = np.empty(int(has_value.sum()), SEGMENT)
    records["start"], records["end"] = begins[has_value] + start, ends[has_value] + start
    records["value"] = values[begins[has_value]]
    return records
