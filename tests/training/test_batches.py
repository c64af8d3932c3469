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
