"""Numbers as they stand in the files that programs read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def defined(value: Any) -> Any:
    """A value as JSON takes it: None for what is not a number."""
    return None if isinstance(value, float) and math.isnan(value) else value


def only_defined(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as JSON takes it: without what is not a number."""
    return {name: value for name, value in record.items() if defined(value) is not None}


def cell(value: Any) -> str:
    """A value in a tab-separated table: six digits, and empty where there is none."""
    value = defined(value)
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
