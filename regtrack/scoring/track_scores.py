"""One track against measured peaks, segment by segment. What a worker process does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from regtrack.errors import InputError
from regtrack.genome.bed_files import read_peaks
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.line import Line
from regtrack.genome.row_counts import RowCounts
from regtrack.scoring.histogram import (
    COARSE,
    WRITTEN,
    Counts,
    Ranking,
    UnsoundSegmentsError,
    bin_count,
    count_segments,
)
from regtrack.scoring.marker_scores import (
    MarkerCounts,
    MarkerScores,
    score_marker,
    scored_by_themselves,
)
from regtrack.scoring.resampling import BootstrapBlocks, Strata
from regtrack.signals import as_probability
from regtrack.tracks.bigwig_sections import BigWigSections
from regtrack.tracks.peaks.called import joined
from regtrack.tracks.peaks.callers import SegmentPeakCaller
from regtrack.tracks.peaks.rules import MarkerRules
from regtrack.tracks.segments import Records


@dataclass(frozen=True)
class TrackTask:
    """A track to score.

    Parameters
    ----------
    bigwig
        The track. A base without a value counts as 0: it was under the floor.
    peaks
        BED file of the marker's measured peaks.
    chrom_sizes
        Of the genome.
    where
        The bases to score, per chromosome that has any.
    blocks
        Of the bootstrap; they hold all of these bases.
    marker_rules
        How its peaks are called.
    floor
        Value under which there are none.
    clip
        As `regtrack.genome.bed.Rules`, for the peaks.
    """

    bigwig: Path
    peaks: Path
    chrom_sizes: Mapping[str, int]
    where: Mapping[str, IntervalSet]
    blocks: BootstrapBlocks
    marker_rules: MarkerRules
    floor: float
    clip: bool = False


def score_track(task: TrackTask) -> tuple[MarkerScores, RowCounts]:
    """Scores of one track, those of its values base by base, and what was left out of its peaks.

    Raises
    ------
    InputError
        When the track or the peaks cannot be read.
    """
    read = read_peaks(task.peaks, task.chrom_sizes, task.clip)
    line = Line(task.chrom_sizes)
    measured = line.lay(read.intervals)
    where = line.lay(task.where)
    strata = task.blocks.strata(line, where, measured)
    stratum_counts = np.zeros((2 * len(task.blocks), bin_count(COARSE)), np.int64)
    alone = scored_by_themselves(task.where)
    others = {chrom: bases for chrom, bases in task.where.items() if chrom not in alone}
    total = np.zeros((2, bin_count(WRITTEN)), np.int64)
    chroms: dict[str, Ranking] = {}
    caller = SegmentPeakCaller(task.marker_rules)
    with BigWigSections(task.bigwig) as track:
        if track.chrom_sizes != dict(task.chrom_sizes):
            raise InputError(task.bigwig, "has other chromosomes than the folder's tracks.json")
        for part in (*({chrom: task.where[chrom]} for chrom in alone), others):
            asked = line.lay(part)
            counts = np.zeros_like(total)
            _count(task, track, line, asked, strata, counts, stratum_counts, caller)
            inside = asked.intersect(measured).bases
            # What no segment covers was under the floor.
            absent = np.array([asked.bases - inside, inside]) - counts.sum(axis=1)
            counts[:, 0] += absent
            total += counts
            if part is not others:
                chroms[next(iter(part))] = Ranking.of(counts, WRITTEN)
    edges, numbers = strata
    of_any = numbers >= 0
    sizes = np.bincount(numbers[of_any], np.diff(edges)[of_any], len(stratum_counts))
    absent = sizes.astype(np.int64) - stratum_counts.sum(axis=1)
    stratum_counts[:, 0] += absent
    by_block = stratum_counts.reshape(len(task.blocks), 2, -1)
    breaks = np.array(list(line.starts.values()), np.int64)
    called = joined(caller.finish(), task.marker_rules.peak_rules, breaks)
    counted = MarkerCounts(Ranking.of(total, WRITTEN), chroms, by_block, called)
    return score_marker(counted, measured, where, task.marker_rules, task.floor), read.counts


def _counted(records: Records, marker_range: float | None) -> Records:
    """SEGMENT with the values that scores count."""
    if marker_range is None:
        return records
    counted = records.copy()
    counted["value"] = as_probability(records["value"], np.float32(marker_range))
    return counted


def _count(
    task: TrackTask,
    track: BigWigSections,
    line: Line,
    asked: IntervalSet,
    strata: Strata,
    counts: Counts,
    stratum_counts: Counts,
    caller: SegmentPeakCaller,
) -> None:
    """Add the bases of some chromosomes to some counts, and call their peaks.

    Sections that hold bases of the chromosomes hold none of another one's.
    """
    reached = np.zeros(1, np.int64)
    try:
        for sections in track.together(line, asked, around=1):
            counted = replace(sections, records=_counted(sections.records, task.marker_rules.range))
            count_segments(counted, *strata, counts, stratum_counts, reached)
            caller.add(counted.records, sections.firsts, sections.origins)
    except UnsoundSegmentsError as error:
        word = "probabilities" if task.marker_rules.range is None else "signals"
        raise InputError(
            task.bigwig,
            f"expected sorted {word} on {line.chrom_at(error.position)}; is it a track of "
            "regtrack's?",
        ) from error
