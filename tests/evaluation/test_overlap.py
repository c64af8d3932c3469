"""Scores from segments equal those from the values of every single base."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from encoded import write_bigwig
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

from regtrack.evaluation.metrics import Scores
from regtrack.evaluation.overlap import score_track
from regtrack.genome.intervals import IntervalSet
from regtrack.tracks.bigwig import BigWigReader
from regtrack.tracks.segments import Segments

SIZES = {"chr1": 900, "chr2": 300, "chr3": 100}
Sets = dict[str, IntervalSet]


def random_set(random: np.random.Generator, size: int, most: int) -> IntervalSet:
    count = random.integers(1, most)
    starts = random.integers(0, size - 1, size=count)
    ends = np.minimum(starts + random.integers(1, size // 3, size=count), size)
    return IntervalSet.of(starts, ends)


def random_track(random: np.random.Generator, path: Path) -> None:
    """A track with gaps, touching segments and values that come more than once."""
    pieces = []
    for chrom in ("chr1", "chr2"):
        edges = np.unique(random.integers(0, SIZES[chrom] + 1, size=60)).astype(np.int64)
        kept = random.random(len(edges) - 1) < 0.7
        values = random.choice([0.0, 0.005, 0.1, 0.25, 0.5, 1.0], size=kept.sum())
        piece = Segments(edges[:-1][kept], edges[1:][kept], values.astype(np.float32))
        pieces.append((chrom, piece))
    write_bigwig(path, SIZES, pieces)


def base_by_base(path: Path, where: Sets, peaks: Sets) -> Scores:
    """The same with one value and one label per base; absent is 0."""
    values, labels = [], []
    with pyBigWig.open(str(path)) as file:
        for chrom, asked in where.items():
            inside = np.zeros(SIZES[chrom], dtype=int)
            for start, end in peaks.get(chrom, ()):
                inside[start:end] = 1
            for start, end in asked:
                values.append(np.nan_to_num(file.values(chrom, start, end, numpy=True)))
                labels.append(inside[start:end])
    score, label = np.concatenate(values), np.concatenate(labels)
    precision, recall, _ = precision_recall_curve(label, score)
    return Scores(
        bases=len(label),
        positives=int(label.sum()),
        average_precision=pytest.approx(average_precision_score(label, score)),
        pr_auc_trapezoid=pytest.approx(auc(recall, precision)),
        auroc=pytest.approx(roc_auc_score(label, score)),
    )


@pytest.mark.parametrize("seed", range(25))
def test_a_track_scores_as_its_values_do_base_by_base(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    random_track(random, tmp_path / "a.bw")
    # The track knows nothing of chr3, the peaks nothing of chr2 half of the time.
    where = {chrom: random_set(random, size, 5) for chrom, size in SIZES.items()}
    peaks = {"chr1": random_set(random, 900, 8), "chr3": random_set(random, 100, 4)}
    if seed % 2:
        peaks["chr2"] = random_set(random, 300, 4)
    with BigWigReader(tmp_path / "a.bw") as track:
        assert score_track(track, where, peaks) == base_by_base(tmp_path / "a.bw", where, peaks)


@pytest.fixture
def track(tmp_path: Path) -> BigWigReader:
    """0.9 from 100 to 200, 0.2 from 300 to 400 of chr1."""
    values = Segments(np.array([100, 300]), np.array([200, 400]), np.array([0.9, 0.2], np.float32))
    write_bigwig(tmp_path / "a.bw", SIZES, [("chr1", values)])
    return BigWigReader(tmp_path / "a.bw")


def test_only_the_bases_asked_for_count(track: BigWigReader) -> None:
    where = {"chr1": IntervalSet.of([150, 390], [160, 410])}
    found = score_track(track, where, {"chr1": IntervalSet.of([155], [395])})
    assert (found.bases, found.positives) == (30, 10)


def test_a_peak_where_the_track_is_absent_is_ranked_last(track: BigWigReader) -> None:
    found = score_track(
        track, {"chr1": IntervalSet.of([0], [900])}, {"chr1": IntervalSet.of([500], [600])}
    )
    # Behind the 200 bases with a value, among 700 without one.
    assert found.average_precision == pytest.approx(100 / 900)
    assert found.auroc < 0.5


def test_a_track_that_is_the_peaks_scores_1(track: BigWigReader) -> None:
    found = score_track(
        track, {"chr1": IntervalSet.of([0], [900])}, {"chr1": IntervalSet.of([100], [200])}
    )
    assert (found.average_precision, found.auroc) == (1, 1)


def test_without_a_peak_in_the_bases_asked_for_nothing_is_scored(track: BigWigReader) -> None:
    found = score_track(
        track, {"chr1": IntervalSet.of([0], [100])}, {"chr1": IntervalSet.of([100], [200])}
    )
    assert not found.scored
    assert found.bases == 100
