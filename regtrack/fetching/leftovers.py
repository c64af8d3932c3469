"""What killed fetches leave, besides partial files, which a later one goes on with."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from regtrack.atomic import remove_left_aside
from regtrack.errors import InputError
from regtrack.fetching.download import drop
from regtrack.fetching.locks import lock_if_free
from regtrack.fetching.sources import EXCLUDE_FOLDER, PEAKS_FOLDER

# A lock, a note on a partial file, an index made aside.
_LEFT = re.compile(
    r"(?P<file>.+?)(?P<end>\.lock|\.part\.json|\.[\w-]+\.\d+\.[0-9a-f]{16}\.tmp\.(?:fai|gzi))\Z",
    re.ASCII | re.DOTALL,
)


def remove_leftovers(folder: Path) -> None:
    """Remove what is of no use to a later fetch, as far as nobody is at work on its file.

    Where the folder cannot be written, it stays: it is in nobody's way.
    """
    for inside in (folder, folder / EXCLUDE_FOLDER, folder / PEAKS_FOLDER):
        if not inside.is_dir():
            continue
        with suppress(OSError):
            remove_left_aside(inside)
        left: dict[str, list[Path]] = {}
        for path in inside.iterdir():
            if found := _LEFT.match(path.name):
                left.setdefault(found["file"], []).append(path)
        for name, paths in left.items():
            with suppress(OSError, InputError), lock_if_free(inside / name) as free:
                if free:
                    _remove(inside / f"{name}.part", paths)


def _remove(part: Path, left: list[Path]) -> None:
    """Remove some files, but for a lock, which goes with its holder, and a note that is of use."""
    for path in left:
        if path.suffix in {".fai", ".gzi"}:
            path.unlink(missing_ok=True)
    if not part.exists():
        drop(part)
