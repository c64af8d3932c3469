"""How far a prediction looks, found out by changing bases and looking at what changes with them.

For networks whose layers regtrack does not know. What it finds is exact where the effect of the
outermost base is not lost in float64: a test compares it with contexts derived from layers.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from regtrack.models.network import Context

# Codes (1, length) -> (outputs, markers); length / outputs is the number of bases per output.
Predict = Callable[[Tensor], Tensor]

_FIRST_LENGTH = 4_096
_LONGEST = 131_072

# Sequences of chance that are tried: one alone may take a path that a ReLU or a maximum closes.
# The wider the bin, the more: of so many bases, one alone is the maximum.
_DRAWS, _BASES_PER_DRAW = 3, 16

# Changes relative to the largest value that are no rounding.
_FLOAT64, _FLOAT32 = 1e-13, 1e-5


class UnboundedError(ValueError):
    """A prediction depends on all that was read, however long that was."""


class UnevenError(ValueError):
    """Predictions change when windows start at another multiple of the stride."""


def measure_context(predict: Predict, bases: int, stride: int) -> Context:
    """Context of a network by perturbation.

    All bases left of a place are changed: the last output that changes with them tells how far
    outputs look to the left. It is done for every place within a stride that matters, and the
    same to the right.

    Parameters
    ----------
    predict
        In float64.
    bases
        That one output stands for.
    stride
        Windows may start at multiples of it.

    Raises
    ------
    UnboundedError
        When the context is longer than some 65,000 bases on a side.
    UnevenError
        When windows must start at multiples of something else.
    """
    length = _up(_FIRST_LENGTH, stride, least=32)
    while True:
        middle = length // 2 // stride * stride
        probe = _Probe(predict, bases, length, 0)
        left, right = probe.last_left(middle) - middle + 1, middle - probe.first_right(middle)
        if max(left, right) < middle - 2 * stride:
            break
        if length >= _LONGEST:
            raise UnboundedError
        length *= 2
    draws = _DRAWS + bases // _BASES_PER_DRAW
    probes = [probe, *(_Probe(predict, bases, length, seed) for seed in range(1, draws))]
    # Both go up with the place, in jumps; before a jump, or after it, they look farthest.
    left = max(
        _last(probes, place) - place + 1
        for place in _jumps(lambda place: _last(probes, place), middle, middle + stride)
    )
    right = max(
        place - _first(probes, place)
        for place in _jumps(lambda place: _first(probes, place), middle, middle + stride)
    )
    context = Context(left=max(left, 0), right=max(right, 0), stride=stride)
    if not _is_even(predict, bases, context, length, _FLOAT64 * 1e3):
        raise UnevenError
    return context


def holds(predict: Predict, bases: int, context: Context) -> bool:
    """Whether predictions of a network in float32 do not depend on more than a declared context.

    A random try, not a proof.
    """
    stride = context.stride
    left, right = _up(context.left, stride), _up(context.right, stride)
    seen = max(_up(512, stride), 4 * stride)  # at each end, whose outputs may not change
    length = left + right + 2 * seen
    probe = _Probe(predict, bases, length, 0, _FLOAT32)
    if probe.last_left(length - left - seen) >= length - seen:
        return False
    if probe.first_right(right + seen) < seen:
        return False
    return _is_even(predict, bases, context, length, _FLOAT32)


class _Probe:
    """A sequence, what is predicted of it, and what changes when a part of it does."""

    def __init__(
        self, predict: Predict, bases: int, length: int, seed: int, least: float = _FLOAT64
    ) -> None:
        chance = torch.Generator().manual_seed(seed)
        self._predict, self._bases, self._length = predict, bases, length
        self._codes = torch.randint(1, 5, (1, length), generator=chance)
        # Another base everywhere.
        moved = torch.randint(1, 4, (1, length), generator=chance)
        self._others = (self._codes - 1 + moved) % 4 + 1
        self._usual = predict(self._codes)
        self._least = least * max(float(self._usual.abs().max()), 1e-30)

    def last_left(self, place: int) -> int:
        """Last base whose prediction changes when all bases before `place` do; -1 for none."""
        return self._changed(torch.arange(self._length) < place)[1]

    def first_right(self, place: int) -> int:
        """First base whose prediction changes when `place` and all behind it do."""
        return self._changed(torch.arange(self._length) >= place)[0]

    def _changed(self, where: Tensor) -> tuple[int, int]:
        predicted = self._predict(torch.where(where, self._others, self._codes))
        changed = ((predicted - self._usual).abs() > self._least).any(1).nonzero().flatten()
        if not len(changed):
            return self._length, -1
        return int(changed[0]) * self._bases, int(changed[-1] + 1) * self._bases - 1


def _last(probes: list[_Probe], place: int) -> int:
    return max(probe.last_left(place) for probe in probes)


def _first(probes: list[_Probe], place: int) -> int:
    return min(probe.first_right(place) for probe in probes)


def _jumps(value: Callable[[int], int], low: int, high: int) -> list[int]:
    """`low`, `high`, and the places on both sides of every jump between them."""
    known = {place: value(place) for place in (low, high)}

    def split(first: int, last: int) -> None:
        if last - first > 1 and known[first] != known[last]:
            between = (first + last) // 2
            known[between] = value(between)
            split(first, between)
            split(between, last)

    split(low, high)
    return list(known)


def _is_even(predict: Predict, bases: int, context: Context, length: int, least: float) -> bool:
    """Whether a window that starts a stride later predicts the same, away from its ends."""
    stride = context.stride
    chance = torch.Generator().manual_seed(0)
    codes = torch.randint(1, 5, (1, length + stride), generator=chance)
    first, second = predict(codes[:, :-stride]), predict(codes[:, stride:])
    step = stride // bases
    skipped = _up(context.left, stride) // bases
    end = len(second) - step - _up(context.right, stride) // bases
    shifted, plain = first[skipped + step : end + step], second[skipped:end]
    return bool(((shifted - plain).abs() <= least * max(float(first.abs().max()), 1e-30)).all())


def _up(value: int, stride: int, least: int = 0) -> int:
    """`value`, or `least` strides if that is more, rounded up to a multiple of `stride`."""
    return max(-(-value // stride), least) * stride
