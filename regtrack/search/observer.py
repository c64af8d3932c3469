"""Who is told of a search's progress."""

from __future__ import annotations

from typing import Protocol

from regtrack.search.trial import Trials
from regtrack.training.state import HistoryRow, TrainingState


class SearchObserver(Protocol):
    """Is told of the progress of a search."""

    def started(self, combinations: int | None, limit: int, trials: Trials) -> None:
        """Before the first trial.

        Parameters
        ----------
        combinations
            Number of points of the space; None where it holds a range.
        limit
            Number of trials that the search ends with.
        trials
            What an earlier run, or another process, has done.
        """

    def inside(self, number: int, done: float) -> None:
        """Now and then within a trial, where there is one at a time; `done` is 0 to 1."""

    def ended(self, trials: Trials) -> None:
        """After one or more trials."""


class Unseen:
    """An observer that says nothing: of the processes that are not the first."""

    def started(self, combinations: int | None, limit: int, trials: Trials) -> None:
        """Say nothing."""

    def inside(self, number: int, done: float) -> None:
        """Say nothing."""

    def ended(self, trials: Trials) -> None:
        """Say nothing."""


class Inside:
    """The observer of the training of one trial, which tells that of the search.

    Parameters
    ----------
    number
        Of the trial.
    """

    def __init__(self, number: int, outer: SearchObserver) -> None:
        self._number = number
        self._outer = outer

    def started(self, windows: int, valid: int, state: TrainingState) -> None:  # noqa: ARG002
        """Tell that the trial has begun."""
        self._outer.inside(self._number, 0.0)

    def stepped(self, step: int, done: float, loss: float) -> None:  # noqa: ARG002
        """Tell how much of the trial is done."""
        self._outer.inside(self._number, done)

    def validated(self, row: HistoryRow) -> None:
        """Say nothing."""
