"""One step of training: forward, loss, backward, Adam."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from regtrack.models.network import Network
from regtrack.training.examples import Batch
from regtrack.training.loss import summed_loss, summed_loss_of
from regtrack.training.processes import Processes


class Stepper:
    """A network, its optimizer, and how to do one step with them.

    Parameters
    ----------
    network
        On the device of the process.
    positive_weight
        As `regtrack.training.loss.summed_loss`.
    precision
        What to compute in: torch.float32 or torch.bfloat16. The weights are float32.
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

    def step(self, batch: Batch, learning_rate: float) -> float:
        """One step on this process's part of a batch; returns the loss of the whole batch.

        The loss is the mean over all known positions and markers. The network must be in
        training mode.
        """
        device, count = self._processes.device, self._processes.count
        pairs = self._processes.total(_known_pairs(batch))
        self.optimizer.param_groups[0]["lr"] = learning_rate
        with torch.autocast(
            device.type, dtype=torch.bfloat16, enabled=self._precision == torch.bfloat16
        ):
            loss: Tensor = self._objective(
                torch.from_numpy(batch.codes).to(device, torch.int32),
                torch.from_numpy(batch.labels).to(device),
                torch.from_numpy(batch.known).to(device),
                None
                if batch.known_markers.all()
                else torch.from_numpy(batch.known_markers).to(device),
            ) / max(pairs, 1)
        self.optimizer.zero_grad()
        # Gradients are averaged over processes, where the loss is a sum over them.
        (loss * count).backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return self._processes.total(loss.item())


# Buffers are equal in all processes already: `regtrack.models.norm.BatchNorm` sees to that.
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
        self, codes: Tensor, labels: Tensor, known: Tensor, known_markers: Tensor | None
    ) -> Tensor:
        counted = labels, known, known_markers, self._positive_weight
        losses = [
            summed_loss_of(hidden, *counted)
            if self.network.hidden_is_logits
            else summed_loss(hidden, self.network.output, *counted)
            for hidden in self.network.hidden(codes)
        ]
        return torch.stack(losses).mean()


def _known_pairs(batch: Batch) -> float:
    """Pairs of position and marker that count in the loss."""
    return float(np.dot(batch.known.sum(axis=1), batch.known_markers.sum(axis=1)))
