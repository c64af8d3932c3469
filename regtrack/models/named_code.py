"""Files of networks that a user has named: code in them is run for no other reason.

Loads nothing heavy, for the command line names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_allowed: ContextVar[tuple[Path, ...]] = ContextVar("allowed_code", default=())

_SUFFIX = ".py"


@contextmanager
def allowing_code(files: Iterable[Path]) -> Iterator[None]:
    """While the body runs, networks may be taken from these Python files, too.

    A worker process knows nothing of it: what it is given must bring `allowed_code()` along.
    """
    token = _allowed.set(tuple(dict.fromkeys((*_allowed.get(), *files))))
    try:
        yield
    finally:
        _allowed.reset(token)


def allowed_code() -> tuple[Path, ...]:
    """The files from which code may be run, each once, in order."""
    return _allowed.get()


def split_reference(text: str) -> tuple[Path, str] | None:
    """`my_networks.py:MyNet` as file and class; None for what is not written so.

    The class is empty where only a file is named.
    """
    if text.endswith(_SUFFIX):
        return Path(text), ""
    file, colon, name = text.rpartition(":")
    return (Path(file), name) if colon and file.endswith(_SUFFIX) else None


def files_in(texts: Iterable[str]) -> tuple[Path, ...]:
    """The files among the names of some networks."""
    return tuple(reference[0] for text in texts if (reference := split_reference(text)))
