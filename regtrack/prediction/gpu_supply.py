"""What a GPU is given to predict: works, as many at a time as it asks for."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from regtrack.prediction.blockwork import BlockWork
from regtrack.prediction.job import BlockTask


class Supply(Protocol):
    """Works that are still to be predicted."""

    def take(self, bases: int, /) -> list[BlockWork]:
        """The next ones, which `span` at most so many bases, but one at least; none at the end."""


class WorkList:
    """A supply of works that are all for the same device."""

    def __init__(self, works: Sequence[BlockWork]) -> None:
        self._left = deque(works)

    def take(self, bases: int) -> list[BlockWork]:
        """As `Supply`."""
        taken: list[BlockWork] = []
        while self._left and (not taken or span(taken) + span([self._left[0]]) <= bases):
            taken.append(self._left.popleft())
        return taken


def span(works: Sequence[BlockWork]) -> int:
    """Bases that some works take on the device, those between targets included."""
    return sum(bases_of(task) for work in works for task in work.tasks)


def bases_of(task: BlockTask) -> int:
    """Those of a block, from its first target to its last."""
    return int(task.targets.ends[-1] - task.targets.starts[0])
