"""A command of regtrack, and what its stages take: a program of gpu.py's, and its check `stages`.

    python benchmarks/gpu_stages.py FILE.json predict chr1 ...

Runs the command in this process, with a clock around the functions that are its stages, and writes
what they took, when it has ended. Processes that pack have no clock; what they computed is counted.
"""

from __future__ import annotations

import functools
import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from gpu_proof import Bench

from regtrack.cli.main import main as run_command
from regtrack.prediction.gpu_work import time_on_gpu
from regtrack.prediction.run import block_works
from regtrack.tracks.blocks import BLOCK_LENGTH

# Module, name in it, what is said of it. Those that are indented are parts of the one before.
STAGES = (
    ("job", "job_from_scope", "reading and checking"),
    ("plan", "make_plan", "measuring, for the plan"),
    ("run", "predict_missing", "predicting, in all"),
    ("gpu_work", "_Gpu._predict", "  asking for a group of blocks"),
    ("device_segmentation", "segment_on_device", "    segments, and waiting for the network"),
    ("gpu_work", "_Gpu._shared", "    asking for copies, and memory for them"),
    ("gpu_work", "_PendingCopies.wait", "  waiting for copies"),
    ("run", "write_markers", "writing tracks"),
)

# What kernels' names say they are for, the first that fits.
_KINDS = {
    "_scan": "segments: scan",
    "_put_values": "segments: values",
    "_count": "counts",
    "_rank": "counts",
    "_paint": "labels",
    "memcpy": "copies",
    "memset": "filling",
    "fill": "filling",
    "conv": "convolutions",
    "gemm": "products",
    "cutlass": "products",
    "sigmoid": "sigmoid",
}
_BLOCKS = 16


def timed(
    inner: Callable[..., Any], name: str, spent: dict[str, list[float]]
) -> Callable[..., Any]:
    """The same function; what it takes is added up."""

    @functools.wraps(inner)
    def outer(*words: Any, **more: Any) -> Any:
        began = time.monotonic()
        try:
            return inner(*words, **more)
        finally:
            spent[name][0] += time.monotonic() - began
            spent[name][1] += 1

    return outer


def main() -> None:
    """Read the command line."""
    out, words = Path(sys.argv[1]), sys.argv[2:]
    spent = {name: [0.0, 0] for _, _, name in STAGES}
    for module, path, name in STAGES:
        owner: Any = importlib.import_module(f"regtrack.prediction.{module}")
        *classes, last = path.split(".")
        for one in classes:
            owner = getattr(owner, one)
        setattr(owner, last, timed(getattr(owner, last), name, spent))
    sys.argv = ["regtrack", *words]
    began = time.monotonic()
    try:
        run_command()
    finally:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = {
            "stages": spent,
            "all": time.monotonic() - began,
            "this process": time.process_time(),
            "its main thread": time.thread_time(),
            "other processes": children.ru_utime + children.ru_stime,
            "gpu bytes": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0,
        }
        out.write_text(json.dumps(told))


def check_stages(bench: Bench) -> None:
    """A table of what the GPU does, by kind of kernel, and what a process does beside it."""
    region = f"chr1:1-{200 if bench.small else _BLOCKS * BLOCK_LENGTH}"
    folder = bench.work / "stages"
    for part in "blocks", "again", "counts":
        (folder / part).mkdir(parents=True)
    job = bench.job(25, [region])
    # A first time, in which everything is compiled and taken.
    time_on_gpu(block_works(job, folder / "again", folder / "counts"))
    works = block_works(job, folder / "blocks", folder / "counts")
    bases = sum(work.bases for work in works)
    activities = [torch.profiler.ProfilerActivity.CUDA]
    if bench.small:
        activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities) as profile:
        predicting, saving, memory = time_on_gpu(works)
    bench.proof.figure(f"{len(works)} blocks, {bases:,} bases; us a base, and seconds for 249 Mb:")
    for name, spent in ("GPU, with its waiting", predicting), ("packing, of a core", saving):
        bench.proof.figure(_row(name, spent, bases))
    kinds: dict[str, float] = {}
    for event in profile.key_averages():
        kind = next((kind for part, kind in _KINDS.items() if part in event.key.lower()), "other")
        kinds[kind] = kinds.get(kind, 0.0) + event.self_device_time_total / 1e6
    for kind, spent in sorted(kinds.items(), key=lambda item: -item[1]):
        bench.proof.figure(_row(f"  kernels: {kind}", spent, bases))
    bench.proof.figure(f"memory: {memory.describe(249_000_000)}")
    table = profile.key_averages().table(
        sort_by="self_cpu_time_total" if bench.small else "self_device_time_total",
        row_limit=16,
        max_name_column_width=60,
    )
    print(table, flush=True)


def _row(name: str, seconds: float, bases: int) -> str:
    return f"  {name:34}{1e6 * seconds / bases:>9.4f} {249e6 * seconds / bases:>8.1f} s"


if __name__ == "__main__":
    main()
