"""Loops over numbers, compiled with numba: once per machine where that can be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function that works on numbers and arrays; it runs without holding the GIL.

    The machine code is kept beside the source, or in the user's cache folder, so that worker
    processes need not compile for seconds. What it calls, and constants that it names, must
    stand in the same file: nobody would notice a change to another one.
    """
    try:
        return cast(F, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # neither folder can be written
        return cast(F, numba.njit(nogil=True)(function))
