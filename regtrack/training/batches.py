"""Batches on their way to the device: made ahead in threads, copied by the device itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from regtrack.models.network import ALL
from regtrack.training.examples import Batch

# Batches that are made at one time, each in a thread: on a CPU one, for the others would take
# cores and memory from the step.
_AHEAD = {"cpu": 1, "cuda": 4}

B = TypeVar("B")


class DeviceBatch(NamedTuple):
    """A batch where it is computed with.

    Parameters
    ----------
    codes
        int32 (windows, length).
    labels
        uint8 (windows, positions, markers).
    known
        bool (windows, positions).
    known_markers
        bool (windows, markers); None is all True.
    positions
        Those of a window that the loss is computed at, and that labels and `known` have.
    pairs
        Pairs of position and marker that are known.
    """

    codes: Tensor
    labels: Tensor
    known: Tensor
    known_markers: Tensor | None
    positions: slice
    pairs: float


class PackedBatch(NamedTuple):
    """A batch in memory of this machine, ready to be copied.

    Parameters
    ----------
    codes
        uint8 (windows, length).
    labels
        As `DeviceBatch` has them; or the peaks to paint them from, as `Batch` has these.
    length
        Positions of a window, of which `known` has some.
    markers
        Number of markers.
    """

    codes: Tensor
    labels: Tensor
    known: Tensor
    known_markers: Tensor | None
    positions: slice
    pairs: float
    length: int
    markers: int


class Loader:
    """Brings batches to a device.

    Parameters
    ----------
    paints
        Whether labels are painted there, by the kernel of `device_counting`; else by the thread
        that packs a batch.
    """

    def __init__(self, device: torch.device, paints: bool) -> None:
        self._device = device
        self._paints = paints

    def pack(self, batch: Batch, positions: slice = ALL) -> PackedBatch:
        """What can be done ahead, in another thread; the loss needs some positions only."""
        markers = batch.known_markers
        known = np.ascontiguousarray(batch.known[:, positions])
        labels = batch.peaks if self._paints else batch.labels[:, positions]
        return PackedBatch(
            codes=self._packed(batch.codes),
            labels=self._packed(np.ascontiguousarray(labels)),
            known=self._packed(known),
            known_markers=None if markers.all() else self._packed(markers),
            positions=positions,
            pairs=float(np.dot(known.sum(axis=1), markers.sum(axis=1))),
            length=batch.known.shape[1],
            markers=markers.shape[1],
        )

    def load(self, packed: PackedBatch) -> DeviceBatch:
        """Bring a batch to the device; nothing is waited for."""
        known, labels = self._loaded(packed.known), self._loaded(packed.labels)
        if self._paints:
            from regtrack.prediction import device_counting  # noqa: PLC0415 - needs Triton

            painted = len(known) * packed.length
            labels = device_counting.paint_labels(painted, packed.markers, labels)
            labels = labels.view(len(known), packed.length, -1)[:, packed.positions]
        return DeviceBatch(
            codes=self._loaded(packed.codes).to(torch.int32),
            labels=labels,
            known=known,
            known_markers=None
            if packed.known_markers is None
            else self._loaded(packed.known_markers),
            positions=packed.positions,
            pairs=packed.pairs,
        )

    def _packed(self, array: npt.NDArray[np.generic]) -> Tensor:
        """In memory from which the device copies by itself, where it is a GPU."""
        tensor = torch.from_numpy(array)
        if self._device.type != "cuda":
            return tensor
        with torch.cuda.device(self._device):  # or this thread would wake the first GPU
            return tensor.pin_memory()

    def _loaded(self, tensor: Tensor) -> Tensor:
        return tensor.to(self._device, non_blocking=True)


class Prefetch(Generic[B]):
    """Makes the batches of the next steps in threads; a context manager.

    Parameters
    ----------
    make
        Batch of a step; called in several threads.
    ahead
        How many are made ahead, all at one time.
    """

    def __init__(self, make: Callable[[int], B], ahead: int = 1) -> None:
        self._make = make
        self.ahead = ahead
        self._pending: deque[tuple[int, Future[B]]] = deque()
        self._threads = ThreadPoolExecutor(max_workers=ahead)

    @classmethod
    def to(cls, device: torch.device, make: Callable[[int], B]) -> Prefetch[B]:
        """As many ahead as suit a device."""
        return cls(make, _AHEAD.get(device.type, 1))

    def __enter__(self) -> Prefetch[B]:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def batch(self, step: int) -> B:
        """The batch of a step, or the error in making it; those of the next ones are begun."""
        if not self._pending or self._pending[0][0] != step:
            for _, left in self._pending:
                left.cancel()
            self._pending.clear()
            self._begin(step)
        batch = self._pending.popleft()[1].result()
        first = self._pending[0][0] if self._pending else step + 1
        for number in range(first + len(self._pending), step + 1 + self.ahead):
            self._begin(number)
        return batch

    def _begin(self, step: int) -> None:
        self._pending.append((step, self._threads.submit(self._make, step)))
