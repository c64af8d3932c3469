"""Batch norm over the whole batch, also when several processes hold a part of it each."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


class BatchNorm(nn.BatchNorm1d):
    """Batch norm that several processes train as one would.

    torch's own `SyncBatchNorm` needs a GPU; this one also runs on gloo. In one process,
    and in evaluation mode, it is `nn.BatchNorm1d`.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, channels, length) -> the same shape, normed per channel."""
        if not self.training or not dist.is_initialized() or dist.get_world_size() == 1:
            return super().forward(inputs)
        values = inputs.to(self.weight.dtype)
        local = values.new_full((1,), values.shape[0] * values.shape[2])
        sums = _summed(torch.cat((values.sum((0, 2)), local)))
        count = sums[-1].detach()
        mean = sums[:-1] / count
        centred = values - mean[:, None]
        # In two steps, since the mean of squares less the square of the mean loses digits.
        variance = _summed(centred.square().sum((0, 2))) / count
        self._keep(mean.detach(), variance.detach() * count / (count - 1))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None] + self.bias[:, None]).to(inputs.dtype)

    def _keep(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics towards those of this batch."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = self.momentum
        if share is None:  # a plain mean over all batches
            share = 1 / self.num_batches_tracked.item()
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def _summed(part: Tensor) -> Tensor:
    """Sum over all processes."""
    total: Tensor = _Sum.apply(part)  # type: ignore[no-untyped-call]
    return total


class _Sum(torch.autograd.Function):
    """A sum over processes; so is its gradient, as every process's loss depends on it."""

    @staticmethod
    def forward(context: Any, part: Tensor) -> Tensor:  # noqa: ARG004
        total = part.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:  # noqa: ARG004
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total
