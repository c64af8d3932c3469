"""How to train. Imports nothing heavy: the command line shows these defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from regtrack.errors import ArgumentError
from regtrack.listing import counted
from regtrack.notes import note

SCHEDULES = ("cosine", "constant")
PRECISIONS = ("auto", "float32", "bfloat16")
_USUAL_BATCH = {"dense": 2, "short": 128}
_USUAL_NORM_BATCHES = {"dense": 50, "short": 10}
_USUAL_EPOCHS = 20

# How a network is trained that has no recipe of its own.
USUAL_RECIPE: Mapping[str, Any] = {
    "learning_rate": 0.001,
    "warmup": 0.0,
    "loss_step": 1,
    "repeats": 0.0,
}

_ABOVE_ZERO = (
    "steps",
    "epochs",
    "minutes",
    "batch_size",
    "learning_rate",
    "positive_weight",
    "loss_step",
    "validate_every",
    "patience",
)


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Parameters
    ----------
    steps, epochs, minutes
        Stop after so many, whichever comes first; with none of them, after 20 epochs. An
        epoch is each training window once.
    patience
        Stop when so many validations in a row were not the best; None does not.
    batch_size
        Windows (dense task) or inputs (short task) per step, over all processes; None
        suits the task.
    learning_rate, schedule
        Of Adam; a rate of None suits the network. `cosine` lets it fall to 0 towards the end of
        the steps, epochs or minutes, `constant` leaves it as it is.
    warmup
        Share of the training in which the rate rises from 0 to that of the schedule; None suits
        the network.
    positive_weight
        A base inside a peak counts so many times in the loss.
    loss_step
        Compute the loss at every so many bases of a window only, from one on that is drawn for
        each step: bases side by side tell much the same, as peaks are longer. 1 is every base, and
        all that the short task has. None suits the network.
    repeats
        Share of the windows of the dense task that get a made-up tandem repeat without peaks; see
        `regtrack.training.repeats`. None suits the network.
    reverse_complement
        Read half of the windows, drawn at random, on the other strand.
    shift
        Move each window by up to so many bases, at random; None is half a window in the
        dense task and 0 in the short one. A window of the dense task never leaves the
        training windows, an input of the short one (at most 100) never comes near others.
    precision
        `bfloat16` computes in it where that is safe; `auto` does so where the device has
        units for it.
    validate_every
        Steps between two validations; None is an epoch.
    norm_batches
        Batches from which the batch-norm statistics are taken before each validation; None
        suits the task, 0 leaves the running ones, which follow `norm_decay`.
    save_minutes
        Minutes after which the state is saved, from which a killed training resumes.
    seed
        Of the weights, the windows and the dropout.

    Raises
    ------
    ArgumentError
        For a number that is out of its range, or an unknown schedule or precision.
    """

    steps: float = math.inf
    epochs: float = math.inf
    minutes: float = math.inf
    patience: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    schedule: str = "cosine"
    warmup: float | None = None
    positive_weight: float = 1.0
    loss_step: int | None = None
    repeats: float | None = None
    reverse_complement: bool = True
    shift: int | None = None
    precision: str = "auto"
    validate_every: int | None = None
    norm_batches: int | None = None
    save_minutes: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in _ABOVE_ZERO:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ArgumentError(name, "expected a number above 0")
        for name in ("shift", "norm_batches"):
            if (getattr(self, name) or 0) < 0:
                raise ArgumentError(name, "expected 0 or more")
        for name in ("warmup", "repeats"):
            if not 0 <= (getattr(self, name) or 0) <= 1:
                raise ArgumentError(name, "expected a number from 0 to 1")
        if self.schedule not in SCHEDULES:
            raise ArgumentError("schedule", f"expected one of {', '.join(SCHEDULES)}")
        if self.precision not in PRECISIONS:
            raise ArgumentError("precision", f"expected one of {', '.join(PRECISIONS)}")

    def fitted(
        self,
        task: str,
        window: int,
        windows: int | None = None,
        recipe: Mapping[str, Any] | None = None,
    ) -> FittedSettings:
        """The same, with an end, and with defaults of task, dataset and network filled in.

        Parameters
        ----------
        window
            Bases of a window.
        windows
            Number of training windows: a default batch has no more of them, and stays a power of
            two, which processes can share.
        recipe
            Of the network, where it has its own; see `regtrack.models.architecture.Architecture`.

        Raises
        ------
        ArgumentError
            When the task has one position per input, and `loss_step` or `repeats` is given.
        """
        suiting = {**USUAL_RECIPE, **(recipe or {})}
        suiting |= {name: value for name in suiting if (value := getattr(self, name)) is not None}
        if task != "dense" and suiting["loss_step"] != 1:
            raise ArgumentError("loss_step", "expected 1: an input of the short task has one label")
        if task != "dense" and suiting["repeats"]:
            raise ArgumentError("repeats", "expected 0: only windows of the dense task have room")
        usual = _USUAL_BATCH[task]
        if windows and windows < usual and self.batch_size is None:
            smaller = 1 << windows.bit_length() - 1
            note(
                f"batches of {smaller:,} in place of {usual:,}: the training split has "
                f"{counted(windows, 'window')}"
            )
            usual = smaller
        endless = math.isinf(min(self.steps, self.epochs, self.minutes))
        fitting = {
            **suiting,
            "epochs": _USUAL_EPOCHS if endless else self.epochs,
            "batch_size": self.batch_size or usual,
            "norm_batches": _USUAL_NORM_BATCHES[task]
            if self.norm_batches is None
            else self.norm_batches,
            "shift": (window // 2 if task == "dense" else 0) if self.shift is None else self.shift,
        }
        return FittedSettings(**{**asdict(self), **fitting})

    def recorded(self) -> dict[str, Any]:
        """As the summary in a checkpoint has them: without limits that are not set."""
        return {
            name: value
            for name, value in asdict(self).items()
            if value is not None and value != math.inf
        }


@dataclass(frozen=True)
class FittedSettings(TrainingSettings):
    """Settings as `TrainingSettings.fitted` gives them: none of these is None."""

    batch_size: int = 1
    learning_rate: float = USUAL_RECIPE["learning_rate"]
    warmup: float = USUAL_RECIPE["warmup"]
    loss_step: int = USUAL_RECIPE["loss_step"]
    repeats: float = USUAL_RECIPE["repeats"]
    norm_batches: int = 1
    shift: int = 0

    def rate_at(self, done: float) -> float:
        """Learning rate when a share of the training, from 0 to 1, is done."""
        rate = self.learning_rate * min(1.0, done / self.warmup if self.warmup else 1.0)
        if self.schedule == "constant":
            return rate
        return rate * (1 + math.cos(math.pi * done)) / 2
