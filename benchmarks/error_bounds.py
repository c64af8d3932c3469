"""What an error bound and a floor cost in scores and save in bytes, on a real network.

    python benchmarks/error_bounds.py MODEL DATASET [MAX_ERROR,FLOOR ...]

Predicts the test windows of a dataset of the dense task once per pair of bound and floor
and prints a table: segments and
bytes per base and marker, and how far the average precision of the tracks lies from the
exact one (unrounded probabilities), in the mean and at most over the markers.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from regtrack.api.progress import Bar
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.genome.markers import COLUMNS, Marker
from regtrack.models.checkpoint import load_network
from regtrack.prediction.job import make_job
from regtrack.prediction.run import run
from regtrack.prediction.settings import PredictionSettings
from regtrack.scoring.request import ScoreRequest
from regtrack.scoring.score_tracks import evaluate
from regtrack.tracks.bigwig_sections import BigWigSections
from regtrack.tracks.folder import TrackSet
from regtrack.training.processes import Processes
from regtrack.training.validation import score
from regtrack.workers import available_cores

DEFAULT_PAIRS = ("0.002,0.002", "0.005,0.002", "0.005,0.005", "0.01,0.005", "0.01,0.01")


@dataclass(frozen=True)
class Case:
    """What everything is measured on."""

    model: Path
    dataset: DenseDataset
    regions: Path
    peaks: Path


def exact_precisions(case: Case) -> dict[str, float]:
    """Average precision of each scored marker from unrounded probabilities."""
    cpu = torch.device("cpu")
    histogram = score(load_network(case.model, cpu), case.dataset, "test", Processes(0, 1, cpu))
    scores = zip(case.dataset.markers, histogram.scores(), strict=True)
    return {marker.name: one.average_precision for marker, one in scores if one.scored}


def write_test_windows(dataset: DenseDataset, path: Path) -> None:
    """The test windows as a BED file."""
    rows = [
        f"{chrom}\t{start}\t{end}\n"
        for chrom, spans in dataset.regions("test").items()
        for start, end in spans
    ]
    path.write_text("".join(rows), encoding="utf-8")


def write_markers(markers: Sequence[Marker], path: Path) -> None:
    """The markers of a dataset as a table."""
    rows = [[str(marker.to_json()[column]) for column in COLUMNS] for marker in markers]
    text = "".join("\t".join(row) + "\n" for row in [list(COLUMNS), *rows])
    path.write_text(text, encoding="utf-8")


def measure(case: Case, max_error: float, floor: float, exact: dict[str, float]) -> str:
    """One line of the table."""
    with tempfile.TemporaryDirectory() as scratch, Bar() as progress:
        out = Path(scratch) / "tracks"
        settings = PredictionSettings(max_error=max_error, floor=floor)
        job = make_job(
            case.model, case.dataset.genome.path, [str(case.regions)], [], settings, "cpu"
        )
        run(job, out, available_cores(), False, progress)
        evaluation = evaluate(out, ScoreRequest(case.peaks), available_cores(), progress)
        segments = size = 0
        for track in TrackSet.read(out).tracks:
            size += (out / track.bigwig).stat().st_size
            with BigWigSections(out / track.bigwig) as reader:
                for chrom, targets in job.targets.items():
                    segments += sum(map(len, reader.records(chrom, targets)))
    values = len(job.rows) * evaluation.scored.bases
    lost = np.array(
        [
            exact[marker.name] - one.average_precision
            for marker, one in zip(evaluation.markers, evaluation.overall, strict=True)
            if one.scored
        ]
    )
    return (
        f"{max_error:>9g} {floor:>7g} {values / segments:>16.0f} {size / values:>14.4f} "
        f"{lost.mean():>13.5f} {np.abs(lost).mean():>13.5f} {np.abs(lost).max():>12.5f}"
    )


def main() -> None:
    """Read the command line and print the table."""
    model, path, *pairs = sys.argv[1:]
    dataset = open_dataset(Path(path))
    if not isinstance(dataset, DenseDataset):
        sys.exit("not a dataset of the dense task")
    with tempfile.TemporaryDirectory() as scratch:
        regions, peaks = Path(scratch) / "test.bed", Path(scratch) / "markers.tsv"
        write_test_windows(dataset, regions)
        write_markers(dataset.markers, peaks)
        print_table(Case(Path(model), dataset, regions, peaks), pairs or DEFAULT_PAIRS)


def print_table(case: Case, pairs: Sequence[str]) -> None:
    """Measure and print, line by line."""
    exact = exact_precisions(case)
    print(
        "max_error   floor bases per segment bytes per base AP lost, mean  mean |lost|  max |lost|"
    )
    for pair in pairs:
        max_error, floor = map(float, pair.split(","))
        print(measure(case, max_error, floor, exact), flush=True)


if __name__ == "__main__":
    main()
