"""Batch-norm statistics before a validation: of the weights as they are, over many windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import TINY_SETTINGS
from torch import nn

from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.dense import DenseNetwork
from regtrack.training.norms import settle_norms


@pytest.fixture
def network() -> DenseNetwork:
    torch.manual_seed(0)
    return ARCHITECTURES["dilated"].build(2, TINY_SETTINGS)


@pytest.fixture
def batches(random: np.random.Generator) -> list[np.ndarray]:
    return [random.integers(0, 5, (2, 500), dtype=np.uint8) for _ in range(3)]


def first_norm(network: DenseNetwork) -> nn.BatchNorm1d:
    return next(layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d))


def test_the_statistics_are_the_mean_over_the_batches(
    network: DenseNetwork, batches: list[np.ndarray]
) -> None:
    settle_norms(network, batches)
    convolution = network.trunk[0]
    with torch.no_grad():
        means = [
            convolution(network.embedding(torch.from_numpy(codes).int()).transpose(1, 2))
            .mean(dim=(0, 2))
            .numpy()
            for codes in batches
        ]
    np.testing.assert_allclose(
        first_norm(network).running_mean.numpy(), np.mean(means, axis=0), atol=1e-6
    )


def test_what_was_there_before_does_not_matter(
    network: DenseNetwork, batches: list[np.ndarray]
) -> None:
    settle_norms(network, batches)
    once = first_norm(network).running_var.clone()
    first_norm(network).running_var.fill_(99)
    settle_norms(network, batches)
    torch.testing.assert_close(first_norm(network).running_var, once, atol=0, rtol=0)


def test_the_network_is_ready_to_predict_and_its_decay_unchanged(
    network: DenseNetwork, batches: list[np.ndarray]
) -> None:
    before = {name: weights.clone() for name, weights in network.named_parameters()}
    settle_norms(network, batches)
    assert not any(layer.training for layer in network.modules())
    assert first_norm(network).momentum == pytest.approx(0.1)
    for name, weights in network.named_parameters():
        torch.testing.assert_close(weights, before[name], atol=0, rtol=0)
