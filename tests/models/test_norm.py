"""Batch norm: what torch does in one process, and the same in several."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import worker_tasks
from torch import nn
from worker_tasks import NORM_BATCHES, NORM_CHANNELS, NORM_MOMENTA

from regtrack.models.norm import BatchNorm

PROCESSES = len(NORM_BATCHES)
# Sums in another order; the running statistics are of values around 100.
CLOSE = {"atol": 1e-4, "rtol": 1e-5}


def torchs_own(momentum: float | None) -> nn.BatchNorm1d:
    norm = nn.BatchNorm1d(NORM_CHANNELS, momentum=momentum)
    norm.load_state_dict(worker_tasks.a_norm(momentum).state_dict())
    return norm


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, torch.Tensor]]:
    """What each process found that held its part of every batch."""
    folder = tmp_path_factory.mktemp("norm")
    torch.multiprocessing.spawn(worker_tasks.norm_a_part, (PROCESSES, folder), nprocs=PROCESSES)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(PROCESSES)]


@pytest.fixture(scope="module")
def whole() -> dict[str, torch.Tensor]:
    """What torch's batch norm finds in the whole batches."""
    found: dict[str, torch.Tensor] = {}
    for momentum in NORM_MOMENTA:
        found |= worker_tasks.norm_steps(torchs_own(momentum), f"{momentum}", slice(None))
    return found


def keys(kind: str) -> list[str]:
    return [f"{momentum} {kind} {step}" for momentum in NORM_MOMENTA for step in (0, 1)]


@pytest.mark.parametrize("key", [*keys("outputs"), *keys("gradient")])
def test_every_process_has_its_part_of_what_one_would_have(
    parts: list[dict[str, torch.Tensor]], whole: dict[str, torch.Tensor], key: str
) -> None:
    together = torch.cat([part[key] for part in parts])
    torch.testing.assert_close(together, whole[key], **CLOSE)


@pytest.mark.parametrize("key", [*keys("mean"), *keys("variance"), *keys("batches")])
def test_every_process_has_the_statistics_that_one_would_have(
    parts: list[dict[str, torch.Tensor]], whole: dict[str, torch.Tensor], key: str
) -> None:
    for part in parts:
        torch.testing.assert_close(part[key], whole[key], **CLOSE)
        assert torch.equal(part[key], parts[0][key])  # or the processes drift apart


@pytest.mark.parametrize("key", [*keys("weight"), *keys("bias")])
def test_the_gradients_of_the_processes_add_up_to_that_of_one(
    parts: list[dict[str, torch.Tensor]], whole: dict[str, torch.Tensor], key: str
) -> None:
    total = torch.stack([part[key] for part in parts]).sum(dim=0)
    torch.testing.assert_close(total, whole[key], **CLOSE)


@pytest.mark.parametrize("key", [f"{momentum} quiet" for momentum in NORM_MOMENTA])
def test_a_process_that_predicts_waits_for_nobody(
    parts: list[dict[str, torch.Tensor]], whole: dict[str, torch.Tensor], key: str
) -> None:
    # Only the first one did it.
    torch.testing.assert_close(parts[0][key], whole[key], **CLOSE)
    assert key not in parts[1]


@pytest.mark.parametrize("momentum", NORM_MOMENTA)
@pytest.mark.parametrize("training", [True, False])
def test_in_one_process_it_is_torchs_own(
    random: np.random.Generator, momentum: float | None, training: bool
) -> None:
    ours = worker_tasks.a_norm(momentum).train(training)
    theirs = torchs_own(momentum).train(training)
    for _ in range(3):
        inputs = torch.from_numpy(random.normal(100, 3, size=(2, NORM_CHANNELS, 7))).float()
        assert torch.equal(ours(inputs), theirs(inputs))
    for name, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name


def test_it_is_a_batch_norm_to_whoever_looks_for_one() -> None:
    assert isinstance(BatchNorm(3), nn.BatchNorm1d)
