"""The markers table of the peaks that are there, as `--peaks` takes it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from regtrack.atomic import write_text
from regtrack.fetching.locks import file_lock
from regtrack.fetching.records import Record, Records
from regtrack.fetching.sources import MARKERS_TABLE, peaks_path
from regtrack.genome.catalogue import catalogue
from regtrack.genome.markers import COLUMNS, Marker


def write_markers_table(folder: Path, records: Records, failed: Collection[str] = ()) -> None:
    """List every marker of the catalogue whose peaks were fetched, by whichever run.

    Nothing is written, and no lock taken, where there are none, or where it says so already.

    Parameters
    ----------
    failed
        Paths of files that are not what was fetched, though there may be some.
    """
    if text_to_write(folder, records, failed) is None:
        return
    table = folder / MARKERS_TABLE
    with file_lock(table):
        text = text_to_write(folder, records, failed)  # another run may have written it
        if text is not None:
            write_text(table, text)


def text_to_write(folder: Path, records: Records, failed: Collection[str] = ()) -> str | None:
    """The table as it should be; None where it is so, or where there are no peaks."""
    known = records.read()
    there = [
        marker
        for marker in catalogue()
        if peaks_path(marker) not in failed and _is_there(folder, marker, known)
    ]
    text, table = markers_text(there), folder / MARKERS_TABLE
    if not there or (table.is_file() and table.read_bytes() == text.encode()):
        return None
    return text


def _is_there(folder: Path, marker: Marker, known: dict[str, Record]) -> bool:
    path = peaks_path(marker)
    file = folder / path
    record = known.get(path)
    if record is None or record.url != marker.extra["url"]:
        return False
    return file.is_file() and file.stat().st_size == record.size


def markers_text(markers: list[Marker]) -> str:
    """The table, with all that the catalogue says of each marker."""
    more = tuple(dict.fromkeys(key for marker in markers for key in marker.extra))
    lines = ["\t".join([*COLUMNS, *more])]
    for marker in markers:
        own = [str(getattr(marker, column)) for column in COLUMNS[:-1]]
        extra = [marker.extra.get(key, "") for key in more]
        lines.append("\t".join([*own, peaks_path(marker), *extra]))
    return "\n".join(lines) + "\n"
