"""What the trainings' tests run in Triton's interpreter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from builders import a_network
from training_helpers import ALONE, Recorder, assert_same_weights, log_of, train_on

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.prediction import forward
from regtrack.training import batches, counts, device_counts, trainer, validation
from regtrack.training.batches import Loader
from regtrack.training.examples import make_examples
from regtrack.training.settings import TrainingSettings
from regtrack.training.validation import count_split, score

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
            if dataset.task == "dense":
                some = slice(3, None, 8)
                part = there.load(there.pack(batch, some)).labels
                assert torch.equal(part, expected.labels[:, some])


def count_a_split(folder: str) -> None:
    """A network's counts on a split are those of a CPU, however many bases lie on the device."""
    dataset = open_dataset(Path(folder))
    assert isinstance(dataset, DenseDataset)
    network = a_network("dense", "cnn3", len(dataset.markers))
    forward._BASES_ON_A_CPU = 509  # so that bins of peaks go on in another piece
    # As is fit for stretches of 2,000 bases and a network that was not trained.
    counts._PEAK_RULES = counts.PeakRules(8, 30)
    expected, whole = (made(network, dataset, "valid", ALONE) for made in (count_split, score))
    assert expected.dense is not None
    assert expected.dense.peaks._counts.any(axis=(0, 1)).all()
    validation.counts_there = lambda _: True
    device_counts._MOST_BASES = 700
    found = count_split(network, dataset, "valid", ALONE)
    assert found.dense is not None
    for ours, theirs in [
        (found.histogram.counts, expected.histogram.counts),
        (found.dense.bases._by_block, expected.dense.bases._by_block),
        (found.dense.peaks._counts, expected.dense.peaks._counts),
    ]:
        np.testing.assert_array_equal(ours, theirs)
    found_whole = score(network, dataset, "valid", ALONE)
    np.testing.assert_array_equal(found_whole.counts, whole.counts)


def train_with_kernels(data: str, folder: str) -> None:
    """A training whose labels are painted and whose validation is counted by kernels."""
    settings = {"steps": 3, "validate_every": 3, "norm_batches": 1}
    here, there = (Path(folder) / f"{name}.safetensors" for name in ("here", "there"))
    train_on(Path(data), here, **settings)
    trainer.counts_there = validation.counts_there = lambda _: True
    trainer._TELL_EVERY = {"cpu": 16}
    batches._AHEAD = {"cpu": 4}
    validation._MOST_THREADS = 2
    observer = Recorder()
    train_on(Path(data), there, observer, **settings)
    assert observer.steps == [1, 2, 3]
    assert_same_weights(here, there)
    assert log_of(here) == log_of(there)
