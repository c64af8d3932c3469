"""Checksums that are published beside files."""

from __future__ import annotations

import re
from threading import Lock

from regtrack.fetching.failures import FetchError
from regtrack.fetching.web import Web

# What servers answer where there is no such file; some mirrors say so with 403.
_NONE = (403, 404, 410)
_LINE = re.compile(r"([0-9a-fA-F]{32})\s+\*?(\S+)")


class PublishedChecksums:
    """MD5 of published files: `md5sum.txt` of each folder, asked for once.

    To be shared between threads.
    """

    def __init__(self, web: Web) -> None:
        self._web = web
        self._lock = Lock()
        self._locks: dict[str, Lock] = {}
        self._known: dict[str, dict[str, str] | FetchError] = {}

    def md5(self, url: str) -> str | None:
        """The published MD5 of a file; None where none is published.

        Raises
        ------
        FetchError
            When that cannot be found out.
        """
        folder, _, name = url.rpartition("/")
        with self._lock:
            lock = self._locks.setdefault(folder, Lock())
        with lock:
            if folder not in self._known:
                self._known[folder] = self._ask(f"{folder}/md5sum.txt")
        known = self._known[folder]
        if isinstance(known, FetchError):
            raise known
        return known.get(name)

    def _ask(self, url: str) -> dict[str, str] | FetchError:
        try:
            return read_md5sums(self._web.text(url))
        except FetchError as error:
            return {} if error.status in _NONE else error


def read_md5sums(text: str) -> dict[str, str]:
    """MD5 by file name, of `md5  name` lines; other lines are passed over."""
    matches = (_LINE.fullmatch(line.strip()) for line in text.splitlines())
    return {line[2].rpartition("/")[2]: line[1].lower() for line in matches if line}
