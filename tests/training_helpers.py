"""How tests train: tiny networks, an observer that writes down, runs that are interrupted."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import tiny_settings

from regtrack.datasets.dataset import Dataset
from regtrack.datasets.folder import open_dataset
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.tensors import read_tensor_file
from regtrack.observer import Event, Unwatched
from regtrack.training.events import StepDone, TrainingStarted, ValidationDone
from regtrack.training.processes import Processes
from regtrack.training.result import TrainingResult
from regtrack.training.run import train
from regtrack.training.settings import TrainingSettings
from regtrack.training.state import HistoryRow

ALONE = Processes(0, 1, torch.device("cpu"))
# Six steps of the dense dataset are 12 of its 15 windows.
USUAL = {
    "steps": 6,
    "batch_size": 2,
    "validate_every": 2,
    "norm_batches": 2,
    "precision": "float32",
    "save_minutes": 60,
}


class Killed(BaseException):
    """What nothing catches."""


@contextmanager
def killed_before(number: int) -> Iterator[list[str]]:
    """Nothing more is renamed or removed from operation `number` on, as after SIGKILL.

    Gives the operations done before; ends when it was killed, and when it was not.
    """
    done: list[str] = []
    originals = {Path: ("replace", "unlink", "rmdir"), shutil: ("rmtree",)}

    def counted(name: str, whole: Callable[..., Any]) -> Callable[..., Any]:
        def operation(path: Path, *arguments: Any, **options: Any) -> Any:
            if name == "unlink" and not path.exists():
                return whole(path, *arguments, **options)
            if len(done) >= number:
                raise Killed
            done.append(f"{name} {path.name}")
            return whole(path, *arguments, **options)

        return operation

    with pytest.MonkeyPatch.context() as patched:
        for owner, names in originals.items():
            for name in names:
                patched.setattr(owner, name, counted(name, getattr(owner, name)))
        with suppress(Killed):
            yield done


class Recorder(Unwatched):
    """Writes down what it is told; presses Ctrl-C after so many steps, if asked to."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.interrupt_after = interrupt_after
        self.windows = self.valid = 0
        self.first_step: int | None = None
        self.steps: list[int] = []
        self.done: list[float] = []
        self.losses: list[float] = []
        self.rows: list[HistoryRow] = []

    def told(self, event: Event) -> None:
        """Write it down."""
        match event:
            case TrainingStarted(windows=windows, valid=valid, step=step):
                self.windows, self.valid, self.first_step = windows, valid, step
            case StepDone(step=step, done=done, loss=loss):
                self.steps.append(step)
                self.done.append(done)
                self.losses.append(loss)
                if len(self.steps) == self.interrupt_after:
                    signal.raise_signal(signal.SIGINT)
            case ValidationDone(row=row):
                self.rows.append(row)


def network_of(task: str, name: str) -> dict[str, Any]:
    """Tiny settings, with dropout where the network has some."""
    settings = tiny_settings(task, name)
    return {**settings, "dropout": 0.2} if "dropout" in settings else settings


def train_on(
    data: Path | Dataset,
    out: Path,
    observer: Recorder | None = None,
    *,
    name: str = "cnn3",
    network: dict[str, Any] | None = None,
    force: bool = False,
    **changes: Any,
) -> TrainingResult:
    """Train a tiny network; `changes` are of `USUAL` settings."""
    dataset = open_dataset(data) if isinstance(data, Path) else data
    return train(
        dataset,
        ARCHITECTURES[dataset.task][name],
        network_of(dataset.task, name) if network is None else network,
        TrainingSettings(**{**USUAL, **changes}),
        ALONE,
        out,
        force,
        observer or Recorder(),
    )


def assert_same_weights(first: Path, second: Path) -> None:
    """To the last bit."""
    ours, theirs = (read_tensor_file(path).tensors for path in (first, second))
    assert ours.keys() == theirs.keys()
    assert not [name for name in ours if not torch.equal(ours[name], theirs[name])]


def log_of(out: Path) -> list[list[str]]:
    """Rows of the log beside a checkpoint, without the time that each took."""
    rows = [line.split("\t") for line in out.with_suffix(".log.tsv").read_text().splitlines()]
    seconds = rows[0].index("seconds")
    return [[*row[:seconds], *row[seconds + 1 :]] for row in rows]
