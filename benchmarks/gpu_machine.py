"""Checks of gpu.py: what is here, and whether it computes in float32 as a CPU does."""

from __future__ import annotations

import functools
import os
import shutil
import sys
import sysconfig
import time
from pathlib import Path

import numpy as np
import torch
from gpu_proof import Bench
from predict import CHROM, CPU, MEGABASE
from torch import Tensor

from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.checkpoint import load_network
from regtrack.models.device import choose_devices, describe_device, device_name, exact_arithmetic
from regtrack.models.inference import for_inference
from regtrack.models.network import Network
from regtrack.observer import Unwatched
from regtrack.prediction.forward import feed, predict_interval
from regtrack.prediction.gpu_probe import gpu_problem
from regtrack.prediction.settings import ARITHMETIC_MARGIN
from regtrack.tracks.blocks import BLOCK_LENGTH
from regtrack.workers import available_cores

_WRITTEN = 2_000_000_000


def check_machine(bench: Bench) -> None:
    """Versions, memory, disk, and what Triton needs besides itself."""
    proof = bench.proof
    proof.say("python", sys.version.split()[0], "torch", torch.__version__, torch.version.cuda)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    free = shutil.disk_usage(bench.work).free / 1e9
    proof.say(f"{available_cores()} cores, {memory:.0f} GB, disk {free:.0f} GB free")
    if not bench.small:
        proof.expect(torch.cuda.is_available(), "torch sees a GPU", torch.version.cuda)
        cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
        for number in range(torch.cuda.device_count()):
            free_bytes, total = torch.cuda.mem_get_info(number)
            proof.figure(
                f"cuda:{number} {torch.cuda.get_device_name(number)}, compute capability "
                f"{torch.cuda.get_device_capability(number)}, {free_bytes / 1e9:.1f} of "
                f"{total / 1e9:.1f} GB free, cuDNN {cudnn}"
            )
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")
    proof.expect(compiler, "a C compiler for Triton's launcher", compiler)
    header = Path(sysconfig.get_paths()["include"]) / "Python.h"
    proof.expect(header.exists(), "Python.h for Triton's launcher", header)
    piece, began = os.urandom(1 << 24), time.monotonic()
    with (bench.work / "speed").open("wb") as file:
        while file.tell() < _WRITTEN / (10 if bench.small else 1):
            file.write(piece)
        os.fsync(file.fileno())
        rate = file.tell() / (time.monotonic() - began)
    (bench.work / "speed").unlink()
    proof.figure(f"the disk takes {rate / 1e9:.2f} GB a second, synced")


def check_imports(bench: Bench) -> None:
    """Every command says its help; `doctor` runs."""
    listed = bench.command("--help").text.split("Commands:")[-1].splitlines()
    names = [line.split()[0] for line in listed if line.startswith("  ") and line[2] != " "]
    silent = [name for name in names if "Usage:" not in bench.command(name, "--help").text]
    bench.proof.expect(names and not silent, f"{len(names)} commands say their help", silent)
    text = bench.command("doctor", cwd=bench.work, may_fail=True).text
    bench.proof.say(text)
    bench.proof.expect("device" in text, "doctor runs")


def check_probe(bench: Bench) -> None:
    """Every GPU passes the trial before a job."""
    devices = (CPU,) if bench.small else choose_devices("cuda")
    for device in devices:
        began = time.monotonic()
        problem = gpu_problem(device)
        took = time.monotonic() - began
        bench.proof.expect(problem is None, f"the probe of {device}", problem or f"{took:.1f} s")
    bench.proof.say(describe_device(device_name(devices)))


def check_arithmetic(bench: Bench) -> None:
    """float32 is float32, whatever was set outside."""
    torch.manual_seed(0)
    device = torch.device(bench.device)
    left, right = torch.randn(2, 512, 512, device=device).unbind(0)
    signal, kernel = torch.randn(1, 64, 2_000), torch.randn(64, 64, 10)
    signal, kernel = signal.to(device), kernel.to(device)
    parts = [torch.backends.cuda.matmul, getattr(torch.backends.cudnn, "conv", None)]
    new = [part for part in parts if part is not None and hasattr(part, "fp32_precision")]
    for outside in "ieee", "tf32":
        before = [part.fp32_precision for part in new]
        for part in new:
            part.fp32_precision = outside
        if not new:
            torch.set_float32_matmul_precision("high" if outside == "tf32" else "highest")
        with exact_arithmetic():
            product = left @ right
            folded = [torch.conv1d(signal, kernel, dilation=dilation) for dilation in (1, 9)]
        for part, value in zip(new, before, strict=True):
            part.fp32_precision = value
        expected = [left.double() @ right.double()]
        expected += [
            torch.conv1d(signal.double(), kernel.double(), dilation=dilation) for dilation in (1, 9)
        ]
        errors = [
            float((one - other).abs().max() / other.abs().max())
            for one, other in zip((product, *folded), expected, strict=True)
        ]
        detail = ", ".join(f"{error:.1e}" for error in errors)
        name = f"float32 in full, {outside} outside"
        bench.proof.expect(max(errors) < 5e-6, name, f"product, convolutions: {detail}")


def check_networks(bench: Bench) -> None:
    """Every architecture's probabilities are the CPU's; and how fast the paper's best is."""
    genome = Genome(bench.long(25))
    trained = load_network(bench.wide(), CPU)
    bases = 20_000 if bench.small else 200_000
    networks: dict[str, tuple[Network, int]] = {"trained dilated": (trained, bases)}
    for task, offered in ARCHITECTURES.items():
        for name in list(offered)[: 2 if bench.small else None]:
            torch.manual_seed(1)
            networks[f"{task} {name}"] = offered[name].build(30, {}).eval(), bases // 20
    for name, (network, count) in networks.items():
        region = Interval(CHROM, 1_003, 1_003 + count)
        targets = IntervalSet.of([region.start], [region.end])
        values = []
        for device in CPU, torch.device(bench.device):
            here = for_inference(network.to(device))
            values.append(predict_interval(here, genome, region, targets, Unwatched()))
        network.to(CPU)
        apart = float(np.abs(values[0] - values[1]).max())
        bound = 1e-3 if "lstm" in name else ARITHMETIC_MARGIN
        bench.proof.expect(apart < bound, f"forward pass of {name}", f"{apart:.1e} apart")
    if not bench.small:
        _time_forward(bench, genome)


def _part(values: Tensor, origin: int, start: int, bases: int) -> Tensor:
    return values[start - origin :][:bases]


def _time_forward(bench: Bench, genome: Genome) -> None:
    """Of the forward pass alone, block by block, with batches of several sizes."""
    device = torch.device(bench.device)
    network = for_inference(load_network(bench.wide(), device))
    values = torch.empty(BLOCK_LENGTH, bench.markers, device=device)
    blocks = range(0, 8 * MEGABASE, BLOCK_LENGTH)
    for batch in None, 1, 2, 4:
        for turn in range(2):
            torch.cuda.synchronize(device)
            began = time.monotonic()
            for start in blocks if turn else blocks[:2]:  # the first ones warm up
                feed(
                    *(network, genome, CHROM, IntervalSet.of([start], [start + BLOCK_LENGTH]), ()),
                    place=functools.partial(_part, values, start),
                    batch_size=batch,
                )
            torch.cuda.synchronize(device)
        took = (time.monotonic() - began) / len(blocks) / BLOCK_LENGTH
        bench.proof.figure(
            f"forward pass and sigmoid, batch {batch}: {1e6 * took:.4f} us a base, "
            f"{249e6 * took:.1f} s for 249 Mb"
        )
