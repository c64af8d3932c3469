"""A whole training: from a dataset to a checkpoint, its log and its plot.

It works in `<out>.partial`; a killed one is gone on with from its last state.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from regtrack import __version__
from regtrack.atomic import replacing, write_text
from regtrack.datasets.folder import DenseDataset, ShortDataset
from regtrack.errors import InputError, OptionError
from regtrack.evaluation.plots import plot_history
from regtrack.folders import partial_path, unfinished_run
from regtrack.models.architecture import Architecture
from regtrack.training.history import history_table
from regtrack.training.observer import TrainingObserver
from regtrack.training.processes import Processes
from regtrack.training.settings import FittedSettings, TrainingSettings
from regtrack.training.state import TrainingState
from regtrack.training.trainer import LOG, STATE, Trainer, choose_precision

# How long and how fast may change when a training is gone on with.
_FREE = {"steps", "epochs", "minutes", "patience", "learning_rate", "schedule", "save_minutes"}


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended.

    Parameters
    ----------
    state
        As it was at the end.
    checkpoint
        The best one, at its final place or, after Ctrl-C, in the work folder; None when
        there was no validation yet, and in the processes that are not the first.
    interrupted
        Whether Ctrl-C ended it.
    """

    state: TrainingState
    checkpoint: Path | None
    interrupted: bool

    def describe(self) -> str:
        """For people, in a line; empty in the processes that are not the first."""
        parts = []
        if self.interrupted:
            parts.append(f"stopped after step {self.state.step:,}; the same command goes on.")
        if self.checkpoint is not None and self.state.best is not None:
            parts.append(
                f"{self.checkpoint}: the best of {self.state.step:,} steps, reached at step "
                f"{self.state.best.step:,}"
            )
        return " ".join(parts)


def check_out(out: Path, force: bool) -> None:
    """Refuse a checkpoint path that cannot be written, before hours are spent on it.

    Raises
    ------
    InputError
        When `out` exists and `force` is not set, or is a folder.
    OSError
        When its folder cannot be made or written.
    """
    if out.is_dir():
        raise InputError(out, "is a folder; expected a file name such as model.safetensors")
    if out.suffix != ".safetensors":
        raise InputError(out, "expected a name that ends in .safetensors")
    for one in (out, *_beside(out)):
        if one.exists() and not force:
            raise InputError(one, "exists already; --force replaces it")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out.parent):
        pass


def _beside(out: Path) -> tuple[Path, Path]:
    """Where the log lies, as a table and as a plot."""
    return out.with_suffix(".log.tsv"), out.with_suffix(".log.png")


def train(
    dataset: DenseDataset | ShortDataset,
    architecture: Architecture,
    network_settings: Mapping[str, Any],
    settings: TrainingSettings,
    processes: Processes,
    out: Path,
    force: bool,
    observer: TrainingObserver,
) -> TrainingResult:
    """Train a network and leave the checkpoint of its best validation at `out`.

    Beside it lie `<out>.log.tsv` and `<out>.log.png`, without the suffix of `out`.

    Parameters
    ----------
    network_settings
        Those that differ from the network's own.
    force
        Replace `out`, and drop an unfinished training that had other settings.

    Raises
    ------
    OptionError
        When a setting suits neither the network nor the dataset.
    InputError
        When the dataset cannot be learned from, or what lies at `<out>.partial` is not
        an unfinished run of this training.
    RegtrackError
        When the loss is not a number any more.
    OSError
        When a file cannot be written; the same call goes on from what was saved.
    """
    fitted = settings.fitted(dataset.task, dataset.window)
    _check(architecture, network_settings, fitted, processes)
    identity = {
        "regtrack": __version__,
        "dataset": dataset.digest,
        "task": dataset.task,
        "model": architecture.name,
        **{
            f"{name} of the network": value
            for name, value in {**architecture.default_settings(), **network_settings}.items()
        },
        **{name: value for name, value in asdict(fitted).items() if name not in _FREE},
        "precision": str(choose_precision(settings.precision, processes.device)),
        "device": processes.device.type,
    }
    work = partial_path(out)
    if not processes.is_first:
        processes.wait()  # until the first one has made the folder
        trainer = Trainer(
            dataset, architecture, network_settings, fitted, processes, work, observer
        )
        trainer.run(stop=lambda: False)
        return TrainingResult(trainer.state, None, False)
    check_out(out, force)
    with (
        unfinished_run(work, identity, (STATE, LOG, "best-*.safetensors"), force),
        stop_asked(processes) as stop,
    ):
        processes.wait()
        trainer = Trainer(
            dataset, architecture, network_settings, fitted, processes, work, observer
        )
        stopped = trainer.run(stop)
        state = trainer.state
        best = trainer.best_path(state.best) if state.best else None
        if stopped or best is None:
            return TrainingResult(state, best, stopped)
        _finish(best, out, state)
        # The state goes first: without it, nobody would miss the rest.
        (work / STATE).unlink()
        shutil.rmtree(work)
    return TrainingResult(state, out, False)


def _finish(best: Path, out: Path, state: TrainingState) -> None:
    """Put the checkpoint, the log and the plot in place."""
    table, plot = _beside(out)
    write_text(table, history_table(state.history))
    plot_history(state.history, plot)
    with replacing(out) as aside:
        shutil.copyfile(best, aside)


def _check(
    architecture: Architecture,
    network_settings: Mapping[str, Any],
    settings: FittedSettings,
    processes: Processes,
) -> None:
    """Refuse what does not go together, before any work."""
    try:
        architecture.check(network_settings)
    except ValueError as error:
        raise OptionError("--model", str(error)) from None
    if settings.batch_size % processes.count:
        raise OptionError(
            "--batch-size",
            f"{settings.batch_size} cannot be shared by {processes.count} processes; expected a "
            "multiple",
        )


@contextmanager
def stop_asked(processes: Processes) -> Iterator[Callable[[], bool]]:
    """Note Ctrl-C and SIGTERM, so that the step under way is finished and the state saved.

    A second one ends at once. Several processes are ended by who started them.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if processes.count > 1 or not in_main:
        yield lambda: False
        return
    asked: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        asked.append(number)
        for one, handler in before.items():
            signal.signal(one, handler)

    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, note)
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
