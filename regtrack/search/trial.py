"""A trial of a search: its values and its outcome."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regtrack.errors import InputError
from regtrack.genome.markers import CATEGORIES, in_order

_OF_CATEGORY = "average_precision_"  # how such columns of a log and of a table begin

COMPLETE, FAILED, RUNNING = "complete", "failed", "running"

# In the folder of a search, all trials, and a copy of the best one's checkpoint.
TABLE, BEST = "trials.tsv", "best.safetensors"


@dataclass(frozen=True)
class Outcome:
    """The result of the training of a trial.

    Parameters
    ----------
    mean
        Mean of the categories' average precisions, at the best validation: what trials are
        compared by.
    average_precision
        Mean over the markers of each category, at that validation.
    steps, seconds
        Number of steps, and seconds, that the whole training took.

    Raises
    ------
    ValueError
        For an average precision that is not from 0 to 1.
    """

    mean: float
    average_precision: Mapping[str, float]
    steps: int
    seconds: float

    def __post_init__(self) -> None:
        for value in (self.mean, *self.average_precision.values()):
            if not 0 <= value <= 1:
                raise ValueError(f"expected an average precision from 0 to 1, got {value}")


@dataclass(frozen=True)
class Trial:
    """A trial of a study.

    Parameters
    ----------
    number
        From 0.
    state
        `COMPLETE`, `FAILED` or `RUNNING`; a running one may have been killed.
    values
        By the name of the setting; empty when it was killed before they were drawn.
    outcome
        Of a complete one.
    message
        Why it failed.
    """

    number: int
    state: str
    values: Mapping[str, Any]
    outcome: Outcome | None = None
    message: str = ""

    def describe_values(self) -> str:
        """`f1 64, dropout 0.1`, for people."""
        return ", ".join(f"{name} {short(value)}" for name, value in self.values.items())


@dataclass(frozen=True)
class Trials:
    """All trials of a study, by number."""

    all: tuple[Trial, ...] = field(default_factory=tuple)

    def of(self, state: str) -> list[Trial]:
        """Those in a state."""
        return [trial for trial in self.all if trial.state == state]

    @property
    def finished(self) -> list[Trial]:
        """Those that are complete or failed."""
        return [trial for trial in self.all if trial.state != RUNNING]

    @property
    def best(self) -> Trial | None:
        """The first of those with the highest mean; None when none is complete."""
        return max(
            self.of(COMPLETE),
            key=lambda trial: trial.outcome.mean if trial.outcome else -1.0,
            default=None,
        )


def short(value: Any) -> str:
    """A drawn number with four significant digits; anything else as it is."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def checkpoint_path(folder: Path, number: int) -> Path:
    """Where the checkpoint of a trial lies in a search folder."""
    return folder / "trials" / f"{number}.safetensors"


def read_outcome(log: Path) -> Outcome:
    """The outcome of a finished training, from its log.

    The log is read, as a search may have been killed after a training and before it was stored.

    Raises
    ------
    InputError
        When the log is damaged.
    OSError
        When it cannot be read.
    """
    try:
        with log.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        best = [row for row in rows if row["best"] == "1"][-1]
        precisions = {
            column.removeprefix(_OF_CATEGORY): text
            for column, text in best.items()
            if column.startswith(_OF_CATEGORY)
        }
        return Outcome(
            mean=float(best["average_precision"]),
            average_precision={name: float(text) for name, text in precisions.items() if text},
            steps=int(rows[-1]["step"]),
            seconds=float(rows[-1]["seconds"]),
        )
    except (ValueError, LookupError, TypeError, csv.Error) as error:
        raise InputError(
            log, "damaged; remove it and its checkpoint to train the trial again"
        ) from error


def trials_table(trials: Trials, names: Sequence[str]) -> str:
    """Tab-separated, with a header line; empty where a trial has no value.

    Parameters
    ----------
    names
        Of the settings that were searched.
    """
    header = ["number", "state", *names, "average_precision"]
    reached = [trial.outcome.average_precision for trial in trials.all if trial.outcome]
    categories = in_order((*CATEGORIES, *(name for precisions in reached for name in precisions)))
    header += [f"{_OF_CATEGORY}{category}" for category in categories]
    lines = ["\t".join([*header, "steps", "seconds", "checkpoint", "message"])]
    for trial in trials.all:
        fields = [str(trial.number), trial.state]
        fields += [str(trial.values.get(name, "")) for name in names]
        outcome = trial.outcome
        if outcome is None:
            fields += [""] * (len(categories) + 4)
        else:
            precisions = outcome.average_precision
            fields.append(f"{outcome.mean:.6f}")
            fields += [
                f"{precisions[name]:.6f}" if name in precisions else "" for name in categories
            ]
            fields += [str(outcome.steps), f"{outcome.seconds:.1f}"]
            fields.append(f"trials/{checkpoint_path(Path(), trial.number).name}")
        lines.append("\t".join([*fields, " ".join(trial.message.split())]))
    return "\n".join(lines) + "\n"
