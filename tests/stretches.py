"""A sink that keeps all that is predicted, stretch by stretch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet
from regtrack.models.network import Network
from regtrack.prediction.forward import feed


class Stretch(NamedTuple):
    """Probabilities (markers, bases) from a base on."""

    start: int
    probabilities: np.ndarray


class Stretches:
    """As a `Sink`."""

    def __init__(self) -> None:
        self._kept: list[Stretch] = []

    def add(self, start: int, probabilities: np.ndarray) -> None:
        """Keep a stretch."""
        self._kept.append(Stretch(start, probabilities))

    def finish(self) -> list[Stretch]:
        """All of them."""
        return self._kept


def predicted_stretches(
    network: Network,
    genome: Genome,
    chrom: str,
    targets: IntervalSet,
    *,
    window: int | None = None,
    batch_size: int | None = None,
) -> list[Stretch]:
    """What sinks are given, in order."""
    sink = Stretches()
    feed(network, genome, chrom, targets, [sink], window=window, batch_size=batch_size)
    return sink.finish()
