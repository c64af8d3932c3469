"""What validation counts: the best threshold of peaks, and whether a network is skilled."""

from __future__ import annotations

import threading
from dataclasses import astuple, replace

import numpy as np
import pytest
from encoded import by_bin, peaks_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scoring_builders import overlap_by_base
from training_helpers import ALONE

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.labels import IntervalLabels
from regtrack.genome.intervals import IntervalSet
from regtrack.scoring.histogram import ScoreHistogram
from regtrack.scoring.overlap import COUNTED
from regtrack.tracks.peaks.callers import THRESHOLDS
from regtrack.tracks.peaks.rules import PeakRules
from regtrack.training import counts
from regtrack.training.counts import BaseCounts, PeakCounts, validated_scores

CHROM = "chr1"


def measured_peaks(dense: DenseDataset, marker: int) -> IntervalSet:
    return dense.labels.peaks(CHROM, [marker])[0]


def probabilities(dense: DenseDataset, inside: float, outside: float) -> np.ndarray:
    """Of all markers on chr1, at their peaks and elsewhere; float32 (markers, bases)."""
    size = dense.chrom_sizes[CHROM]
    values = np.full((len(dense.markers), size), outside, np.float32)
    for marker in range(len(dense.markers)):
        for start, end in measured_peaks(dense, marker):
            values[marker, start:end] = inside
    return values


