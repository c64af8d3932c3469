"""Exact scores of a network on held-out regions, while it trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from regtrack.evaluation.histogram import ScoreHistogram
from regtrack.evaluation.metrics import CategoryMeans, category_means
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import Marker
from regtrack.models.dense import DenseNetwork
from regtrack.prediction.forward import predict_stretches
from regtrack.prediction.settings import PredictionSettings
from regtrack.training.labels import PeakLabels

# Peaks of a marker without any validation peak are called from here.
FALLBACK_THRESHOLD = 0.5


@dataclass(frozen=True)
class Validation:
    """Scores on the validation regions after some steps.

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


def score(
    network: DenseNetwork,
    genome: Genome,
    known: Mapping[str, IntervalSet],
    labels: PeakLabels,
) -> ScoreHistogram:
    """Count the unrounded probabilities of a network on some bases, in constant memory.

    Parameters
    ----------
    network
        In evaluation mode.
    known
        The bases to score (not N), per chromosome.
    labels
        One row per output of the network.
    """
    histogram = ScoreHistogram(network.output.out_features)
    for chrom, targets in known.items():
        for stretch in predict_stretches(
            network, genome, chrom, targets, window=PredictionSettings.window
        ):
            end = stretch.start + stretch.probabilities.shape[1]
            histogram.add(stretch.probabilities, labels.spread(chrom, stretch.start, end))
    return histogram


def validate(
    network: DenseNetwork,
    genome: Genome,
    known: Mapping[str, IntervalSet],
    markers: tuple[Marker, ...],
    labels: PeakLabels,
    step: int,
) -> Validation:
    """Score a network in training on held-out bases, and find its peak thresholds.

    The network is left in training mode. At least one marker must have a peak there.
    """
    histogram = score(network.eval(), genome, known, labels)
    network.train()
    means = category_means(markers, histogram.scores())
    return Validation(
        step=step,
        means=tuple(means),
        average_precision=sum(mean.average_precision for mean in means) / len(means),
        thresholds=tuple(histogram.best_f1_thresholds(FALLBACK_THRESHOLD)),
    )
