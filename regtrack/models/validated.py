"""How well a marker was predicted where a training was validated."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from regtrack.genome.markers import beats_chance


@dataclass(frozen=True)
class Validated:
    """How well a marker was predicted on the validation windows of a training.

    Parameters
    ----------
    base_rate, average_precision
        Of the bases.
    low, high
        95% interval of the average precision; None where there were too few blocks for one.
    peak_precision, peak_recall
        Of peaks called at the marker's threshold: the share that overlaps a measured peak, and
        the share of measured ones that is overlapped. None where there was no peak.

    Raises
    ------
    ValueError
        When one of them is no share.
    """

    base_rate: float
    average_precision: float
    low: float | None = None
    high: float | None = None
    peak_precision: float | None = None
    peak_recall: float | None = None

    def __post_init__(self) -> None:
        values = (getattr(self, part.name) for part in fields(self))
        if not all(value is None or 0 <= value <= 1 for value in values):
            raise ValueError("expected shares from 0 to 1")

    @property
    def interval(self) -> tuple[float, float]:
        """Of the average precision; NaN where there is none."""
        low, high = (math.nan if end is None else end for end in (self.low, self.high))
        return low, high

    @property
    def is_skilled(self) -> bool:
        """False where it was not predicted clearly better than by chance."""
        return beats_chance(self.interval[0], self.base_rate)
