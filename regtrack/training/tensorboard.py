"""The log of a training for TensorBoard, where that is installed."""

from __future__ import annotations

import functools
from pathlib import Path

from regtrack.errors import ArgumentError
from regtrack.paths import is_text
from regtrack.training.observer import TrainingObserver
from regtrack.training.state import HistoryRow, TrainingState


class TensorBoardLog:
    """An observer that writes scalars for TensorBoard and passes all on to another one.

    A context manager, which writes out the last steps.

    Raises
    ------
    ArgumentError
        When TensorBoard is not installed, or does not take the folder's name.
    """

    def __init__(self, folder: Path, inner: TrainingObserver) -> None:
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

    def started(self, windows: int, valid: int, state: TrainingState) -> None:
        """Begin the log, or continue it: steps that will be done again are dropped."""
        self._writer = self._open(purge_step=state.step + 1)
        self._inner.started(windows, valid, state)

    def stepped(self, step: int, done: float, loss: float) -> None:
        """Write the loss."""
        self._write("loss", loss, step)
        self._inner.stepped(step, done, loss)

    def validated(self, row: HistoryRow) -> None:
        """Write learning rate, validation loss and average precision."""
        self._write("learning rate", row.learning_rate, row.step)
        if row.validation_loss is not None:
            self._write("validation loss", row.validation_loss, row.step)
        self._write("average precision/mean", row.mean, row.step)
        for category, value in row.average_precision.items():
            self._write(f"average precision/{category}", value, row.step)
        if self._writer is not None:
            self._writer.flush()
        self._inner.validated(row)

    def _write(self, name: str, value: float, step: int) -> None:
        if self._writer is not None:
            self._writer.add_scalar(name, value, step)
