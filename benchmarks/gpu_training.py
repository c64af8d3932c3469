"""Checks of gpu.py: training on a GPU, killed and gone on with, and by two processes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import torch
import training
from gpu_proof import Bench

# NCCL refuses two processes on one GPU; gloo does not, and all else is the same.
_ON_ONE_GPU = """
import os, sys
os.environ["LOCAL_RANK"] = "0"
import torch.distributed as dist
inner = dist.init_process_group
def begin(backend=None, **more):
    more.pop("device_id", None)
    inner("gloo", **more)
dist.init_process_group = begin
from regtrack.cli.main import main
sys.argv[0] = "regtrack"
main()
"""


def dataset_of(bench: Bench) -> Path:
    """A dataset of random sequence and random peaks."""
    folder = bench.work / "data"
    if (folder / "dataset").exists():
        return folder / "dataset"
    folder.mkdir()
    if bench.small:
        training.GENOME_LENGTH = 1_000_000
    return training.make_dataset(folder, 6 if bench.small else bench.markers)


def check_train(bench: Bench) -> None:
    """Killed when a state is saved, and gone on with; the network predicts; windows a second."""
    steps = 12 if bench.small else 200
    dataset, model = dataset_of(bench), bench.work / "trained.safetensors"
    words = ["train", dataset, "--out", model, "--device", bench.device, "--steps", steps]
    words += ["--precision", "bfloat16", "--batch-size", 2 if bench.small else 4]
    words += ["--validate-every", steps // 2, "--norm-batches", 4, "--save-minutes", 0.02]
    command = [sys.executable, "-m", "regtrack", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = model.with_name(f"{model.name}.partial") / "state.safetensors"
    while process.poll() is None and not state.exists():
        time.sleep(0.02)
    alive = process.poll() is None
    process.kill()
    process.wait()
    bench.proof.expect(alive and state.exists(), "a state is saved while training goes on")
    ended = bench.command(*words)
    lines = ended.text.strip().splitlines()
    bench.proof.expect(model.exists(), "killed, training goes on to its end", lines[-1][:200])
    where = ["--genome", bench.long(25), "--out", bench.work / "own", "--device", bench.device]
    bench.command("predict", "chr1:1-300000", "--model", model, *where, "--any-genome")
    made = (bench.work / "own" / "tracks.json").exists()
    bench.proof.expect(made, "what was trained here predicts")
    for size in (2,) if bench.small else (2, 8):
        for precision in "bfloat16", "float32":
            count, device = 2 if bench.small else 96, torch.device(bench.device)
            spent = training.time_regtrack(dataset, count, precision, device, size)
            rate = size * count / spent
            bench.proof.figure(f"training, batches of {size}, {precision}: {rate:.1f} windows/s")


def check_together(bench: Bench) -> None:
    """Two processes train together: on two GPUs over NCCL, on one over gloo."""
    model = bench.work / "together.safetensors"
    script = ["-m", "regtrack"]
    if not bench.small and torch.cuda.device_count() < 2:
        (bench.work / "together.py").write_text(_ON_ONE_GPU)
        script = [str(bench.work / "together.py")]
    words = ["train", dataset_of(bench), "--out", model, "--steps", 6, "--batch-size", 2]
    words += ["--validate-every", 6, "--norm-batches", 2]
    words += ["--device", "cpu" if bench.small else "cuda"]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*launcher, *script, *map(str, words)], capture_output=True, text=True, check=False
    )
    good = done.returncode == 0 and model.exists()
    bench.proof.expect(good, "two processes train together", "" if good else done.stderr[-1_500:])
