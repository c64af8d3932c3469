"""What predicting, or scoring a model, will take: time, disk and memory, from a measurement."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from regtrack.errors import InputError
from regtrack.folders import free_bytes, size_text
from regtrack.genome.intervals import IntervalSet
from regtrack.listing import counted, duration_text
from regtrack.models.device import describe_device, devices_of
from regtrack.models.network import Context
from regtrack.prediction.blockwork import BlockWork, predict_blocks
from regtrack.prediction.gpu_memory import MemoryNeed
from regtrack.prediction.gpu_work import time_on_gpu
from regtrack.prediction.job import BlockTask, Job
from regtrack.prediction.run import block_works, left_bases, written_bytes
from regtrack.prediction.score_job import ScoreJob
from regtrack.prediction.score_model import left_to_score
from regtrack.prediction.windows import suited_length, tile
from regtrack.report.files import FILES as REPORT_FILES
from regtrack.run_summary import RunSummary
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
# With a GPU: of the time that packing and saving take (docs/performance.md).
_WRITING_TO_SAVING = 1.1


# The stage that makes the files of all blocks.
_WRITING = "writing tracks"


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
        Number of files of the finished folder; 0 where no track is written.
    stages
        Seconds of each, an estimate for what is left, without starting processes.
    at_once
        Those of the stages that are done side by side.
    tracks_bytes
        Estimated size of the finished folder.
    disk_bytes
        Estimate of what is still to be written: at the end, blocks, the counts of measured
        peaks, and tracks lie side by side; of a score, the counts alone. Counts are taken to grow
        with the bases, though a part of each file is bounded: it is too high for many bases.
    free_bytes
        Free on that disk now.
    memory_bytes
        Estimate for all processes together, as if they shared nothing.
    device
        What computes, and in how many processes.
    gpu_memory
        What a GPU has to hold; None on a CPU.
    """

    bases: int
    left: int
    windows: int
    markers: int
    files: int
    stages: Mapping[str, float]
    at_once: frozenset[str]
    tracks_bytes: int
    disk_bytes: int
    free_bytes: int
    memory_bytes: int
    device: str
    gpu_memory: MemoryNeed | None = None

    @property
    def seconds(self) -> float:
        """Of all stages."""
        together = [spent for stage, spent in self.stages.items() if stage in self.at_once]
        others = [spent for stage, spent in self.stages.items() if stage not in self.at_once]
        return max(together, default=0.0) + sum(others)

    @property
    def before_writing(self) -> float:
        """Seconds of the stages that make blocks, which can be shared."""
        return self.seconds - self.stages.get(_WRITING, 0.0)

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
                f"all is finished, {size_text(self.free_bytes)} are free; fewer markers "
                "(--markers) or a larger --max-error need less",
            )

    def describe(self) -> str:
        """For people, a line for each resource."""
        done = self.bases - self.left
        lines = {
            "bases": f"{self.bases:,} that are not N, in {counted(self.windows, 'window')}"
            + (f"; {done:,} are predicted already" if done else ""),
            "markers": f"{self.markers:,}",
            "device": self.device,
            "time": f"about {duration_text(self.seconds)}, and some seconds to start",
            **({"stages": self._staged()} if len(self.stages) > 1 else {}),
            **(
                {"tracks": f"about {size_text(self.tracks_bytes)} in {counted(self.files, 'file')}"}
                if self.files
                else {}
            ),
            "disk": f"about {size_text(self.disk_bytes)} more while it runs; "
            f"{size_text(self.free_bytes)} are free",
            "memory": f"about {size_text(self.memory_bytes)} at most",
            **({"GPU": self.gpu_memory.describe(self.left)} if self.gpu_memory else {}),
        }
        return "\n".join(f"{key:<9}{value}" for key, value in lines.items())

    def summary(self) -> RunSummary:
        """For people and programs."""
        return RunSummary(
            self.describe(),
            counts={
                "bases": self.bases,
                "bases_done": self.bases - self.left,
                "windows": self.windows,
                "markers": self.markers,
                "files": self.files,
            },
            more={
                "plan": {
                    "seconds": round(self.seconds, 1),
                    "stages": {stage: round(spent, 1) for stage, spent in self.stages.items()},
                    "at_once": sorted(self.at_once),
                    "tracks_bytes": self.tracks_bytes,
                    "disk_bytes": self.disk_bytes,
                    "free_bytes": self.free_bytes,
                    "memory_bytes": self.memory_bytes,
                    "device": self.device,
                    **({"gpu": asdict(self.gpu_memory)} if self.gpu_memory else {}),
                }
            },
        )

    def _staged(self) -> str:
        side_by_side = " (side by side)" if self.at_once else ""
        stages = [f"{stage} {duration_text(spent)}" for stage, spent in self.stages.items()]
        cut = len(self.at_once)
        first = ", ".join(stages[:cut]) + side_by_side
        return ", ".join((*([first] if cut else []), *stages[cut:]))


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
    sample = _sample(lambda folder: _works(job, folder))
    bases, left = job.bases, left_bases(job, out)
    size = int(bases * sample.bytes_per_base)
    return Plan(
        bases=bases,
        left=left,
        windows=_windows(job.groups, job.context, job.settings.window),
        markers=len(job.rows),
        files=3 * len(job.rows)
        + 2
        + (len(SEEN_FILES) if job.seen else 0)
        + job.finds_repeats
        + (len(REPORT_FILES) if job.truth else 0),
        tracks_bytes=size,
        disk_bytes=int(left * (sample.bytes_per_base + sample.count_bytes_per_base))
        + max(0, size - written_bytes(job, out)),
        **_spent(sample, job.device, len(job.groups), workers, left, written=bases),
        free_bytes=free_bytes(out),
    )


