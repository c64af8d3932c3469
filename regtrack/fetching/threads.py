"""One observer for several threads, which can also be told what is waited for."""

from __future__ import annotations

from threading import RLock

from regtrack.observer import Observer


class ThreadSafeObserver:
    """An observer that several threads may tell."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._lock = RLock()
        self._stage: tuple[str, str, int] | None = None
        self._done = 0
        self._noted = False

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Begin a stage."""
        with self._lock:
            self._stage, self._done, self._noted = (name, unit, total), done, False
            self._observer.stage(name, unit, total, done)

    def advanced(self, units: int) -> None:
        """Go on with the stage, under its own name again."""
        with self._lock:
            self._done += units
            if self._noted and self._stage is not None:
                self._noted = False
                self._observer.stage(*self._stage, self._done)
            else:
                self._observer.advanced(units)

    def finished(self) -> None:
        """End the stage."""
        with self._lock:
            self._stage = None
            self._observer.finished()

    def note(self, line: str) -> None:
        """Show what is waited for in place of the stage's name, until it goes on."""
        with self._lock:
            if self._stage is None:
                self._observer.stage(line, "file", 0, 0)
                self._observer.finished()
            else:
                _, unit, total = self._stage
                self._noted = True
                self._observer.stage(line, unit, total, self._done)
