"""Exact scores of a network on a split of a dataset."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from regtrack.datasets.dataset import Dataset
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.short import ShortDataset
from regtrack.genome.intervals import IntervalSet
from regtrack.models.device import exact_arithmetic
from regtrack.models.inference import for_inference
from regtrack.models.network import Network
from regtrack.models.validated import Validated
from regtrack.prediction.forward import feed
from regtrack.report.numbers import only_defined
from regtrack.scoring.histogram import ScoreHistogram
from regtrack.scoring.metrics import CategoryMeans, category_means
from regtrack.tracks.peaks.callers import THRESHOLDS
from regtrack.training.counts import BaseCounts, PeakCounts, validated
from regtrack.training.processes import Processes

# Peaks of a marker without any validation peak are called from here.
FALLBACK_THRESHOLD = 0.5

_INPUTS_AT_ONCE = 256


@dataclass(frozen=True)
class Validation:
    """Scores on a split after some steps.

    Attributes
    ----------
    average_precision
        Mean over categories of the categories' means: what "best" goes by, so that
        690 transcription factors do not drown 104 histone marks.
    thresholds
        Per marker the probability from which peaks, or inputs of the short task, have the best
        F1.
    validated
        Per marker, of the dense task; as `Checkpoint` has it.
    """

    step: int
    means: tuple[CategoryMeans, ...]
    average_precision: float
    thresholds: tuple[float, ...]
    validated: tuple[Validated | None, ...] = ()

    @classmethod
    def of(cls, dataset: Dataset, counts: SplitCounts, step: int) -> Validation:
        """The scores and thresholds of what was counted."""
        histogram = counts.histogram
        scores = histogram.scores()
        means = category_means(dataset.markers, scores)
        thresholds = histogram.best_f1_thresholds(FALLBACK_THRESHOLD)
        if counts.peaks:
            thresholds = [
                FALLBACK_THRESHOLD if number is None else float(THRESHOLDS[number])
                for number in counts.peaks.best_thresholds()
            ]
        return cls(
            step=step,
            means=tuple(means),
            average_precision=sum(mean.average_precision for mean in means) / max(len(means), 1),
            thresholds=tuple(thresholds),
            validated=(
                validated(scores, counts.bases, counts.peaks)
                if counts.bases and counts.peaks
                else ()
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """As the state of a training has it; what is not a number is left out."""
        return {**asdict(self), "means": [only_defined(asdict(mean)) for mean in self.means]}


@dataclass(frozen=True)
class SplitCounts:
    """What was counted on a split.

    Parameters
    ----------
    histogram
        Of the unrounded probabilities.
    bases, peaks
        Of the dense task, with peaks; None otherwise.
    """

    histogram: ScoreHistogram
    bases: BaseCounts | None = None
    peaks: PeakCounts | None = None


def score(network: Network, dataset: Dataset, split: str, processes: Processes) -> ScoreHistogram:
    """Count the unrounded probabilities of a network on a split, in constant memory.

    N, and chromosomes on which a marker is unknown, do not count.

    Parameters
    ----------
    network
        In evaluation mode; one output per marker of the dataset.
    processes
        Each scores a part; all get the sum.
    """
    return count(network, dataset, split, processes).histogram


def count(
    network: Network,
    dataset: Dataset,
    split: str,
    processes: Processes,
    with_peaks: bool = False,
) -> SplitCounts:
    """As `score`; in the dense task also peaks that are called at many thresholds."""
    if isinstance(dataset, DenseDataset):
        return _count_bases(network, dataset, split, processes, with_peaks)
    assert isinstance(dataset, ShortDataset)  # there are two tasks
    histogram = ScoreHistogram(len(dataset.markers))
    _score_inputs(network, dataset, split, processes, histogram)
    processes.add_up(histogram.counts)
    return SplitCounts(histogram)


def _count_bases(
    network: Network, dataset: DenseDataset, split: str, processes: Processes, with_peaks: bool
) -> SplitCounts:
    network = for_inference(network)
    if with_peaks:
        bases, peaks = BaseCounts(dataset, split), PeakCounts(dataset)
        counts = SplitCounts(bases.histogram, bases, peaks)
    else:
        counts = SplitCounts(ScoreHistogram(len(dataset.markers)))
    for chrom, targets in dataset.known(split).items():
        share = processes.share_of(targets)
        counter = _ChromCounter(counts, dataset, chrom, share)
        feed(network, dataset.genome, chrom, share, [counter])
        counter.finish()
    if counts.bases and counts.peaks:
        counts.bases.finish(processes)
        counts.peaks.finish(processes)
    else:
        processes.add_up(counts.histogram.counts)
    return counts


class _ChromCounter:
    """A sink: counts the probabilities of a chromosome's bases beside their labels."""

    def __init__(
        self, counts: SplitCounts, dataset: DenseDataset, chrom: str, targets: IntervalSet
    ) -> None:
        self._counts, self._labels = counts, dataset.labels
        self._chrom, self._targets = chrom, targets
        self._known_markers = dataset.labels.known_markers(chrom)[:, None]

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Count those of the next bases."""
        labels = self._labels.spread(self._chrom, start, start + probabilities.shape[1])
        counts, known = self._counts, self._known_markers
        if counts.bases:
            counts.bases.add(self._chrom, start, probabilities, labels, known)
        else:
            counts.histogram.add(probabilities, labels, known)
        if counts.peaks:
            counts.peaks.add(start, probabilities)

    def finish(self) -> None:
        """Count the peaks of the chromosome."""
        if self._counts.peaks:
            self._counts.peaks.end(self._chrom, self._targets)


def _score_inputs(
    network: Network,
    dataset: ShortDataset,
    split: str,
    processes: Processes,
    histogram: ScoreHistogram,
) -> None:
    numbers = processes.share(np.arange(dataset.size(split)))
    for start in range(0, len(numbers), _INPUTS_AT_ONCE):
        indices = numbers[start : start + _INPUTS_AT_ONCE]
        codes = torch.from_numpy(dataset.codes(split, indices)).to(processes.device)
        with exact_arithmetic():
            logits = network.position_logits(codes)[:, 0]
        probabilities = logits.sigmoid().cpu().numpy()
        known_markers = dataset.known_markers(split, indices)
        histogram.add(probabilities.T, dataset.labels(split, indices).T, known_markers.T)
