"""Shares of work: together they are the whole, however many there are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training_helpers import ALONE

from regtrack.errors import ArgumentError
from regtrack.genome.intervals import IntervalSet
from regtrack.training.processes import Processes, joined


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
    for name in ("WORLD_SIZE", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with joined(torch.device("cpu")) as processes:
        assert processes == ALONE
        assert not torch.distributed.is_initialized()


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MASTER_ADDR": "127.0.0.1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ArgumentError, match="device: no cuda:1 here"), joined(torch.device("cuda")):
        pass
