"""Many names in a few words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

_Item = TypeVar("_Item")


def first_names(names: Iterable[str], most: int = 3) -> str:
    """`chr1, chr2, chr3 ...`, for error messages."""
    listed = list(names)
    return ", ".join(listed[:most]) + (" ..." if len(listed) > most else "")


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """`1 marker`, `2 markers`; where an s is not enough, by `plural`."""
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"


def few_names(names: Collection[str], few: int = 25) -> str:
    """All names where they are few, as a genome's chromosomes are without scaffolds."""
    return first_names(names, few if len(names) <= few else 3)


def first_and_last(
    items: Sequence[_Item], few: int = 25, each: int = 10
) -> tuple[Sequence[_Item], Sequence[_Item]]:
    """The first and the last of many things in order; all of them, and none, where they are few."""
    return (items, ()) if len(items) <= few else (items[:each], items[-each:])


def names_and_rest(names: Collection[str], most: int = 5) -> str:
    """`a, b, c and 12 more`, for people; all of them where only one would be left."""
    most += len(names) == most + 1
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(list(names)[:most]) + more


def duration_text(seconds: float) -> str:
    """`2 h 5 min`, `3 min 20 s`, `12 s`."""
    whole = max(1, round(seconds))
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def numbers_text(numbers: Sequence[int]) -> str:
    """`1 to 3, 7`, of whole numbers in order."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return names_and_rest([" to ".join(map(str, run)) for run in runs])
