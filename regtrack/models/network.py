"""What the rest of regtrack asks of a network, whichever it is: its context among it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regtrack.errors import RegtrackError
from regtrack.genome.fasta import BASES


@dataclass(frozen=True)
class Context:
    """What one position of a layer's output depends on, in bases.

    Position t depends on the bases from `scale * t - left` to `scale * t + right`,
    both included; at base resolution `scale` is 1 and `left` and `right` are the
    context of a prediction.

    Parameters
    ----------
    left, right
        Bases on each side.
    scale
        Bases per position.
    stride
        Windows must start at multiples of it (the coarsest scale passed through).
    exact
        False when a recurrent layer reads on without end: `left` and `right` are then
        an overlap beyond which its memory has faded, not a bound.
    """

    left: int = 0
    right: int = 0
    scale: int = 1
    stride: int = 1
    exact: bool = True


# Layers whose output at a position depends on their input there alone.
POINTWISE = (
    nn.BatchNorm1d,
    nn.Dropout,
    nn.Identity,
    *(nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU),
    *(nn.Sigmoid, nn.Tanh, nn.Softplus, nn.Threshold),
)


@runtime_checkable
class Widens(Protocol):
    """A layer that looks at more than one position, or changes the scale."""

    def widen(self, context: Context) -> Context:
        """Context of this layer's output, given that of its input."""
        ...


def context_of(layers: Iterable[object]) -> Context:
    """Context of a prediction through `layers`, in order; those of `POINTWISE` add nothing.

    Raises
    ------
    RegtrackError
        When a layer is neither pointwise nor says how far it looks: a context that is too
        short would show in no other way than as wrong values.
    ValueError
        When the layers do not come back to one position per base.
    """
    context = widened(Context(), layers)
    if context.scale != 1:
        raise ValueError(f"the layers end at {context.scale} bases per position, not at 1")
    return context


def widened(context: Context, layers: Iterable[object]) -> Context:
    """Context of the output of `layers`, in order, given that of their input.

    Raises
    ------
    RegtrackError
        As `context_of`.
    """
    for layer in layers:
        if isinstance(layer, Widens):
            context = layer.widen(context)
        elif isinstance(layer, nn.Sequential):
            context = widened(context, layer)
        elif not isinstance(layer, POINTWISE):
            raise RegtrackError(
                f"the context of a network with a layer {type(layer).__name__} is not known: "
                "the layer has no `widen`, which says how far it looks (regtrack/models/layers.py)"
            )
    return context


# Positions of a window.
ALL = slice(None)


