"""A context that is measured is the one that the layers have."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.layers import Convolution, MaxPooling, Upsampling
from regtrack.models.measured_context import (
    UnboundedError,
    UnevenError,
    holds,
    measure_context,
)
from regtrack.models.network import Context, Network

SMALL = {"f1": 12, "f2": 12, "f3": 12, "hidden": 8}


def built(name: str, **settings: int) -> Network:
    torch.manual_seed(0)
    own = ARCHITECTURES["dense"][name].default_settings()
    small = {key: value for key, value in SMALL.items() if key in own}
    return ARCHITECTURES["dense"][name].build(2, {**small, **settings}).eval()


def predictor(network: nn.Module, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    network.to(dtype)

    def predict(codes: Tensor) -> Tensor:
        with torch.no_grad():
            return network(codes)[0].T

    return predict


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cnn1", {}),
        ("cnn3", {}),
        ("cnn7", {}),
        ("cnn7", {"stride": 16}),
        ("dilated", {}),
        ("dilated", {"stride": 16}),
    ],
)
def test_it_is_that_which_is_derived_from_the_layers(name: str, settings: dict[str, int]) -> None:
    network = built(name, **settings)
    stride = network.context.stride
    found = measure_context(predictor(network, torch.float64), 1, stride)
    assert found == network.context


class OneHot(nn.Module):
    """Layers that read one-hot bases."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, codes: Tensor) -> Tensor:
        """(1, length) -> (1, markers, outputs)."""
        dtype = next(self.parameters()).dtype
        return self.layers(nn.functional.one_hot(codes, 5).transpose(1, 2)[:, 1:].to(dtype))


def binned(width: int) -> OneHot:
    """A convolution at every base, bins of so many, a convolution of bins."""
    torch.manual_seed(0)
    return OneHot(
        nn.Conv1d(4, 64, 7, padding=3),
        nn.ReLU(),
        nn.MaxPool1d(width),
        nn.Conv1d(64, 2, 3, padding=1),
    )


@pytest.mark.parametrize("width", [16, 32, 128])
def test_of_bins_it_counts_from_their_outermost_base(width: int) -> None:
    # The last base of a bin sees the bin, the one before it and three bases more on the left.
    found = measure_context(predictor(binned(width), torch.float64), width, width)
    assert found == Context(left=2 * width + 2, right=2 * width + 2, stride=width)


def test_what_looks_to_one_side_only_has_no_context_on_the_other() -> None:
    torch.manual_seed(0)
    causal = OneHot(nn.ConstantPad1d((9, 0), 0.0), nn.Conv1d(4, 2, 10))
    found = measure_context(predictor(causal, torch.float64), 1, 1)
    assert found == Context(left=9, right=0)


def test_what_depends_on_the_whole_window_is_refused() -> None:
    torch.manual_seed(0)

    class Centred(nn.Module):
        def forward(self, values: Tensor) -> Tensor:
            return values - values.mean(2, keepdim=True)

    whole = OneHot(nn.Conv1d(4, 2, 3, padding=1), Centred())
    with pytest.raises(UnboundedError):
        measure_context(predictor(whole, torch.float64), 1, 1)


def test_a_stride_that_is_not_that_of_the_layers_is_refused() -> None:
    torch.manual_seed(0)
    strided = OneHot(Convolution(4, 8, 16, stride=16), MaxPooling(3), Upsampling(8, 2, 16))
    predict = predictor(strided, torch.float64)
    assert measure_context(predict, 1, 16).stride == 16
    with pytest.raises(UnevenError):
        measure_context(predict, 1, 8)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [(209, 259, True), (400, 400, True), (99, 259, False), (209, 149, False)],
)
def test_a_declared_context_that_is_too_short_is_noticed(
    left: int, right: int, expected: bool
) -> None:
    network = predictor(built("cnn7"), torch.float32)
    # A window reads whole strides more than is declared.
    assert holds(network, 1, Context(left=left, right=right, stride=10)) is expected
