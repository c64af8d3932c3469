"""Layers with TensorFlow's "SAME" padding, each of which knows the context it adds."""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regtrack.models.network import Context
from regtrack.models.norm import BatchNorm

# Bases on each side of a core that a recurrent layer reads and throws away.
# docs/networks.md says what was measured.
RECURRENT_OVERLAP = 5_000


def same_padding(width: int, dilation: int = 1) -> tuple[int, int]:
    """Positions to add left and right at stride 1: (width - 1) * dilation, floor half left."""
    total = (width - 1) * dilation
    return total // 2, total - total // 2


class Convolution(nn.Conv1d):
    """Convolution whose output has input length / stride positions.

    (batch, inputs, length) -> (batch, outputs, length / stride). A strided one has
    `width == stride` and reads each position once, without padding, which is what
    "SAME" comes to when the length is a multiple of the stride. With as many `groups` as
    inputs, each channel has a filter of its own and sees no other.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        width: int,
        *,
        dilation: int = 1,
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        if stride not in (1, width):
            raise ValueError(f"stride {stride} is neither 1 nor the width, {width}")
        super().__init__(inputs, outputs, width, stride=stride, dilation=dilation, groups=groups)
        self.reach = same_padding(width, dilation) if stride == 1 else (0, width - 1)
        self.pad = self.reach if stride == 1 else (0, 0)

    def forward(self, inputs: Tensor) -> Tensor:
        """Pad and convolve."""
        return super().forward(F.pad(inputs, self.pad))

    def widen(self, context: Context) -> Context:
        """Context of the output; see `regtrack.models.network.Widens`."""
        left, right = self.reach
        scale = context.scale * self.stride[0]
        return replace(
            context,
            left=context.left + context.scale * left,
            right=context.right + context.scale * right,
            scale=scale,
            stride=max(context.stride, scale),
        )


class Upsampling(nn.ConvTranspose1d):
    """Transposed convolution of width = stride: each position becomes `stride` positions.

    (batch, inputs, length) -> (batch, outputs, length * stride).
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, stride, stride=stride)

    def widen(self, context: Context) -> Context:
        """Context of the output; see `regtrack.models.network.Widens`."""
        scale, rest = divmod(context.scale, self.stride[0])
        if rest:
            raise ValueError(
                f"cannot go from {context.scale} bases per position up by {self.stride[0]}"
            )
        # The last of the new positions lies stride - 1 steps right of where the old one began.
        return replace(context, left=context.left + scale * (self.stride[0] - 1), scale=scale)


class MaxPooling(nn.Module):
    """Maximum over `width` positions at stride 1, "SAME" padded.

    (batch, channels, length) -> (batch, channels, length). Padding never wins.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, inputs: Tensor) -> Tensor:
        """Pad and pool."""
        padded = F.pad(inputs, same_padding(self.width), value=float("-inf"))
        return F.max_pool1d(padded, self.width, stride=1)

    def widen(self, context: Context) -> Context:
        """Context of the output; see `regtrack.models.network.Widens`."""
        left, right = same_padding(self.width)
        return replace(
            context,
            left=context.left + context.scale * left,
            right=context.right + context.scale * right,
        )


class BidirectionalLSTM(nn.Module):
    """LSTM in both directions: (batch, inputs, length) -> (batch, 2 * size, length).

    One bias per gate, where torch has two that add up, and a forget gate that starts
    open (bias 1), both as TensorFlow has it.
    """

    def __init__(self, inputs: int, size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, size, batch_first=True, bidirectional=True)
        forget = slice(size, 2 * size)
        with torch.no_grad():
            for suffix in ("l0", "l0_reverse"):
                bias = self.lstm.get_parameter(f"bias_ih_{suffix}")
                bias.zero_()
                bias[forget] = 1
                self.lstm.get_parameter(f"bias_hh_{suffix}").zero_().requires_grad_(False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Read from both ends."""
        states: Tensor = self.lstm(inputs.transpose(1, 2))[0]
        return states.transpose(1, 2)

    def widen(self, context: Context) -> Context:
        """Context of the output; see `regtrack.models.network.Widens`."""
        overlap = RECURRENT_OVERLAP // context.scale * context.scale
        return replace(
            context, left=context.left + overlap, right=context.right + overlap, exact=False
        )


def activated(layer: nn.Module, dropout: float) -> list[nn.Module]:
    """A layer without a norm: then ReLU, dropout."""
    return [layer, nn.ReLU(), nn.Dropout(dropout)]


def normed(
    layer: nn.Conv1d | nn.ConvTranspose1d, dropout: float, norm_decay: float
) -> list[nn.Module]:
    """The paper's order: convolution, batch norm, ReLU, dropout."""
    return [
        layer,
        # TensorFlow's decay is the share that is kept, torch's momentum the share that is new.
        BatchNorm(layer.out_channels, momentum=1 - norm_decay),
        nn.ReLU(),
        nn.Dropout(dropout),
    ]
