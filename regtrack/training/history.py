"""The log of a training: a row per validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from regtrack.genome.markers import CATEGORIES, in_order


@dataclass(frozen=True)
class HistoryRow:
    """What was reached at one validation.

    Parameters
    ----------
    step, epoch, seconds
        How far; an epoch is each training window once.
    learning_rate
        Of the last step.
    loss
        Mean over the steps since the validation before.
    average_precision, base_rate
        Mean over the markers of each category, on the validation split.
    mean
        Of the categories' average precisions: what "best" goes by.
    best
        Whether it was the best so far.
    validation_loss
        As `loss`, over the validation split, without dropout, and of what predicts alone where a
        network has several outputs. None in the state of a training by an older version.
    """

    step: int
    epoch: float
    seconds: float
    learning_rate: float
    loss: float
    mean: float
    best: bool
    average_precision: dict[str, float] = field(default_factory=dict)
    base_rate: dict[str, float] = field(default_factory=dict)
    validation_loss: float | None = None


def history_table(rows: Sequence[HistoryRow]) -> str:
    """Tab-separated, with a header line; empty where a category has no scored marker."""
    scored = (category for row in rows for category in row.average_precision)
    categories = in_order((*CATEGORIES, *scored))
    header = ["step", "epoch", "seconds", "learning_rate", "loss", "validation_loss"]
    header += ["average_precision", "best"]
    header += [f"average_precision_{category}" for category in categories]
    header += [f"base_rate_{category}" for category in categories]
    lines = ["\t".join(header)]
    for row in rows:
        fields = [
            str(row.step),
            f"{row.epoch:.3f}",
            f"{row.seconds:.1f}",
            f"{row.learning_rate:.6g}",
            f"{row.loss:.6f}",
            "" if row.validation_loss is None else f"{row.validation_loss:.6f}",
            f"{row.mean:.6f}",
            str(int(row.best)),
        ]
        for values in row.average_precision, row.base_rate:
            fields += [
                f"{values[category]:.6f}" if category in values else "" for category in categories
            ]
        lines.append("\t".join(fields))
    return "\n".join(lines) + "\n"
