"""Progress of a search on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tqdm import tqdm

from regtrack.api.progress import Progress

if TYPE_CHECKING:
    from regtrack.search.trial import Trials


class SearchProgress(Progress):
    """The observer of a search: a bar of trials with the best so far, a line per trial."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[int] = set()
        self._best = ""

    def started(self, combinations: int | None, limit: int, trials: Trials) -> None:
        """Say how many trials there are to do, and how many are done."""
        size = (
            "no end of combinations" if combinations is None else f"{combinations:,} combinations"
        )
        finished = trials.finished
        begun = len(trials.all) - len(finished)
        goes_on = (
            f", going on with {len(finished):,} done and {begun:,} begun" if trials.all else ""
        )
        tqdm.write(f"{size}, trying {limit:,}{goes_on}", file=sys.stderr)
        self._told = {trial.number for trial in finished}
        self.stage("searching", "trial", limit, len(finished))
        self.ended(trials)

    def inside(self, number: int, done: float) -> None:
        """Show how far the trial is."""
        self._show(f"trial {number} {done:.0%}")

    def ended(self, trials: Trials) -> None:
        """Write a line for each trial that has finished since; show the best."""
        for trial in trials.finished:
            if trial.number not in self._told:
                self._told.add(trial.number)
                mean = trial.outcome.mean if trial.outcome else None
                reached = f"failed, {trial.message}" if mean is None else f"{mean:.4f}"
                tqdm.write(
                    f"trial {trial.number}: {reached}  ({trial.describe_values()})",
                    file=sys.stderr,
                )
                self.advanced(1)
        best = trials.best
        if best is not None and best.outcome is not None:
            self._best = f"best {best.outcome.mean:.4f} (trial {best.number})"
        self._show()

    def _show(self, now: str = "") -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(", ".join(filter(None, (self._best, now))), refresh=False)
            self._bar.update(0)
