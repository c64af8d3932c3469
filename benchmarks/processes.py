"""What other processes take, and what parts of this one do."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


def processes_below(pid: int) -> Iterator[int]:
    """A process and all that it started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from processes_below(int(child))


def memory_of(pid: int) -> int:
    """Bytes that a process and all that it started hold; what they share counts once."""
    total = 0
    try:
        for one in processes_below(pid):
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in text.splitlines() if line[:4] == "Pss:")
    except (OSError, StopIteration):  # one of them has just ended
        return 0
    return 1024 * total


class Cost(NamedTuple):
    """What a command of regtrack takes, all its processes together."""

    seconds: float
    cpu_seconds: float
    memory: int  # at its peak, bytes


def children_seconds() -> float:
    """Processor seconds of all processes that were started here, and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_command(*words: object) -> Cost:
    """Run a command of regtrack."""
    command = [sys.executable, "-m", "regtrack", *map(str, words)]
    began, used = time.monotonic(), children_seconds()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, memory_of(process.pid))
            time.sleep(0.25)

    watcher = threading.Thread(target=watch)
    watcher.start()
    if process.wait():
        sys.exit(f"failed: {command}")
    took = time.monotonic() - began
    watcher.join()
    return Cost(took, children_seconds() - used, peak)


def start_seconds(program: str, *words: object) -> float:
    """Processor seconds of a fresh interpreter that runs a program."""
    used = children_seconds()
    subprocess.run([sys.executable, "-c", program, *map(str, words)], check=True)
    return children_seconds() - used


class Clock:
    """Adds up the seconds of parts of a program, by name: this process's processor seconds."""

    def __init__(self, now: Callable[[], float] = time.process_time) -> None:
        self.seconds: dict[str, float] = {}
        self._now = now

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Count the body's time."""
        began = self._now()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + self._now() - began
