"""Observers of the progress of a training."""

from __future__ import annotations

from typing import Protocol

from regtrack.training.state import HistoryRow, TrainingState


class TrainingObserver(Protocol):
    """Receives the progress of a training."""

    def started(self, windows: int, valid: int, state: TrainingState) -> None:
        """Before the first step: windows of both splits, and the state that an earlier run left."""

    def stepped(self, step: int, done: float, loss: float) -> None:
        """After each step; `done` is the share of the training that is done, 0 to 1."""

    def validated(self, row: HistoryRow) -> None:
        """After each validation."""


class Silent:
    """An observer that does nothing: of the processes that are not the first."""

    def started(self, windows: int, valid: int, state: TrainingState) -> None:
        """Say nothing."""

    def stepped(self, step: int, done: float, loss: float) -> None:
        """Say nothing."""

    def validated(self, row: HistoryRow) -> None:
        """Say nothing."""
