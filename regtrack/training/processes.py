"""The processes of one training: one, or several that torchrun or Slurm's srun started."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor

from regtrack.errors import ArgumentError, RegtrackError
from regtrack.genome.intervals import IntervalSet, Positions
from regtrack.models.device import choose_device


@dataclass(frozen=True)
class Processes:
    """One process of a training, and the number of all; a single one exchanges nothing.

    Parameters
    ----------
    rank, count
        Number of this process, from 0, and of all.
    device
        The device of this process.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and reports to the user."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait for all processes."""
        if self.count > 1:
            dist.barrier()

    def share(self, numbers: Positions) -> Positions:
        """The part of this process of some numbered work."""
        return numbers[self.rank :: self.count]

    def share_of(self, targets: IntervalSet) -> IntervalSet:
        """The stretch of this process of some bases; all processes get equally many."""
        bases = targets.bases
        first, last = (bases * part // self.count for part in (self.rank, self.rank + 1))
        if first == last:
            return IntervalSet.of([], [])
        start, end = targets.nth_base([first, last - 1]).tolist()
        return targets.clip(start, end + 1)

    def total(self, value: Tensor) -> Tensor:
        """Sum of a number over all processes, as float64; no process waits to read it."""
        if self.count == 1:
            return value
        total = value.double().clone()
        dist.all_reduce(total)
        return total

    def agreed(self, value: float) -> float:
        """The value of the first process, for all: their clocks and signals may differ."""
        if self.count == 1:
            return value
        part = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.broadcast(part, 0)
        return part.item()

    def add_up(self, counts: npt.NDArray[np.uint32]) -> None:
        """Replace an array by its sum over all processes, row by row."""
        if self.count == 1:
            return
        for row in counts.view(np.int32):
            part = torch.from_numpy(row).to(self.device)
            dist.all_reduce(part)
            row[...] = part.cpu().numpy()


@dataclass(frozen=True)
class Launch:
    """How this process was started, and how many others were with it.

    Parameters
    ----------
    rank, count
        Number of this process, from 0, and of all.
    local_rank
        The same on its machine.
    meeting
        Address at which they meet; None where torchrun's variables say it.
    by_srun
        Whether Slurm alone says it.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    meeting: str | None = None
    by_srun: bool = False


def launch_of(environment: Mapping[str, str]) -> Launch:
    """As torchrun, or Slurm's srun, says it in the environment; one process without either."""
    local_rank = int(environment.get("LOCAL_RANK", environment.get("SLURM_LOCALID", "0")))
    # Some clusters set WORLD_SIZE without torchrun.
    if all(name in environment for name in ("MASTER_ADDR", "RANK", "WORLD_SIZE")):
        return Launch(int(environment["RANK"]), int(environment["WORLD_SIZE"]), local_rank)
    # Set in the steps of srun; SLURM_NTASKS is also there in a script that was not started so.
    count = int(environment.get("SLURM_STEP_NUM_TASKS", "1"))
    if count == 1:
        return Launch()
    hosts = environment.get("SLURM_STEP_NODELIST") or environment["SLURM_JOB_NODELIST"]
    host = environment.get("MASTER_ADDR") or _first_host(hosts)
    # Jobs on one machine, and steps of one job, have ports of their own.
    job, step = (int(environment.get(name, "0")) for name in ("SLURM_JOB_ID", "SLURM_STEP_ID"))
    port = environment.get("MASTER_PORT") or _FIRST_PORT + (job + 97 * step) % _PORTS
    return Launch(
        int(environment["SLURM_PROCID"]), count, local_rank, f"tcp://{host}:{port}", by_srun=True
    )


# Of Slurm's jobs; under those that a system gives to whoever asks for any.
_FIRST_PORT, _PORTS = 15_000, 15_000


def _first_host(hosts: str) -> str:
    """`gpu03` of `gpu[03-05,07],node1`, as Slurm writes names of machines."""
    first = re.match(r"(?:[^,\[]|\[[^\]]*\])*", hosts)
    assert first is not None  # what is empty matches, too
    return re.sub(r"\[(\d+)[^\]]*\]", r"\1", first[0])


def torchrun_processes() -> int:
    """Number of processes that torchrun started; 1 without it."""
    launch = launch_of(os.environ)
    return 1 if launch.by_srun else launch.count


def first_on_machine() -> bool:
    """Whether this process checks the files for all on its machine; true where it is alone."""
    return launch_of(os.environ).local_rank == 0


@contextmanager
def joined(device: torch.device, out: Path) -> Iterator[Processes]:
    """Join the other processes, if torchrun or srun started this one with others.

    With GPUs, each process takes the GPU of its local number, or the one that srun lets it see.

    Parameters
    ----------
    out
        What they write together.

    Raises
    ------
    ArgumentError
        When there are fewer GPUs than processes, or the processes do not write the same.
    RegtrackError
        When they cannot reach each other, or this PyTorch has no NCCL.
    """
    launch = launch_of(os.environ)
    if launch.count == 1:
        yield Processes(0, 1, device)
        return
    backend = "gloo"
    if device.type == "cuda":
        backend = "nccl"
        if not dist.is_nccl_available():
            raise RegtrackError(
                "several processes share GPUs by NCCL, which this PyTorch does not have: install "
                "one of its CUDA builds for Linux, or train with --device cpu"
            )
        # Where srun started each, it may let each see a GPU of its own alone; torchrun never does.
        of_srun = os.environ.get("SLURM_LOCALID") == str(launch.local_rank)
        alone = of_srun and torch.cuda.device_count() == 1
        device = choose_device(f"cuda:{0 if alone else launch.local_rank}")
        torch.cuda.set_device(device)
    try:
        dist.init_process_group(
            backend,
            init_method=launch.meeting,
            rank=launch.rank if launch.meeting else -1,
            world_size=launch.count if launch.meeting else -1,
            device_id=device if backend == "nccl" else None,
        )
    except dist.DistError as error:
        raise RegtrackError(
            f"the {launch.count} processes of the training do not find each other: "
            f"{str(error).splitlines()[0]}"
        ) from error
    try:
        dist.barrier()  # or a process that fails early would leave while others still connect
        processes = Processes(launch.rank, launch.count, device)
        _check_same(out, processes)
        yield processes
    finally:
        dist.destroy_process_group()


def _check_same(out: Path, processes: Processes) -> None:
    """Refuse that processes that train together write to several places."""
    number = int.from_bytes(hashlib.sha256(os.fsencode(out)).digest()[:4], "little")
    part = torch.tensor(number, dtype=torch.float64, device=processes.device)
    if processes.total(part).item() != number * processes.count:
        raise ArgumentError(
            "out",
            f"differs between {processes.count} processes that train one network together; to "
            "train several, start each alone (srun --ntasks=1)",
        )
