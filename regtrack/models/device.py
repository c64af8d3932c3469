"""Which processor computes."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from regtrack.errors import ArgumentError, DeviceMemoryError
from regtrack.listing import counted
from regtrack.models.arithmetic import arithmetic_of
from regtrack.models.device_names import gpus_named
from regtrack.models.instructions import is_limited
from regtrack.notes import note
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
    _check_there(name, int(match[1] or 0))
    return torch.device(name)


def choose_devices(
    name: str, is_fit: Callable[[torch.device], bool] = lambda _: True
) -> tuple[torch.device, ...]:
    """Turn `auto`, `cpu`, `cuda`, `cuda:1` or `cuda:0,2` into devices that may share a job.

    `cuda` is every GPU that computes in the first one's arithmetic (`arithmetic_of`); a note says
    which are left out. `auto` is those like the first fit one, or the CPU where there is none.

    Parameters
    ----------
    is_fit
        Whether `auto` may take a GPU; asked of one after the other, until one is fit.

    Raises
    ------
    ArgumentError
        For any other name, a GPU that is not there or is named twice, or GPUs of several models.
    """
    indices = gpus_named(name)
    if name == "auto":
        fit = list(itertools.dropwhile(lambda gpu: not is_fit(gpu), visible_gpus()))
        return _like_first(fit) if fit else (torch.device("cpu"),)
    if name == "cpu":
        return (torch.device("cpu"),)
    if not indices:
        _check_there(name, 0)
        return _like_first(visible_gpus())
    for index in indices:
        _check_there(f"cuda:{index}", index)
    devices = [torch.device("cuda", index) for index in indices]
    for device in devices:
        if arithmetic_of(str(device)) != arithmetic_of(str(devices[0])):
            both = " and ".join(_told(one) for one in (devices[0], device))
            raise ArgumentError(
                "device", f"{both} round differently; expected GPUs of one model for one job"
            )
    return tuple(devices)


def device_name(devices: Sequence[torch.device]) -> str:
    """`cpu`, `cuda:0`, or `cuda:0,2` of several."""
    first, *others = devices
    return ",".join((str(first), *(str(device.index) for device in others)))


def devices_of(name: str) -> tuple[torch.device, ...]:
    """Those that a name of `device_name` stands for."""
    kind, _, indices = name.partition(":")
    return tuple(torch.device(f"{kind}:{index}" if index else kind) for index in indices.split(","))


def kind_of(name: str) -> str:
    """`cuda` of `cuda:0,2`; which GPU it is, `arithmetic_of` tells."""
    return devices_of(name)[0].type


def visible_gpus() -> list[torch.device]:
    """All GPUs that this process may use."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return [torch.device("cuda", index) for index in range(count)]


def _check_there(name: str, index: int) -> None:
    """Raise ArgumentError when there is no such GPU."""
    count = len(visible_gpus())
    if index >= count:
        raise ArgumentError(
            "device", f"no {name} here: PyTorch {torch.__version__} sees {counted(count, 'GPU')}"
        )


def _like_first(gpus: Sequence[torch.device]) -> tuple[torch.device, ...]:
    """Those that can share a job with the first one; a note names the others."""
    arithmetic = arithmetic_of(str(gpus[0]))
    alike = [gpu for gpu in gpus if arithmetic_of(str(gpu)) == arithmetic]
    others = [_told(gpu) for gpu in gpus if gpu not in alike]
    if others:
        note(
            f"computing on {device_name(alike)} ({arithmetic}), not on {', '.join(others)}, whose "
            "results differ in the last digits; --device chooses others"
        )
    return tuple(alike)


def _told(gpu: torch.device) -> str:
    return f"{gpu} ({arithmetic_of(str(gpu))})"


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


def describe_device(name: str) -> str:
    """`cpu (4 cores)`, `cuda:0 (NVIDIA H100)` or `cuda:0,1 (2 x NVIDIA H100)`, for people.

    Parameters
    ----------
    name
        As `device_name`.
    """
    devices = devices_of(name)
    if devices[0].type == "cuda":
        model = torch.cuda.get_device_name(devices[0])
        return f"{name} ({f'{len(devices)} x ' if len(devices) > 1 else ''}{model})"
    cores = available_cores()
    return f"cpu ({cores} core{'s' if cores > 1 else ''})"
