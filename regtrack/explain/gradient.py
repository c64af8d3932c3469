"""Gradients of a network's outputs at the bases that it read, and how far away these are.

Gupta & Rush 2017, figure 2: the norm of that gradient shows what a prediction depends on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet, Positions
from regtrack.models.checkpoint import load_network
from regtrack.models.device import memory_advice, plain_float32
from regtrack.models.network import Network

SHARES = (0.5, 0.9, 0.99)
WIDTH_NAMES = tuple(f"width_{round(100 * share)}" for share in SHARES)

Norms = npt.NDArray[np.floating]


def distances(start: int, end: int, positives: IntervalSet) -> Positions:
    """Distance in bases of each base of [start, end) from the nearest positive one.

    Parameters
    ----------
    positives
        Not empty; 0-based, half-open.

    Returns
    -------
    int64 (end - start,)
        0 inside, 1 at the bases that touch a positive one.
    """
    at = np.arange(start, end)
    after = np.searchsorted(positives.starts, at, side="right")
    far = 1 << 62
    left = np.concatenate(([-far], positives.ends - 1))[after]
    right = np.concatenate((positives.starts, [far]))[after]
    # Before the first positive base and behind the last, `far` less a position is still far.
    from_left = np.where(after > 0, np.maximum(at - left, 0), far)
    from_right = np.where(after < len(positives), right - at, far)
    nearest: npt.NDArray[np.int64] = np.minimum(from_left, from_right)
    return nearest


def by_distance(norm: Norms, distance: Positions) -> npt.NDArray[np.float64]:
    """Sum of the norm at each distance; bases without a value (NaN) add nothing.

    Returns
    -------
    float64 (largest distance + 1,)
    """
    return np.bincount(distance, weights=np.nan_to_num(norm)).astype(np.float64)


def widths(profile: npt.NDArray[np.float64]) -> tuple[int | None, ...]:
    """For each of `SHARES`, the bases around a positive base that hold this share of the norm.

    Parameters
    ----------
    profile
        The norm summed up at each distance from 0 on, as `by_distance` gives it.

    Returns
    -------
    tuple
        2 d + 1, where d is the smallest distance within which the share is; None where the
        norm is 0 everywhere.
    """
    within = np.cumsum(profile)
    if not len(within) or not within[-1] > 0:
        return (None,) * len(SHARES)
    reached = np.searchsorted(within, np.array(SHARES) * within[-1])
    return tuple(2 * int(distance) + 1 for distance in reached)


def share_beyond(profile: npt.NDArray[np.float64], distance: int) -> float | None:
    """Share of the norm that lies farther away than `distance`; None where there is no norm."""
    total = profile.sum()
    return float(profile[distance + 1 :].sum() / total) if total > 0 else None


def open_network(path: Path, rows: Sequence[int], device: torch.device) -> Network:
    """The network of a checkpoint with some of its markers, prepared for gradients.

    Raises
    ------
    InputError
        As `regtrack.models.checkpoint.load_network`; for a network that reads integer codes.
    """
    network = load_network(path, device)
    if network.reads_codes:
        raise InputError(
            path,
            "its network reads integer codes, which have no gradient; only a network that reads "
            "one-hot bases can be explained",
        )
    network.keep_markers(list(rows))
    for layer in network.modules():
        # cuDNN computes no gradient of a recurrent layer in evaluation mode. These layers have
        # no dropout, so the mode changes nothing else.
        if isinstance(layer, nn.LSTM):
            layer.train()
    return network.requires_grad_(False)


def input_gradients(network: Network, codes: Tensor, start: int, errors: Tensor) -> Tensor:
    """Backpropagate errors at the logits of some bases to the embedded (or one-hot) inputs.

    Parameters
    ----------
    network
        In evaluation mode, as `open_network` gives it.
    codes
        Integer codes (batch, length), N=0 A=1 C=2 T=3 G=4; the length must be a multiple of
        the network's stride.
    start
        First of the bases whose logits get an error, counted from the window's first.
    errors
        float32 (batch, bases, markers): by how much each logit counts.

    Returns
    -------
    Tensor (batch, length, 4)
        Gradient of the sum of the logits, each times its error.

    Raises
    ------
    ValueError
        As `regtrack.models.network.Network.logits_from`.
    RegtrackError
        When a GPU runs out of memory.
    """
    with plain_float32(), memory_advice(window="a smaller {}"), torch.enable_grad():
        inputs = network.inputs(codes).detach().requires_grad_()
        logits = network.logits_from(inputs, start, start + errors.shape[1])
        (gradient,) = torch.autograd.grad(logits, inputs, grad_outputs=errors)
    return gradient.transpose(1, 2)
