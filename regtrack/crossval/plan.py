"""The plan of a cross-validation: folds, networks with their steps, seeds; and what is to train.

It is written before the first training, so that processes and machines that share the folder do
parts of the same, and so that a network that is named later is trained as the others were.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from regtrack.atomic import write_text
from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.folders import file_sha256
from regtrack.training.settings import TrainingSettings

FORMAT_VERSION = 1
PLAN = "crossval.plan.json"
FOLDS = "folds.bed"
MEASURING = "crossval.measuring.json"
TRAININGS = "trainings"

_UNSAFE = re.compile(r"[^\w.,=+-]")


@dataclass(frozen=True)
class Measuring:
    """How far the measuring of seconds per step is, before there is a plan: turns, of how many."""

    done: int
    total: int


@dataclass(frozen=True)
class PlannedFold:
    """A fold, and what the other windows are for while it is tested.

    Parameters
    ----------
    windows, train, valid, left_out
        Numbers of windows: tested, trained on, choosing the checkpoint, and for nothing.
    gc
        Share of the tested bases that is G or C.
    """

    name: str
    windows: int
    train: int
    valid: int
    left_out: int
    gc: float


@dataclass(frozen=True)
class PlannedEntry:
    """A network with its recipe.

    Parameters
    ----------
    label, network
        As `Entry` has its label and name.
    code
        SHA-256 of a user's own code, or None.
    network_settings, training
        Settings that were typed; those of the training include the network's recipe.
    steps
        That suit the minutes; None where the recipe says how long it trains.
    seconds_per_step
        As it was measured for that; or None.
    """

    label: str
    network: str
    code: str | None
    network_settings: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    steps: int | None = None
    seconds_per_step: float | None = None

    def is_as(self, other: PlannedEntry) -> bool:
        """Whether two are trained alike, whatever was measured."""
        unmeasured = (
            replace(entry, steps=None, seconds_per_step=None, label="") for entry in (self, other)
        )
        return len({json.dumps(asdict(entry), sort_keys=True) for entry in unmeasured}) == 1


@dataclass(frozen=True)
class Plan:
    """What is trained and tested in a folder.

    Parameters
    ----------
    dataset, dataset_sha256
        Name of the dataset, and what names its content.
    folds_of
        How the folds came to be, by which another command is known to mean the same.
    folds_sha256
        Of the file of the folds.
    reach
        As `regtrack.datasets.folds.split_by_fold`.
    device
        Kind of device: bytes of a CPU and a GPU are never mixed.
    threads
        Of torch in every training, on which the last bits of its sums depend.
    minutes
        Of each training, by the clock of a quiet machine; None without such a limit.
    settings
        Of every training, but for its seed and what an entry has of its own.
    seeds
        Of the weights, the order of the windows and the dropout.
    """

    format: int
    dataset: str
    dataset_sha256: str
    folds_of: str
    folds_sha256: str
    folds: tuple[PlannedFold, ...]
    reach: int
    device: str
    threads: int
    minutes: float | None
    settings: dict[str, Any]
    seeds: tuple[int, ...]
    entries: tuple[PlannedEntry, ...]

    @classmethod
    def read(cls, out: Path) -> Plan:
        """The plan of a folder, whose folds are those that were planned.

        Raises
        ------
        InputError
            When there is none, or a file is damaged.
        """
        try:
            plan = read_json(out / PLAN, cls, FORMAT_VERSION)
        except FileNotFoundError:
            raise InputError(out, f"holds no cross-validation (no {PLAN})") from None
        if not (out / FOLDS).is_file() or file_sha256(out / FOLDS) != plan.folds_sha256:
            raise InputError(
                out / FOLDS, "missing, or changed after it was written; --force starts over"
            )
        return plan

    def write(self, out: Path) -> None:
        """Write it, complete or not at all."""
        write_text(out / PLAN, json.dumps(asdict(self), indent=1, allow_nan=False) + "\n")

    def entry(self, label: str) -> PlannedEntry | None:
        """That of a label."""
        return next((entry for entry in self.entries if entry.label == label), None)

    def recipe(self, label: str, seed: int, save_minutes: float) -> TrainingSettings:
        """How a planned network is trained."""
        entry = self.entry(label)
        assert entry is not None  # only planned ones are trained
        own = {**self.settings, **entry.training, "seed": seed, "save_minutes": save_minutes}
        if entry.steps is not None:
            own["steps"] = entry.steps
        return TrainingSettings(**own)

    def trainings(self, labels: Sequence[str], seeds: Sequence[int]) -> list[Training]:
        """All of some networks, seed by seed and fold by fold, so that networks go side by side."""
        return [
            Training(label, fold.name, number, seed)
            for seed in seeds
            for number, fold in enumerate(self.folds)
            for label in labels
        ]


@dataclass(frozen=True)
class Training:
    """A network to be trained while a fold is left out, and to be tested on that.

    Parameters
    ----------
    label, seed
        Of the network, and of what is drawn.
    fold, number
        Name and number of the fold.
    """

    label: str
    fold: str
    number: int
    seed: int

    def __str__(self) -> str:
        return f"{self.label}, fold {self.fold}, seed {self.seed}"

    @property
    def share(self) -> str:
        """Name of its lease."""
        return f"{safe(self.label)}.fold {safe(self.fold)}.seed {self.seed}"

    def folder(self, out: Path) -> Path:
        """Where its files lie."""
        return out / TRAININGS / safe(self.label) / f"fold-{safe(self.fold)}-seed-{self.seed}"


def safe(name: str) -> str:
    """A name as a file may have it on any disk."""
    return _UNSAFE.sub("-", name)


def sha256_of(text: str) -> str:
    """SHA-256 of a text, which names it."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
