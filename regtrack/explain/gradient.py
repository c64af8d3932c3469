"""An error of 1 from some outputs of a network, back to the bases that it read.

Gupta & Rush 2017, figure 2: the norm of that gradient shows what a prediction depends on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from regtrack.errors import InputError
from regtrack.models.checkpoint import load_network
from regtrack.models.device import memory_advice, plain_float32
from regtrack.models.network import Network


def open_network(path: Path, rows: Sequence[int], device: torch.device) -> Network:
    """The network of a checkpoint with these of its markers, ready to be asked for gradients.

    Raises
    ------
    InputError
        As `regtrack.models.checkpoint.load_network`; for a network that reads integer codes.
    """
    network = load_network(path, device)
    if network.reads_codes:
        raise InputError(
            path,
            "its network reads integer codes, through which no gradient goes; one that reads "
            "one-hot bases can be explained",
        )
    network.keep_markers(list(rows))
    for layer in network.modules():
        # cuDNN refuses to go back through a recurrent layer in evaluation mode. Ours have no
        # dropout inside, so that the mode changes nothing else.
        if isinstance(layer, nn.LSTM):
            layer.train()
    return network.requires_grad_(False)


def input_gradients(network: Network, codes: Tensor, start: int, errors: Tensor) -> Tensor:
    """Errors at the logits of some bases, back to the embedded (or one-hot) inputs.

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
    with plain_float32(), memory_advice("--device cpu has more"), torch.enable_grad():
        inputs = network.inputs(codes).detach().requires_grad_()
        logits = network.logits_from(inputs, start, start + errors.shape[1])
        (gradient,) = torch.autograd.grad(logits, inputs, grad_outputs=errors)
    return gradient.transpose(1, 2)
