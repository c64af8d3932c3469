"""Measured peaks beside a prediction: counted block by block, scored marker by marker."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regtrack.datasets.labels import IntervalLabels
from regtrack.evaluation.blockcounts import add_counts, save_counts
from regtrack.evaluation.evaluation import Ground
from regtrack.evaluation.histogram import (
    COARSE,
    UNROUNDED,
    Ranking,
    ScoreHistogram,
    bin_count,
    coarser,
)
from regtrack.evaluation.resampling import Blocks
from regtrack.evaluation.scoring import MarkerCounts, MarkerScores, score_marker
from regtrack.genome.intervals import IntervalSet
from regtrack.observer import Observer
from regtrack.tracks.blocks import Block
from regtrack.tracks.segments import Records
from regtrack.workers import in_processes_or_here

# Markers that a process scores together, every file being opened once for all of them.
_LARGEST_GROUP = 16

# Fewer markers x blocks are scored sooner than a process starts.
_WORTH_A_PROCESS = 10_000


@dataclass(frozen=True)
class Measured:
    """Measured peaks, as processes open them.

    Parameters
    ----------
    chrom_sizes
        Names and lengths of the genome's chromosomes, in its order.
    unknown
        Per marker of the labels, the chromosomes on which nothing is known of it.
    columns
        Which of the labels' markers are scored.
    rows
        Which of the predicted markers these are.
    ground
        The bases to score.
    blocks
        Of the bootstrap.
    folder
        Where the labels lie, and the counts of each block; None before they are saved.
    """

    chrom_sizes: tuple[tuple[str, int], ...]
    unknown: tuple[tuple[str, ...], ...]
    columns: tuple[int, ...]
    rows: tuple[int, ...]
    ground: Ground
    blocks: Blocks
    folder: Path | None = None

    def alone(self) -> Measured:
        """The same when no other markers are predicted."""
        return replace(self, rows=tuple(range(len(self.rows))))

    def path(self, block: Block) -> Path:
        """File of a block's counts, whether it is there or not."""
        return self._saved_in / f"{block.name}.cnt"

    def where(self, column: int) -> dict[str, IntervalSet]:
        """The bases on which a marker of the labels is scored."""
        return self.ground.without(self.unknown[column])

    def open_labels(self) -> IntervalLabels:
        """The labels, opened once per process."""
        return _opened(self._saved_in, self.chrom_sizes, self.unknown)

    @property
    def _saved_in(self) -> Path:
        assert self.folder is not None
        return self.folder


@functools.lru_cache(maxsize=1)
def _opened(
    folder: Path, chrom_sizes: tuple[tuple[str, int], ...], unknown: tuple[tuple[str, ...], ...]
) -> IntervalLabels:
    return IntervalLabels.open(folder, dict(chrom_sizes), known_array(dict(chrom_sizes), unknown))


def known_array(
    chrom_sizes: Mapping[str, int], unknown: Sequence[Sequence[str]]
) -> npt.NDArray[np.bool_]:
    """Bool (chromosomes, markers): False where nothing is known of a marker."""
    return np.array([[chrom not in of_marker for of_marker in unknown] for chrom in chrom_sizes])


class BlockCounter:
    """Counts the probabilities of some consecutive bases inside and outside of measured peaks.

    Parameters
    ----------
    block
        The first one, which names the file.
    """

    def __init__(self, measured: Measured, block: Block) -> None:
        self._measured = measured
        self._block = block
        self._labels = measured.open_labels()
        known = self._labels.known_markers(block.chrom)
        self._known = known[list(measured.columns)][:, None]
        self._histograms: dict[int, ScoreHistogram] = {}

    @property
    def rows(self) -> tuple[int, ...]:
        """Which of the predicted markers are scored."""
        return self._measured.rows

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Count some consecutive bases, all of them scored ones.

        Parameters
        ----------
        start
            Position of the first base, 0-based.
        probabilities
            float32 (markers, bases), of all predicted markers.
        """
        measured, chrom = self._measured, self._block.chrom
        values = _rows(probabilities, measured.rows)
        for number, begin, end in measured.blocks.spans(chrom, start, start + values.shape[1]):
            if number not in self._histograms:
                self._histograms[number] = ScoreHistogram(len(values))
            labels = _rows(self._labels.spread(chrom, begin, end), measured.columns)
            part = values[:, begin - start : end - start]
            self._histograms[number].add(part, labels, self._known)

    def save(self, called: Sequence[Records]) -> None:
        """Write the file, with each scored marker's called peaks, as `save_counts` takes them."""
        numbers = sorted(self._histograms)
        counts = [self._histograms[number].counts for number in numbers]
        save_counts(self._measured.path(self._block), numbers, counts, called)


