"""Called peaks: runs from a threshold on, joined over small gaps, of a minimal length."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from encoded import Row, by_bin, peaks_of
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.errors import ArgumentError
from regtrack.tracks.peaks.called import CALLED_PEAK, OWN_THRESHOLD, CalledPeaks, joined
from regtrack.tracks.peaks.callers import (
    PEAK_BIN,
    THRESHOLDS,
    ProbabilityPeakCaller,
    SegmentPeakCaller,
    rank_bins,
)
from regtrack.tracks.peaks.rules import BARE_RUNS, MarkerRules, PeakRules
from regtrack.tracks.segments import SEGMENT

# The first call compiles a kernel.
quick = settings(max_examples=25)

NOWHERE = np.zeros(0, np.int64)
RULES = st.builds(PeakRules, st.integers(0, 40), st.integers(1, 60))


def spans(called: np.ndarray, number: int) -> list[tuple[int, int]]:
    chosen = called[called["threshold"] == number]
    return list(zip(chosen["start"].tolist(), chosen["end"].tolist(), strict=True))


def walk(seed: int, markers: int, bases: int) -> np.ndarray:
    """Probabilities that wander through many thresholds; (markers, bases)."""
    steps = np.random.default_rng(seed).normal(0, 0.7, (markers, bases)).cumsum(axis=1)
    return (1 / (1 + np.exp(2 - 3 * np.sin(steps / 3) - steps / 20))).astype(np.float32)


@quick
@given(
    seed=st.integers(0, 2**32 - 1),
    rules=RULES,
    pieces=st.lists(
        st.tuples(st.sampled_from([0, 0, 0, 3, 8, 25, 200]), st.integers(1, 120)), min_size=1
    ),
    markers=st.sampled_from([1, 3, 9]),
)
def test_peaks_at_every_threshold_are_those_of_the_highest_base_of_each_bin(
    seed: int, rules: PeakRules, pieces: list[tuple[int, int]], markers: int
) -> None:
    own = np.random.default_rng(seed).random(markers).astype(np.float32)
    caller = ProbabilityPeakCaller(markers, rules, own)
    length = sum(gap + size for gap, size in pieces)
    values = walk(seed, markers, length)
    seen = np.full((markers, length), -1, np.float32)
    stretches: list[list[int]] = []
    at = 0
    for gap, size in pieces:
        at += gap
        caller.add(at, values[:, at : at + size])
        if stretches and stretches[-1][1] == at:
            stretches[-1][1] += size
        else:
            stretches.append([at, at + size])
        at += size
    for start, end in stretches:
        for marker in range(markers):
            seen[marker, start:end] = by_bin(values[marker, start:end], start)
    for marker, called in enumerate(caller.finish().by_marker()):
        whole = joined(called, rules, NOWHERE)
        for number, threshold in [*enumerate(THRESHOLDS), (OWN_THRESHOLD, own[marker])]:
            assert spans(whole, number) == peaks_of(seen[marker] >= threshold, rules)


@quick
@given(
    seed=st.integers(0, 2**32 - 1),
    rules=RULES,
    pieces=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 120)), min_size=1, max_size=6),
    markers=st.sampled_from([1, 9]),
)
def test_peaks_are_the_same_of_the_ranks_of_bins_that_a_device_hands_over(
    seed: int, rules: PeakRules, pieces: list[tuple[int, int]], markers: int
) -> None:
    own = np.random.default_rng(seed).random(markers).astype(np.float32)
    of_bases, of_ranks = (ProbabilityPeakCaller(markers, rules, own) for _ in range(2))
    values = walk(seed, markers, sum(gap + size for gap, size in pieces))
    end = 0
    for gap, size in pieces:
        # Targets do not touch but at the edges of blocks, which are edges of bins.
        start = -(-(end + gap) // PEAK_BIN) * PEAK_BIN if gap < 20 else end + gap
        end = min(start + size, values.shape[1])
        if start >= end:
            break
        of_bases.add(start, values[:, start:end])
        ranks = [
            (values[:, first:last].max(axis=1, keepdims=True) >= THRESHOLDS).sum(axis=1)
            + (values[:, first:last].max(axis=1) >= own)
            for first, last in rank_bins(start, end)
        ]
        of_ranks.add_ranks(start, end, np.array(ranks, np.uint8))
    expected, called = of_bases.finish(), of_ranks.finish()
    for one, other in zip(expected.by_marker(), called.by_marker(), strict=True):
        assert sorted(one.tolist()) == sorted(other.tolist())


def test_the_bins_of_a_stretch_begin_at_multiples_but_the_first() -> None:
    assert rank_bins(3, 25).tolist() == [[3, 8], [8, 16], [16, 24], [24, 25]]
    assert rank_bins(8, 16).tolist() == [[8, 16]]
    assert rank_bins(9, 10).tolist() == [[9, 10]]


@quick
@given(seed=st.integers(0, 2**32 - 1), rules=RULES, cuts=st.sets(st.integers(1, 49), max_size=4))
def test_blocks_that_are_called_apart_come_to_the_same_peaks(
    seed: int, rules: PeakRules, cuts: set[int]
) -> None:
    values = walk(seed, 2, 50 * PEAK_BIN)
    whole = ProbabilityPeakCaller(2, rules)
    whole.add(0, values)
    expected = [joined(one, rules, NOWHERE) for one in whole.finish().by_marker()]
    parts: list[list[np.ndarray]] = [[], []]
    edges = [0, *(PEAK_BIN * cut for cut in sorted(cuts)), 50 * PEAK_BIN]
    for start, end in itertools.pairwise(edges):
        caller = ProbabilityPeakCaller(2, rules)
        caller.add(start, values[:, start:end])
        for marker, called in enumerate(caller.finish().by_marker()):
            parts[marker].append(called)
    for marker in range(2):
        found = joined(np.concatenate(parts[marker]), rules, NOWHERE)
        assert found.tolist() == expected[marker].tolist()


@st.composite
def chroms(draw: st.DrawFn) -> list[list[Row]]:
    """Sorted, disjoint segments of up to three chromosomes of 400 bases; many touch."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        edges = sorted(draw(st.sets(st.integers(0, 400), max_size=12)))
        value = st.sampled_from([0.0, 0.001, 0.004, 0.2, 0.25, 0.5, 0.75, 0.999, 1.0])
        rows = [(start, end, draw(value)) for start, end in itertools.pairwise(edges)]
        found.append([row for row in rows if draw(st.integers(0, 4))])
    return found


