"""One process and thread at a time for one file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from regtrack.atomic import is_at, locked, open_lock

_FIRST_WAIT, _LONGEST_WAIT = 0.005, 0.5


@contextmanager
def file_lock(
    path: Path,
    check: Callable[[], object] = lambda: None,
    waiting: Callable[[], object] = lambda: None,
) -> Iterator[None]:
    """Wait until nobody else holds `<path>.lock`, and hold it; it is gone afterwards.

    A killed process holds nothing.

    Parameters
    ----------
    check
        Is called while waiting; may raise.
    waiting
        Is called once when the wait is not a short one.
    """
    lock = path.with_name(f"{path.name}.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    wait, told = _FIRST_WAIT, False
    while True:
        with os.fdopen(open_lock(lock), "rb") as file:
            if locked(file.fileno()) and is_at(file.fileno(), lock):
                try:
                    yield
                finally:
                    lock.unlink(missing_ok=True)
                return
        check()
        if wait >= _LONGEST_WAIT and not told:
            waiting()
            told = True
        time.sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT)


@contextmanager
def lock_if_free(path: Path) -> Iterator[bool]:
    """As `file_lock`, without waiting; yields whether the lock was free."""
    lock = path.with_name(f"{path.name}.lock")
    with os.fdopen(open_lock(lock), "rb") as file:
        free = locked(file.fileno()) and is_at(file.fileno(), lock)
        try:
            yield free
        finally:
            if free:
                lock.unlink(missing_ok=True)