def make_score_plan(job: ScoreJob, out: Path | None, workers: int) -> Plan:
    """Predict and count a few short stretches to see what scoring a model will take.

    Parameters
    ----------
    out
        Where the report is to lie, and what was counted already; None for neither.
    workers
        As `run_scores`.

    Raises
    ------
    InputError
        As the scoring itself.
    """
    sample = _sample(job.saved_works)
    works = job.works(Path())
    left = left_to_score(job, out)
    return Plan(
        bases=sum(work.bases for work in works),
        left=left,
        windows=_windows([work.tasks for work in works], job.context, None),
        markers=len(job.rows),
        files=0,
        tracks_bytes=0,
        disk_bytes=int(left * sample.count_bytes_per_base),
        **_spent(sample, job.device, len(works), workers, left),
        free_bytes=free_bytes(out or Path(tempfile.gettempdir())),
    )


def _windows(groups: Sequence[Sequence[BlockTask]], context: Context, window: int | None) -> int:
    """Windows that the network will read."""
    length = window or suited_length(context)
    return sum(1 for tasks in groups for task in tasks for _ in tile(task.targets, context, length))


def _spent(
    sample: _Sample, device: str, files: int, workers: int, left: int, written: int = 0
) -> dict[str, Any]:
    """Time, memory and device of so many bases to predict, and of others to write."""
    devices = devices_of(device)
    processes = min(workers, files)
    at_once: frozenset[str] = frozenset()
    if device == "cpu":
        predicting = sample.seconds_per_base / processes
        stages = {"predicting": left * predicting}
        writing = _WRITING_SHARE * predicting
    else:
        on_gpus = "on the GPU" if len(devices) == 1 else f"on {counted(len(devices), 'GPU')}"
        saving = sample.saving_per_base / processes
        stages = {
            on_gpus: left * sample.seconds_per_base / len(devices),
            "packing and saving": left * saving,
        }
        at_once = frozenset(stages)
        writing = _WRITING_TO_SAVING * saving
        processes += len(devices) - 1
    return {
        "stages": stages | ({_WRITING: written * writing} if written else {}),
        "at_once": at_once,
        "memory_bytes": _peak_memory() * (processes + 1),
        "device": ", ".join((describe_device(device), counted(workers, "process", "processes"))),
        "gpu_memory": sample.gpu_memory,
    }


@dataclass(frozen=True)
class _Sample:
    """What predicting and saving a base took; counts are those of measured peaks, if any.

    Saving stands apart where the one is done by a GPU and the other is not; else it is 0.
    """

    seconds_per_base: float
    saving_per_base: float
    bytes_per_base: float
    count_bytes_per_base: float
    gpu_memory: MemoryNeed | None


def _sample(works_in: Callable[[Path], list[BlockWork]]) -> _Sample:
    """Predict and save short stretches of some files, after a first one that does not count.

    Parameters
    ----------
    works_in
        All works of a job that saves blocks and counts in a folder.
    """
    _measure(works_in, slice(1), _WARM_UP_LENGTH)
    return _measure(works_in, None, _SAMPLE_LENGTH)


def _works(job: Job, folder: Path) -> list[BlockWork]:
    """All of a job, in a folder for nothing else."""
    saved, counts = folder / "blocks", folder / "counts"
    for part in saved, counts:
        part.mkdir()
    if job.truth:
        job.truth.save(counts)
    return block_works(job, saved, counts)


def _measure(
    works_in: Callable[[Path], list[BlockWork]], chosen: slice | None, length: int
) -> _Sample:
    """Predict and save at most `length` bases of each of some files; None for a few of all."""
    with tempfile.TemporaryDirectory(prefix="regtrack-plan.") as scratch:
        folder = Path(scratch)
        works = works_in(folder)
        step = -(-len(works) // _SAMPLES)
        chosen = chosen or slice(step // 2, None, step)
        works = [_shortened(work, length) for work in works[chosen]]
        # In this process: what a process takes to start is not of a base.
        if works[0].recipe.device == "cpu":
            began = time.monotonic()
            for work in works:
                predict_blocks(work)
            predicting, saving, memory = time.monotonic() - began, 0.0, None
        else:
            first, *_ = devices_of(works[0].recipe.device)
            recipe = replace(works[0].recipe, device=str(first))
            predicting, saving, memory = time_on_gpu(
                [replace(work, recipe=recipe) for work in works]
            )
        sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    counts = sum(size for path, size in sizes.items() if path.suffix == ".cnt")
    saved = sum(size for path, size in sizes.items() if path.parent.name == "blocks")
    sampled = sum(work.bases for work in works)
    return _Sample(
        *(predicting / sampled, saving / sampled, saved / sampled, counts / sampled), memory
    )


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
