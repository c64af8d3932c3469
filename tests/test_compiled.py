"""Compiled functions: kept where that can be, and working where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from regtrack.compiled import compiled


def total(values: np.ndarray) -> float:
    sum_ = 0.0
    for value in values:
        sum_ += value
    return sum_


def test_a_compiled_function_does_what_it_did() -> None:
    assert compiled(total)(np.arange(5.0)) == 10


def test_it_works_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = numba.njit

    def without_a_folder(**options: Any) -> Callable[..., Any]:
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return whole(**options)

    monkeypatch.setattr(numba, "njit", without_a_folder)
    assert compiled(total)(np.arange(5.0)) == 10
