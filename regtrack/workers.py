"""Work spread over processes, which outlive neither their parent nor its Ctrl-C or SIGTERM."""

from __future__ import annotations

import functools
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.pool import ExceptionWithTraceback  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import numpy as np  # noqa: F401 - its threads are limited only when it is there
from threadpoolctl import threadpool_limits

from regtrack.errors import RegtrackError
from regtrack.notes import note

T = TypeVar("T")
R = TypeVar("R")

_HELD = (signal.SIGINT, signal.SIGTERM)

# Seconds in which a partner that was told to end must have ended its own processes.
_PATIENCE = 30.0

# What a worker process does, and all tasks.
_given: list[Any] = []


def available_cores() -> int:
    """Number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_processes(
    work: Callable[[T], R], tasks: Sequence[T], processes: int
) -> Iterator[tuple[T, R]]:
    """Do `work` on every task; yields each task and its result when it is finished, in any order.

    One process is this one, so that a small job need not wait for another, and one in which no
    other can be started is done, too. Every other process is a fresh interpreter (torch does not
    survive a fork), so `work` must be importable, and tasks and results must pickle; it gets all
    tasks when it starts, so that what they share is sent to it once. The first error is raised,
    when the tasks that were begun are finished; the others are dropped. Ctrl-C ends all at once,
    and so does SIGTERM where that raises `KeyboardInterrupt`.

    Raises
    ------
    RegtrackError
        When a process was killed, or memory ran out.
    """
    pool = _pool(work, tasks, min(processes, len(tasks))) if processes > 1 and tasks else None
    if pool is None:
        yield from ((task, _done_here(work, task)) for task in tasks)
        return
    with _ending(pool):
        with _interrupts_held():
            futures = {pool.submit(_do, number): task for number, task in enumerate(tasks)}
        for future in as_completed(futures):
            yield futures[future], future.result()


def in_processes_as_made(
    work: Callable[[T], R], tasks: Iterator[T], processes: int, waiting: int
) -> Iterator[tuple[T, R]]:
    """The same of tasks that are made while others are done; yields them in their order.

    Parameters
    ----------
    waiting
        Tasks at most that are made and not yielded yet: what they hold is still needed.
    """
    pool = _pool(work, [], processes) if processes > 1 else None
    if pool is None:
        yield from ((task, _done_here(work, task)) for task in tasks)
        return
    pending: deque[tuple[T, Future[R]]] = deque()
    with _ending(pool):
        for task in tasks:
            with _interrupts_held():
                pending.append((task, pool.submit(_do_made, task)))
            while len(pending) >= waiting or (pending and pending[0][1].done()):
                yield _finished(pending)
        while pending:
            yield _finished(pending)


def _finished(pending: deque[tuple[T, Future[R]]]) -> tuple[T, R]:
    """Wait for the task that was handed on first."""
    task, future = pending.popleft()
    return task, future.result()


class Partner(NamedTuple):
    """A process that is talked to while it works, and this end of the connection to it."""

    process: SpawnProcess
    connection: Connection


@contextmanager
def partners(work: Callable[[Connection, T], None], tasks: Sequence[T]) -> Iterator[list[Partner]]:
    """Start a process for each task, which does `work` on its end of a connection and the task.

    They are as those of `in_processes`, and may start some of their own. What `work` raises is the
    last thing that is received, or a `RegtrackError` of its type and text where it does not pickle;
    then, as when a process was killed, there is the end of the connection. When the body ends, all
    have ended; they are stopped where it fails.
    """
    started: list[Partner] = []
    try:
        with _interrupts_held():
            for task in tasks:
                here, there = multiprocessing.Pipe()
                process = _Worker(target=_answer, args=(there, pickle.dumps((work, task))))
                process.start()
                there.close()  # else its end would never be seen
                started.append(Partner(process, here))
        yield started
    except BaseException:
        for partner in started:
            if partner.process.pid is not None and partner.process.is_alive():
                os.kill(partner.process.pid, signal.SIGTERM)
        raise
    finally:
        for partner in started:
            partner.connection.close()
            partner.process.join(_PATIENCE)
            partner.process.kill()
            partner.process.join()


@contextmanager
def _ending(pool: ProcessPoolExecutor) -> Iterator[None]:
    """Let go of a pool when the body is done with it, or fails, or is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        # Whatever they were writing lies aside, and blocks take long to finish.
        for child in multiprocessing.active_children():
            child.kill()
        raise
    except BrokenProcessPool as error:
        raise RegtrackError(
            "a worker process was killed: mostly memory ran out (fewer --workers need less) or "
            "the disk is full"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker(SpawnProcess):
    """A worker that is killed, not asked to stop, and does not re-run the user's main module.

    It has SIGTERM blocked. A pool of which a process was killed sends that to the others, and would
    wait for them for ever.
    """

    def start(self) -> None:
        """Start it, and let it take this process's main module for an empty one.

        Else it would import the program that called regtrack, which may have no
        `if __name__ == "__main__"`; nothing that a worker does is in there.
        """
        program = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            super().start()
        finally:
            sys.modules["__main__"] = program

    def terminate(self) -> None:
        """End it at once; what it was writing lies aside."""
        self.kill()


class _Context(SpawnContext):
    """Starts such processes."""

    Process = _Worker


def _pool(work: Callable[[T], R], tasks: Sequence[T], processes: int) -> ProcessPoolExecutor | None:
    """Processes to give work to; None, and a note, where the machine does not let them be."""
    try:
        return ProcessPoolExecutor(
            max_workers=processes,
            mp_context=_Context(),
            initializer=_begin,
            # As bytes, for whoever starts a process waits until it has read them.
            initargs=(pickle.dumps((work, tasks)),),
        )
    except (OSError, ImportError) as error:  # no semaphores: /dev/shm is missing, or read-only
        why = error.strerror if isinstance(error, OSError) else str(error)
        note(
            f"cannot start worker processes, which need semaphores ({why}; is /dev/shm "
            "mounted and writable?); running in one process"
        )
        return None


def _do(number: int) -> Any:
    """Do one of the tasks that this process was given."""
    work, tasks = _given
    return _done(work, tasks[number])


def _do_made(task: Any) -> Any:
    """Do a task that was made after this process was started."""
    work, _ = _given
    return _done(work, task)


def _done_here(work: Callable[[T], R], task: T) -> R:
    """Do one task in this process, as another would: the bytes must be the same."""
    with threadpool_limits(1, "blas"):
        return _done(work, task)


def _done(work: Callable[[T], R], task: T) -> R:
    """Do one task; what runs out of memory says so in one line."""
    try:
        return work(task)
    except MemoryError as error:
        raise _no_memory(error) from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):  # torch has no class for it
            raise
        raise _no_memory(error) from error


