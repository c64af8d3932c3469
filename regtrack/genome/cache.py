"""Where what is fetched or made once is kept for later runs."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from regtrack.errors import InputError

_VARIABLE = "REGTRACK_CACHE"


def cache_folder() -> Path:
    """`$REGTRACK_CACHE`, or the user's cache folder of regtrack; it may not exist yet.

    Raises
    ------
    InputError
        When `$REGTRACK_CACHE` lies in the home folder of nobody.
    """
    chosen = os.environ.get(_VARIABLE)
    if not chosen:
        return user_cache_path("regtrack")
    try:
        return Path(chosen).expanduser().absolute()
    except RuntimeError as error:
        raise InputError(_VARIABLE, f"no such user's home folder: {chosen}") from error


def possible_cache_folder() -> Path:
    """`cache_folder()`, provided that no file is in its way.

    Raises
    ------
    InputError
        When one is, or as `cache_folder` does.
    """
    folder = cache_folder()
    for path in (folder, *folder.parents):
        with suppress(OSError):  # such as a folder that one may not look into
            if path.exists() and not path.is_dir():
                raise InputError(_VARIABLE, f"expected a folder; {path} is a file")
    return folder
