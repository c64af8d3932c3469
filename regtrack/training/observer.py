"""Who is told of a training's progress; what it does with it is its own affair."""

from __future__ import annotations

from typing import Protocol

from regtrack.training.state import HistoryRow, TrainingState


class TrainingObserver(Protocol):
    """Is told of the progress of a training."""

    def started(self, windows: int, valid: int, state: TrainingState) -> None:
        """Before the first step: windows of both splits, and where an earlier run stopped."""

    def stepped(self, step: int, done: float, loss: float) -> None:
        """After each step; `done` is the share of the training that is done, 0 to 1."""

    def validated(self, row: HistoryRow) -> None:
        """After each validation."""


class Silent:
    """An observer that says nothing: of the processes that are not the first."""

    def started(self, windows: int, valid: int, state: TrainingState) -> None:
        """Say nothing."""

    def stepped(self, step: int, done: float, loss: float) -> None:
        """Say nothing."""

    def validated(self, row: HistoryRow) -> None:
        """Say nothing."""
