"""`fetched.json`: what was fetched and its checksums, so that a later run can tell what is new."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from threading import Lock

from regtrack.atomic import write_text
from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.fetching.locks import file_lock

_PIECE = 1 << 20


@dataclass(frozen=True)
class Digests:
    """Size and checksums of a file."""

    size: int
    sha256: str
    md5: str


def digests(path: Path, md5: bool = False) -> Digests:
    """Read a file once; its MD5 is left empty unless asked for."""
    sha256, other, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            size += len(piece)
            sha256.update(piece)
            if md5:
                other.update(piece)
    return Digests(size, sha256.hexdigest(), other.hexdigest() if md5 else "")


NAME = "fetched.json"
VERSION = 1


@dataclass(frozen=True)
class Record:
    """A file as it was fetched.

    Parameters
    ----------
    sha256, size
        Of the file.
    url
        Where it, or what it was made of, is published.
    date
        When it was fetched: UTC, ISO 8601.
    source_md5, source_size
        Of what came from there.
    published
        Whether that MD5 is the one that was published; there are files of which none is.
    """

    sha256: str
    size: int
    url: str
    date: str
    source_md5: str
    source_size: int
    published: bool

    @classmethod
    def of(cls, file: Digests, url: str, source: Digests, published: bool) -> Record:
        """A record with the present time."""
        now = datetime.now(timezone.utc).replace(microsecond=0).isoformat()
        return cls(file.sha256, file.size, url, now, source.md5, source.size, published)


@dataclass(frozen=True)
class _Fetched:
    """`fetched.json` as a whole."""

    files: dict[str, Record]


class Records:
    """The records of one folder, which several processes may write at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._turn = Lock()  # threads of one process need not look again and again
        self._seen: tuple[tuple[int, ...], dict[str, Record]] = ((), {})

    def read(self) -> dict[str, Record]:
        """Records by path in the folder; none where nothing was fetched.

        Raises
        ------
        InputError
            When the file is not one of ours, or of a newer format.
        """
        try:
            state = self._path.stat()
        except FileNotFoundError:
            return {}
        # Every version is another file: that of 919 peaks need not be read 919 times.
        version_of = (state.st_ino, state.st_mtime_ns, state.st_size)
        if self._seen[0] != version_of:
            self._seen = (version_of, self._read())
        return dict(self._seen[1])

    def _read(self) -> dict[str, Record]:
        try:
            return read_json(self._path, _Fetched, VERSION).files
        except FileNotFoundError:
            return {}
        except InputError as error:
            problem = error.problem
            if not problem.startswith("damaged"):  # a newer format
                raise
            raise InputError(
                self._path, f"{problem}; remove it to fetch everything again"
            ) from error

    def add(self, new: Mapping[str, Record]) -> None:
        """Write some records, and keep all others."""
        with self._turn, file_lock(self._path):
            files = self.read() | dict(new)
            listed = ",\n".join(_line(path, files[path]) for path in sorted(files))
            write_text(self._path, f'{{"format": {VERSION}, "files": {{\n{listed}\n}}}}\n')
            state = self._path.stat()
            self._seen = ((state.st_ino, state.st_mtime_ns, state.st_size), files)

    def problem(self, path: str, url: str, records: Mapping[str, Record]) -> str | None:
        """Why a file is not what was fetched from an address; None where it is."""
        file = self._folder / path
        if not file.is_file():
            return "missing"
        record = records.get(path)
        if record is None:
            return f"not in {NAME}"
        if record.url != url:
            return f"fetched from {record.url}"
        size = file.stat().st_size
        if size != record.size:
            return f"changed: {size:,} bytes, {record.size:,} were fetched"
        if digests(file).sha256 != record.sha256:
            return "changed: other bytes than were fetched"
        return None


@cache
def _line(path: str, record: Record) -> str:
    return f"{json.dumps(path)}: {json.dumps(asdict(record))}"
