"""Waiting for what other processes do, however busy the machine is."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

    from forking import Forked

PATIENCE = 900.0  # seconds: only what hangs takes longer


def wait_until(
    condition: Callable[[], bool], process: subprocess.Popen[Any] | Forked | None = None
) -> None:
    """Return when the condition holds; fail when the process has ended before."""
    end = time.monotonic() + PATIENCE
    ended = False
    while not condition():
        assert not ended, process and process.communicate()
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)
        ended = process is not None and process.poll() is not None


def is_free(path: Path) -> bool:
    """Whether no living process holds the lock; unlike a process id it is never reused."""
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
