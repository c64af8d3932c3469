"""What a user should know, but nothing stops for, such as what was left out or made anew.

Notes go through the standard library's logging, under the name `regtrack`. The command prints
each once; who uses the library hears them with a handler of their own, and is told nothing
otherwise. A worker process has no listener: its notes are its parent's to make.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from regtrack.errors import printable

_LOGGER = logging.getLogger("regtrack")
_LOGGER.addHandler(logging.NullHandler())  # else logging itself would print where nobody listens


def note(text: str) -> None:
    """Tell whoever listens; one line, without a full stop, that any handler can write."""
    _LOGGER.warning("%s", printable(text))


@contextmanager
def heard(tell: Callable[[str], object]) -> Iterator[None]:
    """Call `tell` with every note made while the body runs, with each text once."""
    listener = _Listener(tell)
    _LOGGER.addHandler(listener)
    try:
        yield
    finally:
        _LOGGER.removeHandler(listener)


@contextmanager
def told_before(texts: Collection[str]) -> Iterator[None]:
    """Pass over notes of these texts, which the user has heard, while the body runs."""

    def is_new(record: logging.LogRecord) -> bool:
        return record.getMessage() not in texts

    _LOGGER.addFilter(is_new)
    try:
        yield
    finally:
        _LOGGER.removeFilter(is_new)


class _Listener(logging.Handler):
    """Passes every text on that it did not hear before."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        super().__init__()
        self._tell = tell
        self._heard: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on the record's text."""
        text = record.getMessage()
        if text not in self._heard:
            self._heard.add(text)
            self._tell(text)
