"""Training examples: batches of windows, each a function of the seed and its number.

No state is kept from batch to batch. So a training that resumes after a kill sees the same
batches, and several processes share the work without communication.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from regtrack.datasets.dataset import Dataset
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.short import ShortDataset
from regtrack.datasets.windows import Windows
from regtrack.errors import ArgumentError
from regtrack.genome.fasta import Codes, reverse_complement
from regtrack.genome.intervals import Positions
from regtrack.genome.short_input import BIN
from regtrack.training.settings import FittedSettings

_MOST_SHIFT = BIN // 2
# A multiple of the strides of the paper's networks, and how much longer windows may be for it.
_PAPER, _LONGER = 20, 1.1

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Batch:
    """Sequence and labels of some windows.

    Parameters
    ----------
    codes
        uint8 (windows, length).
    labels
        uint8 (windows, positions, markers); a position is a base in the dense task, the
        whole input in the short one.
    known
        (windows, positions), False where the base is N.
    known_markers
        (windows, markers), False where a marker was not measured on this chromosome.
    """

    codes: Codes
    labels: npt.NDArray[np.uint8]
    known: Flags
    known_markers: Flags


class Examples(Protocol):
    """The training windows of a dataset, drawn in an order."""

    def __len__(self) -> int:
        """Number of windows: an epoch has as many."""
        ...

    def batch(self, numbers: Positions) -> Batch:
        """The examples of these numbers, counted from the beginning of the training."""
        ...


def make_examples(dataset: Dataset, settings: FittedSettings, stride: int, seed: int) -> Examples:
    """The training windows of a dataset in the order that `seed` draws.

    Parameters
    ----------
    settings
        Fitted to the dataset.
    stride
        Windows start at multiples of it.

    Raises
    ------
    ArgumentError
        When there are fewer windows than a batch has.
    """
    examples: Examples
    if isinstance(dataset, DenseDataset):
        examples = DenseExamples(dataset, settings, stride, seed)
    else:
        assert isinstance(dataset, ShortDataset)  # there are two tasks
        examples = ShortExamples(dataset, settings, seed)
    if len(examples) < settings.batch_size:
        raise ArgumentError(
            "batch_size",
            f"{settings.batch_size} is more than the {len(examples)} windows of the training split",
        )
    return examples


def misfit(dataset: Dataset, stride: int) -> str:
    """The message where windows are no multiple of a network's stride, and what to do.

    The next longer windows are proposed. If they are not much longer, the proposal also suits
    the paper's networks, whose strides are 10 and 20.
    """
    both, only = (_next(dataset.window, step) for step in (math.lcm(stride, _PAPER), stride))
    window = both if both <= _LONGER * dataset.window else only
    return (
        f"needs windows of a multiple of {stride} bases; those of {dataset.path} have "
        f"{dataset.window:,}; run regtrack prepare --window {window} --force"
    )


def _next(length: int, step: int) -> int:
    return -(-length // step) * step


class _Order:
    """Which window comes when: each once per epoch, in another order every time."""

    def __init__(self, windows: int, seed: int) -> None:
        self.windows = windows
        self._seed = seed
        self._epoch = functools.lru_cache(maxsize=2)(self._permutation)

    def _permutation(self, epoch: int) -> npt.NDArray[np.int64]:
        return np.random.default_rng((self._seed, 0, epoch)).permutation(self.windows)

    def window(self, number: int) -> int:
        """Index of the window that is drawn as example `number`."""
        epoch, place = divmod(number, self.windows)
        return int(self._epoch(epoch)[place])

    def random(self, number: int) -> np.random.Generator:
        """Random numbers of this example alone."""
        return np.random.default_rng((self._seed, 1, number))


class DenseExamples:
    """Windows of the dense task, moved and turned at random; see `make_examples`."""

    def __init__(
        self, dataset: DenseDataset, settings: FittedSettings, stride: int, seed: int
    ) -> None:
        if dataset.window % stride:
            raise ArgumentError("model", f"this network {misfit(dataset, stride)}")
        self._dataset = dataset
        self._both_strands = settings.reverse_complement
        self._windows = dataset.windows("train")
        self._order = _Order(len(self._windows), seed)
        self._stride = stride
        left, right = _room(self._windows)
        most = settings.shift // stride
        self._least = -np.minimum(left // stride, most)
        self._most = np.minimum(right // stride, most)

    def __len__(self) -> int:
        return self._order.windows

    def batch(self, numbers: Positions) -> Batch:
        """See `Examples.batch`."""
        codes, labels, known_markers = zip(
            *(self._draw(number) for number in numbers.tolist()), strict=True
        )
        stacked = np.stack(codes)
        return Batch(stacked, np.stack(labels), stacked > 0, np.stack(known_markers))

    def _draw(self, number: int) -> tuple[Codes, npt.NDArray[np.uint8], Flags]:
        """Codes (length,), labels (length, markers) and known markers of one window."""
        index, random = self._order.window(number), self._order.random(number)
        window = self._windows[index]
        steps = random.integers(self._least[index], self._most[index], endpoint=True)
        start = window.start + int(steps) * self._stride
        end = start + self._dataset.window
        codes = self._dataset.genome.codes(window.chrom, start, end)
        labels = self._dataset.labels.spread(window.chrom, start, end).T
        known_markers = self._dataset.labels.known_markers(window.chrom)
        if self._both_strands and random.random() < 0.5:
            return reverse_complement(codes), labels[::-1], known_markers
        return codes, labels, known_markers


class ShortExamples:
    """Inputs of the short task, moved and turned at random; see `make_examples`."""

    def __init__(self, dataset: ShortDataset, settings: FittedSettings, seed: int) -> None:
        if settings.shift and dataset.genome is None:
            raise ArgumentError("shift", f"{dataset.path} holds sequence without its surroundings")
        if settings.shift > _MOST_SHIFT:
            # Further off, the label would be another bin's, and the input another split's.
            raise ArgumentError("shift", f"expected at most {_MOST_SHIFT} in the short task")
        self._dataset = dataset
        self._shift = settings.shift
        self._both_strands = settings.reverse_complement
        self._order = _Order(dataset.size("train"), seed)

    def __len__(self) -> int:
        return self._order.windows

    def batch(self, numbers: Positions) -> Batch:
        """See `Examples.batch`."""
        indices = np.array([self._order.window(number) for number in numbers.tolist()])
        randoms = [self._order.random(number) for number in numbers.tolist()]
        shifts = None
        if self._shift:
            shifts = np.array(
                [random.integers(-self._shift, self._shift, endpoint=True) for random in randoms]
            )
        codes = self._dataset.codes("train", indices, shifts)
        if self._both_strands:
            turned = np.array([random.random() < 0.5 for random in randoms])
            codes[turned] = reverse_complement(codes[turned])
        labels = self._dataset.labels("train", indices)
        return Batch(
            codes,
            labels[:, None, :],
            np.ones((len(indices), 1), dtype=np.bool_),
            self._dataset.known_markers("train", indices),
        )


def _room(windows: Windows) -> tuple[Positions, Positions]:
    """Bases to the left and right of each window that lie in windows of the same set.

    Beyond them may lie validation or test windows, which training must not see.
    """
    begins = np.ones(len(windows), dtype=np.bool_)
    begins[1:] = (np.diff(windows.chrom) != 0) | (np.diff(windows.start) != windows.length)
    run = np.cumsum(begins) - 1
    firsts = windows.start[begins]
    lasts = windows.start[np.append(begins[1:], True)]
    return windows.start - firsts[run], lasts[run] - windows.start


class Prefetch:
    """Makes the batch of the next step in a thread of its own; a context manager.

    Parameters
    ----------
    make
        Batch of a step.
    """

    def __init__(self, make: Callable[[int], Batch]) -> None:
        self._make = make
        self._pending: tuple[int, Future[Batch]] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Prefetch:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def batch(self, step: int) -> Batch:
        """The batch of a step; starts to make that of the next one."""
        if self._pending is None or self._pending[0] != step:
            self.wait()
            self._begin(step)
        assert self._pending is not None
        batch = self._pending[1].result()
        self._begin(step + 1)
        return batch

    def wait(self) -> None:
        """Wait until nothing is being read."""
        if self._pending is not None:
            self._pending[1].result()

    def _begin(self, step: int) -> None:
        self._pending = (step, self._thread.submit(self._make, step))
