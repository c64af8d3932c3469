"""The folder of a demo: known again by its regtrack.toml, and only then emptied."""

from __future__ import annotations

import shutil
from pathlib import Path

from regtrack.atomic import write_text
from regtrack.errors import InputError

_FIRST_LINE = "# What regtrack commands in this folder need not be told.\n"


def prepare_folder(folder: Path, config: str, force: bool) -> None:
    """Make the folder with its `regtrack.toml`; only a demo's own folder is ever emptied.

    Parameters
    ----------
    config
        Text of the file, without the line by which it is known again.

    Raises
    ------
    InputError
        When the folder exists and is not a demo's, or `force` is not set.
    OSError
        When it cannot be written.
    """
    written = folder / "regtrack.toml"
    if folder.exists():
        if not folder.is_dir():
            raise InputError(folder, "is a file; expected a folder that does not exist yet")
        if not force:
            raise InputError(folder, "exists already; --force starts the demo anew in it")
        if not written.is_file() or not written.read_bytes().startswith(_FIRST_LINE.encode()):
            raise InputError(folder, "not emptied: it is not a folder of the demo")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    write_text(written, _FIRST_LINE + config)  # first: by it the folder is known again
