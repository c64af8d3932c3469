"""The next batch, made while the device computes on this one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from regtrack.training.examples import Batch


class Prefetch:
    """Makes the batch of the next step in a thread of its own; a context manager.

    Parameters
    ----------
    make
        Batch of a step.
    """

    def __init__(self, make: Callable[[int], Batch]) -> None:
        self._make = make
        self._pending: tuple[int, Future[Batch]] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Prefetch:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def batch(self, step: int) -> Batch:
        """The batch of a step; that of the next one is begun."""
        if self._pending is None or self._pending[0] != step:
            self.wait()
            self._begin(step)
        assert self._pending is not None
        batch = self._pending[1].result()
        self._begin(step + 1)
        return batch

    def wait(self) -> None:
        """Return when nothing is being read."""
        if self._pending is not None:
            self._pending[1].result()

    def _begin(self, step: int) -> None:
        self._pending = (step, self._thread.submit(self._make, step))
