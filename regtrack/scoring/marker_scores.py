"""All that is said of one marker, from counts of its bases."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from regtrack.genome.intervals import IntervalSet, Regions
from regtrack.genome.markers import beats_chance
from regtrack.scoring.calibration import NO_CALIBRATION, Calibration, calibrate
from regtrack.scoring.histogram import WRITTEN, Counts, Ranking
from regtrack.scoring.metrics import (
    RankingScores,
    best_f1,
    precision_recall,
    score_counts,
)
from regtrack.scoring.overlap import PeakOverlap, overlaps
from regtrack.scoring.resampling import Replicates, interval, replicate
from regtrack.signals import from_probability
from regtrack.tracks.peaks.callers import THRESHOLDS
from regtrack.tracks.peaks.rules import MarkerRules
from regtrack.tracks.segments import Records

# Of a drawn precision-recall curve.
_CURVE_POINTS = 60

# Scaffolds may be 100,000, and nobody reads as many scores of every marker.
MOST_CHROMS = 100


@dataclass(frozen=True)
class MarkerCounts:
    """What was counted of one marker: all that its scores are made of.

    Parameters
    ----------
    total
        Scored bases outside and inside of measured peaks, in bins of fineness `WRITTEN` or
        `UNROUNDED`.
    chroms
        The same of those scored chromosomes that are `scored_by_themselves`.
    blocks
        int64 (blocks, 2, coarse bins): the same of every block of the bootstrap.
    called
        CALLED_PEAK, on the genome's `Line`: whole peaks, by threshold and position.
    """

    total: Ranking
    chroms: Mapping[str, Ranking]
    blocks: Counts
    called: Records


def scored_by_themselves(where: Regions) -> list[str]:
    """The chromosomes that have scores of their own: all, or those with the most scored bases."""
    most = sorted(where, key=lambda chrom: where[chrom].bases, reverse=True)[:MOST_CHROMS]
    chosen = set(most)
    return [chrom for chrom in where if chrom in chosen]


@dataclass(frozen=True)
class BaseCalls:
    """Calling all bases from some probability on.

    Parameters
    ----------
    threshold
        The probability.
    precision, recall
        Of the bases called; precision is NaN where there is none.
    """

    threshold: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class MarkerScores:
    """Scores of one marker.

    Parameters
    ----------
    overall
        Over all scored bases.
    interval
        95% interval of the average precision; NaN, NaN where there are too few blocks.
    replicates
        Average precision of each resample minus `overall`'s; empty without positives.
    blocks
        Blocks of the bootstrap that hold a positive.
    chroms
        Per chromosome that is `scored_by_themselves`.
    at_threshold, best
        When bases are called from the marker's stored threshold on, and from that of the
        best F1; None without positives.
    calibration
        How far probabilities are to be believed; `NO_CALIBRATION` of signals.
    curve
        Recall and precision of some points of the curve, by rising recall.
    peaks
        Called at the stored threshold, against measured peaks.
    peak_curve
        The same at other thresholds, which rise.
    """

    overall: RankingScores
    interval: tuple[float, float]
    replicates: Replicates = field(repr=False)
    blocks: int
    chroms: Mapping[str, RankingScores]
    at_threshold: BaseCalls | None
    best: BaseCalls | None
    calibration: Calibration
    curve: tuple[tuple[float, float], ...] = field(repr=False)
    peaks: PeakOverlap
    peak_curve: tuple[tuple[float, PeakOverlap], ...] = field(repr=False, default=())

    @property
    def best_peaks(self) -> tuple[float, PeakOverlap] | None:
        """Threshold of the best F1 of peaks, and these; None where no measured peak is found."""
        fitting = (
            (threshold, overlap)
            for threshold, overlap in self.peak_curve
            if overlap.paired and not overlap.is_too_wide
        )
        return max(fitting, key=lambda point: point[1].f1, default=None)

    @property
    def is_skilled(self) -> bool:
        """False where it is not predicted clearly better than by chance."""
        return beats_chance(self.interval[0], self.overall.base_rate)


def score_marker(
    counts: MarkerCounts,
    measured: IntervalSet,
    where: IntervalSet,
    marker_rules: MarkerRules,
    floor: float = 0,
) -> MarkerScores:
    """Scores of one marker.

    Parameters
    ----------
    measured
        Its peaks, on the genome's `Line`.
    where
        The bases that were counted.
    marker_rules
        How its peaks are called. Signals are counted as `regtrack.signals` says, and thresholds
        given as the values that these stand for.
    floor
        Value under which there are none, so that peaks called from lower ones say nothing.
    """
    signal_range = marker_rules.range

    def value_of(counted: float) -> float:
        return counted if signal_range is None else from_probability(counted, signal_range)

    ranking = counts.total
    tied = ranking.bits == WRITTEN
    overall = score_counts(*ranking.counts, tied=tied)
    blocks = int(counts.blocks[:, 1].any(axis=1).sum())
    at_own, by_threshold = overlaps(counts.called, measured, where)
    resampled = replicate(counts.blocks) if overall.scored else np.zeros(0)
    return MarkerScores(
        overall=overall,
        interval=interval(overall.average_precision, resampled, blocks),
        replicates=resampled,
        blocks=blocks,
        chroms={
            chrom: score_counts(*of_chrom.counts, tied=tied)
            for chrom, of_chrom in counts.chroms.items()
        },
        at_threshold=_at(ranking, marker_rules, tied) if overall.scored else None,
        best=_best(ranking, value_of) if overall.scored else None,
        calibration=calibrate(ranking) if signal_range is None else NO_CALIBRATION,
        curve=_curve(ranking) if overall.scored else (),
        peaks=at_own,
        peak_curve=tuple(
            (value, overlap)
            for counted, overlap in zip(THRESHOLDS.tolist(), by_threshold, strict=True)
            if (value := value_of(counted)) >= floor and overlap.called
        ),
    )


def _at(ranking: Ranking, marker_rules: MarkerRules, tied: bool) -> BaseCalls:
    """The bin that the threshold lies in counts whole where its bases have one value."""
    threshold = replace(marker_rules, has_peaks=True).counted_from
    above = np.clip((ranking.upper - threshold) / (ranking.upper - ranking.lower), 0, 1)
    share = np.ceil(above) if tied else above
    outside, inside = (ranking.counts * share).sum(axis=1).tolist()
    called = outside + inside
    return BaseCalls(
        threshold=marker_rules.threshold,
        precision=inside / called if called else math.nan,
        recall=inside / float(ranking.counts[1].sum()),
    )


def _best(ranking: Ranking, value_of: Callable[[float], float]) -> BaseCalls:
    _, place = best_f1(*ranking.counts)
    precision, recall = precision_recall(*ranking.counts)
    threshold = value_of(float(ranking.lower[place]))
    return BaseCalls(threshold, float(precision[place]), float(recall[place]))


def _curve(ranking: Ranking) -> tuple[tuple[float, float], ...]:
    """Points at even steps of recall, and of its logarithm, as far as there are bins."""
    precision, recall = (part[::-1] for part in precision_recall(*ranking.counts))
    wanted = np.concatenate(
        (np.linspace(0, 1, _CURVE_POINTS // 2), np.geomspace(1e-3, 1, _CURVE_POINTS // 2))
    )
    places = np.unique(np.minimum(np.searchsorted(recall, wanted), len(recall) - 1))
    return tuple(zip(recall[places].tolist(), precision[places].tolist(), strict=True))
