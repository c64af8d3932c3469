"""Peaks that the networks of a cross-validation call on sequence that they did not see.

    python benchmarks/called_peaks.py CROSSVAL DATASET GENOME [LABEL ...]

Every finished training of a folder that `regtrack crossval` made calls peaks on its fold, as
`regtrack predict` does: with thresholds chosen by the validation windows, and only for markers that
are better than chance there. Over all folds and seeds, for each category: markers of which a peak
was called (mean per training), peaks called, the share of these that overlap a measured peak
(precision), the share of the measured peaks of the same markers that are overlapped (recall), and
how far the ends of a called peak lie from those of the measured one that it overlaps most: the
median, in bases, of both ends without regard to the side, and of each with it.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import regtrack as rt
from regtrack.crossval.plan import FOLDS, Plan, Training
from regtrack.crossval.tested import read_tested
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.genome.intervals import IntervalSet
from regtrack.tracks.peaks.files import read_peaks


@dataclass
class Called:
    """What was called for the markers of a category, over folds and seeds."""

    trainings: int = 0
    markers: int = 0
    called: int = 0
    right: int = 0
    measured: int = 0
    found: int = 0
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def add(self, called: IntervalSet, measured: IntervalSet) -> None:
        """Count the peaks of one marker on one chromosome."""
        self.called += len(called)
        self.measured += len(measured)
        self.right += len(called.overlapping(measured))
        self.found += len(measured.overlapping(called))
        for start, end in called:
            over = measured.overlapping(IntervalSet.of([start], [end]))
            if len(over):
                best = max(over, key=lambda one: min(one[1], end) - max(one[0], start))
                self.starts.append(start - best[0])
                self.ends.append(end - best[1])

    def cells(self) -> list[str]:
        """A row of the table."""
        sides = np.array([*self.starts, *self.ends])
        return [
            f"{self.markers / max(self.trainings, 1):.1f}",
            f"{self.called}",
            f"{self.right / max(self.called, 1):.4f}",
            f"{self.found / max(self.measured, 1):.4f}",
            f"{np.median(np.abs(sides)) if len(sides) else np.nan:.0f}",
            f"{np.median(self.starts) if self.starts else np.nan:.0f}",
            f"{np.median(self.ends) if self.ends else np.nan:.0f}",
        ]


def finished(out: Path, plan: Plan, label: str) -> Iterator[tuple[Training, Path]]:
    """Each training of a network that is done, with its checkpoint."""
    for training in plan.trainings([label], plan.seeds):
        folder = training.folder(out)
        if read_tested(folder) is not None:
            yield training, next(folder.glob("*.safetensors"))


def folds_of(out: Path) -> dict[str, list[tuple[str, int, int]]]:
    """The stretches of each fold."""
    folds = defaultdict(list)
    for row in (out / FOLDS).read_text(encoding="utf-8").splitlines():
        chrom, start, end, name = row.split("\t")
        folds[name].append((chrom, int(start), int(end)))
    return folds


def count(
    checkpoint: Path,
    stretches: list[tuple[str, int, int]],
    genome: str,
    dataset: DenseDataset,
    categories: dict[str, Called],
) -> None:
    """Add what a network calls on a fold."""
    for of_category in categories.values():
        of_category.trainings += 1
    with tempfile.TemporaryDirectory() as folder:
        tracks = rt.predict_tracks(checkpoint, genome, stretches, Path(folder) / "tracks")
        regions = {
            chrom: IntervalSet.union(
                [IntervalSet.of([start], [end]) for at, start, end in stretches if at == chrom]
            )
            for chrom in {chrom for chrom, _, _ in stretches}
        }
        truth = {chrom: dataset.labels.all_peaks(chrom) for chrom in regions}
        for number, marker in enumerate(tracks.markers):
            lines = read_peaks(tracks[marker.name].peaks)
            if not lines:
                continue
            categories[marker.category].markers += 1
            for chrom, region in regions.items():
                here = [(line.start, line.end) for line in lines if line.chrom == chrom]
                called = IntervalSet.of([one for one, _ in here], [one for _, one in here])
                measured = truth[chrom][number].overlapping(region)
                categories[marker.category].add(called, measured)


def main() -> None:
    """Read the command line and print the table."""
    out, path, genome, *labels = sys.argv[1:]
    plan, folds, dataset = Plan.read(Path(out)), folds_of(Path(out)), open_dataset(Path(path))
    if not isinstance(dataset, DenseDataset):
        sys.exit("not a dataset of the dense task")
    print("network\tcategory\tmarkers\tpeaks\tprecision\trecall\tends\tstarts\tstops")
    for label in labels or [entry.label for entry in plan.entries]:
        categories = {marker.category: Called() for marker in dataset.markers}
        for training, checkpoint in finished(Path(out), plan, label):
            count(checkpoint, folds[training.fold], genome, dataset, categories)
        for category, called in categories.items():
            print(label, category, *called.cells(), sep="\t", flush=True)


if __name__ == "__main__":
    main()
