"""Downloads one file into `<name>.part`; a later try, or a later run, resumes it."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from regtrack.atomic import errors_naming, open_own, remove_left_aside
from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.fetching.failures import PassingError
from regtrack.fetching.locks import lock_if_free
from regtrack.fetching.sources import EXCLUDE_FOLDER, PEAKS_FOLDER
from regtrack.fetching.web import Web, length

_KIND = "a download"
_RANGE = re.compile(r"bytes (?:([0-9]{1,18})-[0-9]{1,18}|\*)/([0-9]{1,18})")

# A lock, a note on a partial file, an index made aside.
_LEFT = re.compile(
    r"(?P<file>.+?)(?P<end>\.lock|\.part\.json|\.[\w-]+\.\d+\.[0-9a-f]{16}\.tmp\.(?:fai|gzi))\Z",
    re.ASCII | re.DOTALL,
)


@dataclass(frozen=True)
class PartNote:
    """Which version of a file a partial file was downloaded from.

    Parameters
    ----------
    url
        The address that it came from.
    validator
        What identifies this version of the file; empty where the server sends nothing of the kind.
    size
        Bytes of the whole file, where the server told.
    """

    url: str
    validator: str
    size: int | None

    @classmethod
    def read(cls, part: Path) -> PartNote | None:
        """The note beside a partial file, when there is a sound one."""
        try:
            return read_json(note_path(part), cls)
        except (FileNotFoundError, InputError):
            return None

    def write(self, part: Path) -> None:
        """Put the note beside a partial file."""
        # One that is not whole counts as none, so that it need not be written aside.
        with os.fdopen(open_own(note_path(part), _KIND), "w", encoding="utf-8") as file:
            file.truncate(0)
            file.write(json.dumps(asdict(self)) + "\n")


def note_path(part: Path) -> Path:
    """Where the note on a partial file lies."""
    return part.with_name(f"{part.name}.json")


def drop(part: Path) -> None:
    """Remove a partial file and the note on it."""
    part.unlink(missing_ok=True)
    note_path(part).unlink(missing_ok=True)


def size_of(part: Path) -> int:
    """Bytes that are there already."""
    try:
        state = part.lstat()
    except FileNotFoundError:
        return 0
    return state.st_size if stat.S_ISREG(state.st_mode) else 0


def download(web: Web, url: str, part: Path, progress: Callable[[int], object]) -> bool:
    """Download a whole file to `part`; returns whether it resumed what an earlier run left.

    Parameters
    ----------
    progress
        Is called with the number of bytes that are there, which may also fall.

    Raises
    ------
    FetchError
        When it cannot be had; what came of it stays.
    InputError
        When a link lies in its place: its target is not regtrack's.
    OSError
        When it cannot be written; it names the file.
    """
    left = size_of(part) > 0
    web.with_retries(url, lambda: _try(web, url, part, progress), lambda: size_of(part))
    return left


def _try(web: Web, url: str, part: Path, progress: Callable[[int], object]) -> None:
    """Ask once for what is missing."""
    address, have = web.address(url), size_of(part)
    note = PartNote.read(part)
    if note is None or note.url != address:
        have = 0
    elif have == note.size:
        progress(have)
        return
    elif not note.validator or (note.size is not None and have > note.size):
        have = 0
    headers = {"Range": f"bytes={have}-", "If-Range": note.validator} if note and have else {}
    with web.ask(url, headers=headers) as response:
        first, total = _range_of(response.headers)
        if response.status_code == 416:
            if have and total == have:
                progress(have)
                return
            drop(part)
            raise PassingError(address, "the server does not know the rest of the file")
        if response.status_code == 206:
            if not have or first != have or (note and note.size not in (None, total)):
                drop(part)
                raise PassingError(address, "the server sent another part than was asked for")
        else:
            have, total = 0, length(response)
        with errors_naming(part), os.fdopen(open_own(part, _KIND), "r+b") as file:
            if not have:
                file.truncate()
                PartNote(address, _validator(response.headers), total).write(part)
            file.seek(have)
            progress(have)
            try:
                for piece in web.pieces(response):
                    file.write(piece)
                    have += len(piece)
                    progress(have)
                whole = total is None or have >= total
            except PassingError as error:
                raise _broken(address, have, total) from error
    if not whole:
        raise _broken(address, have, total)


def _broken(address: str, have: int, total: int | None) -> PassingError:
    of = "" if total is None else f" of {total:,}"
    return PassingError(address, f"the connection broke after {have:,}{of} bytes")


def _validator(headers: Mapping[str, str]) -> str:
    """A strong ETag, or else the date of the last change."""
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else headers.get("Last-Modified", "")


def _range_of(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """First byte and size of the whole, of a partial answer."""
    content_range = _RANGE.fullmatch(headers.get("Content-Range", ""))
    if content_range is None:
        return None, None
    return None if content_range[1] is None else int(content_range[1]), int(content_range[2])


def remove_leftovers(folder: Path) -> None:
    """Remove what killed fetches left, but for partial files, which a later one resumes.

    What another fetch is at work on stays.

    Where the folder cannot be written, it stays: it is in nobody's way.
    """
    for inside in (folder, folder / EXCLUDE_FOLDER, folder / PEAKS_FOLDER):
        if not inside.is_dir():
            continue
        with suppress(OSError):
            remove_left_aside(inside)
        left: dict[str, list[Path]] = {}
        for path in inside.iterdir():
            if match := _LEFT.match(path.name):
                left.setdefault(match["file"], []).append(path)
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
