"""What validation counts: bases by probability, and called peaks against measured ones."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from regtrack.datasets.dense import DenseDataset
from regtrack.genome.intervals import IntervalSet
from regtrack.models.validated import Validated
from regtrack.scoring.histogram import COARSE, UNROUNDED, ScoreHistogram, bin_count, coarser
from regtrack.scoring.metrics import RankingScores
from regtrack.scoring.overlap import COUNTED, PeakOverlap, count_overlaps
from regtrack.scoring.resampling import BootstrapBlocks, interval, replicate
from regtrack.tracks.peaks.called import CalledPeaks
from regtrack.tracks.peaks.callers import THRESHOLDS, ProbabilityPeakCaller
from regtrack.tracks.peaks.rules import PeakRules
from regtrack.training.processes import Processes

# Blocks of the bootstrap: the counts of each take 4 MB for 919 markers.
_MOST_BLOCKS = 32

_PEAK_RULES = PeakRules()


class CountsByBlock(ABC):
    """Counts probabilities of the bases of a split, by the blocks of a bootstrap.

    Parameters
    ----------
    markers
        Their number.
    blocks
        Together they hold all bases that are counted.
    """

    def __init__(self, markers: int, blocks: BootstrapBlocks) -> None:
        self._blocks = blocks
        # The block that is being read.
        self._part = ScoreHistogram(markers)
        self._number = 0

    @abstractmethod
    def add_counts(self, number: int, counts: npt.NDArray[np.uint32]) -> None:
        """Take what was counted in a block, or in a part of it, as `ScoreHistogram` has it."""

    def add(
        self,
        chrom: str,
        start: int,
        probabilities: npt.NDArray[np.float32],
        labels: npt.NDArray[np.uint8],
        known: npt.NDArray[np.bool_],
    ) -> None:
        """Count some consecutive bases of the split, as `ScoreHistogram.add` does."""
        end = start + probabilities.shape[1]
        for number, first, last in self.spans(chrom, start, end):
            if number != self._number:
                self.settle()
                self._number = number
            part = slice(first - start, last - start)
            self._part.add(probabilities[:, part], labels[:, part], known)

    def spans(self, chrom: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Block, start and end of the parts of some bases that lie in one."""
        return self._blocks.spans(chrom, start, end)

    def settle(self) -> None:
        """Take the block that was read."""
        self.add_counts(self._number, self._part.counts)
        self._part.counts[:] = 0


class BaseCounts(CountsByBlock):
    """Counts probabilities of the bases of a split, in all and in blocks of the bootstrap.

    Attributes
    ----------
    histogram
        Counts of all bases.
    """

    def __init__(self, dataset: DenseDataset, split: str) -> None:
        markers = len(dataset.markers)
        super().__init__(markers, BootstrapBlocks.of(dataset.known(split), _MOST_BLOCKS))
        self.histogram = ScoreHistogram(markers)
        self._by_block = np.zeros(
            (len(self._blocks), markers, 2, bin_count(COARSE)), dtype=np.uint32
        )

    def add_counts(self, number: int, counts: npt.NDArray[np.uint32]) -> None:
        """Add what was counted in a block, as `ScoreHistogram` has it."""
        firsts = np.searchsorted(coarser(UNROUNDED, COARSE), np.arange(bin_count(COARSE)))
        self._by_block[number] += np.add.reduceat(counts, firsts, axis=2)
        self.histogram.counts += counts

    def finish(self, processes: Processes) -> None:
        """Add up what all processes counted."""
        self.settle()
        processes.add_up(self.histogram.counts)
        processes.add_up(self._by_block.reshape(len(self._by_block), -1))

    def intervals(self, scores: list[RankingScores]) -> list[tuple[float, float]]:
        """95% interval of each marker's average precision; NaN where there is none."""
        intervals = []
        for marker, of_marker in enumerate(scores):
            counts = self._by_block[:, marker].astype(np.int64)
            resampled = replicate(counts) if of_marker.scored else np.zeros(0)
            blocks = int(counts[:, 1].any(axis=1).sum())
            intervals.append(interval(of_marker.average_precision, resampled, blocks))
        return intervals


