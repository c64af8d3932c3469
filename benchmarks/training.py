"""Training speed and peak memory beside the loop that one would write at first.

    python benchmarks/training.py [MARKERS [STEPS]] [--device cuda] [--batch-size N]

Makes a dataset of random sequence and random peaks and trains `dilated` on the same
windows in three ways, each in a process of its own:

    plain              peaks painted into dense float32 labels, full logits,
                       BCEWithLogitsLoss, float32
    regtrack float32   as `regtrack train --precision float32`
    regtrack bfloat16  as `regtrack train --precision bfloat16`

Prints windows and bases x markers per second and peak memory of each, and their ratio to the
plain loop. Reading sequence and labels counts; starting Python and the first steps do not. On a
GPU, memory is that of this machine, and takes some hundred steps to measure anything.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import PrepareSettings
from regtrack.genome.bed import read_bed
from regtrack.genome.markers import COLUMNS
from regtrack.models.catalog import find_architecture
from regtrack.observer import Event, Unwatched
from regtrack.training.events import StepDone
from regtrack.training.processes import Processes
from regtrack.training.settings import TrainingSettings
from regtrack.training.trainer import Trainer

GENOME_LENGTH = 2_000_000
PEAKS_PER_MARKER = 40
PEAK_LENGTH = 300
WINDOWS_PER_STEP = 2
WAYS = ("plain", "float32", "bfloat16")
# Steps before the clock starts: a GPU compiles kernels and fills its queue first. It tells of 16
# steps at a time.
WARM = {"cpu": 1, "cuda": 32}


def make_dataset(folder: Path, markers: int) -> Path:
    """A dataset of random sequence and peaks, most of it to train on."""
    random = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", np.uint8)[random.integers(0, 4, GENOME_LENGTH)]
    (folder / "genome.fa").write_bytes(b">chr1\n" + letters.tobytes() + b"\n")
    rows = ["\t".join(COLUMNS)]
    for index in range(markers):
        starts = np.sort(random.integers(0, GENOME_LENGTH - PEAK_LENGTH, PEAKS_PER_MARKER))
        lines = [f"chr1\t{start}\t{start + PEAK_LENGTH}\n" for start in starts]
        (folder / f"{index}.bed").write_text("".join(lines))
        rows.append(f"{index}\tm{index}\tTFBS\tcell\tm{index}\tNone\t{index}.bed")
    (folder / "markers.tsv").write_text("\n".join(rows) + "\n")
    settings = PrepareSettings(folder / "markers.tsv", folder / "genome.fa")
    prepare(settings, folder / "dataset", False, Unwatched())
    return folder / "dataset"


def opened(path: Path) -> DenseDataset:
    """The dataset, which is of the dense task."""
    dataset = open_dataset(path)
    if not isinstance(dataset, DenseDataset):
        sys.exit("not a dense dataset")
    return dataset


def time_plain(path: Path, steps: int, device: torch.device, size: int) -> float:
    """Seconds for some steps of the plain loop, with so many windows each."""
    dataset = opened(path)
    peaks = [read_bed(path.parent / marker.file, dataset.chrom_sizes) for marker in dataset.markers]
    torch.manual_seed(0)
    network = find_architecture("dense", "dilated").build(len(peaks)).to(device).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    loss_function = torch.nn.BCEWithLogitsLoss()
    windows = dataset.windows("train")
    random = np.random.default_rng(0)

    def step() -> None:
        codes, labels = [], []
        for index in random.integers(0, len(windows), size).tolist():
            window = windows[index]
            codes.append(dataset.genome.codes(window.chrom, window.start, window.end))
            dense = np.zeros((len(peaks), len(window)), dtype=np.float32)
            for marker, by_chrom in enumerate(peaks):
                for start, end in by_chrom[window.chrom].clip(window.start, window.end):
                    dense[marker, start - window.start : end - window.start] = 1
            labels.append(dense)
        logits = network(torch.from_numpy(np.stack(codes)).to(device, torch.int32))
        loss = loss_function(logits, torch.from_numpy(np.stack(labels)).to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()

    for _ in range(WARM[device.type]):
        step()
    began = time.monotonic()
    for _ in range(steps):
        step()
    return time.monotonic() - began


def time_regtrack(path: Path, steps: int, precision: str, device: torch.device, size: int) -> float:
    """Seconds for some steps of regtrack's own loop, without validation."""
    dataset, warm = opened(path), WARM[device.type]
    end = 2 * (warm + steps)  # not reached, so that no validation comes
    settings = TrainingSettings(
        steps=end, batch_size=size, precision=precision, validate_every=end
    ).fitted(dataset.task, dataset.window)
    architecture = find_architecture("dense", "dilated")
    times: dict[int, float] = {}

    class Clock(Unwatched):
        def told(self, event: Event) -> None:
            if isinstance(event, StepDone):
                times[event.step] = time.monotonic()

    with tempfile.TemporaryDirectory() as work:
        trainer = Trainer(
            dataset, architecture, {}, settings, Processes(0, 1, device), Path(work), Clock()
        )
        trainer.run(stop=lambda: warm + steps in times)
    return times[warm + steps] - times[warm]


def measure(path: Path, way: str, given: argparse.Namespace) -> tuple[float, float]:
    """Seconds, and peak memory in bytes, of a process that trains in one way."""
    words = [sys.executable, __file__, str(given.markers), str(given.steps), "--child", way]
    words += ["--device", given.device, "--batch-size", str(given.batch_size)]
    words += ["--dataset", str(path)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seconds = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{way} failed with status {status}")
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Read the command line, run, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("markers", type=int, nargs="?", default=919)
    parser.add_argument("steps", type=int, nargs="?", default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-size", type=int, default=WINDOWS_PER_STEP)
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--dataset", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    device, size = torch.device(given.device), given.batch_size
    steps = given.steps if device.type == "cpu" else -(-given.steps // 16) * 16
    if given.child == "plain":
        print(json.dumps(time_plain(given.dataset, steps, device, size)))
        return
    if given.child:
        print(json.dumps(time_regtrack(given.dataset, steps, given.child, device, size)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = make_dataset(Path(folder), given.markers)
        windows = steps * size
        print(f"{given.markers} markers, {steps} steps of {size} windows of 25,000 bases, {device}")
        print(
            f"{'':18}{'windows/s':>11}{'bases x markers/s':>19}{'ratio':>8}{'peak memory':>13}"
            f"{'ratio':>8}"
        )
        first: tuple[float, float] | None = None
        for way in WAYS:
            seconds, memory = measure(path, way, given)
            first = first or (seconds, memory)
            name = way if way == "plain" else f"regtrack {way}"
            values = windows * 25_000 * given.markers
            print(
                f"{name:18}{windows / seconds:>11,.1f}{values / seconds:>19,.0f}"
                f"{first[0] / seconds:>8.2f}{memory / 1e9:>10.2f} GB{memory / first[1]:>8.2f}"
            )


if __name__ == "__main__":
    main()
