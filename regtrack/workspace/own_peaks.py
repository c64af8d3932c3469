"""The markers table that `regtrack init` makes of a user's peak files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from regtrack.errors import ArgumentError, InputError
from regtrack.fetching.sources import MARKERS_TABLE
from regtrack.folders import check_file
from regtrack.genome.bed import first_rows
from regtrack.genome.markers import COLUMNS, Marker, count_categories, read_markers
from regtrack.genome.measured import is_table, markers_of_files, tell_summits
from regtrack.genome.row_counts import RowCounts, sentences
from regtrack.listing import counted
from regtrack.notes import note
from regtrack.paths import is_text


def table_of(
    peaks: Sequence[Path], category: str | None, folder: Path, force: bool
) -> tuple[Path, str]:
    """Where the table of some peaks lies, and the text that is to be written there.

    The first rows of every file are read.

    Parameters
    ----------
    peaks
        Each as `regtrack.genome.measured.read_measured`. A table is taken as it is: there is no
        text.
    category
        Of all markers; without it, what their names tell.
    folder
        Where the table goes; its files are relative to it.
    force
        Replace a table that lies there.

    Raises
    ------
    InputError
        As `read_measured`; when there is a table and `force` is not given, a file has a name
        that is not UTF-8, or is not BED.
    ArgumentError
        When a table is to have another category than it says, or is not alone.
    OSError
        When a file cannot be read.
    """
    tables = [path for path in peaks if is_table(path)]
    if tables and len(peaks) > 1:
        raise ArgumentError("peaks", f"{tables[0]} is a table; expected it alone, or peak files")
    if tables:
        if category is not None:
            raise ArgumentError(
                "category", f"is for peak files; {tables[0]} is a table, which says it"
            )
        _look_at(tables[0], read_markers(tables[0]))
        return tables[0], ""
    table = folder / MARKERS_TABLE
    check_file(table, force, "a markers table")
    rows = [COLUMNS]
    markers = markers_of_files(peaks, category)
    for marker in markers:
        file = os.path.relpath(marker.file, folder)
        if not is_text(file):
            raise InputError(file, "no name that a table can hold; expected one in UTF-8")
        words = (marker.name, marker.category, marker.cell, marker.target, marker.treatment)
        rows.append((str(marker.index), *words, file))
    _look_at(peaks[0], markers)
    return table, "".join("\t".join(row) + "\n" for row in rows)


def _look_at(named: Path, markers: Sequence[Marker]) -> None:
    """Read the first rows of every file, and tell what seems wrong, or is passed over."""
    files = [Path(marker.file) for marker in markers]
    read = {file: first_rows(file) for file in files}
    widths = {file.name: width for file, (width, _) in read.items() if width is not None}
    tell_summits(named, widths)
    headers = [
        RowCounts(str(file), rows=1, header=header) for file, (_, header) in read.items() if header
    ]
    for sentence in sentences(headers, "peaks"):
        note(sentence)


def what_to_check(table: Path, guessed: bool) -> str:
    """What of a table that was just written only its user knows.

    Parameters
    ----------
    guessed
        Whether categories are guesses.
    """
    markers = read_markers(table)
    lines = [f"wrote {table}: {counted(len(markers), 'marker')} ({count_categories(markers)})"]
    without_cell = sum(marker.cell == "None" for marker in markers)
    cells = [
        marker
        for marker in markers
        if {marker.cell, marker.target} != {"None"} and "|" not in marker.name
    ]
    checked = [*(["category"] if guessed else []), *(["cell and target"] if cells else [])]
    if checked:
        verb = "were" if cells else "was"
        lines.append(f"check in it: {', '.join(checked)}, which {verb} guessed from the names")
    if without_cell:
        lines.append(f"fill in, where you like: cell, target, treatment ({without_cell} have none)")
    return "\n".join(lines)
