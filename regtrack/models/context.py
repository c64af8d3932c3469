"""How far a prediction looks: derived from the layers, never typed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


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


@runtime_checkable
class Widens(Protocol):
    """A layer that looks at more than one position, or changes the scale."""

    def widen(self, context: Context) -> Context:
        """Context of this layer's output, given that of its input."""
        ...


def context_of(layers: Iterable[object]) -> Context:
    """Context of a prediction through `layers`, in order; pointwise ones add nothing.

    Raises
    ------
    ValueError
        When the layers do not come back to one position per base.
    """
    context = Context()
    for layer in layers:
        if isinstance(layer, Widens):
            context = layer.widen(context)
    if context.scale != 1:
        raise ValueError(f"the layers end at {context.scale} bases per position, not at 1")
    return context
