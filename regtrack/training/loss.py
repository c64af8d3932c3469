"""Binary cross-entropy without ever holding all logits."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Logits that exist at one time: some that fit a CPU's cache, many that keep a GPU busy.
_CHUNK = {"cpu": 1 << 20, "cuda": 1 << 24}


def summed_loss(
    hidden: Tensor,
    output: nn.Linear,
    labels: Tensor,
    known: Tensor,
    known_markers: Tensor | None = None,
    positive_weight: float = 1.0,
) -> Tensor:
    """Binary cross-entropy of the output layer, summed over known positions and markers.

    Positions x markers in float32 would be 92 MB for one window and 919 markers, several
    times over in the backward pass. Here the output layer, the loss and its gradient are
    computed some positions at a time, and only the gradients of `hidden` and of the
    layer's weights are kept.

    Parameters
    ----------
    hidden
        What enters the output layer, (batch, positions, width).
    output
        The layer, width -> markers.
    labels
        uint8 (batch, positions, markers), 1 inside a peak.
    known
        bool (batch, positions), False at N.
    known_markers
        bool (batch, markers), False where a marker was not measured; None is all True.
    positive_weight
        What a label of 1 counts, where one of 0 counts 1.
    """
    loss: Tensor = _SummedLoss.apply(  # type: ignore[no-untyped-call]
        hidden, output.weight, output.bias, labels, known, known_markers, positive_weight
    )
    return loss


def summed_loss_of(
    logits: Tensor,
    labels: Tensor,
    known: Tensor,
    known_markers: Tensor | None = None,
    positive_weight: float = 1.0,
) -> Tensor:
    """The same of logits (batch, positions, markers) that a network gives itself.

    All of them, and their gradients, are in memory at one time.
    """
    counted = known[:, :, None].float()
    if known_markers is not None:
        counted = counted * known_markers[:, None]
    return F.binary_cross_entropy_with_logits(
        logits.float(),
        labels.float(),
        weight=counted,
        pos_weight=torch.tensor(positive_weight, device=logits.device),
        reduction="sum",
    )


class _SummedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor,
        labels: Tensor,
        known: Tensor,
        known_markers: Tensor | None,
        positive_weight: float,
    ) -> Tensor:
        positions = hidden.shape[1]
        rows = hidden.detach().flatten(0, 1)
        labels, known = labels.flatten(0, 1), known.flatten()
        weights = weight.detach().to(rows.dtype)
        for_rows = torch.empty_like(rows)
        for_weight = torch.zeros_like(weight)
        for_bias = torch.zeros_like(bias)
        total = rows.new_zeros((), dtype=weight.dtype)
        step = max(1, _CHUNK.get(rows.device.type, 1 << 20) // len(weight))
        with torch.autocast(rows.device.type, enabled=False):
            for start in range(0, len(rows), step):
                part = slice(start, start + step)
                logits = F.linear(rows[part], weights).to(weight.dtype).add_(bias.detach())
                counted = known[part, None].to(weight.dtype)
                if known_markers is not None:
                    index = torch.arange(start, start + len(logits), device=rows.device)
                    counted = counted * known_markers[index // positions]
                loss, gradient = _loss_and_gradient(logits, labels[part], counted, positive_weight)
                total += loss
                for_bias += gradient.sum(0)
                small = gradient.to(rows.dtype)
                torch.mm(small, weights, out=for_rows[part])
                for_weight += small.T @ rows[part]
        context.save_for_backward(for_rows.view_as(hidden), for_weight, for_bias)
        return total

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (scale,) = gradients
        scaled = [saved * scale.to(saved.dtype) for saved in context.saved_tensors]
        return (*scaled, None, None, None, None)


def _loss_and_gradient(
    logits: Tensor, labels: Tensor, counted: Tensor, positive_weight: float
) -> tuple[Tensor, Tensor]:
    """Summed loss, and its gradient by the logits; both (rows, markers), `counted` broadcasts."""
    positive = labels.to(logits.dtype)
    softplus = F.softplus(logits)
    gradient = logits.sigmoid()
    if positive_weight != 1:
        factor = positive * (positive_weight - 1) + 1
        softplus *= factor
        gradient *= factor
        positive *= positive_weight
    loss = softplus.sub_(logits.mul_(positive)).mul_(counted).sum()
    return loss, gradient.sub_(positive).mul_(counted)
