"""What a prediction will take: time, disk and memory, from a short measurement."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from regtrack.errors import InputError
from regtrack.folders import free_bytes, size_text
from regtrack.genome.intervals import IntervalSet
from regtrack.models.device import describe_device
from regtrack.prediction.blockwork import BlockWork, predict_blocks
from regtrack.prediction.gpuwork import predict_on_gpu
from regtrack.prediction.job import BlockTask, Job
from regtrack.prediction.run import block_works, left_bases, written_bytes
from regtrack.prediction.windows import tile
from regtrack.report.files import FILES as REPORT_FILES
from regtrack.tracks.folder import SEEN_FILES

# Stretches that are predicted to see how fast it goes, and the bases of each.
_SAMPLES = 3
_SAMPLE_LENGTH = 100_000

# A first, short one: what is compiled or loaded once must not count.
_WARM_UP_LENGTH = 1_000

# From so many values on, bases times markers, a run is measured first: minutes on a few cores.
LONG = 100_000_000_000

# Writing the tracks takes this share of the time that predicting them takes, at 919 markers
# and 100 million bases (docs/performance.md).
_WRITING_SHARE = 0.15


@dataclass(frozen=True)
class Plan:
    """What a prediction will do, and what that will take.

    Parameters
    ----------
    bases, left
        Bases to predict; of these, those that no earlier, unfinished run has predicted.
    windows
        Windows that the network reads.
    files
        Number of files of the finished folder.
    seconds
        Estimate for what is left, without starting processes.
    tracks_bytes
        Estimated size of the finished folder.
    disk_bytes
        Estimate of what is still to be written: at the end, blocks, the counts of measured
        peaks, and tracks lie side by side.
    free_bytes
        Free on that disk now.
    memory_bytes
        Estimate for all processes together, as if they shared nothing.
    device
        What computes, and in how many processes.
    """

    bases: int
    left: int
    windows: int
    markers: int
    files: int
    seconds: float
    tracks_bytes: int
    disk_bytes: int
    free_bytes: int
    memory_bytes: int
    device: str

    def check(self, out: Path) -> None:
        """Refuse what the disk cannot hold.

        Raises
        ------
        InputError
            Saying how much is needed, and how much there is.
        """
        if self.disk_bytes > self.free_bytes:
            raise InputError(
                out,
                f"the disk is too small: about {size_text(self.disk_bytes)} more are needed until "
                f"the tracks are finished, {size_text(self.free_bytes)} are free; fewer markers "
                "(--markers) or a larger --max-error need less",
            )

    def describe(self) -> str:
        """For people, a line for each resource."""
        done = self.bases - self.left
        lines = {
            "bases": f"{self.bases:,} that are not N, in {self.windows:,} windows"
            + (f"; {done:,} are predicted already" if done else ""),
            "markers": f"{self.markers:,}",
            "device": self.device,
            "time": f"about {_duration(self.seconds)}, and some seconds to start",
            "tracks": f"about {size_text(self.tracks_bytes)} in {self.files:,} files",
            "disk": f"about {size_text(self.disk_bytes)} more while it runs; "
            f"{size_text(self.free_bytes)} are free",
            "memory": f"about {size_text(self.memory_bytes)} at most",
        }
        return "\n".join(f"{key:<9}{value}" for key, value in lines.items())


def is_long(job: Job, out: Path) -> bool:
    """Whether what is left of a job is worth a plan."""
    return left_bases(job, out) * len(job.rows) >= LONG


def make_plan(job: Job, out: Path, workers: int) -> Plan:
    """Predict a few short stretches of the job to see what all of it will take.

    Parameters
    ----------
    out
        Where the finished folder is to lie; nothing is written there.
    workers
        As `run`.

    Raises
    ------
    InputError
        As the prediction itself.
    """
    window = job.settings.window
    assert window is not None  # a job has settled it
    groups = job.groups
    _measure(job, slice(1), _WARM_UP_LENGTH, workers)
    step = -(-len(groups) // _SAMPLES)
    sample = _measure(job, slice(step // 2, None, step), _SAMPLE_LENGTH, workers)
    bases, left = job.bases, left_bases(job, out)
    on_cpu = job.device == "cpu"
    processes = min(workers, len(groups)) if on_cpu else 1
    size = int(bases * sample.bytes_per_base)
    kinds = ("process", "processes") if on_cpu else ("thread", "threads")
    return Plan(
        bases=bases,
        left=left,
        windows=sum(
            1 for tasks in groups for task in tasks for _ in tile(task.targets, job.context, window)
        ),
        markers=len(job.rows),
        files=3 * len(job.rows)
        + 2
        + (len(SEEN_FILES) if job.seen else 0)
        + (len(REPORT_FILES) if job.yardstick else 0),
        seconds=(left + _WRITING_SHARE * bases) * sample.seconds_per_base / processes,
        tracks_bytes=size,
        disk_bytes=int(left * (sample.bytes_per_base + sample.count_bytes_per_base))
        + max(0, size - written_bytes(job, out)),
        free_bytes=free_bytes(out),
        memory_bytes=_peak_memory() * (processes + 1),
        device=f"{describe_device(torch.device(job.device))}, {workers} {kinds[workers > 1]}",
    )


@dataclass(frozen=True)
class _Sample:
    """What predicting and saving a base took; counts are those of measured peaks, if any."""

    seconds_per_base: float
    bytes_per_base: float
    count_bytes_per_base: float


def _measure(job: Job, chosen: slice, length: int, workers: int) -> _Sample:
    """Predict and save at most `length` bases of each of some files."""
    with tempfile.TemporaryDirectory(prefix="regtrack-plan.") as scratch:
        folder = Path(scratch)
        saved, counts = folder / "blocks", folder / "counts"
        for one in saved, counts:
            one.mkdir()
        if job.yardstick:
            job.yardstick.save(counts)
        works = [_shortened(work, length) for work in block_works(job, saved, counts)[chosen]]
        began = time.monotonic()
        if job.device == "cpu":
            for work in works:
                predict_blocks(work)
        else:
            list(predict_on_gpu(works, workers))
        took = time.monotonic() - began
        size, counted = (
            sum(path.stat().st_size for path in folder.glob(files))
            for files in ("blocks/*", "counts/*.cnt")
        )
    sampled = sum(work.bases for work in works)
    return _Sample(took / sampled, size / sampled, counted / sampled)


def _shortened(work: BlockWork, length: int) -> BlockWork:
    """The first `length` bases of a work, or all."""
    tasks: list[BlockTask] = []
    for task in work.tasks:
        if length > 0:
            tasks.append(replace(task, targets=_first_bases(task.targets, length)))
            length -= task.targets.bases
    return replace(work, tasks=tuple(tasks), chrom_indices=work.chrom_indices[: len(tasks)])


def _first_bases(targets: IntervalSet, count: int) -> IntervalSet:
    """The first `count` bases of a set, or all."""
    last = targets.nth_base(min(count, targets.bases) - 1)
    return targets.clip(0, int(last) + 1)


def _peak_memory() -> int:
    """Most memory that this process has used, in bytes; it did what a worker does."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def _duration(seconds: float) -> str:
    """`2 h 5 min`, `3 min 20 s`, `12 s`."""
    whole = max(1, round(seconds))
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
