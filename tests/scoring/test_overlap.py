"""Called against measured peaks: what meets, and how many pairs there can be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scoring_builders import overlap_by_base

from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.scoring.overlap import PeakOverlap, overlaps
from regtrack.tracks.peaks.called import CALLED_PEAK, OWN_THRESHOLD
from regtrack.tracks.peaks.callers import THRESHOLDS

Spans = list[tuple[int, int]]

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=6)


def a_set(found: Spans) -> IntervalSet:
    return IntervalSet.of([start for start, _ in found], [sum(one) for one in found])


def called_at(peaks: dict[int, IntervalSet]) -> np.ndarray:
    """CALLED_PEAK of some thresholds, in their order."""
    rows = [(start, end, number) for number in sorted(peaks) for start, end in peaks[number]]
    return np.array(rows, CALLED_PEAK)


@given(spans, spans, spans, spans)
def test_peaks_meet_where_they_share_a_scored_base(
    own: Spans, other: Spans, measured: Spans, where: Spans
) -> None:
    peaks = {3: a_set(other), OWN_THRESHOLD: a_set(own)}
    at_own, by_threshold = overlaps(called_at(peaks), a_set(measured), a_set(where))
    for found, number in (at_own, OWN_THRESHOLD), (by_threshold[3], 3), (by_threshold[4], 4):
        wanted = overlap_by_base(peaks.get(number, EMPTY), a_set(measured), a_set(where))
        # NaN equals itself here.
        assert repr(found) == repr(wanted)
    assert len(by_threshold) == len(THRESHOLDS)


def test_a_peak_that_spans_all_finds_all_but_is_one_pair() -> None:
    measured = IntervalSet.of([10, 30, 50], [20, 40, 60])
    where = IntervalSet.of([0], [100])
    found, _ = overlaps(called_at({OWN_THRESHOLD: where}), measured, where)
    assert (found.precision, found.recall) == (1, 1)
    assert found.f1 == 2 / (1 + 3)


def test_crumbs_in_one_measured_peak_are_one_pair() -> None:
    crumbs = IntervalSet.of(range(10, 20, 2), range(11, 21, 2))
    found, _ = overlaps(
        called_at({OWN_THRESHOLD: crumbs}), IntervalSet.of([10], [20]), IntervalSet.of([0], [100])
    )
    assert (found.precision, found.recall) == (1, 1)
    assert found.f1 == 2 / (5 + 1)


def test_of_no_peak_there_is_no_share() -> None:
    nothing = PeakOverlap(0, 0, 0, 0, 0)
    assert all(map(math.isnan, (nothing.precision, nothing.recall, nothing.f1)))
    assert PeakOverlap(2, 0, 0, 0, 0).precision == 0
    assert PeakOverlap(0, 0, 2, 0, 0).f1 == pytest.approx(0)


def test_peaks_are_too_wide_from_more_than_five_times_the_measured_bases_on() -> None:
    assert not PeakOverlap(1, 1, 1, 1, 1, called_bases=50, measured_bases=10).is_too_wide
    assert PeakOverlap(1, 1, 1, 1, 1, called_bases=51, measured_bases=10).is_too_wide
