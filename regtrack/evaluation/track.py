"""One track against measured peaks, segment by segment. What a worker process does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regtrack.errors import InputError
from regtrack.evaluation.histogram import (
    COARSE,
    WRITTEN,
    Counts,
    Ranking,
    bin_count,
    count_segments,
)
from regtrack.evaluation.resampling import Blocks, Cells
from regtrack.evaluation.scoring import MarkerCounts, MarkerScores, score_marker
from regtrack.genome.bed import read_bed
from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.tracks.bigwig_sections import BigWigSections
from regtrack.tracks.segments import SEGMENT


@dataclass(frozen=True)
class TrackTask:
    """A track to score.

    Parameters
    ----------
    bigwig
        The track. A base without a value counts as 0: it was under the floor.
    peaks
        BED file of the marker's measured peaks.
    threshold
        Value from which its peaks are called.
    chrom_sizes
        Of the genome.
    where
        The bases to score, per chromosome that has any.
    blocks
        Of the bootstrap; they hold all of these bases.
    """

    bigwig: Path
    peaks: Path
    threshold: float
    chrom_sizes: Mapping[str, int]
    where: Mapping[str, IntervalSet]
    blocks: Blocks


def score_track(task: TrackTask) -> MarkerScores:
    """Scores of one track, those of its values base by base.

    Raises
    ------
    InputError
        When the track or the peaks cannot be read.
    """
    measured = read_bed(task.peaks, task.chrom_sizes)
    cell_counts = np.zeros((2 * len(task.blocks), bin_count(COARSE)), np.int64)
    total = np.zeros((2, bin_count(WRITTEN)), np.int64)
    chroms: dict[str, Ranking] = {}
    called: dict[str, IntervalSet] = {}
    with BigWigSections(task.bigwig) as track:
        if track.chrom_sizes != dict(task.chrom_sizes):
            raise InputError(task.bigwig, "has other chromosomes than the folder's tracks.json")
        for chrom, asked in task.where.items():
            cells = task.blocks.cells(chrom, asked, measured.get(chrom, EMPTY))
            counts = np.zeros((2, bin_count(WRITTEN)), np.int64) if len(task.where) > 1 else total
            called[chrom] = _count_chrom(task, track, chrom, cells, counts, cell_counts)
            chroms[chrom] = Ranking.of(counts, WRITTEN)
            if counts is not total:
                total += counts
    by_block = cell_counts.reshape(len(task.blocks), 2, -1)
    counted = MarkerCounts(Ranking.of(total, WRITTEN), chroms, by_block, called)
    return score_marker(counted, measured, task.where, task.threshold)


def _count_chrom(
    task: TrackTask,
    track: BigWigSections,
    chrom: str,
    stretches: Cells,
    counts: Counts,
    cell_counts: Counts,
) -> IntervalSet:
    """Add the bases of one chromosome to some counts; returns its called peaks."""
    edges, cells = stretches
    asked = cells >= 0
    sizes = np.zeros(len(cell_counts), np.int64)
    np.add.at(sizes, cells[asked], np.diff(edges)[asked])
    before = cell_counts.sum(axis=1)
    starts, ends = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    high = np.empty(0, SEGMENT)
    for records in track.records(chrom, task.where[chrom]):
        if len(high) < len(records):
            high = np.empty(len(records), SEGMENT)
        found = count_segments(records, edges, cells, task.threshold, counts, cell_counts, high)
        if found < 0:
            raise _foreign(task, chrom)
        starts.append(high["start"][:found].astype(np.int64))
        ends.append(high["end"][:found].astype(np.int64))
    # What no segment covers was under the floor.
    absent = sizes - (cell_counts.sum(axis=1) - before)
    if absent.min() < 0:
        raise _foreign(task, chrom)
    cell_counts[:, 0] += absent
    counts[:, 0] += absent.reshape(-1, 2).sum(axis=0)
    return IntervalSet.of(np.concatenate(starts), np.concatenate(ends))


def _foreign(task: TrackTask, chrom: str) -> InputError:
    return InputError(
        task.bigwig, f"expected sorted probabilities on {chrom}; is it a track of regtrack's?"
    )
