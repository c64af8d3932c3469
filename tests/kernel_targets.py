"""Compiles what is launched on a GPU, for GPUs that need not be here: test_gpu_targets.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.runtime.jit import JITFunction

from regtrack.prediction.device_counting import (
    ScoredValues,
    count_on_device,
    paint_labels,
    rank_on_device,
)
from regtrack.prediction.device_segmentation import segment_on_device
from regtrack.scoring.histogram import UNROUNDED, BinLayout
from regtrack.tracks.peaks.callers import THRESHOLD_RANKS
from regtrack.tracks.peaks.runs import RANK_BITS

# From the oldest that Triton's code runs on to the newest: V100, T4, A100, RTX 30 and 40, H100,
# B200, RTX 50; MI200, MI300, RX 7000.
HOPPER = GPUTarget("cuda", 90, 32)
OTHERS = (
    *(GPUTarget("cuda", capability, 32) for capability in (70, 75, 80, 86, 89, 100, 120)),
    *(GPUTarget("hip", name, lanes) for name, lanes in (("gfx90a", 64), ("gfx942", 64))),
    GPUTarget("hip", "gfx1100", 32),
)
_TYPES = {
    torch.float32: "fp32",
    torch.float64: "fp64",
    torch.int64: "i64",
    torch.int32: "i32",
    torch.uint8: "u8",
    torch.bool: "i1",
}


class Launch(NamedTuple):
    """A kernel, with the types and constants that it is launched with."""

    kernel: Any
    signature: dict[str, str]
    constants: dict[str, object]
    options: dict[str, object]

    @property
    def name(self) -> str:
        """Of the kernel, and what is chosen of it."""
        told = [f"{key}={value}" for key, value in self.constants.items() if value in (True, False)]
        return " ".join((self.kernel.__name__, *told))


def launches() -> dict[str, Launch]:
    """All that predicting and scoring launch, by name; of probabilities and of signals."""
    made: dict[str, Launch] = {}

    def launch(kernel: Any, *given: object, **named: object) -> None:
        names = [parameter.name for parameter in kernel.params]
        constant = {parameter.name for parameter in kernel.params if parameter.is_constexpr}
        arguments = dict(zip(names, given)) | {  # noqa: B905 - the others are named
            name: value for name, value in named.items() if name in names
        }
        one = Launch(
            kernel,
            {name: "constexpr" if name in constant else type_of(arguments[name]) for name in names},
            {name: arguments[name] for name in names if name in constant},
            {
                name: value
                for name, value in named.items()
                if name not in (*names, "grid", "warmup")
            },
        )
        made[one.name] = one
        if arguments.get("WRITE") is False:
            arguments["counts"].fill_(1)  # else there would be nothing to write

    before = JITFunction.run
    JITFunction.run = launch
    try:
        values = torch.zeros(20, 3)
        for ranges in [], [1.0, 2.0, 3.0]:
            segment_on_device(values, [0, 20], [0], [None], 0.1, 0.05, ranges)
            scored = ScoredValues(values, [0, 1, 2], ranges)
            labels = paint_labels(20, 3, torch.tensor([[0, 3, 9]]))
            known, pieces = np.ones((1, 3), bool), np.array([[0, 8]])
            stretches = np.array([[0, 20, 0, 0]])
            count_on_device(scored, labels, known, stretches, 1, BinLayout.of(UNROUNDED))
            own = np.full(3, 0.5, np.float32)
            rank_on_device(scored, pieces, THRESHOLD_RANKS, RANK_BITS, own)
    finally:
        JITFunction.run = before
    return made


def type_of(argument: object) -> str:
    """As Triton names types."""
    if isinstance(argument, torch.Tensor):
        return f"*{_TYPES[argument.dtype]}"
    return "fp32" if isinstance(argument, float) else "i32"


def compiled(launch: Launch, target: GPUTarget) -> dict[str, Any]:
    """What a launch is compiled to, by name of the language."""
    source = ASTSource(launch.kernel, launch.signature, constexprs=launch.constants)
    assembly: dict[str, Any] = triton.compile(source, target, launch.options).asm
    return assembly


def compile_for_hopper(out: str) -> None:
    """Leaves the assembly of all launches."""
    for name, launch in launches().items():
        assembly = compiled(launch, HOPPER)
        assert assembly["cubin"]
        (Path(out) / f"{name}.ptx").write_text(assembly["ptx"])


def compile_for_others() -> None:
    """Each kernel once for each of the other targets; prints how many there are."""
    plain = {launch.kernel.__name__: launch for launch in launches().values()}
    for target in OTHERS:
        for launch in plain.values():
            assembly = compiled(launch, target)
            assert assembly["cubin" if target.backend == "cuda" else "hsaco"]
    sys.stdout.write(f"{len(plain)} for {len(OTHERS)}")
