"""What a training and a comparison of trainings tell of their progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regtrack.observer import Event

if TYPE_CHECKING:  # who shows events need not load torch
    from regtrack.training.state import HistoryRow


@dataclass(frozen=True)
class TrainingStarted(Event):
    """The first step comes next.

    Parameters
    ----------
    windows, valid
        Windows of the training and of the validation split.
    step
        Last step of the earlier run that is continued; 0 without one.
    arithmetic
        As `regtrack.models.device.describe_arithmetic` says it.
    """

    windows: int
    valid: int
    step: int
    arithmetic: str


@dataclass(frozen=True)
class StepDone(Event):
    """A training did a step.

    Parameters
    ----------
    step
        Its number, from 1.
    done
        Share of the training that is done, 0 to 1.
    loss
        Of this step.
    """

    step: int
    done: float
    loss: float


@dataclass(frozen=True)
class ValidationDone(Event):
    """The network was scored on the validation split."""

    row: HistoryRow


@dataclass(frozen=True)
class NetworkStarted(Event):
    """The turn of a network of a comparison begins, `number` of `total`, from 1."""

    name: str
    number: int
    total: int


@dataclass(frozen=True)
class MeasuringStarted(Event):
    """It begins to be measured how long a step of some networks takes, `steps` of each."""

    networks: int
    steps: int


@dataclass(frozen=True)
class ScoringStarted(Event):
    """The scoring of a network of a comparison on a split begins."""

    name: str
    split: str
