"""The networks of the short task: 1,000 bases, one vector of logits for the middle 200."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from builders import NETWORKS, a_network
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from regtrack.genome.short_input import BIN, FLANK, LENGTH
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.inference import for_inference
from regtrack.models.network import Context, Network
from regtrack.models.short import DeepSea
from regtrack.models.short_network import ShortNetwork

NAMES = [name for task, name in NETWORKS if task == "short"]
every_network = pytest.mark.parametrize("name", NAMES)

# What float32 may do to a logit when it adds up in another order (docs/architecture.md: no seams).
CLOSE = {"atol": 1e-4, "rtol": 0}


def random_codes(length: int, batch: int = 1, seed: int = 7) -> torch.Tensor:
    random = np.random.default_rng(seed)
    return torch.from_numpy(random.integers(0, 5, size=(batch, length)).astype(np.int32))


def onehot(codes: torch.Tensor) -> torch.Tensor:
    """(batch, length) -> (batch, 4, length), written out: N=0 A=1 C=2 T=3 G=4."""
    rows = torch.tensor([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    return rows[codes.long()].transpose(1, 2).float()


@torch.no_grad()
def one_input(network: Network, codes: torch.Tensor) -> torch.Tensor:
    """Logits (batch, markers) of inputs of 1,000 bases, as they were trained on."""
    assert isinstance(network, ShortNetwork)
    assert codes.shape[1] == LENGTH
    bases = onehot(codes)
    if not isinstance(network, DeepSea):
        return network.head(network.trunk(bases).flatten(1))
    bases += 0.25 * (codes == 0)[:, None]
    strands = (bases, bases.flip(2)[:, [2, 3, 0, 1]])
    by_strand = [network.head(network.trunk(one).flatten(1)).double() for one in strands]
    return torch.logit(sum(one.sigmoid() for one in by_strand) / 2).float()


@torch.no_grad()
def bins_changed_by(network: Network, codes: torch.Tensor, at: int) -> list[int]:
    """Bins whose logits another base at `at` changes."""
    other = codes.clone()
    other[0, at] = codes[0, at] % 4 + 1
    differs = (network(codes) != network(other)).any(dim=1)[0]
    return torch.unique(torch.nonzero(differs) // BIN).tolist()


def test_the_lengths_are_the_papers() -> None:
    assert (LENGTH, BIN, FLANK) == (1_000, 200, 400)


@every_network
def test_the_first_base_of_a_bin_sees_as_far_right_as_the_last_one_left(name: str) -> None:
    assert a_network("short", name).context == Context(left=599, right=599, stride=200)


@every_network
@pytest.mark.parametrize("bins", [1, 2, 7])
@torch.no_grad()
def test_a_long_window_is_many_inputs(name: str, bins: int) -> None:
    network, codes = a_network("short", name), random_codes(bins * BIN, batch=2)
    logits = network(codes)
    beyond = torch.zeros((2, FLANK), dtype=codes.dtype)  # outside the window is N
    padded = torch.cat([beyond, codes, beyond], dim=1)
    for number in range(bins):
        first = number * BIN
        expected = one_input(network, padded[:, first : first + LENGTH])
        for base in (first, first + 99, first + BIN - 1):
            torch.testing.assert_close(logits[:, :, base], expected, **CLOSE)


@every_network
@torch.no_grad()
def test_an_input_of_training_is_the_middle_of_its_window(name: str) -> None:
    network, codes = a_network("short", name), random_codes(LENGTH, batch=3)
    middle = network(codes, FLANK, FLANK + BIN)
    torch.testing.assert_close(middle[:, :, 0], one_input(network, codes), **CLOSE)


@every_network
@torch.no_grad()
def test_every_base_of_a_bin_has_the_same_logits(name: str) -> None:
    logits = a_network("short", name)(random_codes(5 * BIN, batch=2)).unflatten(2, (5, BIN))
    assert torch.equal(logits, logits[..., :1].expand_as(logits))
    assert (logits[..., 0].std(dim=2) > 0.01).all()  # and the bins are told apart


@every_network
@settings(max_examples=10)
@given(at=st.integers(0, 9 * BIN - 1))
def test_a_base_changes_the_bins_whose_input_it_lies_in(name: str, at: int) -> None:
    network, codes = a_network("short", name).double(), random_codes(9 * BIN)
    inside = [b for b in range(9) if b * BIN - FLANK <= at < b * BIN - FLANK + LENGTH]
    changed = bins_changed_by(network, codes, at)
    assert set(changed) <= set(inside)
    if name in ("lr", "ff"):  # further layers may drop a base at the border, or pool it away
        assert changed == inside


@pytest.mark.parametrize("at", [999, 1_000, 1_099, 1_199, 1_200])
def test_the_context_is_not_larger_than_needed(at: int) -> None:
    network, codes = a_network("short", "lr").double(), random_codes(11 * BIN)
    changed = bins_changed_by(network, codes, at)
    first, last = changed[0] * BIN, changed[-1] * BIN + BIN - 1
    assert first >= at - 599
    assert last <= at + 599
    if at % BIN == 0:
        assert last == at + 599
    if at % BIN == BIN - 1:
        assert first == at - 599


@torch.no_grad()
def test_n_is_no_base_at_all() -> None:
    network = a_network("short", "lr")
    logits = network(torch.zeros((1, 400), dtype=torch.int32))
    expected = network.output.bias[None, :, None].expand_as(logits)
    torch.testing.assert_close(logits, expected, **CLOSE)


@torch.no_grad()
def test_one_weight_per_base_position_and_marker() -> None:
    network, codes = a_network("short", "lr"), random_codes(LENGTH)
    weights = network.output.weight.view(-1, 4, LENGTH)
    expected = network.output.bias.clone()
    for position, code in enumerate(codes[0].tolist()):
        if code:
            expected += weights[:, code - 1, position]
    torch.testing.assert_close(network(codes, FLANK, FLANK + 1)[0, :, 0], expected, **CLOSE)


@pytest.mark.parametrize("length", [1, 199, 201, 999, 25_100])
@every_network
def test_a_length_that_is_not_whole_bins_is_refused(name: str, length: int) -> None:
    problem = f"length {length} is not a multiple of the stride, 200"
    with pytest.raises(ValueError, match=problem):
        a_network("short", name)(torch.zeros((1, length), dtype=torch.int32))


@pytest.mark.parametrize(
    ("name", "channels", "positions"),
    # Without padding and pooled: (1000 - 7) // 4 = 248, (248 - 7) // 4 = 60; 975 // 13 = 75.
    [("cnn3", 6, 60), ("dilated3", 6, 60), ("dilated6", 6, 60), ("bi-lstm", 2 * 6, 75)],
)
@torch.no_grad()
def test_so_many_positions_are_left_of_an_input(name: str, channels: int, positions: int) -> None:
    network = a_network("short", name)
    assert isinstance(network, ShortNetwork)
    values = network.trunk(onehot(random_codes(LENGTH, batch=2)))
    assert values.shape == (2, channels, positions)


@pytest.mark.parametrize(
    ("name", "dilations"),
    [("cnn3", [1, 1, 1]), ("dilated3", [1, 1, 2]), ("dilated6", [1, 1, 2, 4, 8, 16])],
)
def test_the_convolutions_are_dilated_as_said(name: str, dilations: list[int]) -> None:
    layers = [layer for layer in a_network("short", name).modules() if isinstance(layer, nn.Conv1d)]
    assert [layer.dilation[0] for layer in layers] == dilations


@every_network
def test_a_network_is_made_ready_to_train(name: str) -> None:
    # Though it was asked how wide its trunk is, in evaluation mode.
    network = ARCHITECTURES["short"][name].build(2)
    assert all(layer.training for layer in network.modules())
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d):
            assert layer.num_batches_tracked == 0


def test_the_kernel_can_be_chosen() -> None:
    network = a_network("short", "dilated6", kernel=4)
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv1d)]
    assert {layer.kernel_size for layer in layers} == {(4,)}


SHARING = [("cnn3", 16), ("dilated3", 16), ("dilated6", 16), ("bi-lstm", 13), ("deepsea", 16)]


def window_by_window(network: Network, codes: torch.Tensor, step: int) -> torch.Tensor:
    """Logits (batch, markers, length) of inputs that are cut out and read one by one."""
    left = (LENGTH - step) // 2
    padded = nn.functional.pad(codes, (left, LENGTH - step - left))
    inputs = [padded[:, at : at + LENGTH] for at in range(0, codes.shape[1], step)]
    by_step = torch.stack([one_input(network, part) for part in inputs], 2)
    return by_step.repeat_interleave(step, 2)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(
    ("name", "step"),
    [
        *[(name, grain * steps) for name, grain in SHARING for steps in (1, 3, 200 // grain)],
        *[(name, 200) for name in NAMES],
        ("lr", 7),
        ("ff", 50),
    ],
)
@torch.no_grad()
def test_a_value_for_every_step_is_that_of_its_own_input(name: str, step: int, fast: bool) -> None:
    network, codes = a_network("short", name), random_codes(70 * step, batch=2)
    network.set_step(step)
    found = (for_inference(network) if fast else network)(codes)
    expected = window_by_window(network, codes, step)
    torch.testing.assert_close(found.sigmoid(), expected.sigmoid(), atol=1e-5, rtol=0)


@every_network
@torch.no_grad()
def test_a_step_lies_in_the_middle_of_what_it_sees(name: str) -> None:
    network = a_network("short", name)
    network.set_step(39 if name == "bi-lstm" else 48)
    step = network.context.stride
    left, right = (LENGTH - step) // 2, LENGTH - step - (LENGTH - step) // 2
    assert network.context == Context(left=left + step - 1, right=right + step - 1, stride=step)
    codes = random_codes(40 * step)
    before = network(codes, 20 * step, 21 * step)
    for outside in (20 * step - left - 1, 21 * step + right):
        changed = codes.clone()
        changed[0, outside] = codes[0, outside] % 4 + 1
        found = network(changed, 20 * step, 21 * step)
        torch.testing.assert_close(found, before, atol=1e-6, rtol=0)


@torch.no_grad()
def test_gradients_go_to_the_same_logits_at_any_step() -> None:
    network, codes = a_network("short", "deepsea"), random_codes(10 * 48)
    network.set_step(48)
    found = network.logits_from(network.inputs(codes), 100, 300)
    torch.testing.assert_close(found, network(codes, 100, 300).transpose(1, 2), **CLOSE)


@pytest.mark.parametrize(
    ("name", "step", "problem"),
    [
        *[
            ("dilated6", step, f"expected 200, or a multiple of 16 up to 192, got {step}")
            for step in (-16, 0, 1, 17, 199, 201, 208)
        ],
        ("bi-lstm", 16, "expected 200, or a multiple of 13 up to 195, got 16"),
        ("lr", 0, "expected a number from 1 to 200, got 0"),
        ("lr", 201, "expected a number from 1 to 200, got 201"),
    ],
)
def test_a_step_at_which_inputs_share_nothing_is_refused(
    name: str, step: int, problem: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        a_network("short", name).set_step(step)


def test_a_network_of_every_base_has_no_steps() -> None:
    with pytest.raises(ValueError, match="it gives every base a value of its own"):
        a_network("dense", "dilated").set_step(200)


def test_deepsea_has_the_published_number_of_parameters() -> None:
    assert ARCHITECTURES["short"]["deepsea"].build(919).parameter_count() == 52_843_119


@torch.no_grad()
def test_deepsea_is_as_published() -> None:
    """Written out: cut at 0 to 1e-6, pooled by 4, positions of a channel side by side."""
    network, codes = a_network("short", "deepsea"), random_codes(LENGTH, batch=3)
    weights = {name: part.double() for name, part in network.weights().items()}

    def cut(values: torch.Tensor) -> torch.Tensor:
        return torch.where(values > 0, values, torch.full_like(values, 1e-6))

    def strand(values: torch.Tensor) -> torch.Tensor:
        for layer, pooled in ("0", True), ("4", True), ("8", False):
            weight, bias = weights[f"trunk.{layer}.weight"], weights[f"trunk.{layer}.bias"]
            values = cut(
                torch.einsum("bclk,ock->bol", values.unfold(2, 8, 1), weight) + bias[:, None]
            )
            values = values.unfold(2, 4, 4).amax(3) if pooled else values
        values = values.reshape(len(values), -1)
        values = cut(values @ weights["head.0.weight"].T + weights["head.0.bias"])
        values = values @ weights["head.2.weight"].T + weights["head.2.bias"]
        return 1 / (1 + torch.exp(-values))

    bases = onehot(codes).double()
    bases += 0.25 * (codes == 0)[:, None]  # an N is a quarter of each
    other = bases.flip(2)[:, [2, 3, 0, 1]]  # A, C, T, G become T, G, A, C
    expected = (strand(bases) + strand(other)) / 2
    found = network(codes, FLANK, FLANK + 1).sigmoid()[:, :, 0]
    torch.testing.assert_close(found.double(), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [1.0, 20.0, 200.0])
def test_the_mean_of_two_strands_is_exact_near_0_and_1(size: float) -> None:
    network, codes = a_network("short", "deepsea"), random_codes(BIN)
    with torch.no_grad():
        network.output.weight.mul_(size / network.output.weight.abs().mean())
        logits = network(codes)
    assert torch.isfinite(logits).all()
