"""What a search tells of its progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regtrack.observer import Event

if TYPE_CHECKING:  # who shows events need not load what a search reads
    from regtrack.search.trial import Trials


@dataclass(frozen=True)
class SearchStarted(Event):
    """The first trial comes next.

    Parameters
    ----------
    combinations
        Number of points of the space; None where it holds a range.
    limit
        Number of trials that the search ends with.
    trials
        Those of earlier runs and other processes.
    """

    combinations: int | None
    limit: int
    trials: Trials


@dataclass(frozen=True)
class TrialAdvanced(Event):
    """So much of a trial is done, 0 to 1; of searches whose trials run one at a time."""

    number: int
    done: float


@dataclass(frozen=True)
class TrialsEnded(Event):
    """One or more trials ended; these are all that there are."""

    trials: Trials
