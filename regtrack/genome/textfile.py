"""Text files, plain or gzip, read whole."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from regtrack.errors import InputError


def read_bytes(path: Path) -> bytes:
    """Read a plain or gzip (also bgzip) file whole, decompressed.

    Raises
    ------
    InputError
        When a gzip file is truncated or damaged.
    OSError
        When the file is missing, is a folder, or cannot be read.
    """
    raw = path.read_bytes()
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(path, f"truncated or damaged gzip file ({error})") from error


def read_text(path: Path) -> str:
    """Read a plain or gzip UTF-8 text file whole; a byte-order mark is dropped.

    Raises
    ------
    InputError
        When the file is not text, or is a damaged gzip file.
    OSError
        When the file cannot be read.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(path, "not a text file (UTF-8 expected)") from error
