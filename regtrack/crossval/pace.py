"""How long a step of each network takes beside one another's, on a machine that others use, too."""

from __future__ import annotations

import json
import math
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import torch

from regtrack.atomic import write_text
from regtrack.crossval.entries import Entry
from regtrack.crossval.plan import Measuring
from regtrack.datasets.dense import DenseDataset
from regtrack.observer import Observer, Unwatched, staged
from regtrack.training.events import MeasuringStarted
from regtrack.training.processes import Processes
from regtrack.training.settings import TrainingSettings
from regtrack.training.trainer import Trainer

# Turns of each network. What others do on the machine meanwhile meets all networks of a turn.
TURNS = 7
# Steps of a turn before the clock is looked at, and those that are timed. A GPU is waited for
# after every 16.
_BEFORE = {"cpu": 1, "cuda": 16}
_TIMED = {"cpu": 3, "cuda": 64}
_ENDLESS = 1 << 40


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Let torch compute in so many threads while the body runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def measure_pace(
    dataset: DenseDataset,
    entries: Sequence[Entry],
    settings: TrainingSettings,
    processes: Processes,
    observer: Observer,
    record: Path,
) -> list[float]:
    """Seconds per training step of each network, which are fair to one another.

    They take turns. A network's seconds are those of the first one in its quietest turn, times the
    median, over the turns, of how much longer it took than the first one did just before. So a
    machine that is busy for a while makes no network look slower than the others.

    Parameters
    ----------
    dataset
        Of any fold.
    record
        File that says meanwhile how far it is; who calls removes it.
    """
    turns: list[list[float]] = []
    many = TURNS * len(entries)
    kind = processes.device.type
    observer.told(MeasuringStarted(len(entries), TURNS * (_of(_BEFORE, kind) + _of(_TIMED, kind))))
    with staged(observer, "measuring seconds per step", "turn", many) as advance:
        for _ in range(TURNS):
            turn: list[float] = []
            for entry in entries:
                done = len(turns) * len(entries) + len(turn)
                write_text(record, json.dumps(asdict(Measuring(done, many))))
                turn.append(_seconds_per_step(dataset, entry, settings, processes))
                advance(1)
            turns.append(turn)
    quietest = min(turn[0] for turn in turns)
    return [
        quietest * statistics.median(turn[place] / turn[0] for turn in turns)
        for place in range(len(entries))
    ]


def _of(steps: Mapping[str, int], kind: str) -> int:
    """Those of a kind of device."""
    return steps.get(kind, steps["cuda"])


def _seconds_per_step(
    dataset: DenseDataset, entry: Entry, settings: TrainingSettings, processes: Processes
) -> float:
    """Of some steps from the beginning; nothing is left behind."""
    recipe = replace(
        entry.recipe(settings),
        steps=_ENDLESS,
        epochs=math.inf,
        minutes=math.inf,
        validate_every=_ENDLESS,
        save_minutes=math.inf,
    ).fitted(dataset.task, dataset.window)
    before, timed = (_of(steps, processes.device.type) for steps in (_BEFORE, _TIMED))
    times: list[float] = []

    def stop() -> bool:
        times.append(time.monotonic())
        return len(times) > before + timed

    with tempfile.TemporaryDirectory() as work:
        Trainer(
            dataset,
            entry.architecture,
            entry.network,
            recipe,
            processes,
            Path(work),
            Unwatched(),
        ).run(stop)
    return (times[before + timed] - times[before]) / timed
