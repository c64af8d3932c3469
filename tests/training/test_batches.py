"""Batches on their way to the device: what is painted there is what a CPU paints."""

from __future__ import annotations

import torch
from builders import TinyDatasets
from interpreting import interpret, needs_triton

from regtrack.notes import heard
from regtrack.training import device_counts
from regtrack.training.device_counts import counts_there


@needs_triton
def test_labels_painted_on_the_device_are_those_of_the_cpu(datasets: TinyDatasets) -> None:
    interpret(
        "paint_batches", str(datasets.dense), str(datasets.short), module="training_device_tasks"
    )


def test_a_gpu_that_lacks_something_leaves_painting_and_counting_to_the_cpu_and_says_why(
    monkeypatch,
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
