"""Training examples: batches of windows, each a function of the seed and its number.

No state is kept from batch to batch. So a training that resumes after a kill sees the same
batches, and several processes share the work without communication.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.datasets.dataset import Dataset
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.short import ShortDataset
from regtrack.datasets.windows import Windows
from regtrack.errors import ArgumentError
from regtrack.genome.fasta import Codes, reverse_complement
from regtrack.genome.intervals import Positions
from regtrack.genome.short_input import BIN
from regtrack.training.repeats import put_repeat
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
    peaks
        int64 (n, 3): marker, and first position and behind the last of a stretch whose labels are
        1; all other labels are 0. A position is a base in the dense task, the whole input in the
        short one, and they are counted through all windows.
    known
        (windows, positions), False where the base is N.
    known_markers
        (windows, markers), False where a marker was not measured on this chromosome.
    """

    codes: Codes
    peaks: Positions
    known: Flags
    known_markers: Flags

    @property
    def labels(self) -> npt.NDArray[np.uint8]:
        """uint8 (windows, positions, markers) of 0 and 1, painted at every call."""
        labels = np.zeros((self.known.size, self.known_markers.shape[1]), dtype=np.uint8)
        _paint(self.peaks, labels)
        return labels.reshape(*self.known.shape, -1)


class Examples(Protocol):
    """The training windows of a dataset, drawn in an order."""

    def __len__(self) -> int:
        """Number of windows: an epoch has as many."""
        ...

    def batch(self, numbers: Positions) -> Batch:
        """The examples of these numbers, counted from the beginning of the training."""
        ...

    def codes(self, numbers: Positions) -> Codes:
        """Their sequence alone, as `Batch` has it but without repeats; no labels are read."""
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

    def random(self, number: int, *, for_repeats: bool = False) -> np.random.Generator:
        """Random numbers of this example alone."""
        return np.random.default_rng((self._seed, 2 if for_repeats else 1, number))


class DenseExamples:
    """Windows of the dense task, moved and turned at random; see `make_examples`."""

    def __init__(
        self, dataset: DenseDataset, settings: FittedSettings, stride: int, seed: int
    ) -> None:
        if dataset.window % stride:
            raise ArgumentError("model", f"this network {misfit(dataset, stride)}")
        self._dataset = dataset
        self._both_strands = settings.reverse_complement
        self._repeats = settings.repeats
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
        drawn = self._drawn(numbers)
        codes, labels = self._codes(drawn), self._dataset.labels
        peaks = [self._peaks(one) for one in drawn]
        for row, number in enumerate(numbers.tolist()):
            random = self._order.random(number, for_repeats=True)
            if random.random() < self._repeats:
                codes[row], peaks[row] = put_repeat(codes[row], peaks[row], random)
            peaks[row][:, 1:] += row * self._dataset.window
        known_markers = [labels.known_markers(one.chrom) for one in drawn]
        return Batch(codes, np.concatenate(peaks), codes > 0, np.stack(known_markers))

    def codes(self, numbers: Positions) -> Codes:
        """See `Examples.codes`."""
        return self._codes(self._drawn(numbers))

    def _drawn(self, numbers: Positions) -> list[_Drawn]:
        """Where some windows lie, once they were moved, and on which strand they are read."""
        drawn = []
        for number in numbers.tolist():
            index, random = self._order.window(number), self._order.random(number)
            window = self._windows[index]
            steps = random.integers(self._least[index], self._most[index], endpoint=True)
            start = window.start + int(steps) * self._stride
            turned = self._both_strands and random.random() < 0.5
            drawn.append(_Drawn(window.chrom, start, start + self._dataset.window, turned))
        return drawn

    def _codes(self, drawn: list[_Drawn]) -> Codes:
        codes = np.empty((len(drawn), self._dataset.window), dtype=np.uint8)
        for row, (chrom, start, end, turned) in enumerate(drawn):
            read = self._dataset.genome.codes(chrom, start, end)
            codes[row] = reverse_complement(read) if turned else read
        return codes

    def _peaks(self, drawn: _Drawn) -> Positions:
        """Those of one window, as `Batch` has them, but counted from its first base."""
        chrom, start, end, turned = drawn
        marker, starts, ends = self._dataset.labels.rows_within(chrom, start, end)
        if turned:
            starts, ends = start + end - ends, start + end - starts
        return np.column_stack((marker, starts - start, ends - start))


class _Drawn(NamedTuple):
    """A window as it is read: 0-based, half-open, `turned` on the other strand."""

    chrom: str
    start: int
    end: int
    turned: bool


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
        indices = self._indices(numbers)
        labels = self._dataset.labels("train", indices)
        rows, markers = np.nonzero(labels)
        return Batch(
            self.codes(numbers),
            np.column_stack((markers, rows, rows + 1)),
            np.ones((len(indices), 1), dtype=np.bool_),
            self._dataset.known_markers("train", indices),
        )

    def codes(self, numbers: Positions) -> Codes:
        """See `Examples.codes`."""
        randoms = [self._order.random(number) for number in numbers.tolist()]
        shifts = None
        if self._shift:
            shifts = np.array(
                [random.integers(-self._shift, self._shift, endpoint=True) for random in randoms]
            )
        codes = self._dataset.codes("train", self._indices(numbers), shifts)
        if self._both_strands:
            turned = np.array([random.random() < 0.5 for random in randoms])
            codes[turned] = reverse_complement(codes[turned])
        return codes

    def _indices(self, numbers: Positions) -> Positions:
        """Which inputs are drawn."""
        return np.array([self._order.window(number) for number in numbers.tolist()])


@compiled
def _paint(peaks: Positions, labels: npt.NDArray[np.uint8]) -> None:
    """Set (positions, markers) to 1 in all peaks, as `Batch` has them."""
    for row in range(len(peaks)):
        for position in range(peaks[row, 1], peaks[row, 2]):
            labels[position, peaks[row, 0]] = 1


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
