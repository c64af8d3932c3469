"""Work spread over processes, which outlive neither their parent nor its Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TypeVar

import numpy as np  # noqa: F401 - its threads are limited only when it is there
from threadpoolctl import threadpool_limits

from regtrack.errors import RegtrackError

T = TypeVar("T")
R = TypeVar("R")


def available_cores() -> int:
    """Number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_processes(
    work: Callable[[T], R], tasks: Sequence[T], processes: int
) -> Iterator[tuple[T, R]]:
    """Do `work` on every task; yields each task and its result when it is finished, in any order.

    Every process is a fresh interpreter (torch does not survive a fork), so `work` must
    be importable, and tasks and results must pickle. The first error is raised, when the
    tasks that were begun are finished; the others are dropped. Ctrl-C ends all at once.

    Raises
    ------
    RegtrackError
        When a process was killed.
    """
    pool = ProcessPoolExecutor(
        max_workers=max(1, min(processes, len(tasks))),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
    )
    try:
        with _interrupts_held():
            futures = {pool.submit(work, task): task for task in tasks}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except KeyboardInterrupt:
        # Whatever they were writing lies aside, and blocks take long to finish.
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    except BrokenProcessPool as error:
        raise RegtrackError(
            "a worker process was killed: mostly memory ran out (fewer --workers need less) or "
            "the disk is full"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def in_processes_or_here(
    work: Callable[[T], R], tasks: Sequence[T], processes: int
) -> Iterator[tuple[T, R]]:
    """`in_processes`, but one process is this one: a small job need not wait for another."""
    if processes > 1:
        return in_processes(work, tasks, processes)
    return ((task, work(task)) for task in tasks)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while processes are started; they themselves never get it.

    They inherit this thread's mask. The handler is for the parent's other threads, which
    take the signal all the same: a process half started would complain on stderr.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    resource_tracker.ensure_running()  # would let Ctrl-C through again when it is started
    caught: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if caught:
        raise KeyboardInterrupt


def _begin() -> None:
    """Compute in one thread, and do not live on when the parent is killed.

    There are as many processes as cores: threads of numpy's matrix products would only wait for
    each other, which made scoring take twice as long.
    """
    threadpool_limits(1, "blas")
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_with, args=(parent,), daemon=True).start()


def _exit_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
