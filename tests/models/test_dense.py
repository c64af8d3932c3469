"""The dense networks: the context that each of them needs, and what is special to one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from builders import EXACT_DENSE, TINY_SETTINGS, a_marker, a_network, write_checkpoint
from torch import nn

from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.checkpoint import load_network
from regtrack.models.dense import DenseNetwork, IdCnn, PaperNetwork
from regtrack.models.network import Context, Network
from regtrack.models.tensors import read_tensor_file

CONTEXTS = {
    "cnn1": Context(left=4, right=5, stride=1),
    "cnn3": Context(left=49, right=59, stride=10),
    "cnn7": Context(left=209, right=259, stride=10),
    "id-cnn": Context(left=10_506, right=10_687, stride=20),
    "dilated": Context(left=5_449, right=5_489, stride=10),
    "residual": Context(left=5_148, right=5_148, stride=10),
    "u-net": Context(left=7_328, right=7_338, stride=50),
    "hybrid": Context(left=2_978, right=2_988, stride=50),
}
# Bases that a context is too wide by, on each side. Every base of an upsampled step depends
# on the same bases, but `Context` holds one bound for all of them: that of the last one to
# the left and of the first one to the right. The strided convolution at the start of the
# next repeat reads a whole step and adds its 19 bases to both, two times in all.
GENEROUS = {"id-cnn": 2 * 19}


def dense(name: str, **settings: float) -> DenseNetwork:
    network = a_network("dense", name, **settings)
    assert isinstance(network, DenseNetwork)
    return network


def id_cnn(**settings: float) -> IdCnn:
    network = dense("id-cnn", **settings)
    assert isinstance(network, IdCnn)
    return network


def a_network_that_only_adds(name: str) -> Network:
    """N is 0 and G is 1, and every weight is positive: what is reached is above 0, all else 0."""
    network = dense(name).double()
    with torch.no_grad():
        for key, parameter in network.named_parameters():
            parameter.fill_(0.0 if key.endswith("bias") else 1.0)
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm1d):
                assert layer.running_mean is not None
                layer.running_mean.zero_()
        if isinstance(network, PaperNetwork):  # others read one-hot bases, of which N has none
            network.embedding.weight[0] = 0
    return network


def middle_of(network: Network) -> int:
    """The first base of a step that has the whole context on both sides, and more."""
    context = network.context
    reach = max(context.left, context.right) + 100
    return -(-reach // context.stride) * context.stride


def random_codes(random: np.random.Generator, length: int, batch: int = 1) -> torch.Tensor:
    return torch.from_numpy(random.integers(0, 5, size=(batch, length)))


@torch.no_grad()
def changed_by(network: Network, codes: torch.Tensor, at: int) -> np.ndarray:
    """Positions whose logits another base at `at` changes."""
    other = codes.clone()
    other[0, at] = (codes[0, at] + 4) % 5
    differs = (network(codes) != network(other)).any(dim=1)[0]
    return np.flatnonzero(differs.numpy())


@pytest.mark.parametrize("name", EXACT_DENSE)
@pytest.mark.parametrize("settings", [{}, TINY_SETTINGS], ids=["the paper's", "tiny"])
def test_the_context_is_derived_from_the_layers(name: str, settings: dict[str, float]) -> None:
    architecture = ARCHITECTURES["dense"][name]
    own = {key: settings[key] for key in architecture.default_settings() if key in settings}
    with torch.device("meta"):
        assert architecture.build(3, own).context == CONTEXTS[name]


def test_the_recurrent_network_reads_on_without_end() -> None:
    context = dense("bi-lstm").context
    assert not context.exact
    # The overlap that its memory is given to fade, in whole steps, and the step itself.
    assert (context.left, context.right, context.stride) == (5_019, 5_019, 20)


def test_seven_layers_without_dilation_see_less_than_500_bases() -> None:
    context = dense("cnn7").context
    assert context.left + 1 + context.right < 500


@pytest.mark.parametrize(
    ("stride", "left", "right"),
    # Halved but for the bases of a step itself: (5449 - 9) / 2 + 4 and (5489 - 9) / 2 + 4.
    [(10, 5_449, 5_489), (5, 2_724, 2_744), (20, 10_899, 10_979)],
)
def test_another_stride_gives_another_context(stride: int, left: int, right: int) -> None:
    context = dense("dilated", stride=stride).context
    assert context == Context(left=left, right=right, stride=stride)


@pytest.mark.parametrize("name", EXACT_DENSE)
def test_a_base_changes_nothing_outside_the_context(random: np.random.Generator, name: str) -> None:
    network = dense(name).double()
    context, middle = network.context, middle_of(network)
    for phase in {0, context.stride // 2, context.stride - 1}:
        at = middle + phase
        changed = changed_by(network, random_codes(random, 2 * middle + 200), at)
        assert len(changed)
        assert at - context.right <= changed[0]
        assert changed[-1] <= at + context.left


@pytest.mark.parametrize("name", EXACT_DENSE)
def test_the_context_is_not_larger_than_needed(name: str) -> None:
    network = a_network_that_only_adds(name)
    context, middle = network.context, middle_of(network)
    codes = torch.zeros((1, 2 * middle + 200), dtype=torch.int64)
    reached = []
    for phase in range(context.stride):
        changed = changed_by(network, codes, middle + phase)
        reached.append((changed[-1] - middle - phase, middle + phase - changed[0]))
    left, right = np.max(reached, axis=0) + GENEROUS.get(name, 0)
    assert (left, right) == (context.left, context.right)


def test_the_recurrent_network_sees_everything(random: np.random.Generator) -> None:
    network = dense("bi-lstm").double()
    changed = changed_by(network, random_codes(random, 2_000), 1_000)
    assert (changed[0], changed[-1]) == (0, 1_999)


def test_the_iterated_network_predicts_after_every_repeat_in_training(
    random: np.random.Generator,
) -> None:
    network, codes = id_cnn(dropout=0.5), random_codes(random, 400, batch=2)
    assert len(network.hidden(codes)) == 1
    found = network.train().hidden(codes)
    assert [one.shape for one in found] == [(2, 400, TINY_SETTINGS["hidden"])] * 3


@torch.no_grad()
def test_the_last_repeat_in_training_is_what_predicts(random: np.random.Generator) -> None:
    network, codes = id_cnn(), random_codes(random, 400, batch=2)
    (expected,) = network.hidden(codes)
    network.train()  # without dropout it differs in its norms only
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d):
            layer.eval()
    first, second, last = network.hidden(codes)
    assert torch.equal(last, expected)
    for earlier in (first, second):
        assert not torch.allclose(earlier, last)


@torch.no_grad()
def test_a_repeat_goes_on_from_the_one_before(random: np.random.Generator) -> None:
    network, codes = id_cnn(), random_codes(random, 400)
    network.train()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d):
            layer.eval()
    layers = list(network.trunk)
    block = (len(layers) - 3) // 3  # after convolution, ReLU and dropout of the beginning
    values = nn.Sequential(*layers[:3])(network.embedding(codes).transpose(1, 2))
    for number, found in enumerate(network.hidden(codes)):
        values = nn.Sequential(*layers[3 + number * block : 3 + (number + 1) * block])(values)
        expected = network.head[:-1](values.transpose(1, 2))
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_the_repeats_share_their_weights_but_not_their_norms() -> None:
    network = id_cnn()
    convolutions = [layer for layer in network.trunk if isinstance(layer, nn.Conv1d)]
    upsamplings = [layer for layer in network.trunk if isinstance(layer, nn.ConvTranspose1d)]
    norms = [layer for layer in network.trunk if isinstance(layer, nn.BatchNorm1d)]
    assert (len(convolutions), len(set(convolutions))) == (1 + 3 * 4, 1 + 4)
    assert (len(upsamplings), len(set(upsamplings))) == (3, 1)
    assert (len(norms), len(set(norms))) == (3 * 5, 3 * 5)


def test_shared_weights_are_saved_once_and_are_shared_again_when_loaded(
    random: np.random.Generator, tmp_path: Path
) -> None:
    path = write_checkpoint(tmp_path / "m", [a_marker()], {"chr1": 9}, architecture="id-cnn")
    saved = read_tensor_file(path).tensors
    # Embedding, first convolution, five shared layers, fifteen norms, two layers of the head.
    assert len(saved) == 1 + 2 + 5 * 2 + 15 * 5 + 2 * 2
    loaded = load_network(path, torch.device("cpu"))
    assert isinstance(loaded, IdCnn)
    convolutions = [layer for layer in loaded.trunk if isinstance(layer, nn.Conv1d)]
    assert len(set(convolutions)) == 1 + 4
    assert torch.equal(convolutions[-1].weight, saved["trunk.15.weight"])
    # Another start, other random weights to overwrite: nothing of them is left.
    torch.manual_seed(99)
    again = load_network(path, torch.device("cpu"))
    codes = random_codes(random, 400)
    with torch.no_grad():
        assert torch.equal(again(codes), loaded(codes))


def test_every_repeat_has_norms_of_its_own_in_the_file(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "m", [a_marker()], {"chr1": 9}, architecture="id-cnn")
    loaded = load_network(path, torch.device("cpu"))
    means = [norm.running_mean for norm in loaded.modules() if isinstance(norm, nn.BatchNorm1d)]
    for first, second, third in zip(means[:5], means[5:10], means[10:], strict=True):
        assert not torch.equal(first, second)
        assert not torch.equal(second, third)
