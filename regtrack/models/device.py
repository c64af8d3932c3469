"""Which processor computes."""

from __future__ import annotations

import os
import re

import torch

from regtrack.errors import OptionError


def choose_device(name: str) -> torch.device:
    """Turn `auto`, `cpu`, `cuda` or `cuda:1` into a device that is there.

    `auto` is the first GPU, or the CPU where there is none.

    Raises
    ------
    OptionError
        For any other name, or a GPU that this machine or this PyTorch does not have.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    match = re.fullmatch(r"cpu|cuda(?::(\d+))?", name)
    if match is None:
        raise OptionError("--device", f"expected auto, cpu, cuda or cuda:NUMBER, got {name!r}")
    if name == "cpu":
        return torch.device("cpu")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(match[1] or 0) >= count:
        raise OptionError(
            "--device", f"no {name} here: PyTorch {torch.__version__} sees {count} GPUs"
        )
    return torch.device(name)


def describe_device(device: torch.device) -> str:
    """`cpu (4 cores)` or `cuda:0 (NVIDIA H100)`, for people."""
    if device.type == "cuda":
        index = device.index or 0
        return f"cuda:{index} ({torch.cuda.get_device_name(index)})"
    cores = available_cores()
    return f"cpu ({cores} core{'s' if cores > 1 else ''})"


def available_cores() -> int:
    """Number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
