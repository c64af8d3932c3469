"""Effective contexts of markers, as a table for people, a table for programs, and a picture."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from regtrack.explain.context_plot import plot_contexts
from regtrack.explain.contexts import DISTANCES, MarkerContext, grouped, subjects_of
from regtrack.explain.positives import MEASURED, PREDICTED
from regtrack.explain.tables import aligned, write_table
from regtrack.explain.widths import SHARES, WIDTH_NAMES
from regtrack.paths import named

CONTEXTS = "context.tsv"
_PICTURE = "context.png"

_BEYOND = [f"beyond_{distance}" for distance in DISTANCES]


def write_contexts(found: Sequence[MarkerContext], folder: Path) -> None:
    """Write `context.tsv`, a row per marker and network, and `context.png`.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    write_table([_row(one) for one in found], folder / CONTEXTS)
    plot_contexts(found, folder / _PICTURE)


def context_table(found: Sequence[MarkerContext]) -> str:
    """A row per marker and network, the widest first, then medians: what is printed."""
    scored = sorted(
        (one for one in found if one.samples),
        key=lambda one: (-(one.widths[1] or 0), one.marker.index, one.subject.name),
    )
    subjects = subjects_of(found)
    table = [["marker", "category", "model", "samples", *WIDTH_NAMES, *_BEYOND]]
    for one in scored:
        table.append(_cells(one.marker.name, one.marker.category, one.subject.name, one.samples))
        table[-1] += _numbers(one.widths, one.beyond)
    for subject, category, own in grouped(scored, subjects):
        table.append(_cells(f"median of {len(own)}", category, subject.name, ""))
        table[-1] += _numbers(
            [_median([one.widths[i] for one in own]) for i in range(len(SHARES))],
            [_median([one.beyond[i] for one in own]) for i in range(len(DISTANCES))],
        )
    lines = aligned(table, 3)
    origin = {
        MEASURED: "middles of measured peaks",
        PREDICTED: "predicted with the marker's threshold or more, each network its own",
    }[found[0].source]
    lines.append(f"positive bases: {origin}; beyond_N: share of the norm farther away")
    lines += [subject.note for subject in subjects if subject.note]
    for subject in subjects:
        without = [one.marker.name for one in found if one.subject is subject and not one.samples]
        if without:
            lines.append(f"{subject.name}: no positive base of {', '.join(without)}")
    return "\n".join(lines)


def _cells(*values: object) -> list[str]:
    return [str(value) for value in values]


def _numbers(widths: Sequence[float | None], shares: Sequence[float | None]) -> list[str]:
    return [
        *("-" if width is None else f"{width:,.0f}" for width in widths),
        *("-" if share is None else f"{share:.3f}" for share in shares),
    ]


def _median(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return statistics.median(there) if there else None


def _row(one: MarkerContext) -> dict[str, Any]:
    """Of the table for programs."""
    marker = one.marker
    return {
        "model": named(one.subject.path),
        "architecture": one.subject.checkpoint.architecture,
        "index": marker.index,
        "name": marker.name,
        "category": marker.category,
        "cell": marker.cell,
        "target": marker.target,
        "treatment": marker.treatment,
        "positives_from": one.source,
        "samples": one.samples,
        **dict(zip(WIDTH_NAMES, one.widths, strict=True)),
        **dict(zip(_BEYOND, one.beyond, strict=True)),
    }
