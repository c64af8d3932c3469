"""Exact scores of a network on a split of a dataset."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from regtrack.datasets.folder import DenseDataset, ShortDataset
from regtrack.evaluation.cells import only_defined
from regtrack.evaluation.histogram import ScoreHistogram
from regtrack.evaluation.metrics import CategoryMeans, category_means
from regtrack.models.device import exact_arithmetic
from regtrack.models.inference import for_inference
from regtrack.models.network import Network
from regtrack.prediction.forward import predict_stretches
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
        Probability of the best F1, per marker.
    """

    step: int
    means: tuple[CategoryMeans, ...]
    average_precision: float
    thresholds: tuple[float, ...]

    @classmethod
    def of(
        cls, dataset: DenseDataset | ShortDataset, histogram: ScoreHistogram, step: int
    ) -> Validation:
        """What a histogram of scores comes to."""
        means = category_means(dataset.markers, histogram.scores())
        return cls(
            step=step,
            means=tuple(means),
            average_precision=sum(mean.average_precision for mean in means) / max(len(means), 1),
            thresholds=tuple(histogram.best_f1_thresholds(FALLBACK_THRESHOLD)),
        )

    def to_json(self) -> dict[str, Any]:
        """As the state of a training keeps it; what is not a number is left out."""
        return {**asdict(self), "means": [only_defined(asdict(mean)) for mean in self.means]}


def score(
    network: Network, dataset: DenseDataset | ShortDataset, split: str, processes: Processes
) -> ScoreHistogram:
    """Count the unrounded probabilities of a network on a split, in constant memory.

    What is N, or lies on a chromosome where a marker is unknown, does not count.

    Parameters
    ----------
    network
        In evaluation mode; one output per marker of the dataset.
    processes
        Each of them scores a part; all get the whole.
    """
    histogram = ScoreHistogram(len(dataset.markers))
    if isinstance(dataset, DenseDataset):
        _score_bases(network, dataset, split, processes, histogram)
    else:
        _score_inputs(network, dataset, split, processes, histogram)
    processes.add_up(histogram.counts)
    return histogram


def _score_bases(
    network: Network,
    dataset: DenseDataset,
    split: str,
    processes: Processes,
    histogram: ScoreHistogram,
) -> None:
    network = for_inference(network)
    for chrom, targets in dataset.known(split).items():
        known_markers = dataset.labels.known_markers(chrom)[:, None]
        for stretch in predict_stretches(
            network, dataset.genome, chrom, processes.share_of(targets)
        ):
            end = stretch.start + stretch.probabilities.shape[1]
            labels = dataset.labels.spread(chrom, stretch.start, end)
            histogram.add(stretch.probabilities, labels, known_markers)


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
            logits = network.output(network.hidden(codes)[-1][:, 0])
        probabilities = logits.sigmoid().cpu().numpy()
        known_markers = dataset.known_markers(split, indices)
        histogram.add(probabilities.T, dataset.labels(split, indices).T, known_markers.T)
