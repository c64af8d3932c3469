"""Progress on stderr: what is done, of how much, how fast, and the time left."""

from __future__ import annotations

import sys
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

    def write(self, text: str) -> None:
        """Write a state; not what only moves a cursor."""
        if line := text.strip():
            self._screen.write(f"{line}\n")

    def flush(self) -> None:
        """Pass on what waits."""
        self._screen.flush()


class Bar:
    """The observer that shows each stage as a bar, one at a time.

    A context manager, so that none outlives its work.

    Parameters
    ----------
    screens
        Where to show it; on stderr, if None.
    """

    def __init__(self, screens: Sequence[Screen] | None = None) -> None:
        self._screens = (sys.stderr,) if screens is None else screens
        self._bars: list[tqdm[Any]] = []

    def __enter__(self: B) -> B:
        return self

    def __exit__(self, *_: object) -> None:
        self.finished()

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Begin a bar of `total` units, `done` of which are done."""
        self.finished()
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
        for bar in self._bars:
            bar.update(units)

    def finished(self) -> None:
        """End the bar, if there is one."""
        while self._bars:
            self._bars.pop().close()

    def told(self, event: Event) -> None:
        """Pass it over."""


def _looks(screen: Screen) -> dict[str, Any]:
    """How a bar is drawn: in place on a terminal, as lines elsewhere."""
    if screen.isatty():
        return {"file": screen, "dynamic_ncols": True}
    seconds = {"mininterval": _LOG_SECONDS, "maxinterval": _LOG_SECONDS, "miniters": 0}
    # Nothing is said before anything is done. No bar stands below another one.
    return {
        "file": _Lines(screen),
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
