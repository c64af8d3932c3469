"""What worker processes do in tests; a spawned process must be able to import it."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from pathlib import Path

from regtrack.errors import InputError


def touch(path: Path) -> None:
    path.touch()


def refuse(number: int) -> None:
    raise InputError("peaks.bed", f"{number} is not a number that I like", line=number)


def fail_with_a_bug(_: int) -> None:
    raise ZeroDivisionError("a bug")


def die(_: int) -> None:
    """As the kernel does it when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def refuse_or_touch(path: Path) -> None:
    """Only the file that is called `bad` is refused."""
    if path.name == "bad":
        raise InputError(path, "refused")
    time.sleep(0.05)
    path.touch()


def hold(path: Path) -> None:
    """Lock a file for as long as this process lives, and say so; far longer than any test."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        path.with_suffix(".held").touch()
        time.sleep(60)


def send_interrupt(path: Path) -> None:
    """What Ctrl-C does to every process of the terminal; a worker leaves it to its parent."""
    os.kill(os.getpid(), signal.SIGINT)
    path.touch()
