"""Paths as people write them, and as files keep them."""

from __future__ import annotations

import os
from pathlib import Path

from regtrack.errors import InputError, printable


def expanded(text: str | Path) -> Path:
    """A path as it was written, with `~` or `~user` in front as that home folder.

    Raises
    ------
    InputError
        Where nobody of that name has one, or the text cannot be a path.
    """
    if "\0" in str(text):
        raise InputError(printable(str(text)), "expected a path, which has no NUL in it")
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError as error:
        if os.path.lexists(path):
            return path  # a file whose name begins with ~
        raise InputError(path, f"there is no home folder {path.parts[0]}") from error
