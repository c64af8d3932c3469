"""Windows: what the network reads at once, and the core whose output is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regtrack.errors import ArgumentError
from regtrack.genome.intervals import IntervalSet
from regtrack.models.network import Context
from regtrack.tracks.blocks import BLOCK_LENGTH

# What the paper's networks were trained on.
_USUAL_LENGTH = 25_000

# A window is this much longer than what it reads and throws away, or the usual length.
_HALO_SHARE = 10


def suited_length(context: Context) -> int:
    """Window length for a network: long against its halo, and such that cores fill a block.

    Longer ones would win little and leave a CPU's caches; docs/performance.md has the figures.
    """
    halo_left, halo_right = _halo(context)
    halo = halo_left + halo_right
    room = max(_USUAL_LENGTH, _HALO_SHARE * halo) - halo
    cores = max(1, round(BLOCK_LENGTH / room))
    return _up(-(-BLOCK_LENGTH // cores), context.stride) + halo


@dataclass(frozen=True)
class Window:
    """The bases [start, end) that are read, and the core inside, whose output is kept.

    0-based, half-open. `start` may be negative and `end` past the chromosome's end:
    what lies outside is read as N.

    Raises
    ------
    ValueError
        Unless the core lies inside the window and is not empty.
    """

    start: int
    core_start: int
    core_end: int
    end: int

    def __post_init__(self) -> None:
        if not self.start <= self.core_start < self.core_end <= self.end:
            raise ValueError(f"the core must lie inside the window: {self}")

    def __len__(self) -> int:
        return self.end - self.start


def tile(targets: IntervalSet, context: Context, length: int) -> Iterator[Window]:
    """Windows whose cores together cover the targets, and as little else as possible.

    Every core has its full context, so that where the windows lie changes nothing.

    Parameters
    ----------
    targets
        The bases of one chromosome that are to be predicted.
    context
        What a prediction depends on. Windows start and end at multiples of its stride.
    length
        Longest window, in bases.

    Raises
    ------
    ArgumentError
        When a window of this length has no room for a core.
    """
    stride = context.stride
    halo_left, halo_right = _halo(context)
    room = length // stride * stride - halo_left - halo_right
    if room < stride:
        raise ArgumentError(
            "window",
            f"{length} bases have no room for a core; this model needs at least "
            f"{halo_left + halo_right + stride}",
        )
    position = 0
    for start, end in targets:
        position = max(position, start // stride * stride)
        while position < end:
            reached = targets.clip(position, position + room).ends[-1]
            core_end = _up(int(reached), stride)
            yield Window(position - halo_left, position, core_end, core_end + halo_right)
            position = core_end


def _halo(context: Context) -> tuple[int, int]:
    """Bases that a window reads left and right of its core, in whole strides."""
    return _up(context.left, context.stride), _up(context.right, context.stride)


def _up(value: int, stride: int) -> int:
    """`value` rounded up to a multiple of `stride`."""
    return -(-value // stride) * stride
