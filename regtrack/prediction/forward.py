"""The forward pass over any stretch of a chromosome, stitched without seams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
    """Whoever wants probabilities as they are predicted: of segments, counts, called peaks."""

    def add(self, start: int, probabilities: npt.NDArray[np.float32], /) -> None:
        """Take those of the next bases, from `start` on: float32 (markers, bases)."""


class DeviceSink(Protocol):
    """A sink that takes them where they are computed."""

    def add(self, start: int, probabilities: Tensor, /) -> None:
        """Take those of the next bases, from `start` on: float32 (bases, markers)."""


def feed(
    network: Network,
    genome: Genome,
    chrom: str,
    targets: IntervalSet,
    sinks: Sequence[Sink],
    on_device: Sequence[DeviceSink] = (),
    *,
    window: int | None = None,
    batch_size: int | None = None,
    observer: Observer | None = None,
) -> None:
    """Predict the targets of one chromosome, and give each stretch to whoever listens.

    Parameters
    ----------
    network, genome, chrom, targets, window, batch_size
        As `predict_on_device`.
    sinks
        Without any, nothing leaves the device.
    observer
        Is told of the bases that are predicted.

    Raises
    ------
    ArgumentError
        When the window has no room for a core.
    """
    for start, probabilities in predict_on_device(
        network, genome, chrom, targets, window=window, batch_size=batch_size
    ):
        for device_sink in on_device:
            device_sink.add(start, probabilities)
        if sinks:
            values = probabilities.cpu().numpy().T
            for sink in sinks:
                sink.add(start, values)
        if observer:
            observer.advanced(len(probabilities))


@dataclass(frozen=True)
class Stretch:
    """Probabilities of consecutive bases, all of them asked for; or signals.

    Parameters
    ----------
    start
        Position of the first base, 0-based.
    probabilities
        float32 (markers, bases); in memory the markers of a base lie side by side.
    """

    start: int
    probabilities: npt.NDArray[np.float32]


def predict_stretches(
    network: Network,
    genome: Genome,
    chrom: str,
    targets: IntervalSet,
    *,
    window: int | None = None,
    batch_size: int | None = None,
) -> Iterator[Stretch]:
    """Predict the targets of one chromosome, in order, stretch by stretch.

    Parameters
    ----------
    network, genome, chrom, targets, window, batch_size
        As `predict_on_device`.

    Raises
    ------
    ArgumentError
        When the window has no room for a core.
    """
    for start, probabilities in predict_on_device(
        network, genome, chrom, targets, window=window, batch_size=batch_size
    ):
        yield Stretch(start, probabilities.cpu().numpy().T)


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
        As `predict_on_device`.
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
    values = np.full((network.outputs, len(region)), np.nan, np.float32)
    for piece in predict_stretches(
        network, genome, region.chrom, targets, window=window, batch_size=batch_size
    ):
        first = piece.start - region.start
        last = first + piece.probabilities.shape[1]
        values[:, first:last] = piece.probabilities
        observer.advanced(last - first)
    return values


def predict_on_device(
    network: Network,
    genome: Genome,
    chrom: str,
    targets: IntervalSet,
    *,
    window: int | None = None,
    batch_size: int | None = None,
) -> Iterator[tuple[int, Tensor]]:
    """Predict the targets of one chromosome, in order; the results stay where they are.

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

    Yields
    ------
    int, Tensor (bases, markers)
        Position of the first base of a stretch, 0-based, and its probabilities or, of a network
        that gives these, signals: float32.

    Raises
    ------
    ArgumentError
        When the window has no room for a core.
    """
    device = network.device
    on_cpu = device.type == "cpu"
    together = batch_size or (1 if on_cpu else _WINDOWS_ON_A_GPU)
    piece = _BASES_ON_A_CPU if on_cpu else _BASES_ON_A_GPU
    length = window or suited_length(network.context)
    for batch in _batches(tile(targets, network.context, length), together):
        codes = np.stack([genome.codes(chrom, one.start, one.end) for one in batch])
        with _computing():
            body = network.body(torch.from_numpy(codes).to(device, torch.int32))
        for number, one in enumerate(batch):
            for start, end in targets.clip(one.core_start, one.core_end):
                for first in range(start, end, piece):
                    last = min(first + piece, end)
                    with _computing():
                        part = body[number : number + 1]
                        logits = network.logits(part, first - one.start, last - one.start)
                        values = network.values(logits[0])
                    yield first, values


@contextmanager
def _computing() -> Iterator[None]:
    with exact_arithmetic(), memory_advice("a smaller --batch-size or --window needs less"):
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
