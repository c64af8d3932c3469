"""What networks looked at on one stretch, as files: a table, a picture, a BigWig per network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from regtrack.explain.stretch import Explanation
from regtrack.explain.stretch_plot import plot_explanations
from regtrack.explain.tables import aligned, write_table
from regtrack.explain.widths import WIDTH_NAMES
from regtrack.paths import named
from regtrack.tracks.bigwig_writer import writing_bigwig
from regtrack.tracks.encoding import encode_block
from regtrack.tracks.segments import SEGMENT, BlockSegments

TABLE = "explain.tsv"
_PICTURE = "explain.png"

# Bases that are packed at once.
_PIECE = 200_000


def write_explanations(
    found: Sequence[Explanation], chrom_sizes: Mapping[str, int], folder: Path
) -> None:
    """Write `explain.tsv`, `explain.png` and `<model>.bw`.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    write_table([_row(one) for one in found], folder / TABLE)
    plot_explanations(found, folder / _PICTURE)
    for one in found:
        _write_bigwig(one, chrom_sizes, folder / f"{one.subject.name}.bw")


def text_table(found: Sequence[Explanation]) -> str:
    """A row per network, and what is to be known of them: what `regtrack explain` prints."""
    first = found[0]
    table = [["model", "network", "positives from", "bases", *WIDTH_NAMES, "context"]]
    for one in found:
        context = one.subject.context
        reach = f"-{context.left:,} +{context.right:,}"
        table.append(
            [
                one.subject.name,
                one.subject.checkpoint.architecture,
                one.positives.describe(),
                f"{one.positives.bases.bases:,}",
                *("-" if width is None else f"{width:,}" for width in one.widths),
                reach if context.exact else f"{reach} (followed)",
            ]
        )
    title = f"{first.marker.name} in {first.region}"
    return "\n".join([title, *aligned(table, 3), *_notes(found)])


def _notes(found: Sequence[Explanation]) -> list[str]:
    """What a reader must know to compare the rows."""
    said = [one.subject.note for one in found if one.subject.note]
    if found[0].positives.threshold is not None:
        said.append(
            "no measured peak here: positive is what a network predicts with the marker's "
            "threshold or more" + (", each its own bases" if len(found) > 1 else "")
        )
    return said


def _row(one: Explanation) -> dict[str, Any]:
    """Of the table for programs."""
    context = one.subject.context
    return {
        "model": named(one.subject.path),
        "architecture": one.subject.checkpoint.architecture,
        "chrom": one.region.chrom,
        "start": one.region.start,
        "end": one.region.end,
        "marker": one.marker.name,
        "positives_from": one.positives.source,
        "threshold": one.positives.threshold,
        "positive_bases": one.positives.bases.bases,
        **dict(zip(WIDTH_NAMES, one.widths, strict=True)),
        "context_left": context.left,
        "context_right": context.right,
        "context_exact": "yes" if context.exact else "no",
        "bigwig": f"{one.subject.name}.bw",
    }


def _write_bigwig(one: Explanation, chrom_sizes: Mapping[str, int], path: Path) -> None:
    """The relative norm, a value for every base that has one."""
    relative = one.relative
    number = list(chrom_sizes).index(one.region.chrom)
    with writing_bigwig(path, chrom_sizes) as writer:
        for first in range(0, len(relative), _PIECE):
            records = segments_of(relative[first : first + _PIECE], one.start + first)
            block = BlockSegments(np.array([0, len(records)], np.int64), records)
            writer.add([(one.region.chrom, encode_block(block, number).of(0))])


def segments_of(values: np.ndarray[Any, Any], start: int) -> np.ndarray[Any, Any]:
    """Runs of equal values as SEGMENT; NaN is no value.

    Parameters
    ----------
    values
        float32, one per base.
    start
        Position of the first of them, 0-based.
    """
    there = ~np.isnan(values)
    # NaN differs from NaN: such runs are of one base, and dropped.
    begins = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    ends = np.append(begins[1:], len(values))
    kept = there[begins]
    records = np.empty(int(kept.sum()), SEGMENT)
    records["start"], records["end"] = begins[kept] + start, ends[kept] + start
    records["value"] = values[begins[kept]]
    return records
