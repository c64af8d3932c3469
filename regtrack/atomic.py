"""Files that are complete or absent: written aside, then renamed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an `OSError` from the body say which file it is about, should it not do so.

    A full disk comes without a name, and libraries raise an `OSError` of words alone.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), str(path)) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; rename it to `path` on success.

    When the body raises, the file aside is removed and `path` is as it was. A killed
    process leaves at most `<name>.<pid>.tmp`, never a `path` that looks finished.

    Raises
    ------
    OSError
        When the folder cannot be written, or the disk is full; it names `path`.
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with naming(path):
            yield aside
            with aside.open("rb+") as handle:
                os.fsync(handle.fileno())
            aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, complete or not at all."""
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8")
