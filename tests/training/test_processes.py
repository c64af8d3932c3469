"""Shares of work: together they are the whole, however many there are."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training_helpers import ALONE

from regtrack.errors import ArgumentError, RegtrackError
from regtrack.genome.intervals import IntervalSet
from regtrack.training.processes import Launch, Processes, joined, launch_of

OUT = Path("model.safetensors")
TORCHRUN = {"MASTER_ADDR": "127.0.0.1", "RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0"}
SRUN = {
    "SLURM_JOB_ID": "1234",
    "SLURM_JOB_NODELIST": "gpu[02-05]",
    "SLURM_LOCALID": "3",
    "SLURM_NTASKS": "8",
    "SLURM_PROCID": "5",
    "SLURM_STEP_ID": "2",
    "SLURM_STEP_NODELIST": "gpu[03-04]",
    "SLURM_STEP_NUM_TASKS": "8",
}
# A script of srun's that sets what torchrun would: RANK=$SLURM_PROCID WORLD_SIZE=$SLURM_NTASKS.
BY_HAND = {**SRUN, "MASTER_ADDR": "gpu03", "RANK": "5", "WORLD_SIZE": "8"}


def started_with(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Whoever runs the tests may have been started by one of them, too."""
    for name in (*TORCHRUN, *SRUN, "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def gpus_are(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def all_of(count: int) -> list[Processes]:
    return [Processes(rank, count, torch.device("cpu")) for rank in range(count)]


@st.composite
def interval_sets(draw: st.DrawFn) -> IntervalSet:
    starts, ends, reached = [], [], 0
    for gap, length in draw(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 30)), max_size=6)):
        starts.append(reached + gap)
        ends.append(reached + gap + length)
        reached = ends[-1]
    return IntervalSet.of(starts, ends)


@given(interval_sets(), st.integers(1, 9))
def test_each_base_is_the_share_of_one_process(targets: IntervalSet, count: int) -> None:
    shares = [
        [base for start, end in one.share_of(targets) for base in range(start, end)]
        for one in all_of(count)
    ]
    assert [*itertools.chain(*shares)] == [
        base for start, end in targets for base in range(start, end)
    ]
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(st.integers(0, 50), st.integers(1, 9))
def test_each_number_is_the_share_of_one_process(size: int, count: int) -> None:
    shares = [one.share(np.arange(size)).tolist() for one in all_of(count)]
    assert sorted(itertools.chain(*shares)) == list(range(size))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_one_process_has_the_whole_and_asks_nobody() -> None:
    assert ALONE.is_first
    assert ALONE.share_of(IntervalSet.of([3], [9])) == IntervalSet.of([3], [9])
    assert (ALONE.total(torch.tensor(2.5)).item(), ALONE.agreed(2.5)) == (2.5, 2.5)
    counts = np.arange(4, dtype=np.uint32).reshape(2, 2)
    ALONE.add_up(counts)
    assert counts.tolist() == [[0, 1], [2, 3]]
    ALONE.wait()


@pytest.mark.parametrize(
    "variables",
    # Some clusters set the size without having started anybody else.
    [{}, {"WORLD_SIZE": "1", "RANK": "0"}, {"WORLD_SIZE": "2"}],
)
def test_one_process_joins_nobody(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    started_with(monkeypatch, variables)
    with joined(torch.device("cpu"), OUT) as processes:
        assert processes == ALONE
        assert not torch.distributed.is_initialized()


@pytest.mark.parametrize("around", [{}, {**SRUN, "SLURM_LOCALID": "0"}])
def test_more_processes_than_gpus_are_refused(
    monkeypatch: pytest.MonkeyPatch, around: dict[str, str]
) -> None:
    started_with(monkeypatch, {**around, **TORCHRUN, "LOCAL_RANK": "1"})
    gpus_are(monkeypatch, 1)
    monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: True)
    with (
        pytest.raises(ArgumentError, match="device: no cuda:1 here"),
        joined(torch.device("cuda"), OUT),
    ):
        pass


@pytest.mark.parametrize("variables", [TORCHRUN, SRUN])
def test_without_nccl_one_line_says_what_several_gpus_need(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    started_with(monkeypatch, variables)
    gpus_are(monkeypatch, 2)
    monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: False)
    with (
        pytest.raises(RegtrackError, match=r"^several processes share GPUs by NCCL, which .*cpu$"),
        joined(torch.device("cuda"), OUT),
    ):
        pass


@pytest.mark.parametrize(
    ("variables", "visible", "own"),
    [
        ({**TORCHRUN, "LOCAL_RANK": "1"}, 2, 1),
        (SRUN, 4, 3),  # every process sees all GPUs
        (SRUN, 1, 0),  # each sees its own alone
        (BY_HAND, 4, 3),
        (BY_HAND, 1, 0),
        ({**BY_HAND, "LOCAL_RANK": "3"}, 1, 0),
    ],
)
def test_each_process_takes_the_gpu_of_its_local_number(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], visible: int, own: int
) -> None:
    started_with(monkeypatch, variables)
    gpus_are(monkeypatch, visible)
    monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: True)
    asked: dict[str, Any] = {}

    def unreachable(backend: str, **options: Any) -> None:
        asked.update(options, backend=backend)
        raise torch.distributed.DistError("timed out\nmore")

    chosen: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.distributed, "init_process_group", unreachable)
    with (
        pytest.raises(RegtrackError, match=r"^the \d processes of .* each other: timed out$"),
        joined(torch.device("cuda"), OUT),
    ):
        pass
    assert asked["backend"] == "nccl"
    assert [asked["device_id"]] == chosen == [torch.device("cuda", own)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Launch(5, 8, 3, "tcp://gpu03:16428", by_srun=True)),
        ({"SLURM_JOB_ID": "15000"}, Launch(5, 8, 3, "tcp://gpu03:15194", by_srun=True)),
        ({"MASTER_PORT": "77"}, Launch(5, 8, 3, "tcp://gpu03:77", by_srun=True)),
        ({"MASTER_ADDR": "login"}, Launch(5, 8, 3, "tcp://login:16428", by_srun=True)),
        (  # a script that sets what torchrun would
            {"MASTER_ADDR": "login", "RANK": "1", "WORLD_SIZE": "2"},
            Launch(1, 2, 3),
        ),
        ({"SLURM_STEP_NUM_TASKS": "1"}, Launch()),
    ],
)
def test_srun_says_who_the_processes_are_and_where_they_meet(
    changes: dict[str, str], expected: Launch
) -> None:
    assert launch_of({**SRUN, **changes}) == expected


def test_a_script_of_a_job_that_srun_did_not_start_is_one_process() -> None:
    of_script = {name: value for name, value in SRUN.items() if "STEP" not in name}
    assert "SLURM_NTASKS" in of_script
    assert launch_of(of_script) == Launch()


@pytest.mark.parametrize(
    ("hosts", "first"),
    [
        ("gpu03", "gpu03"),
        ("gpu03,node1", "gpu03"),
        ("gpu[03-05,07],node1", "gpu03"),
        ("a-b[1-2]-ib", "a-b1-ib"),
        ("rack[2,4]n[10-11]", "rack2n10"),
        ("node1.cluster.org", "node1.cluster.org"),
    ],
)
def test_they_meet_at_the_first_machine_of_the_list(hosts: str, first: str) -> None:
    launch = launch_of({**SRUN, "SLURM_STEP_NODELIST": hosts})
    assert launch.meeting == f"tcp://{first}:16428"
    without_step = {**SRUN, "SLURM_JOB_NODELIST": hosts}
    del without_step["SLURM_STEP_NODELIST"]
    assert launch_of(without_step) == launch
