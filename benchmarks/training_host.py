"""What stands before a GPU in training, measured without one: how fast batches are made.

    python benchmarks/training_host.py [MARKERS [STEPS]]

A stand-in takes the GPU's place: it takes the batches of `dilated`, two windows of 25,000 bases
each, as fast as they are made. Prints windows per second, windows per second of a core's time, and
bytes that would be copied for each window:

    painted here    labels painted by this machine, as they are for a CPU
    painted there   peaks handed over, from which the GPU paints them

each with one thread and with several. The dataset is random sequence with random peaks.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from training import WINDOWS_PER_STEP, make_dataset, opened

from regtrack.training.batches import Loader, PackedBatch, Prefetch
from regtrack.training.examples import make_examples
from regtrack.training.settings import TrainingSettings

STRIDE = 10
CPU = torch.device("cpu")


def measure(path: Path, paints: bool, ahead: int, steps: int) -> str:
    """A line of the table."""
    dataset, loader = opened(path), Loader(CPU, paints)
    settings = TrainingSettings(batch_size=WINDOWS_PER_STEP).fitted(dataset.task, dataset.window)
    examples = make_examples(dataset, settings, STRIDE, 0)

    def make(step: int) -> PackedBatch:
        first = step * WINDOWS_PER_STEP
        return loader.pack(examples.batch(np.arange(first, first + WINDOWS_PER_STEP)))

    with Prefetch(make, ahead) as prefetch:
        for step in range(2 * ahead):
            prefetch.batch(step)
        wall, busy = time.monotonic(), time.process_time()
        for step in range(2 * ahead, 2 * ahead + steps):
            batch = prefetch.batch(step)
        took, busy = time.monotonic() - wall, time.process_time() - busy
    windows = steps * WINDOWS_PER_STEP
    size = sum(tensor.nbytes for tensor in batch if isinstance(tensor, torch.Tensor))
    where = "there" if paints else "here"
    return (
        f"painted {where:6}{ahead:>8}{windows / took:>12,.0f}{windows / busy:>12,.0f}"
        f"{size / WINDOWS_PER_STEP / 1e6:>12.2f} MB"
    )


def main() -> None:
    """Read the command line, run, and print the table."""
    given = [int(word) for word in sys.argv[1:]]
    markers, steps = (given + [919, 100][len(given) :])[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = make_dataset(Path(folder), markers)
        print(f"{markers} markers, {steps} steps of {WINDOWS_PER_STEP} windows of 25,000 bases")
        print(f"{'':14}{'threads':>8}{'windows/s':>12}{'a core':>12}{'a window':>15}")
        for paints in False, True:
            for ahead in 1, 2, 4:
                print(measure(path, paints, ahead, steps), flush=True)


if __name__ == "__main__":
    main()
