"""Where what is fetched or made once is kept for later runs."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_folder() -> Path:
    """`$REGTRACK_CACHE`, or the user's cache folder of regtrack; it may not exist yet."""
    chosen = os.environ.get("REGTRACK_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else user_cache_path("regtrack")
