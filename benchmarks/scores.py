"""`regtrack eval` beside brute force: every base by itself, sorted by scikit-learn.

    python benchmarks/scores.py MODEL DATASET [OUT.tsv]

Predicts the test windows of a dataset of the dense task, holds all probabilities at once, and
compares, marker by marker, the average precision of

    sorted       scikit-learn on the unrounded probabilities, base by base
    model        regtrack eval MODEL, from counts
    tracks       regtrack eval TRACKS, from segments, at the default error bound
    read back    scikit-learn on the values that pyBigWig reads at every base of the tracks

and the same of AUROC and of the trapezoid rule. Prints the largest and the mean differences; the
table of all markers goes to OUT.tsv.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyBigWig
import torch
from error_bounds import write_markers, write_test_windows
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

from regtrack.api.progress import Bar
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.genome.intervals import Interval
from regtrack.models.checkpoint import load_network
from regtrack.models.inference import for_inference
from regtrack.observer import Unwatched
from regtrack.prediction.forward import predict_interval
from regtrack.prediction.job import make_job
from regtrack.prediction.run import run
from regtrack.prediction.score_job import score_job_on_split
from regtrack.prediction.score_model import run_scores
from regtrack.prediction.settings import PredictionSettings
from regtrack.scoring.metrics import RankingScores
from regtrack.scoring.request import ScoreRequest
from regtrack.scoring.score_tracks import evaluate
from regtrack.tracks.folder import TrackSet
from regtrack.workers import available_cores

NAMES = ("average_precision", "pr_auc_trapezoid", "auroc")
Values = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]


def brute_force(labels: Labels, values: Values) -> RankingScores:
    """What scikit-learn says of one value per base."""
    if not labels.any():
        return RankingScores(len(labels), 0)
    precision, recall, _ = precision_recall_curve(labels, values)
    return RankingScores(
        len(labels),
        int(labels.sum()),
        float(average_precision_score(labels, values)),
        float(auc(recall, precision)),
        float(roc_auc_score(labels, values)),
    )


def predicted(model: Path, dataset: DenseDataset) -> tuple[Values, Labels]:
    """Probabilities and labels of all test bases, (markers, bases) each."""
    network = for_inference(load_network(model, torch.device("cpu")))
    values, labels = [], []
    for chrom, targets in dataset.known("test").items():
        for start, end in targets:
            region = Interval(chrom, start, end)
            values.append(predict_interval(network, dataset.genome, region, targets, Unwatched()))
            labels.append(dataset.labels.spread(chrom, start, end))
    return np.concatenate(values, axis=1), np.concatenate(labels, axis=1)


def read_back(path: Path, dataset: DenseDataset) -> Values:
    """The value at every test base of a track; absent is 0."""
    with pyBigWig.open(str(path)) as file:
        parts = [
            np.nan_to_num(file.values(chrom, start, end, numpy=True))
            for chrom, targets in dataset.known("test").items()
            for start, end in targets
        ]
    return np.concatenate(parts)


def main() -> None:
    """Read the command line, measure, and print."""
    model, dataset = Path(sys.argv[1]), open_dataset(Path(sys.argv[2]))
    if not isinstance(dataset, DenseDataset):
        sys.exit("not a dataset of the dense task")
    values, labels = predicted(model, dataset)
    found = {"sorted": [brute_force(*pair) for pair in zip(labels, values, strict=True)]}
    cores = available_cores()
    with tempfile.TemporaryDirectory() as scratch, Bar() as progress:
        folder = Path(scratch)
        regions, peaks, tracks = folder / "test.bed", folder / "markers.tsv", folder / "tracks"
        write_test_windows(dataset, regions)
        write_markers(dataset.markers, peaks)
        job = score_job_on_split(model, dataset.path, "test", None, [], "cpu")
        found["model"] = run_scores(job, cores, progress).overall
        prediction = make_job(
            model, dataset.genome.path, [str(regions)], [], PredictionSettings(), "cpu"
        )
        run(prediction, tracks, cores, False, progress)
        found["tracks"] = evaluate(tracks, ScoreRequest(peaks), cores, progress).overall
        files = [tracks / track.bigwig for track in TrackSet.read(tracks).tracks]
        found["read back"] = [
            brute_force(label, read_back(path, dataset))
            for label, path in zip(labels, files, strict=True)
        ]
    report(found)
    if len(sys.argv) > 3:
        write_table(Path(sys.argv[3]), [one.name for one in dataset.markers], found)


def report(found: dict[str, list[RankingScores]]) -> None:
    """Differences, over the markers that have a positive."""
    scored = [row for row, score in enumerate(found["sorted"]) if score.scored]
    print(f"{len(scored)} markers with a positive, {found['sorted'][0].bases:,} bases")
    pairs = ("model", "sorted"), ("tracks", "sorted"), ("tracks", "read back")
    print(f"{'':<22}{'':<20}{'mean':>11}{'mean amount':>13}{'largest':>11}")
    for one, other in pairs:
        for name in NAMES:
            values = ([getattr(found[kind][row], name) for row in scored] for kind in (one, other))
            gaps = np.subtract(*map(np.array, values))
            amounts = np.abs(gaps)
            print(
                f"{one + ' - ' + other:<22}{name:<20}{gaps.mean():>11.6f}"
                f"{amounts.mean():>13.6f}{amounts.max():>11.6f}"
            )


def write_table(path: Path, markers: list[str], found: dict[str, list[RankingScores]]) -> None:
    """All scores of all markers."""
    columns = [(kind, name) for kind in found for name in NAMES]
    lines = [["marker", *(f"{kind} {name}" for kind, name in columns)]]
    for row, marker in enumerate(markers):
        cells = [f"{getattr(found[kind][row], name):.6f}" for kind, name in columns]
        lines.append([marker, *cells])
    path.write_text("\n".join("\t".join(line) for line in lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
