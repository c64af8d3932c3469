"""A whole training: from paths and settings to a checkpoint, its log and its plot.

The work folder is `<out>.partial`; a killed training resumes from its last state.
"""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from regtrack import __version__
from regtrack.atomic import write_text
from regtrack.datasets.dataset import Dataset
from regtrack.datasets.folder import open_dataset
from regtrack.errors import ArgumentError, InputError, TerminatedError
from regtrack.folders import file_sha256, is_of_run, remove_finished, unfinished_run
from regtrack.models.architecture import Architecture
from regtrack.models.catalog import find_architecture
from regtrack.models.device import choose_device
from regtrack.observer import Observer, Unwatched
from regtrack.report.plots import plot_history
from regtrack.training.processes import Processes, first_on_machine, joined
from regtrack.training.result import Stop, TrainingResult, logs_beside
from regtrack.training.settings import FittedSettings, TrainingSettings
from regtrack.training.state import TrainingState, history_table
from regtrack.training.tensorboard import TensorBoardLog
from regtrack.training.trainer import Trainer, best_path, choose_precision
from regtrack.work_folders import LOG, STATE, partial_path

_PLOT = "log.png"
_NAMES = (STATE, LOG, _PLOT, "best-*.safetensors")
_TO_DO, _DONE = 0.0, 1.0
# Settings that may change when a training is continued: how long, and how fast.
_FREE = {"steps", "epochs", "minutes", "patience", "learning_rate", "schedule", "save_minutes"}


def check_checkpoint_path(out: Path, force: bool) -> None:
    """Refuse a checkpoint path that cannot be written, before the training begins.

    Raises
    ------
    InputError
        When `out`, or a log beside it, exists and `force` is not set; when `out` is a folder.
    OSError
        When its folder cannot be made or written.
    """
    if out.is_dir():
        raise InputError(out, "is a folder; expected a file name such as model.safetensors")
    if out.suffix != ".safetensors":
        raise InputError(out, "expected a name that ends in .safetensors")
    if out.exists() and not force:
        remove_finished(partial_path(out.resolve()))
        raise InputError(
            out, "exists already, and a finished training cannot be continued; --force starts over"
        )
    for path in logs_beside(out):
        if path.exists() and not force:
            raise InputError(path, "exists already; --force replaces it")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out.parent):
        pass


