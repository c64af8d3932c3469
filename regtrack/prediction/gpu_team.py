"""One job on several GPUs: a process for each, which asks for works as fast as it predicts them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import NamedTuple

import torch

from regtrack.errors import RegtrackError
from regtrack.models.device import devices_of
from regtrack.notes import heard, note
from regtrack.prediction.blockwork import BlockRecipe, BlockWork
from regtrack.prediction.gpu_probe import gpu_problem
from regtrack.prediction.gpu_supply import WorkList, span
from regtrack.prediction.gpu_work import predict_on_gpu
from regtrack.tracks.blocks import BLOCK_LENGTH
from regtrack.workers import partners

# So many bases are predicted on one GPU sooner than a process for another one has started.
_WORTH_A_GPU = 32 * BLOCK_LENGTH


class Share(NamedTuple):
    """What the process of one GPU is given.

    Parameters
    ----------
    works
        All of the job's; it is told which of them to predict.
    device
        The GPU.
    processes
        Those that it may start, to pack and save.
    """

    works: Sequence[BlockWork]
    device: str
    processes: int


class Wanted(NamedTuple):
    """What such a process asks for: works that span so many bases at most."""

    bases: int


class Finished(NamedTuple):
    """The work of a number is saved."""

    number: int


class Told(NamedTuple):
    """A note."""

    text: str


class Unfit(NamedTuple):
    """The GPU lacks something, and predicts nothing."""

    problem: str


# What does the work of such a process: it sends `Wanted`, is sent numbers of works, none at the
# end, and sends `Finished` and `Told`; or nothing but `Unfit`.
Predictor = Callable[[Connection, Share], None]


def predict_on_gpus(works: Sequence[BlockWork], processes: int) -> Iterator[BlockWork]:
    """Predict and save blocks on the GPUs of their recipe; yields each as it is finished.

    Parameters
    ----------
    processes
        Those that pack and save, of all GPUs together; one for each GPU at least.

    Raises
    ------
    RegtrackError
        When all GPUs lack something (`gpu_problem`), the memory of one runs out, or a process was
        killed.
    """
    devices = devices_of(works[0].recipe.device)
    enough = -(-span(works) // _WORTH_A_GPU)
    if len(devices) == 1 or enough == 1:
        recipe = replace(works[0].recipe, device=str(devices[0]))
        own = [replace(work, recipe=recipe) for work in works]
        for done, _ in zip(works, predict_on_gpu(recipe, WorkList(own), processes), strict=True):
            yield done
        return
    names = [str(device) for device in devices[:enough]]
    yield from predict_shared(works, names, processes, predict_share)


def predict_shared(
    works: Sequence[BlockWork], devices: Sequence[str], processes: int, predict: Predictor
) -> Iterator[BlockWork]:
    """The same on so many devices of any kind, by what predicts on one of them.

    Parameters
    ----------
    devices
        Their names.

    Raises
    ------
    RegtrackError
        When a process was killed or ended early, or no device is fit. Whatever fails on one device
        is raised when the others have finished what they had begun.
    """
    whole, rest = divmod(processes, len(devices))
    shares = [
        Share(works, device, max(1, whole + (place < rest))) for place, device in enumerate(devices)
    ]
    with partners(predict, shares) as started:
        team = _Team(works)
        for partner, device in zip(started, devices, strict=True):
            team.members[partner.connection] = device, partner.process
        while team.members:
            for connection in wait(list(team.members)):
                assert isinstance(connection, Connection)
                finished = team.hear(connection)
                if finished is not None:
                    yield finished
        if team.failure:
            raise team.failure


class _Team:
    """The processes of some GPUs, and what is left to do.

    Attributes
    ----------
    members
        Of those that are at work, by the connection to it, the device and the process.
    failure
        The first; None while there is none.
    """

    def __init__(self, works: Sequence[BlockWork]) -> None:
        self.members: dict[Connection, tuple[str, SpawnProcess]] = {}
        self.failure: Exception | None = None
        self._works = works
        self._left = deque(range(len(works)))
        self._bases = span(works)

    def hear(self, connection: Connection) -> BlockWork | None:
        """Take what a member says next, and answer; the work that it has finished, if it has."""
        device, process = self.members[connection]
        try:
            message = connection.recv()
            if isinstance(message, Wanted):
                connection.send([] if self.failure else self._next(message.bases))
        except (EOFError, ConnectionError):
            del self.members[connection]
            process.join()
            if process.exitcode:
                self._fail(_ended(device, process.exitcode))
            return None
        if isinstance(message, Finished):
            return self._works[message.number]
        if isinstance(message, Told):
            note(f"{device}: {message.text}")
        elif isinstance(message, Unfit):
            del self.members[connection]
            problem = f"cannot predict on {device}: {message.problem}"
            if self.members:
                note(problem)
            elif self._left:
                self._fail(RegtrackError(f"{problem}; or use --device cpu"))
        elif isinstance(message, Exception):
            self._fail(message)
        return None

    def _next(self, bases: int) -> list[int]:
        """Numbers of the next works, fewer and fewer, so that all devices end at the same time."""
        most = min(bases, self._bases // (2 * len(self.members)))
        taken: list[int] = []
        spanned = 0
        while self._left:
            following = span([self._works[self._left[0]]])
            if taken and spanned + following > most:
                break
            taken.append(self._left.popleft())
            spanned += following
        self._bases -= spanned
        return taken

    def _fail(self, failure: Exception) -> None:
        self.failure = self.failure or failure


def _ended(device: str, status: int) -> RegtrackError:
    """That a process said nothing more; its status is negative where a signal killed it."""
    how = (
        "was killed: mostly memory ran out (fewer --workers need less)"
        if status < 0
        else f"ended with status {status}"
    )
    return RegtrackError(
        f"the process that predicts on {device} {how}; the same command goes on from there"
    )


def predict_share(connection: Connection, share: Share) -> None:
    """Predict on a GPU what the other end of the connection says."""
    device = torch.device(share.device)
    if device.type == "cuda":
        torch.cuda.set_device(device)  # else memory of the first one is taken, too
    problem = gpu_problem(device)
    if problem is not None:
        connection.send(Unfit(problem))
        return
    recipe = replace(share.works[0].recipe, device=share.device)
    supply = _Asking(connection, share.works, recipe)
    with heard(lambda text: connection.send(Told(text))):
        for _ in predict_on_gpu(recipe, supply, share.processes):
            connection.send(Finished(supply.begun.popleft()))


class _Asking:
    """A supply of works that others share.

    Attributes
    ----------
    begun
        Numbers of those that were taken and are not finished, in order.
    """

    def __init__(
        self, connection: Connection, works: Sequence[BlockWork], recipe: BlockRecipe
    ) -> None:
        self.begun: deque[int] = deque()
        self._connection = connection
        self._works = works
        self._recipe = recipe

    def take(self, bases: int) -> list[BlockWork]:
        """As `Supply`."""
        self._connection.send(Wanted(bases))
        numbers: list[int] = self._connection.recv()
        self.begun.extend(numbers)
        return [replace(self._works[number], recipe=self._recipe) for number in numbers]