class Network(nn.Module):
    """Reads coded sequence and gives one logit per marker and base.

    Parameters
    ----------
    head
        Layers on the last dimension; the last one has a row of weights per marker.
    context
        Bases that a prediction depends on, left and right, and the stride at which
        windows must start.
    """

    # Whether `hidden` gives the logits themselves, so that there is no output layer.
    hidden_is_logits = False

    def __init__(self, head: nn.Sequential, context: Context) -> None:
        super().__init__()
        self.head = head
        self.context = context

    @property
    def output(self) -> nn.Linear:
        """The last layer, one row of weights per marker."""
        layer = self.head[-1]
        assert isinstance(layer, nn.Linear)
        return layer

    @property
    def outputs(self) -> int:
        """Number of markers that it predicts, without those that were dropped."""
        return self.output.out_features

    @property
    def device(self) -> torch.device:
        """What it computes on."""
        return self.output.weight.device

    @property
    def reads_codes(self) -> bool:
        """Whether its layers read integer codes, through which no gradient goes."""
        return False

    @property
    def is_signal(self) -> bool:
        """Whether it gives signals, from 0 upward, in place of logits."""
        return False

    @property
    def output_bias(self) -> Tensor | None:
        """What is added to the logits of each marker, in the end; None where nothing is."""
        return self.output.bias

    def hidden(self, codes: Tensor, positions: slice = ALL) -> list[Tensor]:
        """What enters the output layer, in training.

        Parameters
        ----------
        codes
            Integer codes (batch, length), N=0 A=1 C=2 T=3 G=4.
        positions
            Which to compute, of those that have labels.

        Returns
        -------
        list of Tensor (batch, positions, width)
            Or the logits, see `hidden_is_logits`. The loss is the mean over all of them; the
            last one predicts. A position is what has labels: a base in the dense task, the
            whole input in the short one.
        """
        raise NotImplementedError

    def position_logits(self, codes: Tensor) -> Tensor:
        """Logits (batch, positions, markers) that are predicted at the positions of `hidden`."""
        logits: Tensor = self.output(self.hidden(codes)[-1])
        return logits

    def body(self, codes: Tensor) -> Tensor:
        """All that is computed once per window: what `logits` reads.

        Parameters
        ----------
        codes
            As `hidden`; the length must be a multiple of `context.stride`.

        Returns
        -------
        Tensor (batch, ...)
            One item per window; what is in it only `logits` knows.

        Raises
        ------
        ValueError
            When it is not.
        """
        raise NotImplementedError

    def logits(self, body: Tensor, start: int, end: int) -> Tensor:
        """Logits (batch, end - start, markers) of the bases [start, end) of each window.

        Computed for these bases only, so that a long window need not be held at once.
        """
        raise NotImplementedError

    def inputs(self, codes: Tensor) -> Tensor:
        """Codes (batch, length) as the layers read them: (batch, 4, length)."""
        raise NotImplementedError

    def logits_from(self, inputs: Tensor, start: int, end: int) -> Tensor:
        """Logits (batch, end - start, markers) of the bases [start, end), from `inputs`.

        Those of `logits`, but the way back to the inputs is open to gradients.

        Raises
        ------
        ValueError
            As `body`.
        """
        raise NotImplementedError

    def forward(self, codes: Tensor, start: int = 0, end: int | None = None) -> Tensor:
        """Logits of the bases [start, end) of each window.

        Returns
        -------
        Tensor (batch, markers, end - start)
            In memory the markers of a base lie side by side.

        Raises
        ------
        ValueError
            As `body`.
        """
        end = codes.shape[1] if end is None else end
        return self.logits(self.body(codes), start, end).transpose(1, 2)

    def values(self, logits: Tensor, out: Tensor | None = None) -> Tensor:
        """Probabilities, or the signals unchanged; written to `out`, or else over the logits."""
        if not self.is_signal:
            return torch.sigmoid(logits, out=logits if out is None else out)
        return logits if out is None else out.copy_(logits)

    def set_step(self, step: int) -> None:  # noqa: ARG002
        """Give one value for every `step` bases from now on, where a network has steps.

        Raises
        ------
        ValueError
            When the network cannot.
        """
        raise ValueError("it gives every base a value of its own; only the short task has steps")

    def keep_markers(self, rows: list[int]) -> None:
        """Drop all outputs but `rows`, so that no arithmetic is spent on the others."""
        weight, bias = self.output.weight.detach(), self.output.bias.detach()
        output = nn.Linear(self.output.in_features, len(rows), device="meta")
        output.weight, output.bias = nn.Parameter(weight[rows]), nn.Parameter(bias[rows])
        self.head[-1] = output

    def weights(self) -> dict[str, Tensor]:
        """Every tensor that makes the network what it is, once, by name."""
        return {**dict(self.named_parameters()), **dict(self.named_buffers())}

    def parameter_count(self) -> int:
        """Number of trainable parameters."""
        return sum(weights.numel() for weights in self.parameters() if weights.requires_grad)

    def _check_length(self, length: int) -> None:
        if length % self.context.stride:
            raise ValueError(
                f"length {length} is not a multiple of the stride, {self.context.stride}"
            )


def one_hot(codes: Tensor, dtype: torch.dtype, n_value: float = 0.0) -> Tensor:
    """Codes (batch, length) -> (batch, 4, length), a channel per letter in the order of `BASES`.

    An N is `n_value` in all of them.
    """
    channels = F.one_hot(codes.long(), len(BASES)).transpose(1, 2).to(dtype)
    bases = channels[:, 1:]
    return bases + n_value * channels[:, :1] if n_value else bases


def by_base(by_step: Tensor, step: int, start: int, end: int) -> Tensor:
    """Values of steps, given to each of their bases.

    Parameters
    ----------
    by_step
        (batch, steps, markers); the first step holds the base `start`.
    step
        Bases per step.

    Returns
    -------
    Tensor (batch, end - start, markers)
        A copy.
    """
    skipped = start % step
    return by_step.repeat_interleave(step, dim=1)[:, skipped : skipped + end - start]
