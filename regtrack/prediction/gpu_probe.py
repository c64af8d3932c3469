"""Whether a GPU can predict on this machine: asked once, before a job is begun."""

from __future__ import annotations

import functools
import importlib.util
import itertools
import os

import numpy as np
import torch

from regtrack.errors import RegtrackError
from regtrack.models.device import choose_devices, device_name, exact_arithmetic, visible_gpus
from regtrack.notes import note
from regtrack.prediction.segmentation import Segmenter

# What Triton's code needs.
_LEAST_CAPABILITY = (7, 0)

# Of products of float32 numbers, in units of their size: TF32 is off by some 5e-4.
_MOST_ARITHMETIC_ERROR = 1e-5

# What Triton's own errors say, and what mends it.
_MISSING = {
    "c compiler": "Triton needs a C compiler (apt install gcc, or set CC)",
    "python.h": "Triton needs Python's header files (apt install python3-dev)",
}


def prediction_device(name: str) -> str:
    """Where to predict, as `regtrack.models.device.device_name` has it.

    Parameters
    ----------
    name
        As `regtrack.models.device.choose_devices`. The first GPU is tried here, others by their
        own processes, so that this one takes memory of one alone. Where it lacks something, `auto`
        goes on to the next, of any model, or to the CPU; a note says what it lacks.

    Raises
    ------
    ArgumentError
        As `choose_devices`.
    RegtrackError
        When a GPU that was named lacks something.
    """
    devices = choose_devices(name, _is_fit)
    chosen = device_name(devices)
    if name == "auto":
        where = "the CPU" if chosen == "cpu" else chosen
        for device in itertools.takewhile(lambda gpu: not _is_fit(gpu), visible_gpus()):
            note(f"predicting on {where}, not on {device}: {gpu_problem(device)}")
    elif chosen != "cpu":
        check_gpu(devices[0])
    return chosen


def _is_fit(device: torch.device) -> bool:
    return gpu_problem(device) is None


def check_gpu(device: torch.device) -> None:
    """Raise RegtrackError when a GPU lacks something to predict."""
    problem = gpu_problem(device)
    if problem is not None:
        raise RegtrackError(f"cannot predict on {device}: {problem}; or use --device cpu")


def usual_device() -> tuple[str, str | None]:
    """What `auto` predicts on, and None; of GPUs that are all unfit, the first and its problem."""
    gpus = visible_gpus()
    devices = choose_devices("auto", _is_fit)
    if devices[0].type == "cpu" and gpus:
        return str(gpus[0]), gpu_problem(gpus[0])
    return device_name(devices), None


@functools.cache
def gpu_problem(device: torch.device) -> str | None:
    """What a GPU lacks to predict, and what mends it; None where it lacks nothing."""
    if device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        if capability < _LEAST_CAPABILITY:
            number = ".".join(map(str, capability))
            return f"it has compute capability {number}, and Triton needs 7.0 or more"
    if os.environ.get("NVIDIA_TF32_OVERRIDE") == "1":
        return "NVIDIA_TF32_OVERRIDE=1 makes it compute in TF32, which is too coarse; unset it"
    if importlib.util.find_spec("triton") is None:
        return (
            "predicting there needs Triton, which comes with PyTorch's CUDA builds for Linux "
            "(pip install triton)"
        )
    return _problem_at_work(device)


def _problem_at_work(device: torch.device) -> str | None:
    """What shows when the kernels are launched for the first time, and something is computed."""
    try:
        if not _cuts_as_a_cpu(device):
            return "its kernels make other segments than the CPU"
        distance = _arithmetic_error(device)
    except Exception as error:  # noqa: BLE001 - a driver, a compiler, Triton: whatever it is
        return _described(error)
    if distance > _MOST_ARITHMETIC_ERROR:
        return f"its arithmetic in float32 is off by {distance:.1g}: TF32 may be forced"
    return None


def _cuts_as_a_cpu(device: torch.device) -> bool:
    """Whether a first launch of the kernels gives the segments of a CPU."""
    from regtrack.prediction.device_segmentation import segment_on_device  # noqa: PLC0415

    values = np.linspace(0, 1, 12 * 3, dtype=np.float32).reshape(12, 3)
    segmenter = Segmenter(3, 0.1, 0.05)
    segmenter.add(0, values.T)
    expected = segmenter.finish()
    made = segment_on_device(torch.from_numpy(values).to(device), [0, 12], [0], [None], 0.1, 0.05)
    records = made.records.cpu().numpy().view(expected.records.dtype)[:, 0]
    counts = np.diff(expected.offsets)
    return np.array_equal(made.counts[0], counts) and np.array_equal(records, expected.records)


def _arithmetic_error(device: torch.device) -> float:
    """How far products and convolutions of the device are from those in float64."""
    random = torch.Generator().manual_seed(0)
    left, right = (torch.randn(64, 64, generator=random) for _ in range(2))
    with exact_arithmetic():
        product = (left.to(device) @ right.to(device)).cpu().double()
        kernel = right[:, :, None].to(device)
        convolved = torch.conv1d(left[None].to(device), kernel).cpu().double()
    expected = left.double() @ right.double()
    expected_convolved = right.double() @ left.double()
    errors = (product - expected).abs().max(), (convolved[0] - expected_convolved).abs().max()
    return float(max(errors)) / float(expected.abs().max())


def _described(error: Exception) -> str:
    """One line of an error of a first launch."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    text = f"{error} {getattr(error, 'stderr', '')}".lower()
    missing = [mends for word, mends in _MISSING.items() if word in text]
    return missing[0] if missing else f"a first launch failed there ({lines[0]})"
