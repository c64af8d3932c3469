"""Exact scores of a network on a split of a dataset."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from regtrack.datasets.dataset import Dataset
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.short import ShortDataset
from regtrack.genome.intervals import IntervalSet
from regtrack.models.device import exact_arithmetic
from regtrack.models.inference import for_inference
from regtrack.models.network import Network
from regtrack.models.validated import Validated
from regtrack.prediction.forward import Sink, feed
from regtrack.report.numbers import only_defined
from regtrack.scoring.histogram import ScoreHistogram
from regtrack.scoring.metrics import CategoryMeans, category_means
from regtrack.tracks.peaks.callers import THRESHOLDS
from regtrack.training.counts import BaseCounts, CountsByBlock, PeakCounts, validated_scores
from regtrack.training.device_counts import Counts, DeviceCounter, counts_there
from regtrack.training.processes import Processes
from regtrack.workers import available_cores

# Peaks of a marker without any validation peak are called from here.
FALLBACK_THRESHOLD = 0.5

_INPUTS_AT_ONCE = 256

# More would wait for the GPU.
_MOST_THREADS = 8


@dataclass(frozen=True)
class Validation:
    """Scores on a split after some steps.

    Attributes
    ----------
    average_precision
        Mean over categories of the categories' means: what "best" goes by, so that
        690 transcription factors do not drown 104 histone marks.
    thresholds
        Per marker the probability from which peaks, or inputs of the short task, have the best
        F1.
    validated
        Per marker, of the dense task; as `Checkpoint` has it.
    """

    step: int
    means: tuple[CategoryMeans, ...]
    average_precision: float
    thresholds: tuple[float, ...]
    validated: tuple[Validated | None, ...] = ()

    @classmethod
    def of(cls, dataset: Dataset, counts: SplitCounts, step: int) -> Validation:
        """The scores and thresholds of what was counted."""
        histogram = counts.histogram
        scores = histogram.scores()
        means = category_means(dataset.markers, scores)
        thresholds = histogram.best_f1_thresholds(FALLBACK_THRESHOLD)
        records: tuple[Validated | None, ...] = ()
        if counts.dense is not None:
            thresholds = [
                FALLBACK_THRESHOLD if number is None else float(THRESHOLDS[number])
                for number in counts.dense.peaks.best_thresholds()
            ]
            records = validated_scores(scores, counts.dense.bases, counts.dense.peaks)
        return cls(
            step=step,
            means=tuple(means),
            average_precision=sum(mean.average_precision for mean in means) / max(len(means), 1),
            thresholds=tuple(thresholds),
            validated=records,
        )

    def to_json(self) -> dict[str, Any]:
        """As the state of a training has it; what is not a number is left out."""
        return {**asdict(self), "means": [only_defined(asdict(mean)) for mean in self.means]}


@dataclass(frozen=True)
class DenseCounts:
    """What is counted of the dense task only: blocks of the bootstrap, and called peaks."""

    bases: BaseCounts
    peaks: PeakCounts


@dataclass(frozen=True)
class SplitCounts:
    """What was counted on a split.

    Parameters
    ----------
    histogram
        Of the unrounded probabilities.
    dense
        Of the dense task; None of the short one.
    """

    histogram: ScoreHistogram
    dense: DenseCounts | None = None


def score(network: Network, dataset: Dataset, split: str, processes: Processes) -> ScoreHistogram:
    """Count the unrounded probabilities of a network on a split, in constant memory.

    N, and chromosomes on which a marker is unknown, do not count.

    Parameters
    ----------
    network
        In evaluation mode; one output per marker of the dataset.
    processes
        Each scores a part; all get the sum.
    """
    histogram = ScoreHistogram(len(dataset.markers))
    if isinstance(dataset, DenseDataset):

        def sinks_of(chrom: str, _: IntervalSet) -> list[Sink]:
            return [_LabelledBases(dataset, chrom, lambda _, *counted: histogram.add(*counted))]

        counts = _WholeCounts(histogram)
        _count_dense(network, dataset, split, processes, sinks_of, counts, None)
    else:
        assert isinstance(dataset, ShortDataset)  # there are two tasks
        _score_inputs(network, dataset, split, processes, histogram)
    processes.add_up(histogram.counts)
    return histogram


def count_split(
    network: Network, dataset: Dataset, split: str, processes: Processes
) -> SplitCounts:
    """As `score`; in the dense task also peaks that are called at many thresholds."""
    if not isinstance(dataset, DenseDataset):
        return SplitCounts(score(network, dataset, split, processes))
    bases = BaseCounts(dataset, split)

    def sinks_of(chrom: str, share: IntervalSet) -> list[Sink]:
        count = functools.partial(bases.add, chrom)
        return [_LabelledBases(dataset, chrom, count), _ChromPeaks(peaks, chrom, share)]

    with PeakCounts(dataset, _threads(processes)) as peaks:
        _count_dense(network, dataset, split, processes, sinks_of, bases, peaks)
    bases.finish(processes)
    peaks.finish(processes)
    return SplitCounts(bases.histogram, DenseCounts(bases, peaks))


def count_blocks(
    network: Network, dataset: DenseDataset, split: str, counts: CountsByBlock
) -> None:
    """Count the unrounded probabilities of a network on a split, block by block, in one process.

    Parameters
    ----------
    network
        In evaluation mode; one output per marker of the dataset.
    counts
        Gets the counts of every block, by rising number.
    """

    def sinks_of(chrom: str, _: IntervalSet) -> list[Sink]:
        return [_LabelledBases(dataset, chrom, functools.partial(counts.add, chrom))]

    alone = Processes(0, 1, network.device)
    _count_dense(network, dataset, split, alone, sinks_of, counts, None)
    counts.settle()


def _threads(processes: Processes) -> int:
    """How many call peaks, behind a GPU; a CPU predicts with all its cores."""
    if not counts_there(processes.device):
        return 1
    return max(1, min(available_cores() // processes.count, _MOST_THREADS))


def _count_dense(
    network: Network,
    dataset: DenseDataset,
    split: str,
    processes: Processes,
    sinks_of: Callable[[str, IntervalSet], Sequence[Sink]],
    counts: Counts,
    peaks: PeakCounts | None,
) -> None:
    """Predict this process's share of a split and have it counted.

    On a CPU by the sinks of each chromosome; on a GPU there, for `counts` and `peaks`.
    """
    fast = for_inference(network)
    shares = {chrom: processes.share_of(targets) for chrom, targets in dataset.known(split).items()}
    if counts_there(processes.device):
        with DeviceCounter(fast, dataset, counts, peaks) as counter:
            for chrom, share in shares.items():
                counter.count(chrom, share)
        return
    for chrom, share in shares.items():
        sinks = sinks_of(chrom, share)
        feed(fast, dataset.genome, chrom, share, sinks)
        for sink in sinks:
            sink.finish()


class _WholeCounts:
    """Takes what a device counted, for a histogram of all bases."""

    def __init__(self, histogram: ScoreHistogram) -> None:
        self._histogram = histogram

    def spans(self, chrom: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:  # noqa: ARG002
        """All is one."""
        yield 0, start, end

    def add_counts(self, number: int, counts: npt.NDArray[np.uint32]) -> None:  # noqa: ARG002
        """Add them."""
        self._histogram.counts += counts


class _LabelledBases:
    """A sink: has the probabilities of a chromosome's bases counted beside their labels.

    Parameters
    ----------
    count
        Is given the first base's position, probabilities and labels (markers, bases), and which
        markers are known (markers, 1).
    """

    def __init__(self, dataset: DenseDataset, chrom: str, count: Callable[..., None]) -> None:
        self._labels, self._chrom, self._count = dataset.labels, chrom, count
        self._known_markers = dataset.labels.known_markers(chrom)[:, None]

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Count those of the next bases."""
        labels = self._labels.spread(self._chrom, start, start + probabilities.shape[1])
        self._count(start, probabilities, labels, self._known_markers)

    def finish(self) -> None:
        """All is counted."""


class _ChromPeaks:
    """A sink: calls the peaks of a chromosome, and has them counted."""

    def __init__(self, peaks: PeakCounts, chrom: str, targets: IntervalSet) -> None:
        self._peaks, self._chrom, self._targets = peaks, chrom, targets

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Take the next bases."""
        self._peaks.add(start, probabilities)

    def finish(self) -> None:
        """Count the peaks of the chromosome."""
        self._peaks.end(self._chrom, self._targets)


def _score_inputs(
    network: Network,
    dataset: ShortDataset,
    split: str,
    processes: Processes,
    histogram: ScoreHistogram,
) -> None:
    numbers = processes.share(np.arange(dataset.size(split)))
    for start in range(0, len(numbers), _INPUTS_AT_ONCE):
        indices = numbers[start : start + _INPUTS_AT_ONCE]
        codes = torch.from_numpy(dataset.codes(split, indices)).to(processes.device)
        with exact_arithmetic():
            logits = network.position_logits(codes)[:, 0]
        probabilities = logits.sigmoid().cpu().numpy()
        known_markers = dataset.known_markers(split, indices)
        histogram.add(probabilities.T, dataset.labels(split, indices).T, known_markers.T)
