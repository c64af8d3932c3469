"""Networks of both tasks on the test inputs of the short one.

    python benchmarks/short_task.py DATASET GENOME MODEL [MODEL ...]

DATASET is of `regtrack prepare --task short`: its inputs are bins of 200 bases, each with more than
half of its bases in a peak of a transcription factor. A network of the short task gives one
probability for a bin; one of the dense task gives one for each base, whose mean over the bin is
taken. Printed is the mean over the markers of each category of their average precision, and how
many were scored.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

import regtrack as rt
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.short import ShortDataset
from regtrack.genome.short_input import BIN

REACH = 200_000  # bases that are predicted together


def scored(
    model: rt.Model, dataset: ShortDataset, genome: str
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Probabilities and labels of the test inputs, (inputs, markers) each."""
    bins = np.asarray(dataset.splits["test"].bins, np.int64)
    probabilities = np.empty((len(bins), len(dataset.markers)), np.float32)
    for number, chrom in enumerate(dataset.chrom_sizes):
        of_chrom = np.flatnonzero(bins[:, 0] == number)
        while len(of_chrom):
            first = bins[of_chrom[0], 1]
            rows = of_chrom[bins[of_chrom, 1] < first + REACH]
            region = (chrom, int(first), int(bins[rows[-1], 1]) + BIN)
            values = model.predict(genome, region).values
            for row in rows:
                place = bins[row, 1] - first
                probabilities[row] = np.nanmean(values[:, place : place + BIN], axis=1)
            of_chrom = of_chrom[len(rows) :]
    return probabilities, dataset.labels("test", np.arange(len(bins)))


def main() -> None:
    """Read the command line and print the table."""
    path, genome, *models = sys.argv[1:]
    dataset = open_dataset(Path(path), Path(genome))
    if not isinstance(dataset, ShortDataset) or dataset.splits["test"].bins is None:
        sys.exit("not a dataset of the short task that was made from a genome")
    known = dataset.known_markers("test", np.arange(dataset.size("test")))
    print("model", "category", "markers", "base_rate", "average_precision", sep="\t")
    for name in models:
        model = rt.load_model(name)
        if [marker.name for marker in model.markers] != [one.name for one in dataset.markers]:
            sys.exit(f"{name} predicts other markers than those of {path}")
        probabilities, labels = scored(model, dataset, genome)
        of_category = defaultdict(list)
        for row, marker in enumerate(dataset.markers):
            truth = labels[known[:, row], row]
            if truth.any():
                score = average_precision_score(truth, probabilities[known[:, row], row])
                of_category[marker.category].append((truth.mean(), score))
        for category, scores in of_category.items():
            rate, score = np.mean(scores, axis=0)
            cells = (Path(name).stem, category, len(scores), f"{rate:.4f}", f"{score:.4f}")
            print(*cells, sep="\t", flush=True)


if __name__ == "__main__":
    main()