def _no_memory(error: Exception) -> RegtrackError:
    said = str(error).partition("\n")[0]
    reason = f" ({said})" if isinstance(error, MemoryError) and said else ""
    return RegtrackError(f"memory ran out{reason}; fewer --workers need less")


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back while processes are started; they themselves never get it.

    They inherit this thread's mask; a whole group of processes may be sent the signal, and it is
    the parent's to end them. The handlers are for the parent's other threads, which
    take the signal all the same: a process half started would complain on stderr.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    resource_tracker.ensure_running()  # would let Ctrl-C through again when it is started
    caught: list[int] = []
    before = {number: signal.getsignal(number) for number in _HELD}
    for number in _HELD:
        signal.signal(number, lambda number, _: caught.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)
    for caught_signal in caught:
        signal.raise_signal(caught_signal)  # to whom it would have gone


def _begin(given: bytes) -> None:
    """Take work and tasks, compute in one thread, and do not live on when the parent is killed.

    There are as many processes as cores: threads of numpy's matrix products would only wait for
    each other, which made scoring take twice as long.
    """
    threadpool_limits(1, "blas")
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_with, args=(parent,), daemon=True).start()
    _given[:] = pickle.loads(given)


def _answer(connection: Connection, given: bytes) -> None:
    """Do the work of a partner, and send what it raises; SIGTERM ends its processes, too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        _begin(given)
        work, task = _given
        _done(functools.partial(work, connection), task)
    except KeyboardInterrupt:  # nobody listens any more
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other end raises it
        connection.send(ExceptionWithTraceback(_sendable(error), error.__traceback__))


def _sendable(error: Exception) -> Exception:
    """An error, or its type and text in one line where it would not arrive as what it is."""
    try:
        arrived = str(pickle.loads(pickle.dumps(error)))
    except Exception:  # noqa: BLE001 - how it fails is up to the error's class
        arrived = None
    text = str(error)
    if arrived == text:
        return error
    return RegtrackError(" ".join([f"{type(error).__name__}:", *text.split()]))


def _exit_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
