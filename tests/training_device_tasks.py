"""What the trainings' tests run in Triton's interpreter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from regtrack.datasets.folder import open_dataset
from regtrack.training.batches import Loader
from regtrack.training.examples import make_examples
from regtrack.training.settings import TrainingSettings

CPU = torch.device("cpu")


def paint_batches(*folders: str) -> None:
    """Batches whose labels are painted on the device are those of a CPU."""
    for folder in folders:
        dataset = open_dataset(Path(folder))
        settings = TrainingSettings(batch_size=3).fitted(dataset.task, dataset.window)
        examples = make_examples(dataset, settings, 10, 0)
        for first in range(0, 15, 3):
            batch = examples.batch(np.arange(first, first + 3))
            there, here = (Loader(CPU, paints) for paints in (True, False))
            packed = there.pack(batch)
            assert packed.labels.shape == batch.peaks.shape
            found, expected = there.load(packed), here.load(here.pack(batch))
            np.testing.assert_array_equal(expected.labels.numpy(), batch.labels)
            assert found.pairs == expected.pairs
            for ours, theirs in zip(found[:3], expected[:3], strict=True):
                assert ours.dtype == theirs.dtype
                assert torch.equal(ours, theirs)
