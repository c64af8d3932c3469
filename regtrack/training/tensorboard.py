"""The log of a training for TensorBoard, where that is installed."""

from __future__ import annotations

import functools
from pathlib import Path

from regtrack.errors import ArgumentError
from regtrack.observer import Event, Observer
from regtrack.paths import is_text
from regtrack.training.events import StepDone, TrainingStarted, ValidationDone
from regtrack.training.state import HistoryRow


class TensorBoardLog:
    """An observer that writes scalars for TensorBoard and passes all on to another one.

    A context manager, which writes out the last steps.

    Raises
    ------
    ArgumentError
        When TensorBoard is not installed, or does not take the folder's name.
    """

    def __init__(self, folder: Path, inner: Observer) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - may be missing
        except ImportError:
            raise ArgumentError(
                "tensorboard", "TensorBoard is not installed: pip install tensorboard"
            ) from None
        if not is_text(folder.absolute()):
            raise ArgumentError(
                "tensorboard", f"TensorBoard takes no name like {folder}; expected one in UTF-8"
            )
        self._open = functools.partial(SummaryWriter, str(folder))
        self._writer: SummaryWriter | None = None
        self._inner = inner

    def __enter__(self) -> TensorBoardLog:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Pass it on."""
        self._inner.stage(name, unit, total, done)

    def advanced(self, units: int) -> None:
        """Pass it on."""
        self._inner.advanced(units)

    def finished(self) -> None:
        """Pass it on."""
        self._inner.finished()

    def told(self, event: Event) -> None:
        """Write what a training tells, and pass it on."""
        match event:
            case TrainingStarted(step=step):
                # Continued: steps that will be done again are dropped.
                self._writer = self._open(purge_step=step + 1)
            case StepDone(step=step, loss=loss):
                self._write("loss", loss, step)
            case ValidationDone(row=row):
                self._write_scores(row)
        self._inner.told(event)

    def _write_scores(self, row: HistoryRow) -> None:
        """Write learning rate, validation loss and average precision."""
        self._write("learning rate", row.learning_rate, row.step)
        if row.validation_loss is not None:
            self._write("validation loss", row.validation_loss, row.step)
        self._write("average precision/mean", row.mean, row.step)
        for category, value in row.average_precision.items():
            self._write(f"average precision/{category}", value, row.step)
        if self._writer is not None:
            self._writer.flush()

    def _write(self, name: str, value: float, step: int) -> None:
        if self._writer is not None:
            self._writer.add_scalar(name, value, step)
