"""Does regtrack work on this GPU, is it right, and how fast is it? One command, under 8 minutes.

    python benchmarks/gpu.py MODEL GENOME [--only NAME,...] [--length MB] [--markers N] [--cpu]

MODEL is a trained checkpoint, GENOME sequence that it reads. Every check prints PASS or FAIL, and
what it measured; all is printed again at the end:

    machine     versions, memory, disk, and what Triton needs
    imports     every command says its help
    probe       the trial before a job passes on every GPU
    kernels     segments and counts are the CPU's byte for byte, of more than 2^31 values, too
    arithmetic  float32 is float32, whatever was set outside
    networks    every architecture gives the CPU's probabilities; speed of the forward pass
    predict     25 Mb on the GPU and on the CPU: the promise
    kill        the same killed, and gone on with: the same files
    stages      16 blocks: seconds by kind of kernel, and of packing
    long        249 Mb x 919 end to end, by stage
    eval        `eval MODEL` of 25 Mb: no slower than `predict`, and the CPU's scores
    train       killed and gone on with; windows a second
    team        two processes on one GPU: the same blocks
    memory      the same with 8 GB
    devices     all GPUs, where there are several: the tracks of one
    together    two processes train
    cpu         the cores alone, on 50 Mb

`--cpu` does the same without a GPU, on very little: kernels in Triton's interpreter, commands on
the CPU.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
import tempfile
from pathlib import Path

import gpu_jobs
import gpu_kernels
import gpu_machine
import gpu_stages
import gpu_teams
import gpu_training
import torch
from gpu_proof import Bench, Proof

CHECKS = {
    "machine": gpu_machine.check_machine,
    "imports": gpu_machine.check_imports,
    "probe": gpu_machine.check_probe,
    "kernels": gpu_kernels.check_kernels,
    "arithmetic": gpu_machine.check_arithmetic,
    "networks": gpu_machine.check_networks,
    "predict": gpu_jobs.check_predict,
    "kill": gpu_jobs.check_kill,
    "stages": gpu_stages.check_stages,
    "long": gpu_jobs.check_long,
    "eval": gpu_jobs.check_eval,
    "train": gpu_training.check_train,
    "team": gpu_teams.check_team,
    "memory": gpu_teams.check_memory,
    "devices": gpu_teams.check_devices,
    "together": gpu_training.check_together,
    "cpu": gpu_jobs.check_cpu,
}
# What decides how Triton is loaded, and what torch sees, where there is no GPU.
WITHOUT = {"TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("genome", type=Path)
    parser.add_argument("--only", default=",".join(CHECKS), help="checks, in this order")
    parser.add_argument("--length", type=int, default=249, help="Mb of the long run")
    parser.add_argument("--markers", type=int, default=919)
    parser.add_argument("--seconds", type=float, default=440, help="nothing is begun after these")
    parser.add_argument("--cpu", action="store_true", help="small, without a GPU")
    given = parser.parse_args()
    names = given.only.split(",")
    if unknown := [name for name in names if name not in CHECKS]:
        parser.error(f"no check {unknown[0]!r}; expected {', '.join(CHECKS)}")
    if given.cpu and "TRITON_INTERPRET" not in os.environ:  # read when Triton was imported
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **WITHOUT})
    proof = Proof(3_600 if given.cpu else given.seconds)
    with tempfile.TemporaryDirectory(prefix="regtrack-gpu.") as folder:
        bench = Bench(
            proof,
            given.model.resolve(),
            given.genome.resolve(),
            Path(folder),
            "cpu" if given.cpu else "cuda:0",
            given.length,
            40 if given.cpu else given.markers,
        )
        for name in names:
            proof.run(name, functools.partial(CHECKS[name], bench))
            if not given.cpu:
                torch.cuda.empty_cache()  # commands need the GPU's memory
    sys.exit(not proof.conclude())


if __name__ == "__main__":
    main()