@quick
@given(chroms(), RULES, st.sampled_from([0.0, 0.2, 0.3, 0.75, 2.0]), st.integers(1, 9))
def test_peaks_of_segments_are_those_of_their_bases(
    found: list[list[Row]], rules: PeakRules, own: float, together: int
) -> None:
    origins = [401 * number for number in range(len(found))]
    caller = SegmentPeakCaller(MarkerRules(own, rules))
    rows = [(origin, row) for origin, of in zip(origins, found, strict=True) for row in of]
    for first in range(0, len(rows), together):
        part = rows[first : first + together]
        records = np.array([row for _, row in part], SEGMENT)
        caller.add(records, np.arange(len(part) + 1), np.array([origin for origin, _ in part]))
    whole = joined(caller.finish(), rules, np.array(origins, np.int64))
    for number, threshold in [*enumerate(THRESHOLDS), (OWN_THRESHOLD, np.float32(own))]:
        expected = []
        for origin, of_chrom in zip(origins, found, strict=True):
            values = np.full(400, -1, np.float32)
            for start, end, value in of_chrom:
                values[start:end] = value
            peaks = peaks_of(values >= threshold, rules)
            expected += [(origin + start, origin + end) for start, end in peaks]
        assert spans(whole, number) == expected


@pytest.mark.parametrize("number", range(len(THRESHOLDS)))
def test_a_base_at_a_threshold_is_called_and_one_under_it_is_not(number: int) -> None:
    at = THRESHOLDS[number]
    caller = ProbabilityPeakCaller(2, BARE_RUNS)
    caller.add(0, np.array([[at], [np.nextafter(at, np.float32(0))]], np.float32))
    called, under = caller.finish().by_marker()
    assert sorted(called["threshold"].tolist()) == list(range(number + 1))
    assert sorted(under["threshold"].tolist()) == list(range(number))


def test_thresholds_rise_by_about_half_an_octave_of_the_odds() -> None:
    odds = THRESHOLDS.astype(float) / (1 - THRESHOLDS)
    ratios = odds[1:] / odds[:-1]
    assert THRESHOLDS[0] == 2.0**-10
    assert THRESHOLDS[-1] == 1 - 2.0**-7
    assert ratios.min() > 1.3
    assert ratios.max() < 1.9


def test_an_own_threshold_that_is_one_of_all_is_called_as_that_one() -> None:
    caller = ProbabilityPeakCaller(1, BARE_RUNS, THRESHOLDS[5:6])
    caller.add(0, np.array([[THRESHOLDS[5]] * 16], np.float32))
    (called,) = caller.finish().by_marker()
    assert spans(called, OWN_THRESHOLD) == spans(called, 5) == [(0, 16)]
    assert spans(called, 6) == []


