"""Tables with a header line, whose columns are separated by tabs, commas, semicolons or blanks."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from regtrack.errors import InputError, printable
from regtrack.genome.textfile import read_lines

_Split = Callable[[str], list[str]]


def read_columns(
    path: Path, needed: Sequence[str], others: Iterable[str] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """Read a table row by row; the header tells what separates its columns.

    Lines that start with `#` and empty lines are passed over. In a table separated by commas or
    semicolons a field may stand in quotes.

    Parameters
    ----------
    needed
        Columns without which there is no use for it.
    others
        Columns that the message for a missing one names, too.

    Yields
    ------
    int, dict
        The number of the line, from 1, and its fields by column, without blanks around them.

    Raises
    ------
    InputError
        For a missing column or one that stands twice, a wrong number of fields, or open quotes.
    OSError
        When it cannot be read.
    """
    header: list[str] = []
    for number, line in read_lines(path):
        if not line.strip() or line.startswith("#"):
            continue
        if not header:
            separator, split = _separation(line)
            header = _fields(path, number, line, split)
            _check_header(path, number, header, needed, others)
            continue
        fields = _fields(path, number, line, split)
        if len(fields) != len(header):
            raise InputError(
                path,
                f"expected {len(header)} columns, got {len(fields)}, separated by {separator}",
                number,
            )
        yield number, dict(zip(header, fields, strict=True))


def _separation(header: str) -> tuple[str, _Split]:
    if "\t" in header:
        return "tabs", lambda line: line.split("\t")
    if "," in header:
        return "commas", partial(_quoted, ",")
    if ";" in header:
        return "semicolons", partial(_quoted, ";")
    return "blanks", str.split


def _quoted(separator: str, line: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator, strict=True))


def _fields(path: Path, number: int, line: str, split: _Split) -> list[str]:
    try:
        return [field.strip() for field in split(line)]
    except csv.Error as error:
        raise InputError(
            path, f"quotes that do not close, or not at a comma: {error}", number
        ) from None


def _check_header(
    path: Path, number: int, header: Sequence[str], needed: Sequence[str], others: Iterable[str]
) -> None:
    for column in header:
        if printable(column) != column:
            raise InputError(path, f"expected no control characters, got {column!r}", number)
    missing = [column for column in needed if column not in header]
    if missing:
        known = ", ".join(others)
        more = f" and, where they are known, {known}" if known else ""
        raise InputError(
            path,
            f"no column {', '.join(missing)}; expected a header with {', '.join(needed)}{more}; "
            f"got {', '.join(header)[:99]}",
            number,
        )
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise InputError(path, f"column {', '.join(twice)} stands twice", number)
