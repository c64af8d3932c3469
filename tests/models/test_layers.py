"""The layers, against TensorFlow's definition of "SAME" padding written out in plain numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from regtrack.errors import RegtrackError
from regtrack.models.dense import DenseNetwork
from regtrack.models.layers import (
    BidirectionalLSTM,
    Convolution,
    MaxPooling,
    Upsampling,
    activated,
    normed,
    same_padding,
)
from regtrack.models.network import Context, context_of


def same_convolution(
    inputs: np.ndarray, weights: np.ndarray, bias: np.ndarray, dilation: int
) -> np.ndarray:
    """`tf.nn.conv1d(padding="SAME")` at stride 1: floor half of the padding goes left."""
    outputs, _, width = weights.shape
    length = inputs.shape[1]
    left = (width - 1) * dilation // 2
    result = np.tile(bias[:, None], (1, length))
    for at in range(length):
        for tap in range(width):
            source = at - left + tap * dilation
            if 0 <= source < length:
                result[:, at] += weights[:, :, tap] @ inputs[:, source]
    assert result.shape == (outputs, length)
    return result


def lstm(
    inputs: np.ndarray, weights: np.ndarray, recurrent: np.ndarray, bias: np.ndarray
) -> np.ndarray:
    """States of an LSTM that reads (inputs, length) from left to right: (size, length).

    Hochreiter & Schmidhuber 1997, with a forget gate and one bias per gate; torch's order
    of gates: input, forget, cell, output.
    """

    def sigmoid(values: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-values))

    size = recurrent.shape[1]
    state, cell, states = np.zeros(size), np.zeros(size), []
    for values in inputs.T:
        gates = np.split(weights @ values + recurrent @ state + bias, 4)
        write, keep, show = (sigmoid(gates[which]) for which in (0, 1, 3))
        cell = keep * cell + write * np.tanh(gates[2])
        state = show * np.tanh(cell)
        states.append(state)
    return np.stack(states, axis=1)


def outcome(layer: nn.Module, inputs: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return layer.double()(torch.from_numpy(inputs)[None])[0].numpy()


@pytest.mark.parametrize(
    ("width", "dilation", "padding"),
    [(10, 1, (4, 5)), (10, 3, (13, 14)), (10, 81, (364, 365)), (5, 1, (2, 2)), (1, 1, (0, 0))],
)
def test_the_odd_position_of_padding_goes_right(
    width: int, dilation: int, padding: tuple[int, int]
) -> None:
    assert same_padding(width, dilation) == padding


@pytest.mark.parametrize(("width", "dilation"), [(10, 1), (10, 3), (10, 9), (5, 2), (4, 1), (1, 1)])
@pytest.mark.parametrize("length", [1, 7, 60])
def test_a_convolution_pads_as_tensorflow_does(
    random: np.random.Generator, width: int, dilation: int, length: int
) -> None:
    layer = Convolution(3, 2, width, dilation=dilation).double()
    inputs = random.normal(size=(3, length))
    weights, bias = (parameter.detach().numpy() for parameter in (layer.weight, layer.bias))
    expected = same_convolution(inputs, weights, bias, dilation)
    np.testing.assert_allclose(outcome(layer, inputs), expected, atol=1e-12)


def test_a_strided_convolution_reads_each_position_once(random: np.random.Generator) -> None:
    layer = Convolution(3, 2, 10, stride=10).double()
    inputs = random.normal(size=(3, 40))
    weights, bias = (parameter.detach().numpy() for parameter in (layer.weight, layer.bias))
    steps = inputs.reshape(3, 4, 10)
    expected = np.einsum("oik,itk->ot", weights, steps) + bias[:, None]
    np.testing.assert_allclose(outcome(layer, inputs), expected, atol=1e-12)


@pytest.mark.parametrize("width", [3, 8])
def test_a_convolution_of_each_channel_has_a_filter_for_each(
    width: int, random: np.random.Generator
) -> None:
    layer = Convolution(3, 3, width, groups=3).double()
    inputs = random.normal(size=(3, 40))
    found = outcome(layer, inputs)
    for channel in range(3):
        weights, bias = (
            part.detach().numpy()[channel : channel + 1] for part in layer.parameters()
        )
        expected = same_convolution(inputs[channel : channel + 1], weights, bias, dilation=1)
        np.testing.assert_allclose(found[channel], expected[0], atol=1e-12)


def test_a_stride_other_than_the_width_is_refused() -> None:
    with pytest.raises(ValueError, match="stride 5 is neither 1 nor the width, 10"):
        Convolution(3, 2, 10, stride=5)


def test_upsampling_makes_each_position_into_stride_positions(random: np.random.Generator) -> None:
    layer = Upsampling(3, 2, 10).double()
    inputs = random.normal(size=(3, 4))
    weights, bias = (parameter.detach().numpy() for parameter in (layer.weight, layer.bias))
    expected = np.einsum("iok,it->otk", weights, inputs).reshape(2, 40) + bias[:, None]
    np.testing.assert_allclose(outcome(layer, inputs), expected, atol=1e-12)


@pytest.mark.parametrize("width", [1, 4, 5])
def test_max_pooling_never_lets_its_padding_win(random: np.random.Generator, width: int) -> None:
    inputs = -1 - random.random(size=(2, 12))  # all negative: a padding of 0 would win
    left = (width - 1) // 2
    expected = np.stack(
        [inputs[:, max(0, at - left) : at - left + width].max(axis=1) for at in range(12)], axis=1
    )
    np.testing.assert_array_equal(outcome(MaxPooling(width), inputs), expected)


@pytest.mark.parametrize("length", [1, 2, 30])
def test_an_lstm_reads_from_both_ends(random: np.random.Generator, length: int) -> None:
    layer = BidirectionalLSTM(3, 4).double()
    for name, parameter in layer.named_parameters():
        if "bias_ih" in name:  # any bias, so that one in the wrong gate is seen
            parameter.data = torch.from_numpy(random.normal(size=16))
    inputs = random.normal(size=(3, length))

    def weights(suffix: str) -> list[np.ndarray]:
        names = (f"{kind}_l0{suffix}" for kind in ("weight_ih", "weight_hh", "bias_ih"))
        return [layer.lstm.get_parameter(name).detach().numpy() for name in names]

    rightward = lstm(inputs, *weights(""))
    leftward = lstm(inputs[:, ::-1], *weights("_reverse"))[:, ::-1]
    expected = np.concatenate([rightward, leftward])
    np.testing.assert_allclose(outcome(layer, inputs), expected, atol=1e-12)


def test_an_lstm_has_one_bias_per_gate() -> None:
    layer = BidirectionalLSTM(3, 4)
    trainable = sum(part.numel() for part in layer.parameters() if part.requires_grad)
    assert trainable == 2 * (4 * 4) * (3 + 4 + 1)  # directions, gates x size, what each reads


@pytest.mark.parametrize("suffix", ["l0", "l0_reverse"])
def test_the_second_bias_of_torch_is_and_stays_zero(suffix: str) -> None:
    layer = BidirectionalLSTM(3, 4)
    frozen = layer.lstm.get_parameter(f"bias_hh_{suffix}")
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    layer(torch.ones(2, 3, 5)).sum().backward()
    optimizer.step()
    assert not frozen.requires_grad
    assert not frozen.any()
    assert layer.lstm.get_parameter(f"bias_ih_{suffix}").grad is not None


@pytest.mark.parametrize("suffix", ["l0", "l0_reverse"])
def test_the_forget_gate_starts_open(suffix: str) -> None:
    bias = BidirectionalLSTM(3, 4).lstm.get_parameter(f"bias_ih_{suffix}")
    assert bias.tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8


def test_a_layer_without_a_norm_is_followed_by_relu_and_dropout() -> None:
    layer = Convolution(3, 2, 5)
    first, relu, dropout = activated(layer, dropout=0.25)
    assert first is layer
    assert isinstance(relu, nn.ReLU)
    assert isinstance(dropout, nn.Dropout)
    assert dropout.p == 0.25


def test_a_layer_is_followed_by_norm_relu_and_dropout() -> None:
    _, norm, relu, dropout = normed(Convolution(3, 2, 5), dropout=0.25, norm_decay=0.99)
    assert isinstance(norm, nn.BatchNorm1d)
    assert isinstance(relu, nn.ReLU)
    assert isinstance(dropout, nn.Dropout)
    assert norm.num_features == 2
    assert norm.momentum == pytest.approx(0.01)  # torch counts the share that is new
    assert dropout.p == 0.25


@pytest.mark.parametrize(
    ("layers", "context"),
    [
        ([], Context(0, 0)),
        ([Convolution(1, 1, 10)], Context(4, 5)),
        ([MaxPooling(5), nn.ReLU()], Context(2, 2)),
        ([Convolution(1, 1, 10, dilation=3), MaxPooling(5)], Context(15, 16)),
        # The last base of a step sees the whole step on its left, the first one on its right.
        ([Convolution(1, 1, 10, stride=10), Upsampling(1, 1, 10)], Context(9, 9, 1, 10)),
        (
            [Convolution(1, 1, 10, stride=10), MaxPooling(5), Upsampling(1, 1, 10)],
            Context(29, 29, 1, 10),
        ),
        # A memory reads on without end; whole steps are given to it to fade.
        ([BidirectionalLSTM(1, 1)], Context(5_000, 5_000, exact=False)),
        (
            [Convolution(1, 1, 70, stride=70), BidirectionalLSTM(1, 1), Upsampling(2, 1, 70)],
            Context(4_970 + 69, 4_970 + 69, 1, 70, exact=False),
        ),
    ],
)
def test_context_adds_up_over_the_layers(layers: list[object], context: Context) -> None:
    assert context_of(layers) == context


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv1d(1, 1, 3, padding="same"),
        nn.ConvTranspose1d(1, 1, 3, padding=1),
        nn.MaxPool1d(3, stride=1, padding=1),
        nn.AvgPool1d(3, stride=1, padding=1),
        nn.AdaptiveMaxPool1d(1),
        nn.LSTM(1, 1),
        nn.InstanceNorm1d(1),
        nn.MultiheadAttention(1, 1),
        nn.Upsample(scale_factor=2),
    ],
    ids=lambda layer: type(layer).__name__,
)
@pytest.mark.parametrize("wrap", [lambda layer: layer, nn.Sequential], ids=["alone", "inside"])
def test_a_layer_that_does_not_say_how_far_it_looks_is_refused_and_never_taken_for_pointwise(
    layer: nn.Module, wrap: Callable[[nn.Module], nn.Module]
) -> None:
    refused = f"a layer {type(layer).__name__} is not known: the layer has no `widen`"
    with pytest.raises(RegtrackError, match=refused):
        context_of([Convolution(1, 1, 3), nn.ReLU(), wrap(layer)])


def test_layers_inside_of_others_widen_as_they_do_alone() -> None:
    inside = nn.Sequential(Convolution(1, 1, 11), nn.Sequential(nn.ReLU(), MaxPooling(5)))
    assert context_of([inside]) == Context(7, 7)


def test_a_network_with_such_a_layer_cannot_be_built() -> None:
    trunk = nn.Sequential(nn.Conv1d(4, 8, 15, padding="same"), nn.ReLU())
    with pytest.raises(RegtrackError, match="a layer Conv1d"):
        DenseNetwork(trunk, features=8, hidden=8, markers=2)


def test_layers_that_do_not_come_back_to_single_bases_have_no_context() -> None:
    with pytest.raises(ValueError, match="end at 10 bases per position"):
        context_of([Convolution(1, 1, 10, stride=10)])


def test_upsampling_below_a_base_has_no_context() -> None:
    with pytest.raises(ValueError, match="cannot go from 10 bases per position up by 4"):
        context_of([Convolution(1, 1, 10, stride=10), Upsampling(1, 1, 4)])
