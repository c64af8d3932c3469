"""Batches that are made ahead: in the order of the steps, bounded; errors reach who asks."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
import torch
from builders import TinyDatasets
from waiting import wait_until

from regtrack.datasets.folder import open_dataset
from regtrack.training.batches import Prefetch
from regtrack.training.examples import make_examples
from regtrack.training.settings import TrainingSettings


class Maker:
    """Gives a step's number as its batch; fails at some."""

    def __init__(self, bad: int | None = None) -> None:
        self.bad = bad
        self.made: list[int] = []
        self.threads: set[threading.Thread] = set()

    def __call__(self, step: int) -> Any:
        """What stands for the batch of a step."""
        self.threads.add(threading.current_thread())
        if step == self.bad:
            raise ValueError(f"step {step} is bad")
        self.made.append(step)
        return step


@pytest.mark.parametrize("ahead", [1, 3])
def test_batches_come_in_order_and_each_is_made_once(ahead: int) -> None:
    maker = Maker()
    with Prefetch(maker, ahead) as prefetch:
        assert [prefetch.batch(step) for step in range(5, 9)] == [5, 6, 7, 8]
        wait_until(lambda: len(maker.made) == 4 + ahead)
    assert sorted(maker.made) == list(range(5, 9 + ahead))  # and no more
    assert 1 <= len(maker.threads) <= ahead
    assert threading.main_thread() not in maker.threads
    assert not any(thread.is_alive() for thread in maker.threads)


def test_several_are_made_at_one_time_and_a_slow_one_is_waited_for() -> None:
    together = threading.Barrier(3)  # broken, unless three threads come

    def make(step: int) -> Any:
        if step > 0:
            together.wait(30)
        time.sleep(0.05 * (step == 1))
        return step

    with Prefetch(make, 3) as prefetch:
        assert [prefetch.batch(step) for step in range(4)] == [0, 1, 2, 3]
        for step in 4, 5, 6:  # or the threads would wait for others
            assert prefetch.batch(step) == step
        together.abort()


def test_another_step_may_be_asked_for() -> None:
    for ahead in 1, 4:
        with Prefetch(Maker(), ahead) as prefetch:
            assert [prefetch.batch(step) for step in (0, 1, 7, 8, 2)] == [0, 1, 7, 8, 2]


def test_it_makes_more_ahead_for_a_gpu_than_for_a_cpu() -> None:
    cpu, cuda = (Prefetch.to(torch.device(name), Maker()) for name in ("cpu", "cuda"))
    assert (cpu.ahead, cuda.ahead) == (1, 4)


@pytest.mark.parametrize("ahead", [1, 4])
def test_an_error_reaches_who_asks_for_the_batch_and_nobody_before(ahead: int) -> None:
    with Prefetch(Maker(bad=2), ahead) as prefetch:
        assert prefetch.batch(0) == 0
        assert prefetch.batch(1) == 1  # though the next one is already known to be bad
        with pytest.raises(ValueError, match="step 2 is bad"):
            prefetch.batch(2)


@pytest.mark.parametrize("task", ["dense", "short"])
def test_threads_that_read_one_genome_make_the_batches_of_one(
    datasets: TinyDatasets, task: str
) -> None:
    dataset = open_dataset(getattr(datasets, task))
    settings = TrainingSettings(batch_size=3, shift=20).fitted(task, dataset.window)
    examples = make_examples(dataset, settings, 10, 0)

    def make(step: int) -> Any:
        return examples.batch(np.arange(3 * step, 3 * step + 3))

    with Prefetch(make, 4) as prefetch:
        for step in range(60):
            found, expected = prefetch.batch(step), make(step)
            for name in ("codes", "peaks", "known", "known_markers"):
                np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
