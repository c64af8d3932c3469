"""Marker calls on tandem repeats, against calls on the same letters shuffled.

    python benchmarks/repeats.py DATASET MODEL [MODEL ...] [--count 100] [--seed 0]

Sets made-up tandem repeats (units of 6 to 60 bases; 0, 2 or 8% of their letters drawn anew; 300 to
3,000 bases) into test windows of a dataset of the dense task: so many with units of which four in
five are cut from peaks of the window, and so many with letters by chance. As many real ones of 300
bases or more, if there are, come from all windows of the dataset. Each is predicted where it
stands, and once more with its letters shuffled.

Prints a table (TSV): of each network, kind of repeat and level (.5, or each marker's own threshold)
the mean number of markers at or above it, over the bases of a repeat and then over repeats; on
repeats, on shuffled ones, and their ratio; and how many repeats, and shuffled ones, have a base
with more than half of all markers. Markers not clearly better than chance do not count. Each
network takes some 20 seconds of one core.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.genome.fasta import BASES, Codes, Genome
from regtrack.genome.intervals import Interval, IntervalSet, Positions
from regtrack.genome.repeats import repeat_units
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.models.inference import for_inference
from regtrack.observer import Unwatched
from regtrack.prediction.forward import predict_interval
from regtrack.training.repeats import made_repeat

SHORTEST, LONGEST = 300, 3_000
COLUMNS = (
    *("network", "kind", "level", "repeats", "bases"),
    *("calls", "calls_shuffled", "ratio", "crowded", "crowded_shuffled"),
)


class Case(NamedTuple):
    """A window with a repeat from `start` up to `end`."""

    kind: str
    codes: Codes
    start: int
    end: int

    def shuffled(self, random: np.random.Generator) -> Codes:
        """The window with the letters of the repeat in another order."""
        codes = self.codes.copy()
        random.shuffle(codes[self.start : self.end])
        return codes


def windows_of(
    dataset: DenseDataset, splits: tuple[str, ...], random: np.random.Generator
) -> Iterator[Interval]:
    """Those of some splits, in any order."""
    found = [
        windows[number]
        for windows in map(dataset.windows, splits)
        for number in range(len(windows))
    ]
    for number in random.permutation(len(found)).tolist():
        yield found[number]


def made_up(dataset: DenseDataset, count: int, random: np.random.Generator) -> Iterator[Case]:
    """So many with units of peaks, and so many by chance, each in a window without N."""
    found: list[tuple[Codes, Positions]] = []
    for window in windows_of(dataset, ("test",), random):
        codes = dataset.genome.codes(window.chrom, window.start, window.end)
        marker, starts, ends = dataset.labels.rows_within(window.chrom, window.start, window.end)
        if codes.all() and len(marker) and len(found) < count:
            peaks = np.column_stack((marker, starts - window.start, ends - window.start))
            found.append((codes, peaks))
    for kind, share in (("made up, from peaks", slice(None)), ("made up, by chance", slice(0))):
        for number in range(count if found else 0):
            codes, peaks = found[number % len(found)]
            start, repeat = made_repeat(codes, peaks[share], random)
            codes = codes.copy()
            codes[start : start + len(repeat)] = repeat
            yield Case(kind, codes, start, start + len(repeat))


def real(dataset: DenseDataset, count: int, random: np.random.Generator) -> Iterator[Case]:
    """Real ones in their windows, so many at most; long ones are cut."""
    left = count
    for window in windows_of(dataset, ("train", "valid", "test"), random):
        codes = dataset.genome.codes(window.chrom, window.start, window.end)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], repeat_units(codes) > 0, [0]))))
        for start, end in edges.reshape(-1, 2).tolist():
            if end - start >= SHORTEST and left:
                left -= 1
                yield Case("real", codes, start, min(end, start + LONGEST))
        if not left:
            return


def write_windows(path: Path, windows: dict[str, Codes]) -> Genome:
    """A FASTA file with these windows as its chromosomes."""
    letters = np.frombuffer(BASES.encode(), np.uint8)
    with path.open("w") as file:
        for name, codes in windows.items():
            file.write(f">{name}\n{letters[codes].tobytes().decode()}\n")
    return Genome(path)


def rows_of(
    model: Path, genome: Genome, cases: dict[str, Case], device: torch.device
) -> Iterator[list[str]]:
    """The rows of the table of one network."""
    checkpoint, network = read_checkpoint(model), load_network(model, device)
    outputs = range(len(checkpoint.markers))
    counted = [row for row in outputs if checkpoint.is_skilled(row)]
    network.keep_markers(counted)
    network = for_inference(network)
    own = np.array([checkpoint.thresholds[row] for row in counted], np.float32)[:, None]
    levels: dict[str, npt.NDArray[np.float32]] = {"0.5": np.full_like(own, 0.5), "own": own}
    calls: dict[tuple[str, str, str], list[tuple[float, bool]]] = {}
    for name, case in cases.items():
        region = Interval(name, case.start, case.end)
        target = IntervalSet.of([case.start], [case.end])
        values = predict_interval(network, genome, region, target, Unwatched())
        for level, threshold in levels.items():
            high = (values >= threshold).sum(axis=0)
            of_case = float(high.mean()), bool((2 * high > len(counted)).any())
            calls.setdefault((case.kind, level, name[0]), []).append(of_case)
    for kind, level in dict.fromkeys((kind, level) for kind, level, _ in calls):
        repeats, shuffled = (np.array(calls[kind, level, which]) for which in "rs")
        bases = sum(case.end - case.start for name, case in cases.items() if case.kind == kind)
        means = repeats[:, 0].mean(), shuffled[:, 0].mean()
        ratio = means[0] / means[1] if means[1] else np.nan
        yield [
            *(str(model), kind, level, str(len(repeats)), str(bases // 2)),
            *(f"{means[0]:.3f}", f"{means[1]:.3f}", f"{ratio:.2f}"),
            *(f"{repeats[:, 1].sum():.0f}", f"{shuffled[:, 1].sum():.0f}"),
        ]


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    dataset = open_dataset(asked.dataset)
    if not isinstance(dataset, DenseDataset):
        parser.error("not a dataset of the dense task")
    random = np.random.default_rng(asked.seed)
    cases = [*made_up(dataset, asked.count, random), *real(dataset, asked.count, random)]
    repeats = {f"r{number}": case for number, case in enumerate(cases)}
    shuffled = {f"s{number}": case for number, case in enumerate(cases)}
    windows = {name: case.codes for name, case in repeats.items()}
    windows |= {name: case.shuffled(random) for name, case in shuffled.items()}
    print("\t".join(COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        genome = write_windows(Path(folder) / "windows.fa", windows)
        for model in asked.models:
            for row in rows_of(model, genome, repeats | shuffled, torch.device(asked.device)):
                print("\t".join(row), flush=True)


if __name__ == "__main__":
    main()
