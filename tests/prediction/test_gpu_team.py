"""One job on several GPUs, which stand-ins take the place of: each takes what it can do."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import team_tasks
from team_tasks import some_works
from waiting import is_free, wait_until

from regtrack.errors import InputError, RegtrackError
from regtrack.notes import heard
from regtrack.prediction.blockwork import BlockWork
from regtrack.prediction.gpu_team import predict_shared

TESTS = Path(__file__).parents[1]
GPUS = ["cuda:0", "cuda:1"]

# Two GPUs whose processes, and those that they start, hold their locks until they die.
HOLD_FOUR = """
import sys
from pathlib import Path
import team_tasks
from regtrack.prediction.gpu_team import predict_shared
works = team_tasks.some_works(Path(sys.argv[1]), 9)
for _ in predict_shared(works, ["cuda:0", "cuda:1"], 4, team_tasks.hold_on):
    pass
"""


def owners(works: list[BlockWork]) -> list[str]:
    """Which device had each work that is saved."""
    return [work.files[0].read_text() for work in works if work.files[0].exists()]


def test_every_work_is_done_once_and_a_slow_device_takes_fewer(tmp_path: Path) -> None:
    works = some_works(tmp_path, 100)
    done = list(predict_shared(works, ["slow", "fast"], 2, team_tasks.note_works))
    assert sorted(work.tasks[0].block.index for work in done) == list(range(100))
    assert len(owners(works)) == 100
    assert owners(works).count("slow") < 40
    assert owners(works).count("fast") > 60


@pytest.mark.parametrize(("processes", "shares"), [(1, "11"), (5, "32")])
def test_processes_are_shared_and_notes_name_the_gpu(
    tmp_path: Path, processes: int, shares: str
) -> None:
    told: list[str] = []
    with heard(told.append):
        list(predict_shared(some_works(tmp_path, 2), GPUS, processes, team_tasks.note_works))
    assert sorted(told) == [
        f"{gpu}: {share} processes" for gpu, share in zip(GPUS, shares, strict=True)
    ]


def test_of_a_killed_process_the_gpu_is_named_and_the_other_one_finishes_what_it_had(
    tmp_path: Path,
) -> None:
    works = some_works(tmp_path, 100)
    message = "the process that predicts on cuda:1 was killed: mostly memory ran out"
    with pytest.raises(RegtrackError, match=message):
        list(predict_shared(works, GPUS, 2, team_tasks.be_killed))
    assert set(owners(works)) == {"cuda:0"}
    assert 0 < len(owners(works)) < 100
    assert multiprocessing.active_children() == []


def test_an_error_comes_back_whole_and_the_other_gpu_begins_nothing_new(tmp_path: Path) -> None:
    works = some_works(tmp_path, 2_000)
    with pytest.raises(InputError) as caught:
        list(predict_shared(works, ["slow", "cuda:1"], 2, team_tasks.fail))
    assert str(caught.value) == "genome.fa:3: is damaged"
    assert "team_tasks.py" in str(caught.value.__cause__)
    assert 0 < len(owners(works)) < 2_000


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("two arguments", "_OfTwoArgumentsError: kernel: no such type"),
        ("reworked", "_ReworkedError: kernel: no such type"),
        ("a function", "_HoldingAFunctionError: no such type"),
    ],
)
def test_an_error_that_does_not_pickle_comes_back_as_its_type_and_text_in_one_line(
    tmp_path: Path, device: str, message: str
) -> None:
    with pytest.raises(RegtrackError) as caught:
        list(predict_shared(some_works(tmp_path, 3), [device], 1, team_tasks.fail_as_named))
    assert str(caught.value) == message
    assert "team_tasks.py" in str(caught.value.__cause__)


def test_a_process_that_ends_by_itself_was_not_killed(tmp_path: Path) -> None:
    with pytest.raises(RegtrackError) as caught:
        list(predict_shared(some_works(tmp_path, 3), ["cuda:1"], 1, team_tasks.end_early))
    assert str(caught.value) == (
        "the process that predicts on cuda:1 ended with status 3; "
        "the same command goes on from there"
    )


def test_a_gpu_that_lacks_something_is_left_out_and_named(tmp_path: Path) -> None:
    works = some_works(tmp_path, 30)
    told: list[str] = []
    with heard(told.append):
        done = list(predict_shared(works, GPUS, 2, team_tasks.lack_something))
    assert len(done) == 30
    assert set(owners(works)) == {"cuda:0"}
    assert sorted(told) == ["cannot predict on cuda:1: it is busy", "cuda:0: 1 processes"]


def test_where_all_gpus_lack_something_that_is_the_error(tmp_path: Path) -> None:
    message = r"^cannot predict on cuda:[12]: it is busy; or use --device cpu$"
    with pytest.raises(RegtrackError, match=message):
        list(
            predict_shared(
                some_works(tmp_path, 3), ["cuda:1", "cuda:2"], 2, team_tasks.lack_something
            )
        )


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nobody_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: signal.Signals
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    locks = [tmp_path / f"cuda:{gpu}.{number}.lock" for gpu in range(2) for number in range(2)]
    program = [sys.executable, "-c", HOLD_FOUR, str(tmp_path)]
    parent = subprocess.Popen(program, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: all(lock.with_suffix(".held").exists() for lock in locks), parent)
    finally:
        parent.send_signal(end)
        told = parent.communicate()[1]
    wait_until(lambda: all(is_free(lock) for lock in locks))
    if end == signal.SIGINT:
        assert "KeyboardInterrupt" in told
        assert "leaked" not in told
