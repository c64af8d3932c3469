"""The processes of one training: one, or several that torchrun started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor

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


def torchrun_processes() -> int:
    """Number of processes that torchrun started; 1 without it."""
    if "MASTER_ADDR" not in os.environ:  # some clusters set WORLD_SIZE without torchrun
        return 1
    return int(os.environ.get("WORLD_SIZE", "1"))


def first_on_machine() -> bool:
    """Whether this process checks the files for all on its machine; true without torchrun."""
    return torchrun_processes() == 1 or os.environ.get("LOCAL_RANK", "0") == "0"


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """Join the other processes, if torchrun started this one.

    With GPUs, each process takes the GPU of its local number.

    Raises
    ------
    ArgumentError
        When there are fewer GPUs than processes.
    """
    count = torchrun_processes()
    if count == 1:
        yield Processes(0, 1, device)
        return
    if device.type == "cuda":
        device = choose_device(f"cuda:{os.environ['LOCAL_RANK']}")
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        dist.barrier()  # or a process that fails early would leave while others still connect
        yield Processes(dist.get_rank(), count, device)
    finally:
        dist.destroy_process_group()
