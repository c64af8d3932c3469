"""How a training ended, for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from regtrack.listing import counted
from regtrack.run_summary import LeftOut, RunSummary
from regtrack.training.state import TrainingState
from regtrack.training.validation import Validation

# What Ctrl-C or SIGTERM is raised as.
Stop = type[KeyboardInterrupt]

# A loss above that of base rates times this has gone up, as training begins at base rates.
_DIVERGED = 1.2


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended.

    Parameters
    ----------
    state
        As it was at the end.
    checkpoint
        The best one, at its final place or, when it was stopped, in the work folder; None when
        there was no validation yet, and in the processes that are not the first.
    stopped_by
        The exception to raise for the Ctrl-C or SIGTERM that stopped it; None if neither did.
    """

    state: TrainingState
    checkpoint: Path | None
    stopped_by: Stop | None = None

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped before its end."""
        return self.stopped_by is not None

    def describe(self) -> str:
        """For people, in some lines; empty where there is no checkpoint to tell of."""
        if self.checkpoint is None or self.state.best is None:
            return ""
        best = (
            f"{self.checkpoint}: the best of {counted(self.state.step, 'step')}, reached at step "
            f"{self.state.best.step:,}"
        )
        return "\n".join([best, *_warnings(self.state, self.state.best)])

    @property
    def reached(self) -> str:
        """How far it came, as it follows "interrupted"; empty before the first step."""
        return f"after step {self.state.step:,}" if self.state.step else ""

    def summary(self, following: Sequence[str]) -> RunSummary:
        """The same for programs, of a training that came to its end, with what comes next."""
        best, out = self.state.best, self.checkpoint
        assert best is not None
        assert out is not None
        unskilled = _unskilled(best)
        return RunSummary(
            self.describe(),
            written=(out, *logs_beside(out)),
            counts={"steps": self.state.step, "best_step": best.step},
            scores={row.category: asdict(row) for row in best.means},
            left_out=[LeftOut("peaks of markers", "not clearly better than chance", unskilled)],
            following=following,
        )


def _unskilled(best: Validation) -> int:
    return sum(marker is not None and not marker.is_skilled for marker in best.validated)


def _warnings(state: TrainingState, best: Validation) -> list[str]:
    """Signs that a network has learned little; none in the short task."""
    scored = [marker for marker in best.validated if marker is not None]
    lines = []
    losses = [row.validation_loss for row in state.history if row.validation_loss is not None]
    if losses and scored:
        # The loss of a network that gives the base rate everywhere.
        known = sum(_entropy(marker.base_rate) for marker in scored) / len(best.validated)
        if min(losses) > _DIVERGED * known:
            lines.append(
                f"the validation loss, {min(losses):.4g} at its best, is above the {known:.4g} of "
                "base rates alone: it has diverged, or hardly begun; a lower --learning-rate, or "
                "more steps, may help"
            )
    if by_chance := _unskilled(best):
        verb = "is" if by_chance == 1 else "are"
        lines.append(
            f"{by_chance:,} of {counted(len(best.validated), 'marker')} {verb} not clearly "
            "better than chance (the 95% interval of the average precision holds the base rate), "
            "and no peaks are called for them; train longer, on more peaks, or validate on more "
            "bases: few cannot tell skill from chance (docs/peaks.md)"
        )
    return lines


def _entropy(rate: float) -> float:
    return -sum(share * math.log(share) for share in (rate, 1 - rate) if share > 0)


def logs_beside(out: Path) -> tuple[Path, Path]:
    """Where the log lies, as a table and as a plot."""
    return out.with_suffix(".log.tsv"), out.with_suffix(".log.png")