@pytest.mark.parametrize("markers", [1, 3])
def test_without_a_base_nothing_is_called(markers: int) -> None:
    called = ProbabilityPeakCaller(markers, BARE_RUNS, np.zeros(markers, np.float32)).finish()
    assert [len(one) for one in called.by_marker()] == [0] * markers
    assert len(SegmentPeakCaller(MarkerRules(0, BARE_RUNS)).finish()) == 0


def test_more_peaks_than_are_handed_over_at_once_are_all_there() -> None:
    # 40,000 runs of a bin each, at all thresholds and the own one.
    values = np.zeros((1, 80_000 * PEAK_BIN), np.float32)
    values[0].reshape(-1, PEAK_BIN)[::2] = 1
    caller = ProbabilityPeakCaller(1, BARE_RUNS, np.array([0.3], np.float32))
    caller.add(0, values)
    (called,) = caller.finish().by_marker()
    numbers, counts = np.unique(called["threshold"], return_counts=True)
    assert numbers.tolist() == [*range(len(THRESHOLDS)), OWN_THRESHOLD]
    assert set(counts.tolist()) == {40_000}


def test_more_peaks_of_segments_than_are_handed_over_at_once_are_all_there() -> None:
    records = np.zeros(3_000, SEGMENT)
    records["start"] = 100 * np.arange(3_000)
    records["end"], records["value"] = records["start"] + 50, 1
    caller = SegmentPeakCaller(MarkerRules(0.3, BARE_RUNS))
    caller.add(records, np.array([0, 3_000]), np.zeros(1, np.int64))
    called = caller.finish()
    numbers, counts = np.unique(called["threshold"], return_counts=True)
    assert numbers.tolist() == [*range(len(THRESHOLDS)), OWN_THRESHOLD]
    assert set(counts.tolist()) == {3_000}


def test_no_peak_goes_from_one_chromosome_to_the_next() -> None:
    called = np.array(
        [(0, 100, OWN_THRESHOLD), (101, 300, OWN_THRESHOLD), (301, 400, OWN_THRESHOLD)], CALLED_PEAK
    )
    rules = PeakRules(max_gap=30, min_length=50)
    assert spans(joined(called, rules, np.array([0, 101])), OWN_THRESHOLD) == [(0, 100), (101, 400)]
    assert spans(joined(called, rules, NOWHERE), OWN_THRESHOLD) == [(0, 400)]


def test_peaks_of_markers_on_several_stretches_come_together_marker_by_marker() -> None:
    nothing = CalledPeaks(np.array([0, 0, 0, 0]), np.array([], CALLED_PEAK))
    left = CalledPeaks(
        np.array([0, 1, 1, 2]), np.array([(0, 9, 3), (5, 9, OWN_THRESHOLD)], CALLED_PEAK)
    )
    right = CalledPeaks(np.array([0, 1, 2, 2]), np.array([(20, 50, 3), (20, 60, 1)], CALLED_PEAK))
    both = CalledPeaks.union([nothing, left, right])
    expected = [[(0, 9, 3), (20, 50, 3)], [(20, 60, 1)], [(5, 9, OWN_THRESHOLD)]]
    assert [one.tolist() for one in both.by_marker()] == expected
    assert both.rows.tolist() == [0, 0, 1, 2]
    expected = [[(20, 50, 3)], [(20, 60, 1)], []]
    assert [one.tolist() for one in both.at_least(30).by_marker()] == expected
    assert [one.tolist() for one in both.at_least(31).by_marker()] == [[], [(20, 60, 1)], []]


@pytest.mark.parametrize(
    ("wrong", "option"),
    [({"max_gap": -1}, "max_gap: expected 0"), ({"min_length": 0}, "min_length: expected 1")],
)
def test_lengths_that_make_no_sense_are_refused(wrong: dict[str, int], option: str) -> None:
    with pytest.raises(ArgumentError, match=option):
        PeakRules(**wrong)


def test_where_no_peaks_are_to_be_called_no_probability_is_high_enough() -> None:
    assert MarkerRules(0.25, BARE_RUNS).called_from == 0.25
    assert MarkerRules(0.25, BARE_RUNS, has_peaks=False).called_from > 1


def test_a_peak_from_the_first_base_on_that_never_ends_is_called() -> None:
    segments = SegmentPeakCaller(MarkerRules(0.3, BARE_RUNS))
    segments.add(np.array([(0, 100, 1)], SEGMENT), np.array([0, 1]), np.zeros(1, np.int64))
    assert spans(segments.finish(), OWN_THRESHOLD) == [(0, 100)]
    probabilities = ProbabilityPeakCaller(1, BARE_RUNS, np.array([0.3], np.float32))
    probabilities.add(0, np.ones((1, 96), np.float32))
    (called,) = probabilities.finish().by_marker()
    assert spans(called, OWN_THRESHOLD) == [(0, 96)]
