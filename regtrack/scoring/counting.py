"""Measured peaks beside a prediction: counted block by block, scored marker by marker."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from regtrack.datasets.labels import LABEL_FILES, IntervalLabels
from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.genome.line import Line
from regtrack.observer import Observer, staged
from regtrack.paths import file_state
from regtrack.scoring.block_counts import add_counts, save_counts
from regtrack.scoring.evaluation import ScoredRegions
from regtrack.scoring.histogram import (
    COARSE,
    UNROUNDED,
    Ranking,
    ScoreHistogram,
    bin_count,
    coarser,
)
from regtrack.scoring.marker_scores import (
    MarkerCounts,
    MarkerScores,
    score_marker,
    scored_by_themselves,
)
from regtrack.scoring.resampling import BootstrapBlocks
from regtrack.signals import as_probability
from regtrack.tracks.blocks import Block
from regtrack.tracks.peaks.called import CALLED_PEAK, OWN_THRESHOLD, CalledPeaks, joined
from regtrack.tracks.peaks.callers import ProbabilityPeakCaller
from regtrack.tracks.peaks.rules import MarkerRules
from regtrack.tracks.segments import Records, ranges_of
from regtrack.workers import in_processes

# Markers that a process scores together, every file being opened once for all of them.
_LARGEST_GROUP = 16

# Fewer markers x blocks are scored sooner than a process starts.
_WORTH_A_PROCESS = 10_000


@dataclass(frozen=True)
class ScoredMarkers:
    """Which markers are scored, and on which bases.

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
    scored
        The bases to score.
    blocks
        Of the bootstrap.
    """

    chrom_sizes: tuple[tuple[str, int], ...]
    unknown: tuple[tuple[str, ...], ...]
    columns: tuple[int, ...]
    rows: tuple[int, ...]
    scored: ScoredRegions
    blocks: BootstrapBlocks

    def where(self, column: int) -> dict[str, IntervalSet]:
        """The bases on which a marker of the labels is scored."""
        return self.scored.without(self.unknown[column])

    def known_on(self, chrom: str) -> npt.NDArray[np.bool_]:
        """Bool (scored markers,): False where nothing is known of one on a chromosome."""
        return np.array([chrom not in self.unknown[column] for column in self.columns])


@dataclass(frozen=True)
class PeakLabels(ScoredMarkers):
    """Which markers are scored and where, and their measured peaks, as processes open them.

    Parameters
    ----------
    folder
        Where the labels were saved, and the counts of each block are.
    """

    folder: Path

    @classmethod
    def saved_in(cls, folder: Path, markers: ScoredMarkers) -> PeakLabels:
        """The peaks of these markers, which were saved in a folder."""
        return cls(
            chrom_sizes=markers.chrom_sizes,
            unknown=markers.unknown,
            columns=markers.columns,
            rows=markers.rows,
            scored=markers.scored,
            blocks=markers.blocks,
            folder=folder,
        )

    def alone(self) -> PeakLabels:
        """The same where no other markers are predicted: their rows are 0, 1, 2 ..."""
        return replace(self, rows=tuple(range(len(self.rows))))

    def path(self, block: Block) -> Path:
        """File of a block's counts, whether it is there or not."""
        return self.folder / f"{block.name}.cnt"

    def parts(self, chrom: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Block of the bootstrap, start and end of each scored part of some bases, 0-based."""
        for scored in self.scored.where.get(chrom, EMPTY).clip(start, end):
            yield from self.blocks.spans(chrom, *scored)

    def peaks(self, chrom: str, start: int, end: int) -> npt.NDArray[np.int64]:
        """int64 (peaks, 3): scored marker, start and end of the measured peaks on some bases.

        What reaches beyond is cut off; a peak may come in several pieces.
        """
        marker, first, last = self.open_labels().rows_within(chrom, start, end)
        places = np.full(len(self.unknown), -1, np.int64)
        places[list(self.columns)] = np.arange(len(self.columns))
        rows = np.column_stack((places[marker], first, last))
        return rows[rows[:, 0] >= 0]

    def open_labels(self) -> IntervalLabels:
        """The labels, opened once per process."""
        return _opened(self._opening())[0]

    def line(self) -> Line:
        """Where all chromosomes lie together, laid out once per process."""
        return _opened(self._opening())[1]

    def _opening(self) -> _Opening:
        states = tuple(file_state(self.folder / name) for name in LABEL_FILES)
        return _Opening(self.folder, states, self.chrom_sizes, self.unknown)


@dataclass(frozen=True)
class _Opening:
    """What is opened: told from another by its files, not by the names in 100,000 scaffolds."""

    folder: Path
    states: tuple[tuple[int, int, int], ...]
    chrom_sizes: tuple[tuple[str, int], ...] = field(compare=False)
    unknown: tuple[tuple[str, ...], ...] = field(compare=False)


@functools.lru_cache(maxsize=1)
def _opened(opening: _Opening) -> tuple[IntervalLabels, Line]:
    sizes = dict(opening.chrom_sizes)
    labels = IntervalLabels.open(opening.folder, sizes, known_array(sizes, opening.unknown))
    return labels, Line(sizes)


def known_array(
    chrom_sizes: Mapping[str, int], unknown: Sequence[Sequence[str]]
) -> npt.NDArray[np.bool_]:
    """Bool (chromosomes, markers): False where nothing is known of a marker."""
    return np.array([[chrom not in of_marker for of_marker in unknown] for chrom in chrom_sizes])


class BlockCounter:
    """Counts the probabilities of some blocks inside and outside of measured peaks.

    Parameters
    ----------
    block
        The first one, which names the file.
    marker_rules
        How the peaks of each scored marker are called; all join runs alike.
    calls_own
        Call peaks at each marker's own threshold, too; else these are given to `call`.
    """

    def __init__(
        self,
        labels: PeakLabels,
        block: Block,
        marker_rules: Sequence[MarkerRules],
        *,
        calls_own: bool,
    ) -> None:
        self._peak_labels = labels
        self._ranges = ranges_of([rules.range for rules in marker_rules])
        self._block = block
        self._peak_rules = marker_rules[0].peak_rules
        own = np.array([rules.counted_from for rules in marker_rules], np.float32)
        self._thresholds = own if calls_own else None
        self._labels = labels.open_labels()
        self._line = labels.line()
        self._histograms: dict[int, ScoreHistogram] = {}
        self._called: list[CalledPeaks] = []
        self._begin(block.chrom)

    @property
    def rows(self) -> tuple[int, ...]:
        """Which of the predicted markers are scored."""
        return self._peak_labels.rows

    def go_to(self, chrom: str) -> None:
        """What is added from now on is of this chromosome."""
        if chrom != self._chrom:
            self._end()
            self._begin(chrom)

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Count those of some consecutive bases that are scored.

        Parameters
        ----------
        start
            Position of the first base, 0-based.
        probabilities
            float32 (markers, bases), of all predicted markers; or signals.
        """
        labels = self._peak_labels
        values = _rows(probabilities, labels.rows)
        if self._ranges is not None:
            values = as_probability(values.T, self._ranges).T
        chrom = self._chrom
        self._caller.add(start, values)
        for number, begin, end in labels.parts(chrom, start, start + values.shape[1]):
            if number not in self._histograms:
                self._histograms[number] = ScoreHistogram(len(values))
            inside = _rows(self._labels.spread(chrom, begin, end), labels.columns)
            part = values[:, begin - start : end - start]
            self._histograms[number].add(part, inside, self._known)

    def add_ranks(self, start: int, end: int, bins: npt.NDArray[np.uint8]) -> None:
        """Take what a device made of some bases: as `ProbabilityPeakCaller.add_ranks`."""
        self._caller.add_ranks(start, end, bins)

    def add_counts(self, number: int, counts: npt.NDArray[np.uint32]) -> None:
        """Take what a device counted on a bootstrap's block: uint32 (scored markers, 2, bins)."""
        self._histograms[number] = ScoreHistogram.of(counts)

    def call(self, chrom: str, peaks: Sequence[Records]) -> None:
        """Add the peaks of each scored marker at its own threshold: PEAK, on a chromosome."""
        together = np.concatenate(peaks)
        called = np.empty(len(together), CALLED_PEAK)
        called["start"], called["end"], called["threshold"] = (
            together["start"],
            together["end"],
            OWN_THRESHOLD,
        )
        counts = [len(of_marker) for of_marker in peaks]
        self._lay(chrom, CalledPeaks(np.append(0, np.cumsum(counts)), called))

    def finish(self) -> None:
        """Write the file."""
        self._end()
        numbers = sorted(self._histograms)
        counts = [self._histograms[number].counts for number in numbers]
        called = CalledPeaks.union(self._called)
        save_counts(self._peak_labels.path(self._block), numbers, counts, called.by_marker())

    def _begin(self, chrom: str) -> None:
        """Go on with another chromosome."""
        self._chrom = chrom
        self._known = self._peak_labels.known_on(chrom)[:, None]
        self._caller = ProbabilityPeakCaller(len(self.rows), self._peak_rules, self._thresholds)

    def _end(self) -> None:
        """Keep what was called on this chromosome."""
        self._lay(self._chrom, self._caller.finish())

    def _lay(self, chrom: str, called: CalledPeaks) -> None:
        """Keep what was called on a chromosome, as positions on the line."""
        for edge in "start", "end":
            called.records[edge] += self._line.starts[chrom]
        self._called.append(called)


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
    marker_rules
        How the peaks of each of them are called.
    order
        The counted blocks, in the genome's order; those of a file have the first one's name.
    """

    labels: PeakLabels
    first: int
    marker_rules: tuple[MarkerRules, ...]
    order: tuple[Block, ...]


def gather_scores(
    labels: PeakLabels,
    marker_rules: Sequence[MarkerRules],
    order: Sequence[Block],
    workers: int,
    observer: Observer,
) -> list[MarkerScores]:
    """Scores of all scored markers from the counts of all blocks, in their order.

    Parameters
    ----------
    marker_rules
        How the peaks of each are called.
    order
        The counted blocks, in the genome's order.
    workers
        Processes at most; a small job is done in this one.
    """
    size = max(1, min(_LARGEST_GROUP, -(-len(marker_rules) // workers)))
    tasks = [
        ScoreTask(labels, first, tuple(marker_rules[first : first + size]), tuple(order))
        for first in range(0, len(marker_rules), size)
    ]
    with staged(observer, "scoring", "markers", len(marker_rules)) as advance:
        by_first: dict[int, list[MarkerScores]] = {}
        small = len(marker_rules) * len(order) < _WORTH_A_PROCESS
        for task, scores in in_processes(score_markers, tasks, 1 if small else workers):
            by_first[task.first] = scores
            advance(len(scores))
    return [score for first in sorted(by_first) for score in by_first[first]]


def score_markers(task: ScoreTask) -> list[MarkerScores]:
    """Scores of the markers of a task.

    File by file, and what a chromosome came to is kept in as few numbers as it has bins.
    """
    labels, size = task.labels, len(task.marker_rules)
    last = task.first + size
    to_coarse = coarser(UNROUNDED, COARSE)
    shape = (size, 2, bin_count(UNROUNDED))
    totals = np.zeros(shape, np.int64)
    by_block = np.zeros((len(labels.blocks), size, 2, bin_count(COARSE)), np.int64)
    alone = set(scored_by_themselves(labels.scored.where))
    by_chrom: list[dict[str, Ranking]] = [{} for _ in range(size)]
    runs: list[list[Records]] = []
    for chrom, blocks in itertools.groupby(
        task.order, key=lambda block: block.chrom if block.chrom in alone else None
    ):
        counts = np.zeros(shape, np.int64)
        runs += [
            add_counts(labels.path(block), task.first, last, counts, by_block, to_coarse)
            for block in blocks
        ]
        totals += counts
        if chrom is not None:
            for marker in range(size):
                by_chrom[marker][chrom] = Ranking.of(counts[marker], UNROUNDED)
    line, columns = labels.line(), labels.columns[task.first : last]
    breaks = np.array(list(line.starts.values()), np.int64)
    peaks = _peaks(labels, columns)
    scores = []
    for marker, (column, marker_rules) in enumerate(zip(columns, task.marker_rules, strict=True)):
        where = labels.where(column)
        called = np.concatenate([of_file[marker] for of_file in runs])
        if not marker_rules.has_peaks:
            called = called[called["threshold"] != OWN_THRESHOLD]
        counted = MarkerCounts(
            Ranking.of(totals[marker], UNROUNDED),
            {chrom: ranking for chrom, ranking in by_chrom[marker].items() if chrom in where},
            by_block[:, marker],
            joined(called, marker_rules.peak_rules, breaks),
        )
        of_marker = line.lay({chrom: peaks[chrom][marker] for chrom in where})
        scores.append(score_marker(counted, of_marker, line.lay(where), marker_rules))
    return scores


def _peaks(labels: PeakLabels, columns: Sequence[int]) -> dict[str, list[IntervalSet]]:
    """Peaks of some markers of the labels, per chromosome that is scored."""
    opened = labels.open_labels()
    return {chrom: opened.peaks(chrom, columns) for chrom in labels.scored.where}
