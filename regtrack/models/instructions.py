"""Which instructions of the processor are used. Knows no torch, which must be told before."""

from __future__ import annotations

import os
import sys

from regtrack.errors import ArgumentError

NATIVE, AVX2 = "native", "avx2"

# What limits ATen, oneDNN and MKL to what every x86 processor of the last ten years has.
_LIMITS = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}


def use_instructions(name: str) -> None:
    """Limit this process, and those that it starts, to the instructions of that name.

    Raises
    ------
    ArgumentError
        When torch, which looks but once, is loaded already.
    """
    limits = _LIMITS if name == AVX2 else {}
    if "torch" in sys.modules and any(os.environ.get(key) != limits[key] for key in limits):
        raise ArgumentError("isa", f"{name} comes too late: torch is loaded already")
    os.environ.update(limits)


def is_limited() -> bool:
    """Whether the processor's newer instructions are kept from oneDNN."""
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or "ALL"
    return limit.upper() not in {"ALL", "DEFAULT"}


def instructions_in_use() -> str:
    """The name of what this process is limited to, but for limits of the user's own."""
    limited = all(os.environ.get(name) == value for name, value in _LIMITS.items())
    return AVX2 if limited else NATIVE


def own_limits() -> dict[str, str]:
    """Limits of the user's own, which are not those that a name stands for."""
    if instructions_in_use() == AVX2:
        return {}
    names = (*_LIMITS, "DNNL_MAX_CPU_ISA", "MKL_CBWR")
    return {name: os.environ[name] for name in names if os.environ.get(name)}
