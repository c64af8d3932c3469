"""Layers that go down to coarser steps and back: what they compute, and that no grid shows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import a_network
from scipy.interpolate import BSpline
from torch import nn

from regtrack.models.dense import DenseNetwork
from regtrack.models.layers import Convolution, Upsampling
from regtrack.models.multiscale import LocalAttention, Pooling, Residual, SplineUpsampling
from regtrack.models.network import Context

OWN = ["residual", "u-net", "hybrid"]


def test_a_pool_weighs_the_middle_of_its_window_most() -> None:
    window = torch.zeros(8, 1, 16)
    window[:, 0, 4:12] = torch.eye(8)  # the window of the second of four steps is 2 to 10
    found = Pooling(4)(window)[:, 0, 1] * 16
    assert found.tolist() == [2.5, 3.5, 3.5, 2.5, 1.5, 0.5, 0, 0]


@pytest.mark.parametrize("stride", [2, 5, 10])
def test_every_position_counts_alike_in_all_pools_together(stride: int) -> None:
    positions = torch.eye(8 * stride)[:, None]
    summed = Pooling(stride)(positions).sum((1, 2))[2 * stride : -2 * stride]
    torch.testing.assert_close(summed, torch.full_like(summed, 1 / stride))


@pytest.mark.parametrize("stride", [1, 2, 5, 10])
def test_a_spline_is_what_scipy_computes(stride: int, random: np.random.Generator) -> None:
    steps = random.normal(size=13)
    # Beyond its ends, the outermost values go on.
    padded = np.pad(steps, 3, mode="edge")
    middles = np.arange(len(padded)) - 3 + 0.5  # in steps
    knots = np.concatenate((middles[:2] - 2, middles, middles[-2:] + 2))
    places = (np.arange(13 * stride) + 0.5) / stride
    expected = BSpline(knots, padded, 3)(places)
    found = SplineUpsampling(stride)(torch.from_numpy(steps)[None, None])[0, 0]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("stride", [1, 2, 5, 10])
@pytest.mark.parametrize("positions", [slice(None), slice(3, None, 7), slice(1, 9, 4)])
def test_some_positions_of_a_spline_are_what_all_have_there(stride: int, positions: slice) -> None:
    layer, steps = SplineUpsampling(stride), torch.randn(2, 3, 13, dtype=torch.float64)
    expected = layer(steps)[:, :, positions]
    torch.testing.assert_close(layer.at(steps, positions), expected, atol=1e-12, rtol=0)


def test_pools_and_splines_hide_where_the_grid_lies() -> None:
    # One spike, moved by one base at a time: what comes back of it moves along, and is as high
    # within an eighth wherever the spike lies in its step. Blocks of 10 would jump.
    spikes = torch.eye(120)[:, None]
    found = SplineUpsampling(10)(Pooling(10)(spikes))[50:61, 0]
    centre = (found * torch.arange(120)).sum(1) / found.sum(1)
    torch.testing.assert_close(centre, torch.arange(50.0, 61.0), atol=1e-3, rtol=0)
    torch.testing.assert_close(found.sum(1), torch.ones(11))
    assert (found.diff(dim=1).abs().amax() <= found.amax() / 8).all()


def attention(parts: np.ndarray, by_distance: np.ndarray, reach: int) -> np.ndarray:
    """As `LocalAttention`, written out: (3, heads, channels, length) of one sequence."""
    queries, keys, values = parts
    heads, channels, length = queries.shape
    found = np.zeros((heads, channels, length))
    for head in range(heads):
        for place in range(length):
            # Beyond the ends, keys and values are 0, but they are looked at.
            near = range(place - reach, place + reach + 1)
            inside = [0 <= other < length for other in near]
            scores = by_distance[head].copy()
            for number, other in enumerate(near):
                if inside[number]:
                    product = queries[head, :, place] @ keys[head, :, other]
                    scores[number] += product / np.sqrt(channels)
            shares = np.exp(scores) / np.exp(scores).sum()
            for number, other in enumerate(near):
                if inside[number]:
                    found[head, :, place] += shares[number] * values[head, :, other]
    return found.reshape(heads * channels, length)


@pytest.mark.parametrize("length", [1, 64, 150])
def test_attention_weighs_what_is_near_by_keys_and_distance(
    length: int, random: np.random.Generator
) -> None:
    layer = LocalAttention(heads=2, reach=5).double()
    with torch.no_grad():
        layer.by_distance.copy_(torch.from_numpy(random.normal(size=(2, 11))))
    parts = random.normal(size=(3, 2, 4, length))
    inputs = torch.from_numpy(parts.reshape(1, 24, length))
    with torch.no_grad():
        found = layer(inputs)[0].numpy()
    np.testing.assert_allclose(
        found, attention(parts, layer.by_distance.detach().numpy(), 5), atol=1e-12
    )


def test_a_residual_adds_its_input_and_looks_as_far_as_its_layers() -> None:
    layer = Residual(Pooling(5), Convolution(2, 2, 3, dilation=4), SplineUpsampling(5)).double()
    inputs = torch.randn(1, 2, 100, dtype=torch.float64)
    inner = nn.Sequential(*layer)(inputs)
    torch.testing.assert_close(layer(inputs), inputs + inner)
    # 2 of the pool, 4 steps, 10 + 2 - 1 of the spline; 4 + 3, 4 steps, 5 + 2.
    assert layer.widen(Context()) == Context(left=33, right=34, scale=1, stride=5)


def test_a_residual_that_does_not_come_back_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot add 5 bases per position to 1 of them"):
        Residual(Pooling(5)).widen(Context())


@pytest.mark.parametrize("layer", [SplineUpsampling(4), Upsampling(1, 1, 4)])
def test_steps_that_are_no_whole_number_of_bases_are_refused(layer: SplineUpsampling) -> None:
    with pytest.raises(ValueError, match="cannot go from 10 bases per position up by 4"):
        layer.widen(Context(scale=10, stride=10))


@pytest.mark.parametrize("name", [*OWN, "dilated", "id-cnn"])
def test_what_is_asked_for_at_some_bases_is_what_all_have_there(name: str) -> None:
    network = a_network("dense", name)
    assert isinstance(network, DenseNetwork)
    codes = torch.randint(0, 5, (2, 1_000), generator=torch.Generator().manual_seed(1))
    some = slice(3, None, 8)
    with torch.no_grad():
        for found, every in zip(network.hidden(codes, some), network.hidden(codes), strict=True):
            torch.testing.assert_close(found, every[:, some], atol=1e-4, rtol=0)


def test_a_spline_is_as_exact_far_along_a_window_as_at_its_beginning() -> None:
    spline = SplineUpsampling(10)
    steps = torch.rand(1, 2, 7, generator=torch.Generator().manual_seed(0))
    long = spline(steps.repeat(1, 1, 20_000))
    torch.testing.assert_close(long[:, :, -150:-20], long[:, :, 130:260], rtol=0, atol=0)
    torch.testing.assert_close(spline(steps).double(), spline(steps.double()), rtol=0, atol=1e-6)
