"""One step of training: forward, loss, backward, Adam; and the statistics of batch norms."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from regtrack.genome.fasta import Codes
from regtrack.models.network import Network
from regtrack.training.batches import DeviceBatch
from regtrack.training.processes import Processes


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
            network.hidden(torch.from_numpy(codes).to(device).to(torch.int32))
    for norm, decay in zip(norms, decays, strict=True):
        norm.momentum = decay
        norm.eval()


# Logits at one time: few enough for a CPU's cache, or many, to keep a GPU busy.
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
    """As `summed_loss`, of logits (batch, positions, markers) that a network computes itself.

    All logits, and their gradients, are in memory at one time.
    """
    counted = known[:, :, None].float()
    if known_markers is not None:
        counted = counted * known_markers[:, None]
    return F.binary_cross_entropy_with_logits(
        logits.float(),
        labels.float(),
        weight=counted,
        pos_weight=torch.full((), positive_weight, device=logits.device),
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


class Stepper:
    """A network and its optimizer; does one step at a time.

    Parameters
    ----------
    network
        On the device of the process.
    positive_weight
        As `regtrack.training.step.summed_loss`.
    precision
        Of the arithmetic: torch.float32 or torch.bfloat16. The weights are float32.
    """

    def __init__(
        self,
        network: Network,
        processes: Processes,
        positive_weight: float,
        precision: torch.dtype,
    ) -> None:
        self.optimizer = torch.optim.Adam(
            [weights for weights in network.parameters() if weights.requires_grad]
        )
        self._processes = processes
        self._precision = precision
        self._objective: nn.Module = _Objective(network, positive_weight)
        if processes.count > 1:
            self._objective = DistributedDataParallel(self._objective, **_BUFFERS_AS_THEY_ARE)

    def step(self, batch: DeviceBatch, learning_rate: float) -> Tensor:
        """One step on this process's part of a batch; returns the loss of the whole batch.

        The loss is the mean over all known positions and markers; it lies on the device, and
        whoever reads it waits until the step is done. The network must be in training mode.
        """
        device, count = self._processes.device, self._processes.count
        self.optimizer.param_groups[0]["lr"] = learning_rate
        with torch.autocast(
            device.type, dtype=torch.bfloat16, enabled=self._precision == torch.bfloat16
        ):
            loss: Tensor = self._objective(*batch[:5])
        loss = loss / self._pairs(batch, loss.dtype)
        self.optimizer.zero_grad()
        # Gradients are averaged over processes, where the loss is a sum over them.
        (loss * count).backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return self._processes.total(loss.detach())

    def _pairs(self, batch: DeviceBatch, dtype: torch.dtype) -> Tensor | float:
        """Known pairs of position and marker in all processes, at least 1."""
        if self._processes.count == 1:
            return max(batch.pairs, 1)
        part = torch.full((), batch.pairs, dtype=torch.float64, device=self._processes.device)
        return self._processes.total(part).clamp(min=1).to(dtype)


# Buffers are equal in all processes already: `regtrack.models.norm.BatchNorm` keeps them so.
# The older of the two names is deprecated where the newer one is known.
_BUFFERS_AS_THEY_ARE: dict[str, Any] = {
    next(
        name
        for name in ("forward_sync_buffers", "broadcast_buffers")
        if name in inspect.signature(DistributedDataParallel).parameters
    ): False
}


class _Objective(nn.Module):
    """The summed loss, as one module: what DistributedDataParallel wraps."""

    def __init__(self, network: Network, positive_weight: float) -> None:
        super().__init__()
        self.network = network
        self._positive_weight = positive_weight

    def forward(
        self,
        codes: Tensor,
        labels: Tensor,
        known: Tensor,
        known_markers: Tensor | None,
        positions: slice,
    ) -> Tensor:
        counted = labels, known, known_markers, self._positive_weight
        losses = [
            summed_loss_of(hidden, *counted)
            if self.network.hidden_is_logits
            else summed_loss(hidden, self.network.output, *counted)
            for hidden in self.network.hidden(codes, positions)
        ]
        return torch.stack(losses).mean()
