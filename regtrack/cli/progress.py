"""Progress of what trains, on stderr: beside the bar, losses and scores."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tqdm import tqdm

from regtrack.api.progress import Progress

if TYPE_CHECKING:
    from regtrack.training.state import HistoryRow, TrainingState


class TrainingProgress(Progress):
    """The observer of a training: a bar of steps with the loss, a line per validation."""

    def __init__(self) -> None:
        super().__init__()
        self._loss = 0.0
        self._before = 0

    def started(self, windows: int, valid: int, state: TrainingState) -> None:
        """Say what is trained on, and where an earlier run stopped."""
        continues = f", continuing from step {state.step:,}" if state.step else ""
        tqdm.write(
            f"training on {windows:,} windows, validating on {valid:,}{continues}", file=sys.stderr
        )
        self._before = state.step
        self.stage("training", "step", 0, state.step)

    def stepped(self, step: int, done: float, loss: float) -> None:
        """Show the loss, averaged over some 50 steps."""
        self._loss += (loss - self._loss) / min(step - self._before, 50)
        if self._bar is not None:
            # What ends a training may be the clock; then the number of steps is a guess.
            self._bar.total = max(step, round(step / done))
            self._bar.set_postfix_str(f"loss {self._loss:.5f}", refresh=False)
        self.advanced(1)

    def validated(self, row: HistoryRow) -> None:
        """Write both losses, and the average precision of each category."""
        means = "  ".join(
            f"{category} {value:.4f} (base rate {row.base_rate[category]:.4f})"
            for category, value in row.average_precision.items()
        )
        tqdm.write(
            f"step {row.step:,}, epoch {row.epoch:.2f}: loss {row.loss:.5f}, validation "
            f"{row.validation_loss:.5f}  average precision {means}{'  best so far' * row.best}",
            file=sys.stderr,
        )


class ComparisonProgress(TrainingProgress):
    """The observer of a comparison: as of a training, and whose turn it is."""

    def network(self, name: str, number: int, total: int) -> None:
        """Name the network whose turn it is."""
        self.finished()
        tqdm.write(f"{name}, {number} of {total}", file=sys.stderr)

    def scoring(self, name: str, split: str) -> None:
        """Say which network is being scored, and on what."""
        self.finished()
        tqdm.write(f"scoring {name} on {split}", file=sys.stderr)
