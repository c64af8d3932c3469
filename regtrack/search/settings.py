"""How to search. Imports no heavy library: the command line shows these defaults."""

from __future__ import annotations

from dataclasses import dataclass

from regtrack.errors import ArgumentError

SAMPLERS = ("grid", "random", "tpe")


@dataclass(frozen=True)
class SearchSettings:
    """How to walk through a search space.

    Parameters
    ----------
    sampler
        `grid` tries every combination once, in an order drawn by `seed`; `random` draws
        each trial independently; `tpe` (tree-structured Parzen estimator) learns from the
        trials before.
    trials
        Stop when the study has so many, failed ones included; None is every combination.
    workers
        Processes that train at the same time.
    seed
        Of the order and the values that are drawn.

    Raises
    ------
    ArgumentError
        For a number that is out of its range, an unknown sampler, or one that never ends.
    """

    sampler: str = "grid"
    trials: int | None = None
    workers: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise ArgumentError("sampler", f"expected one of {', '.join(SAMPLERS)}")
        if self.trials is None and self.sampler != "grid":
            raise ArgumentError(
                "trials", f"expected a number of trials with sampler {self.sampler}"
            )
        for name in ("trials", "workers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ArgumentError(name, "expected a number from 1 upward")
