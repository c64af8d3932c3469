"""What processes of a team do in tests, in place of predicting on a GPU."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from waiting import wait_until
from worker_tasks import hold

from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet
from regtrack.prediction.blockwork import BlockRecipe, BlockWork
from regtrack.prediction.gpu_team import Finished, Share, Told, Unfit, Wanted
from regtrack.prediction.job import BlockTask
from regtrack.prediction.settings import PredictionSettings
from regtrack.tracks.blocks import Block
from regtrack.workers import in_processes

SLOW = 0.5  # seconds a work
MOST = 1_000  # bases asked for at once: ten works


def some_works(folder: Path, count: int) -> list[BlockWork]:
    """So many blocks, of 100 bases each, that nobody can predict."""
    recipe = BlockRecipe(
        model=folder / "model",
        genome=folder / "genome",
        rows=(0,),
        marker_rules=(),
        stride=1,
        settings=PredictionSettings(),
        device="cuda:0,1",
        blocks=folder,
    )
    works = []
    for index in range(count):
        block = Block("chr1", index)
        task = BlockTask(block, IntervalSet.of([block.start], [block.start + 100]))
        works.append(BlockWork(recipe, (task,), (0,), keep_first=False))
    return works


def note_works(connection: Connection, share: Share) -> None:
    """Write down who had each work; the slow device takes its time. Tells of a beginning."""
    connection.send(Told(f"{share.processes} processes"))
    while numbers := _next(connection):
        for number in numbers:
            time.sleep(SLOW if share.device == "slow" else 0)
            _write_down(share, number)
            connection.send(Finished(number))


def be_killed(connection: Connection, share: Share) -> None:
    """`cuda:1` is killed when the other one is at work, which finishes that."""
    numbers = _next(connection)
    at_work = share.works[0].files[0].parent / "at work"
    if share.device == "cuda:1":
        wait_until(at_work.exists)
        os.kill(os.getpid(), signal.SIGKILL)
    at_work.touch()
    time.sleep(2)
    for number in numbers:
        _write_down(share, number)
        connection.send(Finished(number))
    assert _next(connection) == []


def lack_something(connection: Connection, share: Share) -> None:
    """`cuda:0` is fit, and others are not."""
    if share.device == "cuda:0":
        note_works(connection, share)
    else:
        connection.send(Unfit("it is busy"))


def fail(connection: Connection, share: Share) -> None:
    """As where a file cannot be read, when the other one is at work."""
    if share.device == "cuda:1":
        _next(connection)
        folder = share.works[0].files[0].parent
        wait_until(lambda: any(folder.glob("*.blk")))
        raise InputError("genome.fa", "is damaged", line=3)
    note_works(connection, share)


class _OfTwoArgumentsError(Exception):
    """As Triton's: it pickles, and is not made again from its one text."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(f"{source}:\n  {problem}")


class _ReworkedError(Exception):
    """It pickles, and says something else when it is made again."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"kernel: {problem}")


class _HoldingAFunctionError(Exception):
    """It does not pickle."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.remedy = lambda: problem


FAILURES = {
    "two arguments": _OfTwoArgumentsError("kernel", "no such type"),
    "reworked": _ReworkedError("no such type"),
    "a function": _HoldingAFunctionError("no such type"),
}


def fail_as_named(connection: Connection, share: Share) -> None:
    """With one of the `FAILURES`, by the name of the device."""
    _next(connection)
    raise FAILURES[share.device]


def end_early(connection: Connection, share: Share) -> None:  # noqa: ARG001
    """As a library that calls C's exit."""
    _next(connection)
    os._exit(3)


def hold_on(connection: Connection, share: Share) -> None:
    """Hold locks for ever in two processes of one's own, as those that pack do."""
    folder = share.works[0].files[0].parent
    connection.send(Wanted(MOST))
    locks = [folder / f"{share.device}.{number}.lock" for number in range(2)]
    for _ in in_processes(hold, locks, 2):
        pass


def _next(connection: Connection) -> list[int]:
    connection.send(Wanted(MOST))
    numbers: list[int] = connection.recv()
    return numbers


def _write_down(share: Share, number: int) -> None:
    share.works[number].files[0].write_text(share.device)
