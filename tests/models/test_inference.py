"""The fast copy of a network predicts what the network predicts."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from builders import NETWORKS, a_network
from torch import nn

from regtrack.models import inference
from regtrack.models.inference import EmbeddedConvolution, FusedLinear, for_inference
from regtrack.models.norm import BatchNorm

every_network = pytest.mark.parametrize(("task", "name"), NETWORKS)


def some_codes(batch: int = 2, length: int = 12_000) -> torch.Tensor:
    codes = torch.randint(0, 5, (batch, length), generator=torch.Generator().manual_seed(1))
    return codes.to(torch.int32)


@every_network
def test_it_predicts_the_same(task: str, name: str) -> None:
    network = a_network(task, name)
    codes = some_codes()
    with torch.inference_mode():
        expected = network(codes)
        found = for_inference(network)(codes)
    assert expected.std() > 0.5  # equal logits everywhere would hide a difference
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@every_network
def test_bases_may_be_asked_for_piece_by_piece(task: str, name: str) -> None:
    fast = for_inference(a_network(task, name))
    codes = some_codes()
    edges = [3, 4, 517, 1_000, 9_999]
    with torch.inference_mode():
        whole = fast(codes, 3, 9_999)
        body = fast.body(codes)
        pieces = [fast.logits(body, *span) for span in pairwise(edges)]
    together = torch.cat(pieces, dim=1).transpose(1, 2)
    torch.testing.assert_close(together, whole, atol=1e-5, rtol=0)


@every_network
def test_norms_and_dropout_are_gone(task: str, name: str) -> None:
    left = {type(layer) for layer in for_inference(a_network(task, name)).modules()}
    assert not left & {BatchNorm, nn.Dropout}


@every_network
def test_the_network_itself_stays_as_it_was(task: str, name: str) -> None:
    network = a_network(task, name)
    before = {key: value.clone() for key, value in network.weights().items()}
    for_inference(network)
    assert network.weights().keys() == before.keys()
    assert all(torch.equal(value, before[key]) for key, value in network.weights().items())


def test_only_the_markers_that_were_kept_are_computed() -> None:
    network = a_network("dense", "dilated")
    codes = some_codes()
    with torch.inference_mode():
        expected = network(codes)[:, [2, 0]]
        network.keep_markers([2, 0])
        found = for_inference(network)(codes)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["dilated", "cnn3", "cnn7", "bi-lstm"])
def test_a_strided_first_convolution_becomes_a_table(name: str) -> None:
    assert isinstance(for_inference(a_network("dense", name)).embedding, EmbeddedConvolution)


@pytest.mark.parametrize("relu", [True, False])
def test_a_linear_layer_is_the_same_with_and_without_onednn(
    relu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = nn.Linear(125, 919)
    layer = FusedLinear(plain.weight, plain.bias, relu)
    inputs = torch.randn(2, 130, 125)[:, ::2]  # not contiguous
    with torch.inference_mode():
        expected = plain(inputs).relu() if relu else plain(inputs)
        for there in (inference._HAS_ONEDNN, False):
            monkeypatch.setattr(inference, "_HAS_ONEDNN", there)
            torch.testing.assert_close(layer(inputs), expected, atol=1e-5, rtol=0)


def test_this_pytorch_has_the_operator_that_is_twice_as_fast() -> None:
    # It is not part of PyTorch's public interface: should a release drop it, predicting takes
    # half as long again, and this says why.
    assert inference._HAS_ONEDNN or not torch.backends.mkldnn.is_available()


def test_float64_is_possible() -> None:
    network = a_network("dense", "dilated").double()
    codes = some_codes()
    with torch.inference_mode():
        expected = network(codes)
        torch.testing.assert_close(for_inference(network)(codes), expected, atol=1e-9, rtol=0)


@every_network
def test_all_of_it_lies_on_the_device_of_the_network(task: str, name: str) -> None:
    # "meta" stands in for a GPU.
    network = a_network(task, name).to("meta")
    network.keep_markers([1])
    parts = for_inference(network).weights().values()
    assert {part.device.type for part in parts} == {"meta"}


def test_keeping_markers_keeps_the_precision() -> None:
    network = a_network("dense", "dilated").double()
    network.keep_markers([1])
    assert network.output.weight.dtype == torch.float64
    assert network.output.weight.shape[0] == network.output.bias.shape[0] == 1
