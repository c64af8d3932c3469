"""Batch-norm statistics that fit the weights they are used with."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from regtrack.genome.fasta import Codes
from regtrack.models.network import Network


def settle_norms(network: Network, batches: Iterable[Codes]) -> None:
    """Replace the running statistics of every batch norm by their mean over some batches.

    With two windows a step, running statistics are those of a handful of windows and of
    weights of steps ago: scores then rise and fall by a fifth from one validation to the
    next. See Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm", section 3.2.

    Parameters
    ----------
    network
        Left in evaluation mode.
    batches
        Coded windows (batch, length), drawn as in training.
    """
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d)]
    network.eval()  # no dropout: the statistics are for prediction
    if not norms:
        return
    decays = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
        norm.train()
    device = network.device
    with torch.no_grad():
        for codes in batches:
            network.hidden(torch.from_numpy(codes).to(device, torch.int32))
    for norm, decay in zip(norms, decays, strict=True):
        norm.momentum = decay
        norm.eval()
