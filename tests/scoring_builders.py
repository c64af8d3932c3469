"""Evaluations to make reports of."""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import numpy as np
from builders import a_marker
from scipy.optimize import linear_sum_assignment

from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.scoring.evaluation import Evaluation, ScoredRegions
from regtrack.scoring.histogram import (
    COARSE,
    UNROUNDED,
    Ranking,
    bin_count,
    bin_edges,
    coarser,
)
from regtrack.scoring.marker_scores import MarkerCounts, MarkerScores, score_marker
from regtrack.scoring.overlap import PeakOverlap
from regtrack.scoring.provenance import DatasetSplit, Predictions, Provenance
from regtrack.scoring.resampling import BootstrapBlocks
from regtrack.tracks.peaks.called import CALLED_PEAK, OWN_THRESHOLD
from regtrack.tracks.peaks.rules import BARE_RUNS, MarkerRules

_BLOCKS, _LENGTH = 6, 100_000
_WHERE = {"chr1": IntervalSet.of([0], [_BLOCKS * _LENGTH])}


@functools.cache
def marker_scores(seed: int, positives: int = 300) -> MarkerScores:
    """Of random probabilities that are higher inside of peaks; `positives` bases per block.

    Two peaks are called, and one of them is one of the two measured ones.
    """
    random = np.random.default_rng(seed)
    fine = np.zeros((_BLOCKS, 2, bin_count(UNROUNDED)), np.int64)
    for block in fine:
        for inside, bases in enumerate((_LENGTH - positives, positives)):
            odds = np.exp(random.normal(-6 + (1 + seed / 4) * inside, 1.5, bases))
            block[inside] = np.histogram(odds / (1 + odds), bin_edges(UNROUNDED))[0]
    coarse = np.zeros((_BLOCKS, 2, bin_count(COARSE)), np.int64)
    np.add.at(coarse, (slice(None), slice(None), coarser(UNROUNDED, COARSE)), fine)
    peaks = [(1_000, 1_200), (9_000, 9_200)]
    low = [(900, 1_400), (4_900, 5_200), (9_000, 9_200)]
    rows = [
        *((*one, 4) for one in low),
        *((*one, 9) for one in peaks),
        *((*one, OWN_THRESHOLD) for one in peaks),
    ]
    called = np.array(rows, CALLED_PEAK)
    measured = IntervalSet.of([1_100, 5_000], [1_300, 5_200]) if positives else EMPTY
    ranking = Ranking.of(fine.sum(axis=0), UNROUNDED)
    counts = MarkerCounts(ranking, {"chr1": ranking}, coarse, called)
    return score_marker(counts, measured, _WHERE["chr1"], MarkerRules(0.05, BARE_RUNS))


def unscored() -> MarkerScores:
    """Of a marker without a measured peak."""
    return marker_scores(0, positives=0)


def an_evaluation() -> Evaluation:
    """Two TFBS markers and a DNase marker with scores, and a TFBS marker without.

    Their rows in the table of a page are m3, m4, m5 and m7.
    """
    return Evaluation(
        subject="/runs/model.safetensors",
        kind="model",
        markers=(
            a_marker(3, "K562|CTCF|None"),
            a_marker(4, "K562|JunD|TGFb"),
            a_marker(5, "HepG2|DNase|None", "DNase"),
            a_marker(7, "HepG2|MAZ|None"),
        ),
        scores=(marker_scores(4), marker_scores(2), marker_scores(3), unscored()),
        without_peaks=("A549|POLR2A|None",),
        unknown={4: ("chr6",)},
        scored=ScoredRegions(_WHERE, {"excluded": 41_713}),
        blocks=BootstrapBlocks.of(_WHERE),
        provenance=Provenance(
            Predictions(
                {"architecture": "dilated", "assembly": "hg19"},
                "hg19.fa",
                tracks={"peak_threshold": None},
            ),
            DatasetSplit("data", "test"),
            "no: another split",
        ),
    )


def with_published(evaluation: Evaluation) -> Evaluation:
    """The same with the paper's figure for TFBS, and DeepSEA's for two of its markers."""
    extras = (
        {"deepsea_auprc": "0.25", "deepsea_auroc": "0.9"},
        {"deepsea_auprc": "0.75"},
        {"deepsea_auprc": "not known"},
    )
    published = (
        replace(marker, extra=extra)
        for marker, extra in zip(evaluation.markers[:3], extras, strict=True)
    )
    markers = (*published, *evaluation.markers[3:])
    return replace(evaluation, markers=markers, published={"TFBS": 0.274})


def _bases_of(peaks: IntervalSet) -> list[set[int]]:
    return [set(range(start, end)) for start, end in peaks]


def overlap_by_base(called: IntervalSet, measured: IntervalSet, where: IntervalSet) -> PeakOverlap:
    """What meets, base by base; the pairs by a search of all assignments."""
    scored = set().union(*_bases_of(where))
    ours = [peak for peak in _bases_of(called) if peak & scored]
    theirs = [peak for peak in _bases_of(measured) if peak & scored]
    meets = np.array([[bool(one & other & scored) for other in theirs] for one in ours], bool)
    meets = meets.reshape(len(ours), len(theirs))
    rows, columns = linear_sum_assignment(meets, maximize=True)
    return PeakOverlap(
        called=len(ours),
        called_hit=int(meets.any(axis=1).sum()),
        measured=len(theirs),
        measured_hit=int(meets.any(axis=0).sum()),
        paired=int(meets[rows, columns].sum()),
        called_bases=sum(map(len, ours)),
        measured_bases=sum(map(len, theirs)),
        called_width=float(np.median(list(map(len, ours)))) if ours else math.nan,
        measured_width=float(np.median(list(map(len, theirs)))) if theirs else math.nan,
    )
