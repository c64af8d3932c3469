"""Which arithmetic a device computes in: the same arithmetic gives the same bytes.

ATen, oneDNN and MKL choose their kernels by processor, and these add in different orders: with
the processor limited to AVX2, all of 100 BigWigs differed by up to .003 from those of AVX-512.
"""

from __future__ import annotations

import platform
from pathlib import Path

import torch

from regtrack.models.instructions import is_limited, own_limits

_VENDORS = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD"}


def arithmetic_of(device: str) -> str:
    """What decides the bytes that a device computes, besides torch's version: `AVX512+bf16, AMD`.

    With limits of the user's own. Of a GPU its name and compute capability; of several, which are
    alike, those of the first. MKL's
    kernels depend on who made a processor, too.
    """
    device = device.partition(",")[0]
    if torch.device(device).type == "cuda":
        major, minor = torch.cuda.get_device_capability(device)
        return f"{torch.cuda.get_device_name(device)}, {major}.{minor}"
    units = [torch.backends.cpu.get_cpu_capability().replace(" ", "")]
    if "AVX512" in units and not is_limited():
        units += [name for name, has in _newer_units().items() if has]
    limits = [f"{name}={value}" for name, value in own_limits().items()]
    return ", ".join(("+".join(units), *limits, _vendor()))


def reported_device(device: str) -> str:
    """`cpu`, or `NVIDIA H100, 9.0`: what a report says, the same on machines that are alike."""
    return device if device == "cpu" else arithmetic_of(device)


def torch_version() -> str:
    """Version of torch without what its build is for, which `arithmetic_of` tells apart."""
    return torch.__version__.partition("+")[0]


def _newer_units() -> dict[str, bool]:
    tests = {"bf16": "_is_avx512_bf16_supported", "amx": "_is_amx_tile_supported"}
    return {unit: getattr(torch.cpu, name, lambda: False)() for unit, name in tests.items()}


def _vendor() -> str:
    """Who made the processor, or what kind it is where the system does not tell."""
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        for line in listed.read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "vendor_id":
                return _VENDORS.get(value.strip(), value.strip())
    return platform.machine()
