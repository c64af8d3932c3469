"""Which processor computes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from regtrack.errors import ArgumentError, DeviceMemoryError
from regtrack.models.instructions import is_limited
from regtrack.workers import available_cores

# Where PyTorch has the newer flags, a program that has set them may not even read the older ones.
_PLAIN: tuple[str, object] = ("allow_tf32", False)
_CONVOLVING: tuple[Any, ...] = (torch.backends.cudnn,)
if hasattr(torch.backends.cudnn, "conv"):
    _PLAIN = ("fp32_precision", "ieee")
    _CONVOLVING = (torch.backends.cudnn.conv, torch.backends.cudnn.rnn)


def choose_device(name: str) -> torch.device:
    """Turn `auto`, `cpu`, `cuda` or `cuda:1` into a device that is there.

    `auto` is the first GPU, or the CPU where there is none.

    Raises
    ------
    ArgumentError
        For any other name, or a GPU that this machine or this PyTorch does not have.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    match = re.fullmatch(r"cpu|cuda(?::([0-9]{1,9}))?", name)
    if match is None:
        raise ArgumentError("device", f"expected auto, cpu, cuda or cuda:NUMBER, got {name!r}")
    if name == "cpu":
        return torch.device("cpu")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(match[1] or 0) >= count:
        raise ArgumentError(
            "device", f"no {name} here: PyTorch {torch.__version__} sees {count} GPUs"
        )
    return torch.device(name)


def kind_of(device: str) -> str:
    """`cuda` of `cuda:1`: a run may be resumed on another GPU."""
    return torch.device(device).type


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device has units for bfloat16, so that computing in it saves time."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return not is_limited() and any(getattr(torch.cpu, name, lambda: False)() for name in names)


def describe_arithmetic(precision: torch.dtype, device: torch.device) -> str:
    """What a training computes in, for people: `bfloat16`, `float32`, or float32 with TF32.

    A GPU convolves in TF32, with 10 bits of mantissa, unless PyTorch's flags are set otherwise; a
    training leaves them as they are.
    """
    name = str(precision).removeprefix("torch.")
    has_tf32 = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    forced = os.environ.get("NVIDIA_TF32_OVERRIDE")  # 1 or 0, whatever the flags say
    # The newer flags answer for those that they stand under, too.
    allowed = getattr(_CONVOLVING[0], _PLAIN[0]) in ("tf32", True)
    if precision != torch.float32 or not has_tf32 or forced == "0" or not (allowed or forced):
        return name
    return f"{name} (convolutions in TF32)"


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Predict in float32 as it is, without gradients, and the same every time."""
    with torch.inference_mode(), plain_float32():
        yield


@contextmanager
def plain_float32() -> Iterator[None]:
    """Compute in float32 as it is, and the same every time; gradients may be taken.

    TF32, the default of convolutions on a GPU and in some places of matrix products, is off by
    more than a track's promise allows.
    """
    settings = (
        (torch.backends.cuda.matmul, *_PLAIN),
        (torch.backends.cudnn, "deterministic", True),
        *((part, *_PLAIN) for part in _CONVOLVING),
    )
    before = [getattr(part, name) for part, name, _ in settings]
    for part, name, value in settings:
        setattr(part, name, value)
    try:
        yield
    finally:
        for (part, name, _), value in zip(settings, before, strict=True):
            setattr(part, name, value)


@contextmanager
def memory_advice(**remedies: str) -> Iterator[None]:
    """Say what to do when a GPU runs out of memory, rather than show where in torch it did.

    Parameters
    ----------
    remedies
        As `DeviceMemoryError` takes them; `--device cpu`, which has more, need not be named.

    Raises
    ------
    DeviceMemoryError
        In place of torch's own error.
    """
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise DeviceMemoryError({**remedies, "device": "{} cpu"}) from error


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a GPU had no memory left; cuBLAS and cuDNN have no class for it."""
    message = str(error)
    return isinstance(error, torch.OutOfMemoryError) or any(
        code in message for code in ("CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
    )


def describe_device(device: torch.device) -> str:
    """`cpu (4 cores)` or `cuda:0 (NVIDIA H100)`, for people."""
    if device.type == "cuda":
        index = device.index or 0
        return f"cuda:{index} ({torch.cuda.get_device_name(index)})"
    cores = available_cores()
    return f"cpu ({cores} core{'s' if cores > 1 else ''})"
