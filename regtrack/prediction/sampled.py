"""What values a network of signals has: its range and a threshold of peaks, from a sample."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from regtrack.errors import InputError
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet, Regions, total_bases
from regtrack.models.inference import for_inference
from regtrack.models.network import Network
from regtrack.observer import Observer, staged
from regtrack.prediction.forward import feed

# Stretches of a genome, as far from each other as it allows, and the bases of each.
_STRETCHES = 64
_LENGTH = 16_384

# Bases that are kept for quantiles; of more, as many at even distances.
_KEPT = 16_384

# Peaks are called from the value that the rest of the sampled bases exceed.
_SHARE_BELOW = 0.99


class Sampled(NamedTuple):
    """Of each marker, the highest value, and that which one base in a hundred exceeds."""

    highest: tuple[float, ...]
    rare: tuple[float, ...]


def sample_values(network: Network, genome: Genome, observer: Observer) -> Sampled:
    """Predict a sample of a genome: a million of its bases that are not N, or all of fewer.

    The same of every network and genome; to four digits.

    Raises
    ------
    InputError
        When the genome is nothing but N, or the network gives what is no signal.
    """
    targets = sample_of(genome)
    bases = total_bases(targets)
    if not bases:
        raise InputError(genome.path, "nothing but N: no range can be measured on it")
    with staged(observer, "measuring the range", "bp", bases):
        fast = for_inference(network)
        sampler = _Sampler(network.outputs, every=-(-bases // _KEPT))
        for chrom, intervals in targets.items():
            feed(fast, genome, chrom, intervals, [sampler], observer=observer)
    return sampler.finish()


class _Sampler:
    """A sink: the highest value of each marker, and those of some bases.

    Parameters
    ----------
    every
        Bases from one that is kept to the next.
    """

    def __init__(self, markers: int, every: int) -> None:
        self._highest = np.zeros(markers, np.float32)
        self._every, self._done = every, 0
        self._kept: list[npt.NDArray[np.float32]] = []

    def add(self, _: int, values: npt.NDArray[np.float32]) -> None:
        """Take the next bases."""
        self._highest = np.maximum(self._highest, values.max(axis=1))
        self._kept.append(values[:, -self._done % self._every :: self._every].copy())
        self._done += values.shape[1]

    def finish(self) -> Sampled:
        """Both values of each marker, to four digits."""
        kept = np.concatenate(self._kept, axis=1)
        rare = np.quantile(kept, _SHARE_BELOW, axis=1, method="lower")
        return Sampled(_to_four_digits(self._highest), _to_four_digits(rare))


def _to_four_digits(values: npt.NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(float(f"{value:.4g}") for value in values)


def sample_of(genome: Genome) -> dict[str, IntervalSet]:
    """The sampled bases, none of them N."""
    sizes = genome.chrom_sizes
    known: Regions = genome.known(
        {chrom: IntervalSet.of([0], [size]) for chrom, size in sizes.items() if size}
    )
    total = total_bases(known)
    if total <= _STRETCHES * _LENGTH:
        return dict(known)
    firsts = np.arange(_STRETCHES) * total // _STRETCHES
    sample = {}
    before = 0
    for chrom, intervals in known.items():
        here = firsts[(before <= firsts) & (firsts < before + intervals.bases)] - before
        before += intervals.bases
        if len(here):
            starts = intervals.nth_base(here)
            sample[chrom] = intervals.intersect(IntervalSet.of(starts, starts + _LENGTH))
    return sample
