"""How tracks are made. Imports nothing heavy: the command line shows these defaults."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from regtrack.errors import ArgumentError
from regtrack.tracks.peaks.rules import PeakRules

# float32 arithmetic in another order (another window, batch or processor) moves a
# probability by up to some 1e-6. Segments keep a bound that is tighter by this much, so
# that the promise holds whoever recomputes the probability.
ARITHMETIC_MARGIN = 1e-5

_SMALLEST_MAX_ERROR = 10 * ARITHMETIC_MARGIN


@dataclass(frozen=True)
class PredictionSettings:
    """How tracks are made.

    Parameters
    ----------
    max_error
        Largest distance between a written value and the probability it stands for. Of a network
        that gives signals, this and the next two are shares of each marker's range.
    floor
        Probability under which a base may be absent from a track.
    peak_threshold
        Probability from which peaks are called; None takes each marker's own from the
        checkpoint.
    peak_rules
        How peaks are made of runs.
    step
        Bases that one value stands for, where the network gives one for several; None for the
        bins of 200 bases that it was trained on.
    window
        Bases that the network reads at once, halo included; None suits its context.
    batch_size
        Windows that it reads together; None suits the device.

    Raises
    ------
    ArgumentError
        For a number outside its range.
    """

    max_error: float = 0.003
    floor: float = 0.003
    peak_threshold: float | None = None
    peak_rules: PeakRules = field(default_factory=PeakRules)
    step: int | None = None
    window: int | None = None
    batch_size: int | None = None

    def __post_init__(self) -> None:
        if not _SMALLEST_MAX_ERROR <= self.max_error <= 0.5:
            raise ArgumentError(
                "max_error", f"expected {_SMALLEST_MAX_ERROR:g} to 0.5, got {self.max_error:g}"
            )
        for name, value in ("floor", self.floor), ("peak_threshold", self.peak_threshold):
            if value is not None and not 0 <= value <= 1:
                raise ArgumentError(name, f"expected a probability from 0 to 1, got {value:g}")
        if self.peak_threshold is not None and self.peak_threshold < self.floor:
            raise ArgumentError(
                "peak_threshold",
                f"expected at least the --floor, {self.floor:g}: tracks end there",
            )

    def record(self) -> dict[str, Any]:
        """All of them by name, as `tracks.json` has them; those of `peak_rules` among them."""
        record: dict[str, Any] = {}
        for name, value in asdict(self).items():
            record |= value if name == "peak_rules" else {name: value}
        return record
