"""Worker processes: all the work is done, errors come back whole, nobody is left behind."""

from __future__ import annotations

import errno
import multiprocessing
import multiprocessing.synchronize
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import worker_tasks
from waiting import is_free, wait_until

from regtrack.errors import InputError, RegtrackError
from regtrack.notes import heard
from regtrack.workers import in_processes, in_processes_as_made

TESTS = Path(__file__).parent

# A parent with two workers that hold their locks until they die.
HOLD_TWO = """
import sys
from pathlib import Path
from regtrack.workers import in_processes, in_processes_as_made
from worker_tasks import hold
if __name__ == "__main__":
    for _ in in_processes(hold, [Path(name) for name in sys.argv[1:]], 2):
        pass
"""


@pytest.mark.parametrize("processes", [0, 1, 3])
def test_every_task_is_done_and_given_back(tmp_path: Path, processes: int) -> None:
    tasks = [tmp_path / str(number) for number in range(5)]
    assert sorted(in_processes(worker_tasks.touch, tasks, processes)) == [
        (task, task.name) for task in tasks
    ]
    assert sorted(tmp_path.iterdir()) == tasks


def test_one_process_is_this_one_and_several_are_others() -> None:
    assert dict(in_processes(worker_tasks.who, [1, 2], 1)) == {1: os.getpid(), 2: os.getpid()}
    assert os.getpid() not in dict(in_processes(worker_tasks.who, [1], 2)).values()


@pytest.mark.parametrize("processes", [1, 2])
def test_tasks_that_are_made_on_the_way_come_back_in_order_and_few_at_a_time(
    tmp_path: Path, processes: int
) -> None:
    made: list[Path] = []

    def make() -> Iterator[Path]:
        for number in range(9):
            made.append(tmp_path / str(number))
            yield made[-1]

    done: list[Path] = []
    for task, name in in_processes_as_made(worker_tasks.touch, make(), processes, 3):
        assert name == task.name
        assert len(made) - len(done) <= 3
        done.append(task)
    assert done == made
    assert sorted(tmp_path.iterdir()) == sorted(made)


def test_an_error_of_a_task_that_was_made_on_the_way_is_raised() -> None:
    with pytest.raises(InputError, match="7 is not a number that I like"):
        list(in_processes_as_made(worker_tasks.refuse, iter([7, 8]), 2, 2))


@pytest.mark.parametrize(
    "problem",
    [OSError(errno.EROFS, "Read-only file system"), ImportError("lacks sem_open")],
    ids=["read-only /dev/shm", "none at all"],
)
def test_where_no_process_can_be_started_the_work_is_done_here_and_that_is_said(
    problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr(multiprocessing.context.SpawnContext, "Lock", refused)
    monkeypatch.setattr(multiprocessing.synchronize, "SemLock", refused)
    told: list[str] = []
    with heard(told.append):
        found = dict(in_processes(worker_tasks.who, [1, 2], 2))
    assert found == {1: os.getpid(), 2: os.getpid()}
    assert len(told) == 1
    assert told[0].startswith("cannot start worker processes, which need semaphores (")


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("kind", ["python", "numpy"])
def test_too_little_memory_is_one_line(kind: str, processes: int) -> None:
    with pytest.raises(RegtrackError, match=r"\Amemory ran out.*; fewer --workers") as caught:
        list(in_processes(worker_tasks.take_too_much, [kind], processes))
    assert "\n" not in str(caught.value)


def test_too_little_memory_for_torch_is_one_line() -> None:
    with pytest.raises(RegtrackError, match=r"\Amemory ran out; fewer --workers"):
        list(in_processes(worker_tasks.take_too_much, ["torch"], 1))


def test_what_tasks_share_is_sent_once() -> None:
    shared = worker_tasks.Shared()
    tasks = [(shared, number) for number in range(20)]
    found = in_processes(worker_tasks.number_of, tasks, 2)
    assert sorted(number for _, number in found) == list(range(20))
    assert worker_tasks.Shared.packed == 1


def test_no_task_is_no_work() -> None:
    assert list(in_processes(worker_tasks.touch, [], 2)) == []


def test_bad_input_comes_back_with_its_whole_message() -> None:
    with pytest.raises(InputError) as caught:
        list(in_processes(worker_tasks.refuse, [3], 2))
    assert str(caught.value) == "peaks.bed:3: 3 is not a number that I like"


def test_a_bug_keeps_its_type_and_the_workers_traceback() -> None:
    with pytest.raises(ZeroDivisionError, match="a bug") as caught:
        list(in_processes(worker_tasks.fail_with_a_bug, [1], 2))
    assert "worker_tasks.py" in str(caught.value.__cause__)


def test_tasks_after_the_first_error_are_dropped(tmp_path: Path) -> None:
    tasks = [tmp_path / "bad", *(tmp_path / str(number) for number in range(2_000))]
    with pytest.raises(InputError, match="refused"):
        list(in_processes(worker_tasks.refuse_or_touch, tasks, 2))
    assert len(list(tmp_path.iterdir())) < 2_000


def test_a_killed_worker_is_an_error_and_not_a_wait_for_ever() -> None:
    with pytest.raises(RegtrackError, match=r"a worker process was killed.*fewer --workers"):
        list(in_processes(worker_tasks.die, [1, 2], 2))


def test_of_a_killed_worker_the_others_are_not_waited_for(tmp_path: Path) -> None:
    tasks = [(number, tmp_path / "at work") for number in range(3)]
    with pytest.raises(RegtrackError, match="a worker process was killed"):
        list(in_processes(worker_tasks.die_beside_others, tasks, 3))
    assert multiprocessing.active_children() == []


def test_a_worker_leaves_ctrl_c_and_sigterm_to_its_parent(tmp_path: Path) -> None:
    tasks = [tmp_path / "done"]
    assert list(in_processes(worker_tasks.send_interrupt, tasks, 2)) == [(tasks[0], None)]
    assert tasks[0].exists()


def test_workers_die_with_a_killed_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    locks = [tmp_path / "1.lock", tmp_path / "2.lock"]
    parent = subprocess.Popen([sys.executable, "-c", HOLD_TWO, *map(str, locks)])
    try:
        wait_until(lambda: all(one.with_suffix(".held").exists() for one in locks), parent)
        assert not any(is_free(one) for one in locks)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: all(is_free(one) for one in locks))
