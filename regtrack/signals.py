"""Signals: values from 0 upward, such as expected counts, each marker's beside its range.

All that is relative is so to the range: a value is told by its share of it. In scores, where
probabilities are binned by their odds, the share takes the place of the odds: it keeps the order,
and whatever is of ranks is the same.
"""

from __future__ import annotations

import math
from typing import Any

# What a float32 still holds the squares of, added up over a chromosome, as BigWig files have them.
MOST = 1e15


def check_range(value: float) -> None:
    """Raise ValueError for what is no marker's range."""
    if type(value) not in (int, float) or not 1 / MOST <= value <= MOST:
        raise ValueError(f"expected a number above 0, at most {MOST:g}, as range, got {value!r}")


def as_probability(value: Any, marker_range: Any) -> Any:
    """A number below 1 that stands for a signal: that whose odds are its share of the range.

    Of numbers or arrays.
    """
    return value / (value + marker_range)


def from_probability(number: float, marker_range: float) -> float:
    """The signal that such a number stands for."""
    return marker_range * number / (1 - number) if number < 1 else math.inf