def train(
    dataset: Dataset,
    architecture: Architecture,
    network_settings: Mapping[str, Any],
    settings: TrainingSettings,
    processes: Processes,
    out: Path,
    force: bool,
    observer: Observer,
) -> TrainingResult:
    """Train a network and leave the checkpoint of its best validation at `out`.

    Beside it lie `<out>.log.tsv` and `<out>.log.png`, without the suffix of `out`. If a call is
    killed while it puts these in place, the next one finishes that.

    Parameters
    ----------
    network_settings
        Those that differ from the network's own.
    force
        Replace `out`, and drop an unfinished training with other settings or with a damaged
        state.

    Raises
    ------
    ArgumentError
        When a setting suits neither the network nor the dataset.
    InputError
        When the dataset cannot be learned from; when `<out>.partial` is not an unfinished run
        of this training, or is damaged.
    RegtrackError
        When the loss is not a number any more.
    OSError
        When a file cannot be written; the same call continues from what was saved.
    """
    windows = dataset.size("train")
    fitted = settings.fitted(dataset.task, dataset.window, windows, architecture.recipe)
    _check(architecture, network_settings, fitted, processes)
    identity = {
        "regtrack": __version__,
        "dataset": dataset.digest,
        "task": dataset.task,
        "model": architecture.name,
        **({"code": architecture.sha256} if architecture.sha256 else {}),
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
        # Wait until the first process has made the folder, or seen that nothing is left to do.
        if processes.agreed(_TO_DO) != _TO_DO:
            return TrainingResult(TrainingState(), None)
        trainer = Trainer(
            dataset, architecture, network_settings, fitted, processes, work, observer
        )
        trainer.run(stop=lambda: False)
        return TrainingResult(trainer.state, None)
    # Files that this run put in place before it was killed may be replaced.
    check_checkpoint_path(out, force or is_of_run(work, identity))
    with unfinished_run(out, identity, _NAMES, force), stop_asked(processes) as stop:
        state = _finished_state(out, work)
        if state is None:
            if out.exists() or not (work / STATE).exists():
                check_checkpoint_path(out, force)
            _check_state(out, work, force)
            processes.agreed(_TO_DO)
            trainer = Trainer(
                dataset, architecture, network_settings, fitted, processes, work, observer
            )
            stopped = trainer.run(lambda: stop() is not None)
            state = trainer.state
            if stopped or state.best is None:
                best = best_path(work, state.best) if state.best else None
                return TrainingResult(state, best, stop() if stopped else None)
        else:
            processes.agreed(_DONE)
        _finish(work, out, state)
    return TrainingResult(state, out)


def was_interrupted_at_the_end(out: Path) -> bool:
    """Whether a training was killed after its checkpoint was in place, and before its log was."""
    return _finished_state(out, partial_path(out)) is not None


def _finished_state(out: Path, work: Path) -> TrainingState | None:
    """The state of a training whose checkpoint is at `out` already."""
    path = work / STATE
    if not (out.exists() and path.exists()):
        return None
    try:
        state = TrainingState.read(path)
    except InputError:
        return None
    return state if file_sha256(out) == state.best_sha256 else None


def _check_state(out: Path, work: Path, force: bool) -> None:
    """Refuse a state from which a training cannot be continued; with `force`, drop it."""
    path = work / STATE
    try:
        if path.exists():
            _check_best(out, work, TrainingState.read(path))
    except InputError:
        if not force:
            raise
        path.unlink()


def _check_best(out: Path, work: Path, state: TrainingState) -> None:
    """Refuse a best checkpoint that is not the one of a state."""
    if state.best is None:
        return
    best = best_path(work, state.best)
    for path in best, out:
        if path.exists() and file_sha256(path) == state.best_sha256:
            return
    raise InputError(
        best, "missing, or changed after it was written; --force starts the training over"
    )


def _finish(work: Path, out: Path, state: TrainingState) -> None:
    """Put the checkpoint, then the log and its plot in place, and remove the state.

    The state is removed last: as long as it is there, the same call sees what is left to do.
    """
    assert state.best is not None
    _check_best(out, work, state)
    table, plot = logs_beside(out)
    write_text(work / LOG, history_table(state.history))
    plot_history(state.history, work / _PLOT)
    best = best_path(work, state.best)
    for made, place in (best, out), (work / LOG, table), (work / _PLOT, plot):
        if made.exists():  # or an earlier call has put it in place
            made.replace(place)
    (work / STATE).unlink()


def _check(
    architecture: Architecture,
    network_settings: Mapping[str, Any],
    settings: FittedSettings,
    processes: Processes,
) -> None:
    """Refuse settings that do not fit together, before any work."""
    try:
        architecture.check(network_settings)
    except ValueError as error:
        raise ArgumentError("model", str(error)) from None
    if settings.batch_size % processes.count:
        raise ArgumentError(
            "batch_size",
            f"{settings.batch_size} cannot be shared by {processes.count} processes; expected a "
            "multiple",
        )


@contextmanager
def stop_asked(processes: Processes) -> Iterator[Callable[[], Stop | None]]:
    """Note Ctrl-C and SIGTERM, so that the current step is finished and the state saved.

    Yields a function that returns the first of them, or None. A second one ends the process at
    once. Several processes are ended by torchrun or srun, which started them.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if processes.count > 1 or not in_main:
        yield lambda: None
        return
    stops: list[Stop] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        stops.append(TerminatedError if number == signal.SIGTERM else KeyboardInterrupt)
        for noted, handler in before.items():
            signal.signal(noted, handler)

    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, note)
    try:
        yield lambda: next(iter(stops), None)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True)
class TrainingRequest:
    """What to train, on what.

    Parameters
    ----------
    dataset, genome
        As `regtrack.datasets.folder.open_dataset`.
    architecture, network_settings
        Name of the network (None is the usual one), and its settings that differ from its own.
    device
        As `regtrack.models.device.choose_device`.
    tensorboard
        Folder for TensorBoard's log, or None.
    """

    dataset: Path
    genome: Path | None
    architecture: str | None
    network_settings: Mapping[str, Any]
    settings: TrainingSettings
    device: str = "auto"
    tensorboard: Path | None = None


def run_training(
    request: TrainingRequest, out: Path, force: bool, observer: Observer
) -> TrainingResult:
    """Open the dataset and train; every process that torchrun or srun started calls this.

    Raises
    ------
    RegtrackError, OSError
        As `train`, `open_dataset`, `find_architecture` and `choose_device`.
    """
    # The first process of a machine checks the labels; the others read them after all have joined.
    dataset = open_dataset(request.dataset, request.genome, checked=not first_on_machine())
    architecture = find_architecture(dataset.task, request.architecture)
    with joined(choose_device(request.device), out) as processes, ExitStack() as stack:
        if not processes.is_first:
            observer = Unwatched()
        elif request.tensorboard is not None:
            observer = stack.enter_context(TensorBoardLog(request.tensorboard, observer))
        return train(
            dataset,
            architecture,
            request.network_settings,
            request.settings,
            processes,
            out,
            force,
            observer,
        )
