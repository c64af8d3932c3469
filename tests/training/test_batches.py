"""Batches on their way to the device: what is painted there is what a CPU paints."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import TinyDatasets, a_network
from interpreting import interpret, needs_triton
from torch.utils._python_dispatch import TorchDispatchMode
from training_helpers import ALONE

from regtrack.datasets.dense import DenseDataset
from regtrack.notes import heard
from regtrack.training import device_counts
from regtrack.training.batches import Loader
from regtrack.training.device_counts import counts_there
from regtrack.training.examples import make_examples
from regtrack.training.settings import TrainingSettings
from regtrack.training.step import Stepper
from regtrack.training.trainer import positions_of


class Reads(TorchDispatchMode):
    """Notes which numbers are read out of tensors, for which a GPU would be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.of: list[torch.Tensor] = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if "_local_scalar_dense" in str(function):
            self.of.append(args[0])
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", ["dilated", "id-cnn", "bi-lstm"])
def test_a_step_reads_nothing_back_from_the_device(dense: DenseDataset, name: str) -> None:
    network = a_network("dense", name, len(dense.markers)).train()
    stepper = Stepper(network, ALONE, 2.0, torch.float32)
    settings = TrainingSettings(batch_size=3).fitted("dense", dense.window)
    examples = make_examples(dense, settings, network.context.stride, 0)
    loader = Loader(ALONE.device, paints=False)
    packed = loader.pack(examples.batch(np.arange(15)))
    assert packed.known_markers is not None  # one is not measured on a chromosome
    with Reads() as reads:
        loss = stepper.step(loader.load(packed), 0.01)
        counted = len(reads.of)
        loss.item()
    assert len(reads.of) == counted + 1
    # Adam counts its steps on the CPU, wherever the weights are.
    steps = {state["step"].data_ptr() for state in stepper.optimizer.state.values()}
    assert {read.data_ptr() for read in reads.of[:counted]} == steps


@pytest.mark.parametrize("name", ["cnn3", "id-cnn", "u-net"])
def test_the_losses_at_every_eighth_base_are_the_whole_loss_together(
    dense: DenseDataset, name: str
) -> None:
    network = a_network("dense", name, len(dense.markers)).train()
    settings = TrainingSettings(batch_size=3, loss_step=8).fitted("dense", dense.window)
    batch = make_examples(dense, settings, network.context.stride, 0).batch(np.arange(3))
    loader, stepper = Loader(ALONE.device, paints=False), Stepper(network, ALONE, 2, torch.float32)

    def loss(positions: slice) -> tuple[float, float]:
        """With a rate of 0 no weight moves; norms are those of the batch."""
        loaded = loader.load(loader.pack(batch, positions))
        return stepper.step(loaded, 0.0).item(), loaded.pairs

    parts = [loss(slice(first, None, 8)) for first in range(8)]
    whole, pairs = loss(slice(None))
    assert sum(counted for _, counted in parts) == pairs
    assert sum(of * counted for of, counted in parts) / pairs == pytest.approx(whole, rel=1e-5)


def test_the_loss_begins_at_another_base_in_each_step_and_at_all_of_them_in_the_end() -> None:
    settings = TrainingSettings(loss_step=4, seed=5).fitted("dense", 2_000)
    positions = [positions_of(step, settings) for step in range(40)]
    assert {part.start for part in positions} == {0, 1, 2, 3}
    assert {(part.stop, part.step) for part in positions} == {(None, 4)}
    assert positions == [positions_of(step, settings) for step in range(40)]


@needs_triton
def test_labels_painted_on_the_device_are_those_of_the_cpu(datasets: TinyDatasets) -> None:
    interpret(
        "paint_batches", str(datasets.dense), str(datasets.short), module="training_device_tasks"
    )


def test_a_gpu_that_lacks_something_leaves_painting_and_counting_to_the_cpu_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gpu = torch.device("cuda", 7)
    monkeypatch.setattr(device_counts, "gpu_problem", lambda _: "it needs Triton")
    told: list[str] = []
    with heard(told.append):
        assert [counts_there(gpu) for _ in range(2)] == [False, False]
        assert not counts_there(torch.device("cpu"))
    assert told == ["painting labels and counting on the CPU, not on cuda:7: it needs Triton"]
    counts_there.cache_clear()
    monkeypatch.setattr(device_counts, "gpu_problem", lambda _: None)
    assert counts_there(gpu)
    counts_there.cache_clear()
