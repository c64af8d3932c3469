"""The state of a training: what is saved comes back to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_helpers import ALONE, network_of

from regtrack.datasets.dense import DenseDataset
from regtrack.errors import InputError
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.network import Network
from regtrack.models.tensors import read_tensor_file, save_tensors
from regtrack.scoring.metrics import CategoryMeans
from regtrack.training.batches import Loader
from regtrack.training.examples import make_examples
from regtrack.training.settings import TrainingSettings
from regtrack.training.state import HistoryRow, TrainingState
from regtrack.training.step import Stepper
from regtrack.training.validation import Validation

# 1/3 has no short decimal; a mean over no marker is not a number.
BEST = Validation(
    7, (CategoryMeans("TFBS", 2, 1 / 3, 0.2, float("nan"), 0.1),), 1 / 3, (0.25, 1 / 3, 0.5)
)
STATE = TrainingState(
    step=9,
    seconds=1 / 3,
    learning_rate=0.001 / 3,
    losses=[1 / 3, 1e-9],
    best=BEST,
    since_best=2,
    history=[HistoryRow(7, 1 / 3, 2.0, 1e-3, 1 / 3, 1 / 3, True, {"TFBS": 1 / 3}, {"TFBS": 0.1})],
)


def a_stepper(name: str = "cnn3", seed: int = 0) -> tuple[Network, Stepper]:
    torch.manual_seed(seed)
    network = ARCHITECTURES["dense"][name].build(3, network_of("dense", name)).train()
    return network, Stepper(network, ALONE, 1.0, torch.float32)


def step(stepper: Stepper, dataset: DenseDataset, number: int) -> float:
    settings = TrainingSettings(batch_size=2).fitted("dense", dataset.window)
    torch.manual_seed(number)
    batch = make_examples(dataset, settings, 10, 0).batch(np.array([2 * number, 2 * number + 1]))
    loader = Loader(ALONE.device, paints=False)
    return stepper.step(loader.load(loader.pack(batch)), 0.01).item()


@pytest.mark.parametrize("name", ["cnn3", "id-cnn", "bi-lstm"])
def test_steps_after_loading_are_the_ones_that_would_have_come(
    dense: DenseDataset, tmp_path: Path, name: str
) -> None:
    network, stepper = a_stepper(name)
    for number in range(3):
        step(stepper, dense, number)
    STATE.save(tmp_path / "state", network, stepper.optimizer)
    other, other_stepper = a_stepper(name, seed=1)
    TrainingState.load(tmp_path / "state", other, other_stepper.optimizer)
    for number in (3, 4):
        assert step(stepper, dense, number) == step(other_stepper, dense, number)
    ours, theirs = network.weights(), other.weights()
    assert not [key for key in ours if not torch.equal(ours[key], theirs[key])]


@pytest.mark.parametrize("state", [STATE, TrainingState()])
def test_all_that_it_says_comes_back(tmp_path: Path, state: TrainingState) -> None:
    network, stepper = a_stepper()
    state.save(tmp_path / "state", network, stepper.optimizer)
    found = TrainingState.load(tmp_path / "state", network, stepper.optimizer)
    assert repr(found) == repr(state)  # where NaN equals NaN


def test_a_state_of_another_network_is_refused(tmp_path: Path) -> None:
    network, stepper = a_stepper("cnn3")
    STATE.save(tmp_path / "state", network, stepper.optimizer)
    other, other_stepper = a_stepper("cnn7")
    with pytest.raises(InputError, match=r"state: not a state of this network"):
        TrainingState.load(tmp_path / "state", other, other_stepper.optimizer)


@pytest.mark.parametrize("share", [0, 0.1, 0.9])
def test_a_truncated_state_is_refused(tmp_path: Path, share: float) -> None:
    network, stepper = a_stepper()
    path = tmp_path / "state"
    STATE.save(path, network, stepper.optimizer)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError, match=r"state: truncated, .*; --force starts the training over"):
        TrainingState.load(path, network, stepper.optimizer)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    network, stepper = a_stepper()
    path = tmp_path_factory.mktemp("saved") / "state"
    STATE.save(path, network, stepper.optimizer)
    return path.read_bytes()


@settings(max_examples=300)
@given(bit=st.one_of(st.integers(0, 8 * 3_000), st.integers(0, 8 * 10**9)))
def test_a_flipped_bit_anywhere_is_noticed(
    saved: bytes, tmp_path_factory: pytest.TempPathFactory, bit: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "state"
    damaged = bytearray(saved)
    damaged[bit // 8 % len(saved)] ^= 1 << bit % 8
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=r"state: .*; --force starts the training over$") as caught:
        TrainingState.read(path)
    assert "\n" not in str(caught.value)


def test_a_weight_of_another_state_is_noticed(saved: bytes, tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(saved)
    file = read_tensor_file(path)
    assert TrainingState.read(path).step == 9
    name = next(iter(file.tensors))
    save_tensors(path, {**file.tensors, name: file.tensors[name] + 1}, file.text)
    with pytest.raises(InputError, match=r"state: damaged \(its checksum does not match"):
        TrainingState.read(path)


def test_a_newer_state_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state"
    save_tensors(path, {}, '{"format": 7}')
    with pytest.raises(InputError, match=r"written in format 7; this regtrack reads up to 1"):
        TrainingState.read(path)
