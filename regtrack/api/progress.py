"""Progress on stderr: what is done, of how much, how fast, and the time left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tqdm import tqdm

from regtrack.observer import Event, Observer, Unwatched

B = TypeVar("B", bound="Bar")

# In a log, which nobody watches, a bar is a line every so many seconds.
_LOG_SECONDS = 60.0
_LOG_LINE = (
    "{desc}: {percentage:3.0f}% {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"
)


class _Log:
    """What tqdm writes to where stderr is no terminal: a line for each state of the bar."""

    def write(self, text: str) -> None:
        """Write a state; not what only moves a cursor."""
        if line := text.strip():
            sys.stderr.write(f"{line}\n")

    def flush(self) -> None:
        """Pass on what waits."""
        sys.stderr.flush()


class Bar:
    """The observer that shows each stage as a bar, one at a time.

    A context manager, so that none outlives its work.
    """

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def __enter__(self: B) -> B:
        return self

    def __exit__(self, *_: object) -> None:
        self.finished()

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Begin a bar of `total` units, `done` of which are done."""
        self.finished()
        self._bar = tqdm(
            desc=name,
            total=total,
            initial=done,
            unit=unit,
            unit_scale=unit in ("bp", "B"),
            **_looks(),
        )
        self._bar.delay = 0  # that of a log is for its first line only

    def advanced(self, units: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(units)

    def finished(self) -> None:
        """End the bar, if there is one."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def told(self, event: Event) -> None:
        """Pass it over."""


def _looks() -> dict[str, Any]:
    """How a bar is drawn: in place on a terminal, as lines elsewhere."""
    if sys.stderr.isatty():
        return {"file": sys.stderr, "dynamic_ncols": True}
    seconds = {"mininterval": _LOG_SECONDS, "maxinterval": _LOG_SECONDS, "miniters": 0}
    # Nothing is said before anything is done.
    return {"file": _Log(), "bar_format": _LOG_LINE, "delay": 1e-9, **seconds}


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
