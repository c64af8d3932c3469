"""Observers of the progress of a search."""

from __future__ import annotations

from typing import Protocol

from regtrack.search.trial import Trials
from regtrack.training.state import HistoryRow, TrainingState


class SearchObserver(Protocol):
    """Receives the progress of a search."""

    def started(self, combinations: int | None, limit: int, trials: Trials) -> None:
        """Before the first trial.

        Parameters
        ----------
        combinations
            Number of points of the space; None where it holds a range.
        limit
            Number of trials that the search ends with.
        trials
            Those of earlier runs and other processes.
        """

    def inside(self, number: int, done: float) -> None:
        """During a trial, if trials run one at a time; `done` is 0 to 1."""

    def ended(self, trials: Trials) -> None:
        """After one or more trials."""


class SilentSearch:
    """An observer that does nothing: of worker processes."""

    def started(self, combinations: int | None, limit: int, trials: Trials) -> None:
        """Say nothing."""

    def inside(self, number: int, done: float) -> None:
        """Say nothing."""

    def ended(self, trials: Trials) -> None:
        """Say nothing."""


class TrialObserver:
    """The observer of the training of one trial; passes its progress to that of the search.

    Parameters
    ----------
    number
        Of the trial.
    """

    def __init__(self, number: int, outer: SearchObserver) -> None:
        self._number = number
        self._outer = outer

    def started(self, windows: int, valid: int, state: TrainingState) -> None:  # noqa: ARG002
        """The trial has begun."""
        self._outer.inside(self._number, 0.0)

    def stepped(self, step: int, done: float, loss: float) -> None:  # noqa: ARG002
        """Pass on how much of the trial is done."""
        self._outer.inside(self._number, done)

    def validated(self, row: HistoryRow) -> None:
        """Say nothing."""
