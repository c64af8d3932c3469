"""Tables, as people and as programs read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regtrack.atomic import write_text
from regtrack.report.numbers import tsv_field


def write_table(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows of the same columns, at least one, tab-separated, with a header.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    lines = [list(rows[0]), *([tsv_field(value) for value in row.values()] for row in rows)]
    write_text(path, "\n".join("\t".join(line) for line in lines) + "\n")
