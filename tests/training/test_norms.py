"""Batch-norm statistics before a validation: of the weights as they are, over many windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import a_network
from torch import nn

from regtrack.models.network import Network
from regtrack.training.step import settle_norms

Batches = list[np.ndarray]


@pytest.fixture
def network() -> Network:
    return a_network("dense", "dilated", 2, dropout=0.3)


@pytest.fixture
def batches(random: np.random.Generator) -> Batches:
    return [random.integers(0, 5, (2, 500), dtype=np.uint8) for _ in range(3)]


def first_norm(network: Network) -> nn.BatchNorm1d:
    return next(layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d))


def test_the_statistics_are_the_mean_over_the_batches(network: Network, batches: Batches) -> None:
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


def test_what_was_there_before_does_not_matter(network: Network, batches: Batches) -> None:
    settle_norms(network, batches)
    once = first_norm(network).running_var.clone()
    first_norm(network).running_var.fill_(99)
    settle_norms(network, batches)
    torch.testing.assert_close(first_norm(network).running_var, once, atol=0, rtol=0)


def test_the_network_is_ready_to_predict_and_its_decay_unchanged(
    network: Network, batches: Batches
) -> None:
    decay = first_norm(network).momentum
    before = {name: weights.clone() for name, weights in network.named_parameters()}
    settle_norms(network.train(), batches)
    assert not any(layer.training for layer in network.modules())
    assert first_norm(network).momentum == decay
    for name, weights in network.named_parameters():
        torch.testing.assert_close(weights, before[name], atol=0, rtol=0)


def test_a_network_without_norms_reads_no_batch() -> None:
    network = a_network("short", "lr", 2).train()

    def never():
        raise AssertionError("a batch was read")
        yield

    settle_norms(network, never())
    assert not network.training
