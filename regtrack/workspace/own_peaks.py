"""The markers table that `regtrack init` makes of a user's peak files."""

from __future__ import annotations

import os
from pathlib import Path

from regtrack.errors import InputError, OptionError
from regtrack.fetching.sources import MARKERS_TABLE
from regtrack.folders import check_file
from regtrack.genome.markers import COLUMNS, count_categories, read_markers
from regtrack.genome.measured import is_table, read_measured
from regtrack.paths import is_text


def table_of(peaks: Path, category: str | None, folder: Path, force: bool) -> tuple[Path, str]:
    """Where the table of some peaks lies, and the text that is to be written there.

    Parameters
    ----------
    peaks
        As `regtrack.genome.measured.read_measured`. A table is taken as it is: there is no text.
    category
        Of all markers; without it, what their names tell.
    folder
        Where the table goes; its files are relative to it.
    force
        Replace a table that lies there.

    Raises
    ------
    InputError
        As `read_measured`; when there is a table and `force` is not given, or a file has a name
        that is not UTF-8.
    OptionError
        When a table is to have another category than it says.
    OSError
        When a table cannot be read.
    """
    if is_table(peaks):
        if category is not None:
            raise OptionError("--category", f"is for peak files; {peaks} is a table, which says it")
        read_markers(peaks)
        return peaks, ""
    table = folder / MARKERS_TABLE
    check_file(table, force, "a markers table")
    rows = [COLUMNS]
    for one in read_measured(peaks, category):
        file = os.path.relpath(one.file, folder)
        if not is_text(file):
            raise InputError(file, "no name that a table can hold; expected one in UTF-8")
        words = (one.name, one.category, one.cell, one.target, one.treatment)
        rows.append((str(one.index), *words, file))
    return table, "".join("\t".join(row) + "\n" for row in rows)


def what_to_check(table: Path, guessed: bool) -> str:
    """What of a table that was just written only its user knows.

    Parameters
    ----------
    guessed
        Whether categories are guesses.
    """
    markers = read_markers(table)
    lines = [f"wrote {table}: {len(markers)} markers ({count_categories(markers)})"]
    without_cell = sum(marker.cell == "None" for marker in markers)
    if guessed:
        lines.append("check in it: category, which was guessed from the names")
    if without_cell:
        lines.append(f"fill in, where you like: cell, target, treatment ({without_cell} have none)")
    return "\n".join(lines)
