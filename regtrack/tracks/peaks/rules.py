"""How peaks are called: `PeakRules` of all markers, `MarkerRules` of one, with its threshold.

Imports nothing heavy: the command line shows these defaults.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from regtrack.errors import ArgumentError
from regtrack.signals import as_probability


@dataclass(frozen=True)
class PeakRules:
    """How peaks are made of runs of bases at or above a threshold.

    Parameters
    ----------
    max_gap
        Runs that are at most so many bases apart are one peak.
    min_length
        Shorter peaks are dropped.

    Raises
    ------
    ArgumentError
        For a number outside its range.
    """

    max_gap: int = 30
    min_length: int = 200

    def __post_init__(self) -> None:
        if self.max_gap < 0:
            raise ArgumentError("max_gap", f"expected 0 or more bases, got {self.max_gap}")
        if self.min_length < 1:
            raise ArgumentError("min_length", f"expected 1 base or more, got {self.min_length}")

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> PeakRules:
        """Those among the settings of a tracks folder; in older ones every run was a peak.

        Raises
        ------
        ValueError
            When they are no such numbers.
        """
        lengths = {name: settings.get(name, bare) for name, bare in asdict(BARE_RUNS).items()}
        message = f"expected settings {' and '.join(lengths)} in bases"
        if any(type(length) is not int for length in lengths.values()):
            raise ValueError(message)
        try:
            return cls(**lengths)
        except ArgumentError as error:
            raise ValueError(message) from error


# Of tracks folders that were written before there were rules: every run was a peak.
BARE_RUNS = PeakRules(0, 1)

# A threshold that no value reaches.
_UNREACHED = math.inf


@dataclass(frozen=True)
class MarkerRules:
    """How the peaks of one marker are called.

    Parameters
    ----------
    threshold
        Probability, or signal, from which a base is in a run.
    peak_rules
        How runs become peaks.
    has_peaks
        False where none are to be called.
    range
        Of signals, the marker's; None for probabilities.
    """

    threshold: float
    peak_rules: PeakRules
    has_peaks: bool = True
    range: float | None = None

    @property
    def called_from(self) -> float:
        """The threshold, or one that nothing reaches."""
        return self.threshold if self.has_peaks else _UNREACHED

    @property
    def counted_from(self) -> float:
        """The same where signals are counted as numbers below 1; see `regtrack.signals`."""
        if self.range is None or not self.has_peaks:
            return self.called_from
        return float(as_probability(self.threshold, self.range))
