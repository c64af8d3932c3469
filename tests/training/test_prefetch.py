"""The batch that is made ahead: the right one, and its errors reach who asks for it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from regtrack.training.examples import Prefetch


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


def test_batches_come_in_order_and_each_is_made_once() -> None:
    maker = Maker()
    with Prefetch(maker) as prefetch:
        assert [prefetch.batch(step) for step in range(5, 9)] == [5, 6, 7, 8]
        prefetch.wait()
        assert maker.made == [5, 6, 7, 8, 9]  # one ahead
    assert len(maker.threads) == 1
    assert threading.main_thread() not in maker.threads
    assert not any(thread.is_alive() for thread in maker.threads)


def test_another_step_may_be_asked_for() -> None:
    with Prefetch(Maker()) as prefetch:
        assert [prefetch.batch(step) for step in (0, 1, 7, 8, 2)] == [0, 1, 7, 8, 2]


def test_after_waiting_nothing_is_being_made() -> None:
    released, busy = threading.Event(), threading.Event()

    def make(step: int) -> Any:
        if step == 1:
            busy.set()
            assert released.wait(30)
            busy.clear()
        return step

    with Prefetch(make) as prefetch:
        prefetch.wait()  # before anything was asked for
        prefetch.batch(0)
        assert busy.wait(30)
        threading.Timer(0.05, released.set).start()
        prefetch.wait()
        assert not busy.is_set()
        assert prefetch.batch(1) == 1


def test_an_error_reaches_who_asks_for_the_batch() -> None:
    with Prefetch(Maker(bad=2)) as prefetch:
        assert prefetch.batch(0) == 0
        assert prefetch.batch(1) == 1  # though the next one is already known to be bad
        with pytest.raises(ValueError, match="step 2 is bad"):
            prefetch.batch(2)
