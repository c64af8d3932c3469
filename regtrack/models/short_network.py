"""What the networks of the short task have in common: a value for the middle of 1,000 bases.

Over a longer sequence they give a value for every so many bases, their step. What does not depend
on where an input begins, convolutions without padding and what is pooled of them, is computed
once for all inputs that overlap.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regtrack.genome.short_input import BIN, LENGTH
from regtrack.models.network import ALL, POINTWISE, Context, Network, by_base, one_hot

# Inputs whose last layers are computed at once, so that what they read stays in a CPU's caches.
_TOGETHER = 64


class ShortNetwork(Network):
    """One-hot bases, a trunk of layers, one vector of logits for the middle `step` bases.

    Parameters
    ----------
    trunk
        (batch, 4, `LENGTH`) -> (batch, channels, positions).
    head
        Reads channels x positions; its last layer is Linear(... -> markers).
    """

    # What an N is in the four channels of the input.
    N_VALUE = 0.0

    def __init__(self, trunk: nn.Sequential, head: nn.Sequential) -> None:
        super().__init__(head, _context(BIN))
        self.trunk = trunk

    @property
    def step(self) -> int:
        """Bases that one value stands for: those in the middle of an input."""
        return self.context.stride

    @property
    def grain(self) -> int:
        """Bases by which inputs must be apart to share what is computed of both."""
        return _shared(self.trunk)[1]

    def set_step(self, step: int) -> None:
        """Give a value for every `step` bases from now on; see `Network.set_step`."""
        grain = self.grain
        if step != BIN and not (0 < step < BIN and step % grain == 0):
            last = (BIN - 1) // grain * grain
            raise ValueError(
                f"expected {BIN}, or a multiple of {grain} up to {last}, got {step}"
                if grain > 1
                else f"expected a number from 1 to {BIN}, got {step}"
            )
        self.context = _context(step)

    def hidden(self, codes: Tensor, positions: slice = ALL) -> list[Tensor]:
        """One position per input of `LENGTH` bases; see `Network.hidden`."""
        values: Tensor = self.head[:-1](self.trunk(self.inputs(codes)).flatten(1))
        return [values[:, None, :][:, positions]]

    def position_logits(self, codes: Tensor) -> Tensor:
        """Of one input each, as for a step; see `Network.position_logits`."""
        return self._of_steps(self.inputs(codes))

    def body(self, codes: Tensor) -> Tensor:
        """Logits (batch, steps, markers) of every step; outside the window is N.

        See `Network.body`.
        """
        self._check_length(codes.shape[1])
        return self._of_steps(self.inputs(F.pad(codes, self._beyond)))

    def logits(self, body: Tensor, start: int, end: int) -> Tensor:
        """Those of the step that a base lies in; see `Network.logits`."""
        first, last = start // self.step, -(-end // self.step)
        return by_base(body[:, first:last], self.step, start, end)

    def inputs(self, codes: Tensor) -> Tensor:
        """One-hot in the order of `BASES`; see `Network.inputs`."""
        return one_hot(codes, self.output.weight.dtype, self.N_VALUE)

    def logits_from(self, inputs: Tensor, start: int, end: int) -> Tensor:
        """Of the steps of these bases only; see `Network.logits_from`."""
        self._check_length(inputs.shape[2])
        first, last = start // self.step, -(-end // self.step)
        padded = F.pad(inputs, self._beyond, value=self.N_VALUE)
        around = padded[:, :, first * self.step : last * self.step + LENGTH - self.step]
        return by_base(self._of_steps(around), self.step, start, end)

    @property
    def _beyond(self) -> tuple[int, int]:
        """Bases of an input left and right of those that its value stands for."""
        return _flanks(self.step)

    def _of_steps(self, inputs: Tensor) -> Tensor:
        """(batch, 4, (steps - 1) * step + LENGTH) -> logits (batch, steps, markers)."""
        count, grain = _shared(self.trunk)
        if self.step % grain:
            count, grain = 0, 1
        shared = nn.Sequential(*list(self.trunk.children())[:count])
        width = _positions(shared)
        windows = shared(inputs).unfold(2, width, self.step // grain).transpose(1, 2)
        rows: Tensor = windows.flatten(0, 1)  # (batch * steps, channels, positions)
        logits = torch.cat([self._of_inputs(part, count) for part in torch.split(rows, _TOGETHER)])
        return logits.view(len(inputs), windows.shape[1], -1)

    def _of_inputs(self, shared: Tensor, count: int) -> Tensor:
        """Logits (inputs, markers) of what the first `count` layers of the trunk gave."""
        logits: Tensor = self.head(
            nn.Sequential(*list(self.trunk.children())[count:])(shared).flatten(1)
        )
        return logits


def _flanks(step: int) -> tuple[int, int]:
    """Bases of an input left and right of the `step` ones in its middle."""
    left = (LENGTH - step) // 2
    return left, LENGTH - step - left


def _context(step: int) -> Context:
    """The last base of a step sees those left of the step, the first one those right of it."""
    left, right = _flanks(step)
    return Context(left=left + step - 1, right=right + step - 1, stride=step)


def _shared(trunk: nn.Sequential) -> tuple[int, int]:
    """How many first layers of a trunk do not depend on where an input begins.

    Returns
    -------
    count, grain
        Of layers, and the bases per position of the last of them.
    """
    count, grain = 0, 1
    for layer in trunk:
        scale = _scale_of(layer)
        if scale is None:
            break
        count, grain = count + 1, grain * scale
    return count, grain


def _scale_of(layer: nn.Module) -> int | None:
    """Positions that one of a layer stands for; None where it depends on where an input begins."""
    if isinstance(layer, POINTWISE):
        return 1
    if isinstance(layer, nn.MaxPool1d):
        return _width_of_pool(layer) if layer.padding == 0 else None
    if type(layer) is nn.Conv1d and layer.padding == (0,):
        return layer.stride[0]
    return None


def _positions(layers: nn.Sequential) -> int:
    """Positions that some of the first layers make of an input."""
    length = LENGTH
    for layer in layers:
        if isinstance(layer, nn.Conv1d):
            reach = layer.dilation[0] * (layer.kernel_size[0] - 1)
            length = (length - reach - 1) // layer.stride[0] + 1
        elif isinstance(layer, nn.MaxPool1d):
            length //= _width_of_pool(layer)
    return length


def _width_of_pool(layer: nn.MaxPool1d) -> int:
    """Positions that one becomes; those that are left over at the end are dropped."""
    width = layer.kernel_size
    return width if isinstance(width, int) else width[0]
