"""How work that takes long tells what it is doing, without knowing who listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Event:
    """Something that happened; each kind is a frozen value, in the room where it happens."""


class Observer(Protocol):
    """Is told of the progress; what it does with it is its own affair."""

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """A stage of `total` units begins, `done` of which are done."""

    def advanced(self, units: int) -> None:
        """So many units of the stage are done."""

    def finished(self) -> None:
        """The stage is over."""

    def told(self, event: Event) -> None:
        """Something happened, in a training or a search: see `events.py` there."""


class Unwatched:
    """The observer of work that nobody watches; a base for those that watch some of it."""

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Pass it over."""

    def advanced(self, units: int) -> None:
        """Pass it over."""

    def finished(self) -> None:
        """Pass it over."""

    def told(self, event: Event) -> None:
        """Pass it over."""


@contextmanager
def staged(
    observer: Observer, name: str, unit: str, total: int, done: int = 0
) -> Iterator[Callable[[int], None]]:
    """Tell an observer that a stage begins and, unless it fails, that it is over.

    Parameters
    ----------
    name, unit, total, done
        As `Observer.stage`.

    Yields
    ------
    Callable
        Takes the number of units that were done since.
    """
    observer.stage(name, unit, total, done)
    yield observer.advanced
    observer.finished()
