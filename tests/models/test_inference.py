"""The fast copy of a network predicts what the network predicts."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from builders import NETWORKS, a_network
from torch import nn

from regtrack.models import inference
from regtrack.models.dense import Dilated
from regtrack.models.inference import (
    EmbeddedConvolution,
    FusedLinear,
    OutputLinear,
    for_inference,
)
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


@pytest.mark.parametrize(
    ("needed", "multiplied"), [(0, 8), (1, 8), (8, 8), (75, 80), (120, 120), (121, 125), (125, 125)]
)
@pytest.mark.parametrize("has_onednn", [True, False])
def test_an_output_layer_multiplies_what_is_not_0_at_all_bases(
    needed: int, multiplied: int, has_onednn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = nn.Linear(125, 919)
    layer = OutputLinear(plain.weight, plain.bias)
    inputs = torch.zeros(1, 512, 125)
    for unit in torch.randperm(125)[:needed]:  # at one base each
        inputs[0, torch.randint(512, ()), unit] = 1 + torch.rand(())
    product, widths = inference._product, []

    def counted(values: torch.Tensor, *more: object) -> torch.Tensor:
        widths.append(values.shape[-1])
        return product(values, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(inference, "_product", counted)
    monkeypatch.setattr(inference, "_HAS_ONEDNN", has_onednn and inference._HAS_ONEDNN)
    with torch.inference_mode():
        torch.testing.assert_close(layer(inputs), plain(inputs), atol=1e-5, rtol=0)
    assert widths == [multiplied]


def test_an_output_layer_hands_on_what_is_no_number() -> None:
    plain = nn.Linear(125, 919)
    inputs = torch.zeros(1, 512, 125)
    inputs[0, 7, 3] = torch.nan
    with torch.inference_mode():
        logits = OutputLinear(plain.weight, plain.bias)(inputs)
    assert logits[0].isnan().all(dim=1).nonzero().tolist() == [[7]]


def test_few_markers_or_bases_are_multiplied_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    many, few = (Dilated(markers).eval() for markers in (919, 10))
    assert isinstance(for_inference(many).output, OutputLinear)
    assert type(for_inference(few).output) is FusedLinear
    layer = OutputLinear(many.output.weight, many.output.bias)
    monkeypatch.setattr(torch.Tensor, "argsort", None)  # nothing is chosen
    assert layer(torch.zeros(1, 127, 125)).shape == (1, 127, 919)


def test_many_markers_are_predicted_the_same() -> None:
    torch.manual_seed(3)
    network = Dilated(919).eval()
    nn.init.normal_(network.output.weight, std=3)
    with torch.no_grad():  # half of the hidden values are never above 0
        network.get_parameter("head.0.bias")[::2] = -100
    codes = some_codes(1)
    with torch.inference_mode():
        expected = network(codes)
        found = for_inference(network)(codes)
    assert expected.std() > 0.5
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


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
