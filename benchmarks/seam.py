"""How much a recurrent network's predictions depend on where its windows lie.

    python benchmarks/seam.py MODEL DATASET [OVERLAP ...]

The context of an LSTM has no end, so that its windows overlap by a number of bases beyond
which its memory is taken to have faded. Predicts the first test stretch of a dataset in
windows of 25,000 bases with each overlap, and in one pass over the whole stretch, and
prints how far the probabilities lie apart: at most, at 1 base and marker in 10,000, in the
mean, and in average precision.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.models.checkpoint import load_network
from regtrack.models.network import Context, Network
from regtrack.observer import Unwatched
from regtrack.prediction.forward import predict_interval
from regtrack.scoring.histogram import ScoreHistogram

WINDOW = 25_000
OVERLAPS = (1_000, 2_500, 5_000, 10_000)
# One pass over the whole stretch reads this much more on both sides.
WIDEST = 25_000


def predict(
    network: Network,
    context: Context,
    dataset: DenseDataset,
    chrom: str,
    target: IntervalSet,
    window: int,
) -> npt.NDArray[np.float32]:
    """Probabilities (markers, bases) of a target whose windows overlap as `context` says."""
    network.context = context
    regions = (Interval(chrom, start, end) for start, end in target)
    nobody = Unwatched()
    stretches = [
        predict_interval(network, dataset.genome, region, target, nobody, window=window)
        for region in regions
    ]
    return np.concatenate(stretches, axis=1)


def mean_precision(values: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]) -> float:
    """Average precision, mean over the markers that have a peak."""
    histogram = ScoreHistogram(len(values))
    histogram.add(values, labels)
    return float(np.mean([one.average_precision for one in histogram.scores() if one.scored]))


def main() -> None:
    """Read the command line and print the table."""
    model, path, *overlaps = sys.argv[1:]
    dataset = open_dataset(Path(path))
    if not isinstance(dataset, DenseDataset):
        sys.exit("not a dataset of the dense task")
    network = load_network(Path(model), torch.device("cpu"))
    chrom, known = next(iter(dataset.known("test").items()))
    start, end = next(iter(known))
    target = known.clip(start, end)
    own = network.context

    def context(overlap: int) -> Context:
        return replace(own, left=overlap, right=overlap)

    whole = predict(network, context(WIDEST), dataset, chrom, target, end - start + 3 * WIDEST)
    labels = dataset.labels.spread(chrom, start, end)
    print(
        f"{end - start:,} bases; average precision in one pass {mean_precision(whole, labels):.5f}"
    )
    print("overlap      most    1 in 10,000      mean   average precision")
    for overlap in map(int, overlaps or OVERLAPS):
        values = predict(network, context(overlap), dataset, chrom, target, WINDOW)
        apart = np.abs(values - whole)
        print(
            f"{overlap:>7,} {apart.max():>9.1e} {np.quantile(apart[:, ::7], 0.9999):>14.1e} "
            f"{apart.mean():>9.1e} {mean_precision(values, labels):>19.5f}"
        )


if __name__ == "__main__":
    main()
