"""Numbers for people: few digits, and a dash for what is not defined."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from regtrack.listing import counted


def defined(value: Any) -> Any:
    """A value as JSON takes it: None for what is not a number."""
    return None if isinstance(value, float) and math.isnan(value) else value


def only_defined(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as JSON takes it: without what is not a number."""
    return {name: value for name, value in record.items() if defined(value) is not None}


def tsv_field(value: Any) -> str:
    """A value in a tab-separated table: six digits, and empty where there is none."""
    value = defined(value)
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


UNDEFINED = "-"

_TO = "\N{EN DASH}"
_SMALL = 0.001

# A genome may have 100,000 chromosomes, and a page of their names says less than their number.
_MOST_NAMES = 100


def number(value: float, digits: int = 4) -> str:
    """A score with so many decimals, or with two digits where they would show less than that."""
    if math.isnan(value):
        return UNDEFINED
    if value == 0:
        return "0"
    if abs(value) < _SMALL:
        return format(value, f".{1 - math.floor(math.log10(abs(value)))}f")
    return format(value, f".{digits}f")


def times(value: float) -> str:
    """A lift: three digits."""
    if math.isnan(value):
        return UNDEFINED
    return format(value, ".2f" if value < 0.995 else ".1f" if value < 100 else ",.0f")


def span(limits: tuple[float, float], digits: int = 4) -> str:
    """An interval."""
    low, high = limits
    return UNDEFINED if math.isnan(low) else f"{number(low, digits)}{_TO}{number(high, digits)}"


def share(part: int, whole: int) -> float:
    """Part of the whole; NaN of nothing."""
    return part / whole if whole else math.nan


def count_and_share(count: int, hit: int) -> str:
    """A number of things, and how many percent of them were hit."""
    return f"{count:,} ({hit / count:.0%})" if count else "0"


def width(bases: float) -> str:
    """A length in whole bases."""
    return UNDEFINED if math.isnan(bases) else f"{bases:,.0f}"


def chromosomes(names: Collection[str]) -> str:
    """Names of some chromosomes, or of very many their number."""
    return counted(len(names), "chromosome") if len(names) > _MOST_NAMES else ", ".join(names)
