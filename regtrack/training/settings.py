"""How to train. Imports nothing heavy: the command line shows these defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass

from regtrack.errors import OptionError

SCHEDULES = ("cosine", "constant")


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Parameters
    ----------
    steps, minutes
        Stop after so many steps, or so many minutes of training, whichever comes first.
    batch_size, window
        Windows per step, and bases per window.
    learning_rate, schedule
        Of Adam. `cosine` lets it fall to 0 towards the end of the steps or minutes,
        `constant` leaves it as it is.
    reverse_complement
        Read half of the windows, drawn at random, on the other strand.
    validate_every
        Steps between two validations.
    norm_batches
        Batches from which the batch-norm statistics are taken before each validation.
    seed
        Of the weights, the windows and the dropout.

    Raises
    ------
    OptionError
        For a number that is not above 0, or an unknown schedule.
    """

    steps: int = 20_000
    minutes: float = math.inf
    batch_size: int = 2
    window: int = 25_000
    learning_rate: float = 0.001
    schedule: str = "cosine"
    reverse_complement: bool = True
    validate_every: int = 250
    norm_batches: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        for option in ("steps", "minutes", "batch_size", "window", "validate_every"):
            if not getattr(self, option) > 0:
                raise OptionError(f"--{option.replace('_', '-')}", "expected a number above 0")
        if self.schedule not in SCHEDULES:
            raise OptionError("--schedule", f"expected one of {', '.join(SCHEDULES)}")

    def rate_at(self, done: float) -> float:
        """Learning rate when a share of the training, from 0 to 1, is done."""
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * (1 + math.cos(math.pi * done)) / 2
