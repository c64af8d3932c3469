"""Where files are kept that several projects share."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """`$REGTRACK_CACHE`, or regtrack's folder among the user's caches; it need not exist."""
    asked = os.environ.get("REGTRACK_CACHE")
    return Path(asked).expanduser() if asked else Path(platformdirs.user_cache_dir("regtrack"))
