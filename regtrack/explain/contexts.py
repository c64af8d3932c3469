"""The effective context of a marker: how far away the bases are that its peaks depend on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from regtrack.explain.explained_models import ExplainedModel
from regtrack.explain.gradient import (
    by_distance,
    input_gradients,
    open_network,
    share_beyond,
    widths,
)
from regtrack.explain.positives import (
    MEASURED,
    PREDICTED,
    PeakTable,
    middles,
    predicted_bases,
    spread,
)
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet, Regions
from regtrack.genome.markers import Marker, categories_of
from regtrack.models.inference import for_inference
from regtrack.models.network import Network
from regtrack.observer import Observer, staged
from regtrack.prediction.windows import Window, suited_length, tile

DISTANCES = (250, 1_000, 2_500)

# Bases of the windows that go through a network together.
_BASES_TOGETHER = 100_000


@dataclass(frozen=True)
class MarkerContext:
    """The effective context of a marker in a network.

    Parameters
    ----------
    source
        Source of its positive bases: `MEASURED` or `PREDICTED`.
    samples
        Positive bases, each given an error of 1 by itself; 0 where there are none.
    profile
        float64: mean over the samples of the share of the gradient's norm at each distance
        from 0 on; both sides together. Sums to 1; all 0 without samples.
    """

    model: ExplainedModel
    marker: Marker
    source: str
    samples: int
    profile: npt.NDArray[np.float64]

    @property
    def widths(self) -> tuple[int | None, ...]:
        """Bases around a positive one that hold 50, 90 and 99% of the norm."""
        return widths(self.profile)

    @property
    def beyond(self) -> tuple[float | None, ...]:
        """Shares of the norm that lie farther away than each of `DISTANCES`."""
        return tuple(share_beyond(self.profile, distance) for distance in DISTANCES)


def find_contexts(
    model: ExplainedModel,
    genome: Genome,
    markers: Sequence[Marker],
    targets: Regions,
    peaks: PeakTable,
    samples: int,
    device: torch.device,
    observer: Observer,
) -> list[MarkerContext]:
    """Effective context of some markers of one network, from some positive bases of each.

    Parameters
    ----------
    markers
        Of those in the checkpoint.
    targets
        Bases to choose the positive ones from, without N.
    peaks
        Where the table has markers, positive bases are the middles of measured peaks;
        otherwise bases whose probability reaches the marker's threshold.
    samples
        Positive bases per marker, at most; evenly spread over all of them.
    """
    names = [marker.name for marker in model.checkpoint.markers]
    rows = [names.index(marker.name) for marker in markers]
    network = open_network(model.path, rows, device)
    if len(peaks):
        source = MEASURED
        candidates = [middles(peaks.of(marker), targets) for marker in markers]
    else:
        source = PREDICTED
        thresholds = np.array([model.checkpoint.thresholds[row] for row in rows], np.float32)
        bases = sum(intervals.bases for intervals in targets.values())
        observer.stage(f"{model.name}, predicting", "bp", bases, 0)
        candidates = predicted_bases(for_inference(network), genome, targets, thresholds, observer)
    chosen = [
        Sample(row, chrom, position)
        for row, bases_of in enumerate(candidates)
        for chrom, position in spread(bases_of, samples)
    ]
    with staged(observer, f"{model.name}, explaining", "bases", len(chosen)):
        profiles, counts = profiles_of(network, genome, chosen, len(rows), observer)
    return [
        MarkerContext(model, marker, source, int(count), profile / max(count, 1))
        for marker, profile, count in zip(markers, profiles, counts, strict=True)
    ]


def models_of(contexts: Sequence[MarkerContext]) -> list[ExplainedModel]:
    """The models, each once, in order."""
    return list({context.model.name: context.model for context in contexts}.values())


def grouped(
    contexts: Sequence[MarkerContext], models: Sequence[ExplainedModel]
) -> Iterator[tuple[ExplainedModel, str, list[MarkerContext]]]:
    """The contexts of each model and category that has any."""
    categories = categories_of(context.marker for context in contexts)
    for model in models:
        for category in categories:
            members = [
                context
                for context in contexts
                if context.model is model and context.marker.category == category
            ]
            if members:
                yield model, category, members


@dataclass(frozen=True)
class Sample:
    """A positive base of a marker; `row` is the marker's number among those to explain."""

    row: int
    chrom: str
    position: int


def profiles_of(
    network: Network,
    genome: Genome,
    samples: Sequence[Sample],
    markers: int,
    observer: Observer,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """For each marker, the shares of the norm by distance, summed over its samples.

    Returns
    -------
    float64 (markers, distances), int64 (markers,)
        Each sample adds 1 in total, so that none outweighs the others. Samples whose gradient
        is 0 everywhere are not counted.
    """
    length = len(_window(network, 0))
    profiles = np.zeros((markers, length))
    counts = np.zeros(markers, np.int64)
    for batch in _batches(samples, max(1, _BASES_TOGETHER // length)):
        for sample, window, norm in _norms(network, genome, batch, markers):
            total = norm.sum(dtype=np.float64)
            if total > 0:
                distance = np.abs(np.arange(window.start, window.end) - sample.position)
                shares = by_distance(norm, distance) / total
                profiles[sample.row, : len(shares)] += shares
                counts[sample.row] += 1
        observer.advanced(len(batch))
    return profiles, counts


def _norms(
    network: Network, genome: Genome, batch: Sequence[Sample], markers: int
) -> Iterator[tuple[Sample, Window, npt.NDArray[np.float32]]]:
    """Each sample with a window of its context, and the norm at the window's bases; 0 at N."""
    windows = [_window(network, sample.position) for sample in batch]
    codes = np.stack(
        [
            genome.codes(sample.chrom, window.start, window.end)
            for sample, window in zip(batch, windows, strict=True)
        ]
    )
    core = windows[0].core_end - windows[0].core_start
    errors = torch.zeros(len(batch), core, markers)
    for number, (sample, window) in enumerate(zip(batch, windows, strict=True)):
        errors[number, sample.position - window.core_start, sample.row] = 1
    device = network.device
    gradients = input_gradients(
        network,
        torch.from_numpy(codes).to(device, torch.int32),
        windows[0].core_start - windows[0].start,
        errors.to(device),
    )
    norms = gradients.norm(dim=2).cpu().numpy() * (codes > 0)
    yield from zip(batch, windows, norms, strict=True)


def _window(network: Network, position: int) -> Window:
    """The shortest window that holds the whole context of a base; all have the same length."""
    only = IntervalSet.of([position], [position + 1])
    return next(tile(only, network.context, suited_length(network.context)))


def _batches(samples: Sequence[Sample], size: int) -> Iterator[Sequence[Sample]]:
    for first in range(0, len(samples), size):
        yield samples[first : first + size]
