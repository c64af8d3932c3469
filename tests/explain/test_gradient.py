"""Gradients at the inputs, against torch's own through the whole network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from builders import EXACT_DENSE, NETWORKS, a_marker, a_network, tiny_settings, write_checkpoint

from regtrack.explain.gradient import input_gradients, open_network
from regtrack.genome.short_input import BIN, FLANK, LENGTH
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.checkpoint import load_network

DENSE, SHORT = (list(ARCHITECTURES[task]) for task in ("dense", "short"))
ONE_HOT = ["residual", "u-net", "hybrid"]
WIDE = 2_000


def some_codes(random: np.random.Generator, length: int, batch: int = 1) -> torch.Tensor:
    codes = random.integers(1, 5, (batch, length))
    codes[:, length // 2 : length // 2 + 7] = 0  # N
    return torch.from_numpy(codes.astype(np.int32))


def assert_same(found: torch.Tensor, expected: torch.Tensor) -> None:
    """But for float32 rounding, which goes with the largest values that were summed."""
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def one_error(markers: int, marker: int = 0, bases: int = 1) -> torch.Tensor:
    errors = torch.zeros(1, bases, markers)
    errors[:, :, marker] = 1
    return errors


@pytest.mark.parametrize("name", [name for name in DENSE if name not in ONE_HOT])
def test_it_is_the_gradient_at_the_embedded_bases(name: str, random: np.random.Generator) -> None:
    network = a_network("dense", name)
    codes = some_codes(random, WIDE)
    embedded = network.get_submodule("embedding")(codes).detach().requires_grad_()
    with torch.enable_grad():
        hook = network.get_submodule("embedding").register_forward_hook(lambda *_: embedded)
        network(codes)[0, 2, 900:1_060].sum().backward()
        hook.remove()
    found = input_gradients(network, codes, 900, one_error(4, 2, 160))
    assert embedded.grad is not None
    assert embedded.grad.abs().max() > 0, "nothing to test"
    assert_same(found, embedded.grad)


@pytest.mark.parametrize("name", ONE_HOT)
def test_it_is_the_gradient_at_the_one_hot_bases(name: str, random: np.random.Generator) -> None:
    network = a_network("dense", name)
    codes = some_codes(random, WIDE)
    bases = torch.nn.functional.one_hot(codes.long(), 5)[:, :, 1:].float().requires_grad_()
    with torch.enable_grad():
        features = network.get_submodule("trunk")(bases.transpose(1, 2))
        logits = network.head(features.transpose(1, 2))
        logits[0, 900:1_060, 2].sum().backward()
    found = input_gradients(network, codes, 900, one_error(4, 2, 160))
    assert bases.grad is not None
    assert bases.grad.abs().max() > 0, "nothing to test"
    assert_same(found, bases.grad)


@pytest.mark.parametrize("name", SHORT)
def test_a_bin_of_the_short_task_looks_at_its_own_input(
    name: str, random: np.random.Generator
) -> None:
    network = a_network("short", name)
    codes = some_codes(random, WIDE)
    third = 4 * BIN
    found = input_gradients(network, codes, third, one_error(4, 1, 30))
    own = slice(third - FLANK, third - FLANK + LENGTH)
    onehot = network.inputs(codes[:, own]).requires_grad_()
    with torch.enable_grad():
        trunk, head = network.get_submodule("trunk"), network.head
        logits = head(trunk(onehot).flatten(1))
        if name == "deepsea":  # which reads both strands: A, C, T, G become T, G, A, C
            other = head(trunk(onehot.flip(2)[:, [2, 3, 0, 1]]).flatten(1))
            logits = torch.logit((logits.sigmoid() + other.sigmoid()) / 2)
        logits[0, 1].mul(30).backward()
    assert onehot.grad is not None
    assert_same(found[:, own], onehot.grad.transpose(1, 2))
    assert not found[:, : own.start].any()
    assert not found[:, own.stop :].any()


@pytest.mark.parametrize("name", EXACT_DENSE)
def test_no_base_beyond_the_context_has_any(name: str, random: np.random.Generator) -> None:
    network = a_network("dense", name)
    context, middle = network.context, 12_000
    found = input_gradients(network, some_codes(random, 24_000), middle, one_error(4))[0]
    seen = torch.nonzero(found.any(dim=1)).flatten()
    assert len(seen) > 1
    assert seen.min() >= middle - context.left
    assert seen.max() <= middle + context.right


@pytest.mark.parametrize(("task", "name"), NETWORKS)
def test_windows_of_a_batch_do_not_mix(task: str, name: str, random: np.random.Generator) -> None:
    network = a_network(task, name)
    codes = some_codes(random, WIDE, batch=3)
    errors = torch.from_numpy(random.normal(size=(3, 20, 4)).astype(np.float32))
    together = input_gradients(network, codes, 1_000, errors)
    for number in range(3):
        alone = slice(number, number + 1)
        assert_same(together[alone], input_gradients(network, codes[alone], 1_000, errors[alone]))


@pytest.mark.parametrize(("task", "name"), [("dense", "dilated"), ("dense", "bi-lstm")])
def test_an_opened_network_predicts_as_ever_and_only_its_markers(
    task: str, name: str, tmp_path: Path, random: np.random.Generator
) -> None:

    markers = [a_marker(index, f"K562|M{index}|None") for index in range(4)]
    settings = tiny_settings(task, name)
    path = write_checkpoint(
        tmp_path / "m.safetensors", markers, {"chr1": 10}, architecture=name, settings=settings
    )
    device = torch.device("cpu")
    whole, opened = load_network(path, device), open_network(path, [3, 1], device)
    codes = some_codes(random, WIDE)
    with torch.inference_mode():
        torch.testing.assert_close(opened(codes), whole(codes)[:, [3, 1]])
    assert not any(weights.requires_grad for weights in opened.parameters())


def test_a_length_that_is_no_multiple_of_the_stride_is_refused(
    random: np.random.Generator,
) -> None:
    with pytest.raises(ValueError, match="length 1995 is not a multiple"):
        input_gradients(a_network("dense", "cnn3"), some_codes(random, 1_995), 0, one_error(4))
