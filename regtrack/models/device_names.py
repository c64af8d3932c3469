"""Names of devices, as `--device` takes them. Knows no torch, and no device."""

from __future__ import annotations

import itertools
import re

from regtrack.errors import ArgumentError

_NAME = re.compile(r"auto|cpu|cuda(?::([0-9]{1,9}(?:,[0-9]{1,9})*))?")


def gpus_named(name: str) -> tuple[int, ...]:
    """Numbers of the GPUs in `cuda:1` or `cuda:0,2`, sorted; none of `auto`, `cpu` and `cuda`.

    Raises
    ------
    ArgumentError
        For any other name, or a GPU that is named twice.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        expected = "auto, cpu, cuda, cuda:NUMBER or cuda:NUMBER,NUMBER,..."
        raise ArgumentError("device", f"expected {expected}, got {name!r}")
    numbers = sorted(map(int, match[1].split(","))) if match[1] else []
    for number, following in itertools.pairwise(numbers):
        if number == following:
            raise ArgumentError("device", f"cuda:{number} is named twice in {name!r}")
    return tuple(numbers)
