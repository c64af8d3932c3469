"""Layers of networks that read a sequence at several resolutions, without the grid's showing."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regtrack.models.network import Context, widened


class Residual(nn.Sequential):
    """What some layers make of their input, added to it.

    (batch, channels, length) -> the same shape. The layers may go down to a coarser resolution, if
    they come back.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Compute and add."""
        outputs = inputs
        for layer in self:
            outputs = layer(outputs)
        return inputs + outputs

    def widen(self, context: Context) -> Context:
        """Context of the output; see `regtrack.models.network.Widens`."""
        inner = widened(context, self)
        if inner.scale != context.scale:
            raise ValueError(
                f"cannot add {inner.scale} bases per position to {context.scale} of them"
            )
        return replace(
            inner, left=max(inner.left, context.left), right=max(inner.right, context.right)
        )


class Pooling(nn.Module):
    """Weighted mean over two strides, at every stride: (batch, channels, length / stride).

    The weights rise to the middle and fall again, so that all positions count alike in sum, and
    what moves by one position moves the outcome by little: the grid is not visible.
    """

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.reach = (stride // 2, stride - stride // 2)

    def forward(self, inputs: Tensor) -> Tensor:
        """Sum halves of windows, each of which two windows share."""
        batch, channels, _ = inputs.shape
        strides = F.pad(inputs, self.reach).view(batch, channels, -1, self.stride)
        rising = (torch.arange(self.stride, device=inputs.device) + 0.5) / self.stride**2
        # Rows: places in a stride. First column: of a window that begins there.
        weight = torch.stack((rising, rising.flip(0)), dim=1).to(inputs.dtype)
        halves: Tensor = strides @ weight
        return halves[:, :, :-1, 0] + halves[:, :, 1:, 1]

    def widen(self, context: Context) -> Context:
        """Context of the output; see `regtrack.models.network.Widens`."""
        left, right = self.reach
        scale = context.scale * self.stride
        return replace(
            context,
            left=context.left + context.scale * left,
            right=context.right + context.scale * (self.stride - 1 + right),
            scale=scale,
            stride=max(context.stride, scale),
        )


class SplineUpsampling(nn.Module):
    """A smooth curve (cubic B-spline) along the values of the steps, at every position.

    (batch, channels, length) -> (batch, channels, length * stride). A position draws from two steps
    on each side of it, and the curve has no kink: straight lines from step to step leave one at
    each, which is heard as a tone of the grid's period.
    """

    _SIDE = 2  # steps before and behind a position's own that it may draw from

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, inputs: Tensor) -> Tensor:
        """Every position becomes `stride` positions.

        By weights that are the same for all: `torch.nn.functional.interpolate` computes places in
        float32, whose error grows along a window to a thousandth of a step.
        """
        weights = self._weights(inputs.device).to(inputs.dtype)
        curve: Tensor = self._padded(inputs).unfold(2, len(weights), 1) @ weights
        return curve.flatten(2)

    def at(self, inputs: Tensor, positions: slice) -> Tensor:
        """Some positions of the output only."""
        wanted = torch.arange(inputs.shape[2] * self.stride, device=inputs.device)[positions]
        weights = self._weights(inputs.device).to(inputs.dtype)[:, wanted % self.stride]
        padded, first = self._padded(inputs), wanted // self.stride
        found = padded.index_select(2, first) * weights[0]
        for number in range(1, len(weights)):
            found = found + padded.index_select(2, first + number) * weights[number]
        return found

    def widen(self, context: Context) -> Context:
        """Context of the output; see `regtrack.models.network.Widens`."""
        scale, rest = divmod(context.scale, self.stride)
        if rest:
            raise ValueError(
                f"cannot go from {context.scale} bases per position up by {self.stride}"
            )
        # The last position before the middle of a step draws from two steps before, too, and the
        # first one behind it from two steps behind.
        half = self.stride // 2
        return replace(
            context,
            left=context.left + scale * (self._SIDE * self.stride + half - 1),
            right=context.right + scale * (self.stride + half),
            scale=scale,
        )

    def _padded(self, inputs: Tensor) -> Tensor:
        """Beyond the ends, the outermost values go on."""
        return F.pad(inputs, (self._SIDE, self._SIDE), mode="replicate")

    def _weights(self, device: torch.device) -> Tensor:
        """(steps, stride), float64: of two steps before, the own one, and two behind."""
        places = (torch.arange(self.stride, dtype=torch.float64, device=device) + 0.5) / self.stride
        steps = torch.arange(-self._SIDE, self._SIDE + 1, device=device)
        away = (places - 0.5 - steps[:, None]).abs()
        near, far = (4 - 6 * away**2 + 3 * away**3) / 6, (2 - away).clamp(min=0) ** 3 / 6
        return torch.where(away < 1, near, far)


class LocalAttention(nn.Module):
    """Attention of each position to those at most `reach` away.

    (batch, 3 * channels, length), queries before keys and values -> (batch, channels, length).
    Scores have a term for each head and distance that is learned, and nothing else tells where
    a position lies (Shaw et al. 2018); at first, most heads look at what is near.

    Parameters
    ----------
    heads
        Share the channels.
    """

    _TOGETHER = 64  # queries, whose keys are read as one stretch

    def __init__(self, heads: int, reach: int) -> None:
        super().__init__()
        self.reach, self.heads = reach, heads
        terms = [
            [-abs(distance) / 2 ** (head + 1) for distance in range(-reach, reach + 1)]
            for head in range(heads)
        ]
        self.by_distance = nn.Parameter(torch.tensor(terms))

    def forward(self, inputs: Tensor) -> Tensor:
        """Look around."""
        batch, _, length = inputs.shape
        groups = -(-length // self._TOGETHER)
        missing = groups * self._TOGETHER - length
        stretch = self._TOGETHER + 2 * self.reach
        parts = inputs.view(batch, 3, self.heads, -1, length)
        size = parts.shape[3]
        queries = F.pad(parts[:, 0], (0, missing)).view(batch, self.heads, size, groups, -1)
        beyond = F.pad(parts[:, 1:], (self.reach, self.reach + missing))
        keys, values = beyond.unfold(4, stretch, self._TOGETHER).unbind(1)
        scores = torch.einsum("bhdgq,bhdgk->bhgqk", queries, keys)
        scores = scores * size**-0.5 + self._by_place()[:, None]
        precise = torch.promote_types(scores.dtype, torch.float32)
        shares = scores.to(precise).softmax(-1).to(values.dtype)
        found = torch.einsum("bhgqk,bhdgk->bhdgq", shares, values)
        return found.flatten(3).flatten(1, 2)[:, :, :length]

    def widen(self, context: Context) -> Context:
        """Context of the output; see `regtrack.models.network.Widens`."""
        reach = context.scale * self.reach
        return replace(context, left=context.left + reach, right=context.right + reach)

    def _by_place(self) -> Tensor:
        """(heads, queries, keys) of a stretch: the term of their distance, or minus infinity."""
        queries = torch.arange(self._TOGETHER, device=self.by_distance.device)
        keys = torch.arange(self._TOGETHER + 2 * self.reach, device=queries.device)
        distance = keys - queries[:, None]  # from the farthest on the left
        too_far = (distance < 0) | (distance > 2 * self.reach)
        terms = self.by_distance[:, distance.clamp(0, 2 * self.reach)]
        return terms.masked_fill(too_far, -math.inf)
