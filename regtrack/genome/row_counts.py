"""Rows of BED files that were not taken as they stand: counted, and told in a sentence each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from regtrack.listing import first_names, names_and_rest


@dataclass(frozen=True)
class RowCounts:
    """Rows of one file.

    Parameters
    ----------
    rows
        All of them.
    unknown, unknown_names
        Those on chromosomes that the genome lacks, and the first names of these.
    mitochondrial
        Those on mitochondria, where these are left out.
    no_length
        Those whose end is their start.
    clipped
        Those that reached past an end of their chromosome.
    header
        Names of columns that stand before them, without a #.
    """

    path: str
    rows: int = 0
    unknown: int = 0
    unknown_names: tuple[str, ...] = ()
    mitochondrial: int = 0
    no_length: int = 0
    clipped: int = 0
    header: str = ""


def sentences(counted: Sequence[RowCounts], what: str) -> list[str]:
    """One sentence per kind of row that was dropped or changed, over all of the files.

    Parameters
    ----------
    what
        What is in the files, such as `peaks`.
    """
    files = sorted({file.path: file for file in counted}.values(), key=lambda file: file.path)
    lacking = dict.fromkeys(name for file in files for name in file.unknown_names)
    headers = dict.fromkeys(file.header for file in files if file.header)
    # Peaks of a whole genome are often used with a part of it; regions were asked for.
    calm = "; all is well, unless it should have these" if lacking and what != "regions" else ""
    elsewhere = f"on chromosomes that the genome lacks ({first_names(lacking)})" if lacking else ""
    mitochondrion = "on the mitochondrion" if any(file.mitochondrial for file in files) else ""
    fates: list[tuple[Callable[[RowCounts], int], str, str]] = [
        (
            lambda file: file.unknown + file.mitochondrial,
            "left out",
            " and ".join(filter(None, (elsewhere, mitochondrion))) + calm,
        ),
        (lambda file: file.no_length, "skipped", "of length 0 (start = end)"),
        (
            lambda file: int(bool(file.header)),
            "passed over",
            f"a header without # ({first_names(headers)})",
        ),
        (lambda file: file.clipped, "clipped", "past an end of their chromosome"),
    ]
    lines = []
    for count, fate, why in fates:
        some = [file for file in files if count(file)]
        if some:
            rows = sum(map(count, some))
            rows_of = f"{rows:,} {'row' if rows == 1 else 'rows'} of {_files(some)}"
            lines.append(f"{what}: {fate} {rows_of}, {why}")
    empty = [file for file in files if not file.rows]
    if empty:
        names = names_and_rest([Path(file.path).name for file in empty])
        lines.append(f"{what}: no rows in {_files(empty)}{f': {names}' if len(empty) > 1 else ''}")
    return lines


def _files(some: Sequence[RowCounts]) -> str:
    """`a.bed`, or `12 files`."""
    return some[0].path if len(some) == 1 else f"{len(some):,} files"
