"""Checks of gpu.py: several processes or GPUs for one job, and little memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from gpu_jobs import equal_files
from gpu_proof import Bench

from regtrack.notes import heard
from regtrack.prediction.blockwork import BlockWork
from regtrack.prediction.gpu_team import predict_on_gpus, predict_share, predict_shared
from regtrack.prediction.run import block_works
from regtrack.tracks.blocks import BLOCK_LENGTH
from regtrack.workers import available_cores

_BLOCKS = 40
_LITTLE = 8e9


def check_team(bench: Bench) -> None:
    """Two processes on one GPU save the blocks that one saves."""
    cores = available_cores()

    def share(works: list[BlockWork]) -> Iterator[BlockWork]:
        return predict_shared(works, [bench.device] * 2, cores, predict_share)

    alone, took = _saved(bench, "one process", lambda works: predict_on_gpus(works, cores))
    both, shared = _saved(bench, "two processes", share)
    bench.proof.figure(f"{len(alone)} blocks: {took:.1f} s; by two processes {shared:.1f} s")
    bench.proof.expect(alone == both, "blocks of two processes are those of one", len(both))


def check_devices(bench: Bench) -> None:
    """All GPUs give the tracks of one, sooner."""
    count = torch.cuda.device_count()
    if bench.small or count < 2:
        bench.proof.say("SKIP devices: one GPU is visible")
        return
    seconds = {}
    for name, device in ("one", "cuda:0"), ("all", "cuda"):
        words = bench.predict_words(100, bench.work / name, device)
        seconds[name], _ = bench.command(*words)
    gain = seconds["one"] / seconds["all"]
    bench.proof.figure(
        f"predict 100 Mb on one of {count} GPUs {seconds['one']:.1f} s, on all "
        f"{seconds['all']:.1f} s: {gain:.2f} times as fast"
    )
    equal = equal_files(bench.work / "one", bench.work / "all")
    bench.proof.expect(equal == bench.markers, "tracks of all GPUs are those of one", equal)


def check_memory(bench: Bench) -> None:
    """With 8 GB, fewer blocks at a time, which are the same."""
    if bench.small:
        bench.proof.say("SKIP memory: there is no GPU")
        return
    cores = available_cores()
    told: list[str] = []
    alone, _ = _saved(bench, "all memory", lambda works: predict_on_gpus(works, cores))
    _, total = torch.cuda.mem_get_info(bench.device)
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(min(1.0, _LITTLE / total), bench.device)
    try:
        with heard(told.append):
            little, took = _saved(
                bench, "little memory", lambda works: predict_on_gpus(works, cores)
            )
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, bench.device)
    bench.proof.figure(f"with 8 GB of the GPU's memory: {took:.1f} s; {'; '.join(told)}")
    bench.proof.expect(alone == little, "blocks with little memory are the same", len(little))


def _saved(
    bench: Bench, name: str, predict: Callable[[list[BlockWork]], Iterator[BlockWork]]
) -> tuple[dict[str, bytes], float]:
    """What block files are saved, and in what time."""
    regions = [f"chr1:1-{_BLOCKS * BLOCK_LENGTH}"]
    if bench.small:  # blocks of one job that are as small as these would share a file
        regions = ["chr1:1001-1060", "chr1:400001-400060"]
    folder: Path = bench.work / name
    for part in folder, folder / "counts":
        part.mkdir(parents=True)
    jobs = [bench.job(25, [region]) for region in regions]
    works = [work for job in jobs for work in block_works(job, folder, folder / "counts")]
    began = time.monotonic()
    list(predict(works))
    took = time.monotonic() - began
    return {path.name: path.read_bytes() for path in folder.glob("*.blk")}, took