def _rows(values: npt.NDArray[Any], rows: tuple[int, ...]) -> npt.NDArray[Any]:
    """Some rows of an array in which those of a column lie side by side, and still do."""
    return values if rows == tuple(range(len(values))) else values.T[:, rows].T


@dataclass(frozen=True)
class ScoreTask:
    """Some markers to score from the counts of all blocks.

    Parameters
    ----------
    first
        Position of the first of them among the scored ones.
    thresholds
        Probability from which the peaks of each of them are called.
    order
        The counted blocks, in the genome's order.
    """

    measured: Measured
    first: int
    thresholds: tuple[float, ...]
    order: tuple[Block, ...]


def gather_scores(
    measured: Measured,
    thresholds: Sequence[float],
    order: Sequence[Block],
    workers: int,
    observer: Observer,
) -> list[MarkerScores]:
    """Scores of all scored markers from the counts of all blocks, in their order.

    Parameters
    ----------
    thresholds
        Probability from which the peaks of each are called.
    order
        The counted blocks, in the genome's order.
    workers
        Processes at most; a small job is done in this one.
    """
    size = max(1, min(_LARGEST_GROUP, -(-len(thresholds) // workers)))
    tasks = [
        ScoreTask(measured, first, tuple(thresholds[first : first + size]), tuple(order))
        for first in range(0, len(thresholds), size)
    ]
    observer.stage("scoring", "markers", len(thresholds), 0)
    found: dict[int, list[MarkerScores]] = {}
    small = len(thresholds) * len(order) < _WORTH_A_PROCESS
    for task, scores in in_processes_or_here(score_markers, tasks, 1 if small else workers):
        found[task.first] = scores
        observer.advanced(len(scores))
    observer.finished()
    return [score for first in sorted(found) for score in found[first]]


def score_markers(task: ScoreTask) -> list[MarkerScores]:
    """Scores of the markers of a task.

    Block by block, and what a chromosome came to is kept in as few numbers as it has bins: a
    genome may have thousands of them.
    """
    measured, size = task.measured, len(task.thresholds)
    last = task.first + size
    to_coarse = coarser(UNROUNDED, COARSE)
    shape = (size, 2, bin_count(UNROUNDED))
    totals = np.zeros(shape, np.int64)
    by_block = np.zeros((len(measured.blocks), size, 2, bin_count(COARSE)), np.int64)
    by_chrom: list[dict[str, Ranking]] = [{} for _ in range(size)]
    called: list[dict[str, IntervalSet]] = [{} for _ in range(size)]
    for chrom, blocks in itertools.groupby(task.order, key=lambda block: block.chrom):
        of_chrom = np.zeros(shape, np.int64)
        runs = [
            add_counts(measured.path(block), task.first, last, of_chrom, by_block, to_coarse)
            for block in blocks
        ]
        totals += of_chrom
        for marker in range(size):
            by_chrom[marker][chrom] = Ranking.of(of_chrom[marker], UNROUNDED)
            together = np.concatenate([of_block[marker] for of_block in runs])
            called[marker][chrom] = IntervalSet.of(together["start"], together["end"])
    columns = measured.columns[task.first : last]
    labels = measured.open_labels()
    peaks = {chrom: labels.peaks(chrom, columns) for chrom in measured.ground.where}
    scores = []
    for marker, (column, threshold) in enumerate(zip(columns, task.thresholds, strict=True)):
        where = measured.where(column)
        counts = MarkerCounts(
            Ranking.of(totals[marker], UNROUNDED),
            {chrom: by_chrom[marker][chrom] for chrom in where},
            by_block[:, marker],
            called[marker],
        )
        of_marker = {chrom: peaks[chrom][marker] for chrom in where}
        scores.append(score_marker(counts, of_marker, where, threshold))
    return scores