class PeakCounts:
    """Counts the peaks of a split, called at all `THRESHOLDS`, against measured ones.

    A peak that goes across the end of a stretch of the split, or of a process's share of it, is
    cut there.

    Parameters
    ----------
    threads
        Share the markers between so many, where `add_ranks` calls the peaks. They end with the
        `with` block of these counts.
    """

    def __init__(self, dataset: DenseDataset, threads: int = 1) -> None:
        self._dataset = dataset
        markers = len(dataset.markers)
        edges = np.linspace(0, markers, min(threads, markers) + 1).astype(int).tolist()
        self._shares = [slice(*edge) for edge in itertools.pairwise(edges)]
        self._threads = ThreadPoolExecutor(threads) if threads > 1 else None
        self._counts = np.zeros((len(dataset.markers), len(THRESHOLDS), COUNTED), np.uint32)
        self._begin()

    def __enter__(self) -> PeakCounts:
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads:
            self._threads.shutdown()

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Take some consecutive bases of a chromosome."""
        for caller, share in zip(self._callers, self._shares, strict=True):
            caller.add(start, probabilities[share])

    def add_ranks(self, start: int, end: int, bins: npt.NDArray[np.uint8]) -> None:
        """Take what a device made of them: as `ProbabilityPeakCaller.add_ranks`."""

        def add(caller: ProbabilityPeakCaller, share: slice) -> None:
            caller.add_ranks(start, end, np.ascontiguousarray(bins[:, share]))

        each = self._threads.map if self._threads else map
        for _ in each(add, self._callers, self._shares):
            pass

    def end(self, chrom: str, where: IntervalSet) -> None:
        """Count the peaks of a chromosome, of which these bases were read."""
        labels = self._dataset.labels
        # One caller read all bases, so that its peaks are whole, but may be too short.
        parts = [caller.finish().at_least(_PEAK_RULES.min_length) for caller in self._callers]
        called = CalledPeaks.side_by_side(parts)
        counts = count_overlaps(called, labels.all_peaks(chrom), where)[:, :-1]
        known = labels.known_markers(chrom)
        self._counts[known] += counts[known].astype(np.uint32)
        self._begin()

    def finish(self, processes: Processes) -> None:
        """Add up what all processes counted."""
        processes.add_up(self._counts.reshape(len(self._counts), -1))

    def best_thresholds(self) -> list[int | None]:
        """Per marker the number of the threshold with the best F1 of pairs, or None without one."""
        numbers: list[int | None] = []
        for of_marker in self._counts.tolist():
            f1 = [_f1(PeakOverlap(*counts)) for counts in of_marker]
            numbers.append(f1.index(max(f1)) if any(f1) else None)
        return numbers

    def at(self, marker: int, number: int) -> PeakOverlap:
        """What was counted at one of the `THRESHOLDS`, by its number; without widths."""
        return PeakOverlap(*self._counts[marker, number].tolist())

    def _begin(self) -> None:
        """Begin another chromosome."""
        self._callers = [
            ProbabilityPeakCaller(share.stop - share.start, _PEAK_RULES) for share in self._shares
        ]


def _f1(overlap: PeakOverlap) -> float:
    return overlap.f1 if overlap.paired and not overlap.is_too_wide else 0


def validated_scores(
    scores: list[RankingScores], bases: BaseCounts, peaks: PeakCounts
) -> tuple[Validated | None, ...]:
    """Scores of each marker as a checkpoint stores them; None where it has no measured peak."""
    records: list[Validated | None] = []
    numbers = peaks.best_thresholds()
    for marker, (of_marker, (low, high)) in enumerate(
        zip(scores, bases.intervals(scores), strict=True)
    ):
        number = numbers[marker]
        at_best = None if number is None else peaks.at(marker, number)
        records.append(
            Validated(
                of_marker.base_rate,
                of_marker.average_precision,
                None if math.isnan(low) else low,
                None if math.isnan(high) else high,
                None if at_best is None else at_best.precision,
                None if at_best is None else at_best.recall,
            )
            if of_marker.scored
            else None
        )
    return tuple(records)
