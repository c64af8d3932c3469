"""Progress on stderr: what is done, of how much, how fast, and the time left."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, Any, TypeVar

from tqdm import tqdm

if TYPE_CHECKING:
    from regtrack.training.validation import Validation

P = TypeVar("P", bound="Progress")


class Progress:
    """One bar at a time; a context manager, so that none outlives its work.

    It is the observer of a prediction as it stands.
    """

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def __enter__(self: P) -> P:
        return self

    def __exit__(self, *_: object) -> None:
        self.finished()

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Begin a bar of `total` units, `done` of which are done."""
        self.finished()
        self._bar = tqdm(
            desc=name,
            total=total,
            initial=done,
            unit=unit,
            unit_scale=unit == "bp",
            file=sys.stderr,
            dynamic_ncols=True,
        )

    def advanced(self, units: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(units)

    def finished(self) -> None:
        """End the bar, if there is one."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class TrainingProgress(Progress):
    """The observer of a training: a bar of steps with the loss, a line per validation."""

    def __init__(self, steps: int, minutes: float = math.inf) -> None:
        super().__init__()
        self._steps = steps
        self._minutes = minutes
        self._began = time.monotonic()
        self._loss = 0.0

    def started(self, windows: int, train_bases: int, valid_bases: int) -> None:
        """Say what is trained on."""
        tqdm.write(
            f"training on {train_bases:,} known bases ({windows:,} windows), "
            f"validating on {valid_bases:,}",
            file=sys.stderr,
        )
        self._began = time.monotonic()
        self.stage("training", "step", self._steps, 0)

    def stepped(self, step: int, loss: float) -> None:
        """Show the loss, averaged over some 50 steps."""
        self._loss += (loss - self._loss) / min(step, 50)
        if self._bar is not None:
            text = f"loss {self._loss:.5f}"
            if math.isfinite(self._minutes):
                # The bar's time left is that of the steps, which are not what will end it.
                text += f", {(time.monotonic() - self._began) / 60:.1f} of {self._minutes:g} min"
            self._bar.set_postfix_str(text, refresh=False)
        self.advanced(1)

    def validated(self, validation: Validation, is_best: bool) -> None:
        """Write the average precision of each category."""
        means = "  ".join(
            f"{mean.category} {mean.average_precision:.4f} (base rate {mean.base_rate:.4f})"
            for mean in validation.means
        )
        mark = "  best so far" if is_best else ""
        tqdm.write(
            f"step {validation.step:,}: loss {self._loss:.5f}  average precision {means}{mark}",
            file=sys.stderr,
        )
