"""Progress on stderr: what is done, of how much, how fast, and the time left."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from tqdm import tqdm

from regtrack.observer import Event, Observer, Unwatched

B = TypeVar("B", bound="Bar")

# In a log, which nobody watches, a bar is a line every so many seconds.
_LOG_SECONDS = 60.0
_LOG_LINE = (
    "{desc}: {percentage:3.0f}% {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"
)


class Screen(Protocol):
    """Where bars are shown: sys.stderr, or what takes lines."""

    def write(self, text: str, /) -> object:
        """Write a text."""

    def flush(self) -> object:
        """Pass on what waits."""

    def isatty(self) -> bool:
        """Whether bars can be drawn in place."""


class _Lines:
    """What tqdm writes to where there is no terminal: a line for each state of the bar."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._last = time.monotonic()

    def write(self, text: str) -> None:
        """Write a state; not what only moves a cursor."""
        if line := text.strip():
            self._screen.write(f"{line}\n")
            self._last = time.monotonic()

    def flush(self) -> None:
        """Pass on what waits."""
        self._screen.flush()

    def isatty(self) -> bool:
        """Bars cannot be drawn in place."""
        return False

    @property
    def silent(self) -> float:
        """Seconds since the last line."""
        return time.monotonic() - self._last


class Bar:
    """The observer that shows each stage as a bar, one at a time.

    A context manager, so that none outlives its work. While it is entered, a log gets a line a
    minute also where nothing is done meanwhile: a reader knows that the work goes on.

    Parameters
    ----------
    screens
        Where to show it; on stderr, if None.
    """

    def __init__(self, screens: Sequence[Screen] | None = None) -> None:
        screens = (sys.stderr,) if screens is None else screens
        self._screens = [one if one.isatty() else _Lines(one) for one in screens]
        self._bars: list[tqdm[Any]] = []
        self._doing = "still at work"
        self._moved = time.monotonic()
        self._over = threading.Event()

    def __enter__(self: B) -> B:
        if any(isinstance(screen, _Lines) for screen in self._screens):
            threading.Thread(
                target=self._go_on, args=(time.monotonic(),), name="progress", daemon=True
            ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.finished()

    def _go_on(self, began: float) -> None:
        """Say once a minute, where no bar does, that the work goes on."""
        while not self._over.wait(_LOG_SECONDS):
            now = time.monotonic()
            if now - self._moved < _LOG_SECONDS:
                continue  # the bar is about to say so
            elapsed = tqdm.format_interval(now - began)
            for screen in self._screens:
                if isinstance(screen, _Lines) and screen.silent >= _LOG_SECONDS:
                    screen.write(f"{self._doing} [{elapsed}]")

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Begin a bar of `total` units, `done` of which are done."""
        self.finished()
        self._doing = f"{name}: no {'further ' if done else ''}{unit} done yet"
        for screen in self._screens:
            bar = tqdm(
                desc=name,
                total=total,
                initial=done,
                unit=unit,
                unit_scale=unit in ("bp", "B"),
                **_looks(screen),
            )
            bar.delay = 0  # that of a log is for its first line only
            self._bars.append(bar)

    def advanced(self, units: int) -> None:
        """Move the bar."""
        self._moved = time.monotonic()
        self._doing = "still at work"
        for bar in self._bars:
            bar.update(units)

    def finished(self) -> None:
        """End the bar, if there is one."""
        self._doing = "still at work"
        while self._bars:
            bar = self._bars.pop()
            if not (bar.n or bar.total):
                bar.leave = False  # 0 of nobody knows how many says nothing
            bar.close()

    def told(self, event: Event) -> None:
        """Pass it over."""


def _looks(screen: Screen | _Lines) -> dict[str, Any]:
    """How a bar is drawn: in place on a terminal, as lines elsewhere."""
    if screen.isatty():
        return {"file": screen, "dynamic_ncols": True}
    seconds = {"mininterval": _LOG_SECONDS, "maxinterval": _LOG_SECONDS, "miniters": 0}
    # Nothing is said before anything is done. No bar stands below another one.
    return {
        "file": screen,
        "bar_format": _LOG_LINE,
        "delay": 1e-9,
        "position": 0,
        **seconds,
    }


@contextmanager
def observed(progress: bool | Observer) -> Iterator[Observer]:
    """What is told of the progress while the body runs.

    Parameters
    ----------
    progress
        True for a bar on stderr, False for nothing, or an observer of the caller's own.
    """
    if progress is True:
        with Bar() as bar:
            yield bar
    else:
        yield progress or Unwatched()
