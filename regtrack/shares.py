"""Shares of work: the third of eight, cut so that all are alike whatever they are cut from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from regtrack.errors import ArgumentError

_TEXT = re.compile(r"(?P<number>[0-9]{1,9})/(?P<total>[0-9]{1,9})")


@dataclass(frozen=True)
class Share:
    """One of several shares; they are counted from 1.

    Raises
    ------
    ArgumentError
        When there is no such one.
    """

    number: int
    total: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.total:
            raise ArgumentError("shard", f"expected 1/{self.total} to {self.total}/{self.total}")

    @classmethod
    def parse(cls, text: str) -> Share:
        """The share that somebody typed as `3/8`.

        Raises
        ------
        ArgumentError
            When it is not typed like that, or there is no such one.
        """
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ArgumentError("shard", f"expected K/N, such as 3/8, got {text!r}")
        return cls(int(match["number"]), int(match["total"]))

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"

    @property
    def name(self) -> str:
        """As a file's name may have it."""
        return f"{self.number}-of-{self.total}"

    def of(self, weights: Sequence[int]) -> range:
        """Which of some consecutive things it is, of about the same weight as other shares.

        Every thing is in one share.
        """
        chosen = [
            place
            for place, number in enumerate(share_numbers(weights, self.total))
            if number == self.number
        ]
        return range(chosen[0], chosen[-1] + 1) if chosen else range(0)


def share_numbers(weights: Sequence[int], shares: int) -> list[int]:
    """In which share each of some consecutive things is; the first share is 1."""
    total = sum(weights)
    return [
        (behind - weight) * shares // total + 1
        for behind, weight in zip(accumulate(weights), weights, strict=True)
    ]