def counted(dense: DenseDataset, values: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> PeakCounts:
    """With peaks of the dataset's lengths, which are short."""
    monkeypatch.setattr(counts, "_PEAK_RULES", counts.PeakRules(0, 1))
    peaks = PeakCounts(dense)
    for start in range(0, values.shape[1], 1_000):
        peaks.add(start, values[:, start : start + 1_000])
    peaks.end(CHROM, IntervalSet.of([0], [values.shape[1]]))
    peaks.finish(ALONE)
    return peaks


def test_the_best_threshold_is_the_lowest_that_finds_the_peaks_and_nothing_else(
    dense: DenseDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = counted(dense, probabilities(dense, 0.3, 0.01), monkeypatch)
    for marker, number in enumerate(found.best_thresholds()):
        assert number is not None
        assert THRESHOLDS[number - 1] <= 0.01 < THRESHOLDS[number] <= 0.3
        at_best = found.at(marker, number)
        assert (at_best.precision, at_best.recall) == (1, 1)


def test_a_network_that_calls_nothing_or_everything_has_no_best_threshold(
    dense: DenseDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = dense.chrom_sizes[CHROM]
    covered = max(measured_peaks(dense, marker).bases for marker in range(len(dense.markers)))
    assert size > 10 * covered  # so that all of the chromosome is no peak
    for value in 0.0, 0.9:
        found = counted(dense, probabilities(dense, value, value), monkeypatch)
        assert found.best_thresholds() == [None] * len(dense.markers)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_peaks_of_many_scaffolds_are_counted_as_each_by_itself_base_by_base(
    dense: DenseDataset, seed: int
) -> None:
    random = np.random.default_rng(seed)
    markers, rules = len(dense.markers), PeakRules()
    sizes = {f"scaffold{number}": int(random.integers(1, 3_000)) for number in range(8)}

    def some(size: int, most: int) -> IntervalSet:
        starts = random.integers(0, size, random.integers(0, most))
        return IntervalSet.of(starts, np.minimum(starts + random.integers(1, 900), size))

    measured = [{chrom: some(size, 4) for chrom, size in sizes.items()} for _ in range(markers)]
    known = random.random((len(sizes), markers)) < 0.8
    found = PeakCounts(replace(dense, labels=IntervalLabels.of(measured, sizes, known)))
    expected = np.zeros((markers, len(THRESHOLDS), COUNTED), int)
    for place, (chrom, size) in enumerate(sizes.items()):
        where = some(size, 3)
        values = np.zeros((markers, size), np.float32)
        for marker in range(markers):
            for start, end in some(size, 5):
                values[marker, start:end] = random.random()
        seen = np.full((markers, size), -1, np.float32)
        for start, end in where:
            found.add(start, values[:, start:end])
            for marker in range(markers):
                seen[marker, start:end] = by_bin(values[marker, start:end], start)
        found.end(chrom, where)
        for marker, number in np.argwhere(np.outer(known[place], THRESHOLDS > 0)):
            called = IntervalSet.of(
                *np.array(peaks_of(seen[marker] >= THRESHOLDS[number], rules), int).reshape(-1, 2).T
            )
            one = overlap_by_base(called, measured[marker][chrom], where)
            expected[marker, number] += astuple(one)[:COUNTED]
    for marker, number in np.ndindex(expected.shape[:2]):
        assert astuple(found.at(marker, number))[:COUNTED] == tuple(expected[marker, number])


def test_threads_that_call_peaks_end_also_where_counting_fails(dense: DenseDataset) -> None:
    before = set(threading.enumerate())
    bins = np.zeros((4, len(dense.markers)), np.uint8)

    def count_and_fail(threads: int) -> None:
        with PeakCounts(dense, threads) as peaks:
            peaks.add_ranks(0, 32, bins)
            assert (set(threading.enumerate()) > before) == (threads > 1)
            raise ZeroDivisionError

    for threads in 1, 3:
        with pytest.raises(ZeroDivisionError):
            count_and_fail(threads)
        assert set(threading.enumerate()) == before


def test_of_several_thresholds_the_best_has_the_best_f1_and_is_not_too_wide(
    dense: DenseDataset,
) -> None:
    peaks = PeakCounts(dense)
    counts = peaks._counts  # as after peaks of a genome, which would take long to make
    counts[:, :] = [10, 10, 10, 10, 1, 100, 100]
    counts[0, 7] = [10, 10, 10, 10, 4, 100, 100]
    counts[0, 5] = [10, 10, 10, 10, 9, 501, 100]
    counts[1, 5] = [10, 10, 10, 10, 9, 500, 100]
    counts[2, :, 4] = 0
    assert peaks.best_thresholds() == [7, 5, None]


def test_a_checkpoint_keeps_how_good_peaks_are_and_nothing_of_a_marker_without_any(
    dense: DenseDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    peaks = counted(dense, probabilities(dense, 0.3, 0.01), monkeypatch)
    bases = BaseCounts(dense, "valid")
    values = np.full((len(dense.markers), 500), 0.1, np.float32)
    labels = np.zeros(values.shape, np.uint8)
    labels[1:, :100] = 1
    bases.add(CHROM, 2_000, values, labels, np.ones((len(dense.markers), 1), bool))
    bases.finish(ALONE)
    nothing, *others = validated_scores(bases.histogram.scores(), bases, peaks)
    assert nothing is None
    for one in others:
        assert one is not None
        assert (one.base_rate, one.peak_precision, one.peak_recall) == (0.2, 1, 1)


def test_counts_of_blocks_come_to_those_of_all_bases(dense: DenseDataset) -> None:
    random = np.random.default_rng(1)
    bases, whole = BaseCounts(dense, "valid"), ScoreHistogram(len(dense.markers))
    for chrom, where in dense.known("valid").items():
        known = dense.labels.known_markers(chrom)[:, None]
        for start, end in where:
            values = random.random((len(dense.markers), end - start), np.float32)
            labels = dense.labels.spread(chrom, start, end)
            bases.add(chrom, start, values, labels, known)
            whole.add(values, labels, known)
    bases.finish(ALONE)
    np.testing.assert_array_equal(bases.histogram.counts, whole.counts)
    # Fewer than five blocks hold a peak: nothing is said of how sure the scores are.
    scores = whole.scores()
    assert np.isnan(bases.intervals(scores)).all()
    found = validated_scores(scores, bases, PeakCounts(dense))
    for one, score in zip(found, scores, strict=True):
        assert (one is None) == (not score.scored)
        if one:
            assert (one.base_rate, one.low, one.peak_precision) == (score.base_rate, None, None)
            assert one.is_skilled


def test_random_probabilities_are_no_better_than_chance_and_right_ones_are(
    dense: DenseDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regtrack.scoring.resampling.LEAST_LENGTH", 500)
    random = np.random.default_rng(2)
    for is_right in True, False:
        bases = BaseCounts(dense, "train")
        for chrom, where in dense.known("train").items():
            known = dense.labels.known_markers(chrom)[:, None]
            for start, end in where:
                labels = dense.labels.spread(chrom, start, end)
                values = random.random(labels.shape, np.float32) / 2
                bases.add(chrom, start, values + labels * np.float32(is_right / 2), labels, known)
        bases.finish(ALONE)
        scores = bases.histogram.scores()
        found = validated_scores(scores, bases, PeakCounts(dense))
        some = [one for one in found if one and one.low is not None]
        assert some
        assert all(one.is_skilled == is_right for one in some)
