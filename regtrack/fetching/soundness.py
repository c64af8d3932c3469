"""Whether what came is what was asked for."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from regtrack.fetching.failures import DamagedError
from regtrack.fetching.sources import Source

_PIECE = 1 << 20


def check_begin(source: Source, part: Path) -> None:
    """Tell a file from the web page that some servers send in its stead.

    Raises
    ------
    DamagedError
        Naming what it is.
    """
    with part.open("rb") as file:
        head = file.read(64)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise DamagedError(source.url, "the server sent a web page in place of the file")
    if not head:
        raise DamagedError(source.url, "the server sent an empty file")
    if source.form in ("gzip", "fasta") and not head.startswith(b"\x1f\x8b"):
        raise DamagedError(source.url, "not a gzip file")


def check_content(source: Source, part: Path) -> None:
    """Read a file to its end.

    Raises
    ------
    DamagedError
        When it is truncated or damaged.
    """
    if source.form == "gzip":
        try:
            with gzip.open(part) as file:
                while file.read(_PIECE):
                    pass
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedError(source.url, f"truncated or damaged gzip file ({error})") from error
    elif source.form == "sizes":
        for number, line in enumerate(part.read_bytes().splitlines(), start=1):
            fields = line.split(b"\t")
            if len(fields) != 2 or not fields[0] or not fields[1].isdigit():
                raise DamagedError(
                    source.url, f"line {number} is not a chromosome's name and length"
                )
