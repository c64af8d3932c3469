"""The markers table of the peaks that are there, as `--peaks` takes it."""

from __future__ import annotations

from pathlib import Path

from regtrack.atomic import write_text
from regtrack.fetching.locks import file_lock
from regtrack.fetching.records import Record, Records
from regtrack.fetching.sources import peaks_path
from regtrack.genome.catalogue import catalogue
from regtrack.genome.markers import COLUMNS, Marker

NAME = "markers.tsv"


def write_markers_table(folder: Path, records: Records) -> None:
    """List every marker of the catalogue whose peaks were fetched, by whichever run.

    Nothing is written where there are none, or where it says so already.
    """
    table = folder / NAME
    with file_lock(table):
        for left in folder.glob(f"{NAME}.*.tmp"):
            left.unlink()  # of a killed run
        known = records.read()
        there = [marker for marker in catalogue() if _is_there(folder, marker, known)]
        text = markers_text(there)
        if there and not (table.is_file() and table.read_bytes() == text.encode()):
            write_text(table, text)


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
