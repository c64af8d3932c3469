"""Progress on stderr: bars, and what trainings, comparisons and searches tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regtrack.api.progress import Bar
from regtrack.cli.teller import Teller
from regtrack.listing import counted
from regtrack.search.events import SearchStarted, TrialAdvanced, TrialsEnded
from regtrack.training.events import (
    MeasuringStarted,
    NetworkStarted,
    ScoringStarted,
    StepDone,
    TrainingStarted,
    ValidationDone,
)

if TYPE_CHECKING:
    from regtrack.observer import Event
    from regtrack.search.trial import Trials
    from regtrack.training.state import HistoryRow


class Progress(Bar):
    """The observer of every command: a bar, with losses and scores in it and above it."""

    def __init__(self) -> None:
        self._teller = Teller.current()
        super().__init__(self._teller.bars())
        self._loss = 0.0
        self._steps_before = 0
        self._ended: set[int] = set()  # trials
        self._best = ""
        self._stage, self._total, self._done = "", 0, 0

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """Begin a bar; how far it is, is known also where none is shown."""
        super().stage(name, unit, total, done)
        self._stage, self._total, self._done = name, total, done
        self._reach()

    def advanced(self, units: int) -> None:
        """Move the bar."""
        super().advanced(units)
        self._done += units
        self._reach()

    def _reach(self) -> None:
        self._teller.reached = ""
        if self._done:
            self._teller.is_begun = True
        if self._total:
            share = min(self._done / self._total, 1)
            shown = "less than 1%" if 0 < share < 0.01 else f"{share:.0%}"
            self._teller.reached = f"at {shown} of {self._stage}"

    def told(self, event: Event) -> None:
        """Show what happened."""
        match event:
            case NetworkStarted(name=name, number=number, total=total):
                self.finished()
                self._teller.say_progress(f"{name}, {number} of {total}")
            case ScoringStarted(name=name, split=split):
                self.finished()
                self._teller.say_progress(f"scoring {name} on {split}")
            case MeasuringStarted(networks=networks, steps=steps):
                self._teller.say_progress(
                    f"measuring how long a step takes: {counted(steps, 'step')} of "
                    f"{counted(networks, 'network')}, in turns; this takes as long as these steps, "
                    "and nothing is trained yet"
                )
            case TrainingStarted():
                self._show_training(event)
            case StepDone():
                self._show_step(event)
            case ValidationDone(row=row):
                self._teller.say_progress(_scores(row))
            case SearchStarted():
                self._show_search(event)
            case TrialAdvanced(number=number, done=done):
                self._show_best(f"trial {number} {done:.0%}")
            case TrialsEnded(trials=trials):
                self._show_ended(trials)

    def _show_training(self, started: TrainingStarted) -> None:
        """Say what is trained on, and where an earlier run stopped; begin a bar of steps."""
        continues = f", continuing from step {started.step:,}" if started.step else ""
        self._teller.say_progress(
            f"training in {started.arithmetic} on {counted(started.windows, 'window')}, "
            f"validating on "
            f"{started.valid:,}{continues}"
        )
        self._steps_before = started.step
        self.stage("training", "step", 0, started.step)

    def _show_step(self, at: StepDone) -> None:
        """Show the loss, averaged over some 50 steps."""
        self._loss += (at.loss - self._loss) / min(at.step - self._steps_before, 50)
        for bar in self._bars:
            # What ends a training may be the clock; then the number of steps is a guess.
            bar.total = max(at.step, round(at.step / at.done))
            bar.set_postfix_str(f"loss {self._loss:.5f}", refresh=False)
        self.advanced(1)

    def _show_search(self, started: SearchStarted) -> None:
        """Say how many trials there are to do, and how many are done; begin a bar of trials."""
        size = (
            "no end of combinations"
            if started.combinations is None
            else f"{counted(started.combinations, 'combination')}"
        )
        finished = started.trials.finished
        begun = len(started.trials.all) - len(finished)
        goes_on = (
            f", going on with {len(finished):,} done and {begun:,} begun"
            if started.trials.all
            else ""
        )
        self._teller.say_progress(f"{size}, trying {started.limit:,}{goes_on}")
        self._ended = {trial.number for trial in finished}
        self.stage("searching", "trial", started.limit, len(finished))
        self._show_ended(started.trials)

    def _show_ended(self, trials: Trials) -> None:
        """Write a line for each trial that has finished since; show the best."""
        for trial in trials.finished:
            if trial.number not in self._ended:
                self._ended.add(trial.number)
                mean = trial.outcome.mean if trial.outcome else None
                reached = f"failed, {trial.message}" if mean is None else f"{mean:.4f}"
                self._teller.say_progress(
                    f"trial {trial.number}: {reached}  ({trial.describe_values()})"
                )
                self.advanced(1)
        best = trials.best
        if best is not None and best.outcome is not None:
            self._best = f"best {best.outcome.mean:.4f} (trial {best.number})"
        self._show_best()

    def _show_best(self, now: str = "") -> None:
        """Show the best trial so far, and what goes on."""
        for bar in self._bars:
            bar.set_postfix_str(", ".join(filter(None, (self._best, now))), refresh=False)
            bar.update(0)


def _scores(row: HistoryRow) -> str:
    """Both losses, and the average precision of each category."""
    means = "  ".join(
        f"{category} {value:.4f} (base rate {row.base_rate[category]:.4f})"
        for category, value in row.average_precision.items()
    )
    return (
        f"step {row.step:,}, epoch {row.epoch:.2f}: loss {row.loss:.5f}, validation "
        f"{row.validation_loss:.5f}  average precision {means}{'  best so far' * row.best}"
    )
