"""The forward pass over any stretch of a chromosome, stitched without seams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.models.device import exact_arithmetic, memory_advice
from regtrack.models.network import Network
from regtrack.observer import Observer
from regtrack.prediction.windows import Window, suited_length, tile

# Bases whose logits of all markers are computed at once. On a CPU they then stay in its caches
# until they are segments. Another number may change the last bit of a logit, and so of a track.
_BASES_ON_A_CPU = 512
_BASES_ON_A_GPU = 16_384

_WINDOWS_ON_A_GPU = 4


class Sink(Protocol):
    """Makes something of probabilities as they are predicted: segments, counts, called peaks.

    Who makes a sink has it fed by `feed`, one chromosome after another, and finishes it.
    """

    def add(self, start: int, probabilities: npt.NDArray[np.float32], /) -> None:
        """Take a stretch: consecutive bases, all of them targets, right of those before.

        Parameters
        ----------
        start
            Position of the first base, 0-based.
        probabilities
            float32 (markers, bases), or signals; in memory the markers of a base lie side by
            side. Only to be read, for other sinks get the same.
        """

    def finish(self) -> object:
        """What was made of all; nothing is added afterwards."""


def feed(
    network: Network,
    genome: Genome,
    chrom: str,
    targets: IntervalSet,
    sinks: Sequence[Sink],
    place: Callable[[int, int], Tensor] | None = None,
    *,
    window: int | None = None,
    batch_size: int | None = None,
    observer: Observer | None = None,
) -> None:
    """Predict the targets of one chromosome, and give each stretch to all sinks, in order.

    All that is predicted is predicted by this loop, on a CPU and on a GPU.

    Parameters
    ----------
    network
        In evaluation mode, on the device that is to compute; fastest as `for_inference`
        makes it.
    targets
        The bases to predict, usually those that are not N. A stretch never leaves a
        target.
    window
        Bases that the network reads at once, halo included; None suits its context.
    batch_size
        Windows that it reads together; None suits the device: one keeps a CPU's caches
        warm, several keep a GPU busy.
    sinks
        Without any, nothing leaves the device.
    place
        Where the probabilities of so many bases, from a position on, are to be written on the
        device: float32 (bases, markers).
    observer
        Is told of the bases that are predicted.

    Raises
    ------
    ArgumentError
        When the window has no room for a core.
    """
    for start, probabilities in _predicted(
        network, genome, chrom, targets, place, window, batch_size
    ):
        if sinks:
            values = probabilities.cpu().numpy().T
            for sink in sinks:
                sink.add(start, values)
        if observer:
            observer.advanced(len(probabilities))


def predict_interval(
    network: Network,
    genome: Genome,
    region: Interval,
    targets: IntervalSet,
    observer: Observer,
    *,
    window: int | None = None,
    batch_size: int | None = None,
) -> npt.NDArray[np.float32]:
    """Predict one stretch of a chromosome, and hold all of it.

    Parameters
    ----------
    network, genome, window, batch_size
        As `feed`.
    targets
        Those of the region's bases that are to be predicted, usually those that are not N.
    observer
        Is told of bases.

    Returns
    -------
    float32 (markers, bases)
        Of every base of the region; NaN where it is no target.

    Raises
    ------
    ArgumentError
        When the window has no room for a core.
    """
    values = _Values(region.start, network.outputs, len(region))
    feed(
        *(network, genome, region.chrom, targets, [values]),
        window=window,
        batch_size=batch_size,
        observer=observer,
    )
    return values.finish()


class _Values:
    """A sink that holds all probabilities of a stretch, and NaN where there are none."""

    def __init__(self, start: int, markers: int, bases: int) -> None:
        self._start = start
        self._values = np.full((markers, bases), np.nan, np.float32)

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Hold those of some bases."""
        first = start - self._start
        self._values[:, first : first + probabilities.shape[1]] = probabilities

    def finish(self) -> npt.NDArray[np.float32]:
        """All of them."""
        return self._values


def _predicted(
    network: Network,
    genome: Genome,
    chrom: str,
    targets: IntervalSet,
    place: Callable[[int, int], Tensor] | None,
    window: int | None,
    batch_size: int | None,
) -> Iterator[tuple[int, Tensor]]:
    """Position of each stretch's first base, and its values (bases, markers) on the device."""
    device = network.device
    on_cpu = device.type == "cpu"
    together = batch_size or (1 if on_cpu else _WINDOWS_ON_A_GPU)
    piece = _BASES_ON_A_CPU if on_cpu else _BASES_ON_A_GPU
    length = window or suited_length(network.context)
    for batch in _batches(tile(targets, network.context, length), together):
        codes = np.stack([genome.codes(chrom, read.start, read.end) for read in batch])
        with _computing():
            # A byte for each base goes to the device, and is made a number there.
            body = network.body(torch.from_numpy(codes).to(device).to(torch.int32))
        for number, read in enumerate(batch):
            for start, end in targets.clip(read.core_start, read.core_end):
                for first in range(start, end, piece):
                    last = min(first + piece, end)
                    with _computing():
                        part = body[number : number + 1]
                        logits = network.logits(part, first - read.start, last - read.start)
                        out = place(first, last - first) if place else None
                        values = network.values(logits[0], out)
                    yield first, values


@contextmanager
def _computing() -> Iterator[None]:
    with exact_arithmetic(), memory_advice(batch_size="a smaller {}", window="a smaller {}"):
        yield


def _batches(windows: Iterable[Window], size: int) -> Iterator[list[Window]]:
    """Consecutive windows of one length, at most `size` together."""
    batch: list[Window] = []
    for window in windows:
        if batch and (len(batch) == size or len(window) != len(batch[0])):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch
