"""The effective context of every marker, against one gradient at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import TINY_SIZES, Unwatched
from explain_helpers import Explainable

from regtrack.explain.contexts import MarkerContext, find_contexts
from regtrack.explain.positives import PeakTable, middles, spread
from regtrack.explain.stretch import explain_stretch
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.genome.regions import read_regions

CPU = torch.device("cpu")
NO_PEAKS = PeakTable(None, BedFiles(TINY_SIZES))


def contexts(
    tiny: Explainable, name: str, peaks: PeakTable, samples: int, region: str = "all"
) -> list[MarkerContext]:
    targets = tiny.genome.known(read_regions([region], TINY_SIZES))
    model = tiny.model(name)
    return find_contexts(
        model, tiny.genome, tiny.markers, targets, peaks, samples, CPU, Unwatched()
    )


def test_samples_are_spread_evenly_over_all_chromosomes() -> None:
    candidates = {"chr1": IntervalSet.of([0, 50], [10, 60]), "chr2": IntervalSet.of([7], [17])}
    assert spread(candidates, 3) == [("chr1", 5), ("chr1", 55), ("chr2", 12)]
    assert spread(candidates, 1) == [("chr1", 55)]


def test_where_there_are_few_all_are_taken() -> None:
    candidates = {"chr1": IntervalSet.of([3], [5]), "chr2": IntervalSet.of([7], [8])}
    assert spread(candidates, 16) == [("chr1", 3), ("chr1", 4), ("chr2", 7)]
    assert spread({}, 16) == []


def test_the_middle_of_a_peak_counts_where_it_is_a_target() -> None:
    peaks = {"chr1": IntervalSet.of([100, 200, 300], [110, 221, 400])}
    targets = {"chr1": IntervalSet.of([105], [350]), "chr2": IntervalSet.of([0], [9])}
    found = middles(peaks, targets)
    assert list(found["chr1"]) == [(105, 106), (210, 211)]
    assert not len(found["chr2"])


@pytest.mark.parametrize("name", ["cnn3", "dilated"])
def test_a_profile_is_the_mean_of_one_gradient_at_a_time(tiny_one: Explainable, name: str) -> None:
    found = contexts(tiny_one, name, tiny_one.peaks, 4)[1]
    targets = tiny_one.genome.known(read_regions(["all"], TINY_SIZES))
    places = spread(middles(tiny_one.peaks.of(tiny_one.markers[1]), targets), 4)
    assert found.samples == len(places) == 4
    expected = np.zeros(len(found.profile))
    for chrom, position in places:
        base = Interval(chrom, position, position + 1)
        one = explain_stretch(
            found.model,
            tiny_one.genome,
            found.marker,
            base,
            IntervalSet.of([position], [position + 1]),
            CPU,
            Unwatched(),
        )
        norm = np.nan_to_num(one.norm)
        for at, value in enumerate(norm, start=one.start):
            expected[abs(at - position)] += value / norm.sum() / len(places)
    np.testing.assert_allclose(found.profile, expected, rtol=1e-3, atol=1e-7)
    assert found.profile.sum() == pytest.approx(1)


def test_a_marker_without_a_peak_there_is_not_scored(tiny_one: Explainable) -> None:
    found = contexts(tiny_one, "cnn1", tiny_one.peaks, 4, "chrM")
    assert [one.samples for one in found] == [0, 0, 0]
    assert found[0].widths == (None, None, None)
    assert found[0].beyond == (None, None, None)


def test_without_peaks_positive_is_what_reaches_the_threshold(tiny_one: Explainable) -> None:
    found = contexts(tiny_one, "cnn7", NO_PEAKS, 5)
    assert [(one.source, one.samples) for one in found] == [("prediction", 5)] * 3
    # cnn7 sees 209 bases to the left and 259 to the right.
    assert all((one.widths[2] or 0) <= 2 * 259 + 1 for one in found)
    assert [one.beyond[1:] for one in found] == [(0, 0)] * 3


def test_the_short_task_has_a_context_too(tiny_one: Explainable) -> None:
    targets = tiny_one.genome.known(read_regions(["chr1"], TINY_SIZES))
    model = tiny_one.model("cnn3", "short")
    found = find_contexts(
        model, tiny_one.genome, tiny_one.markers, targets, tiny_one.peaks, 3, CPU, Unwatched()
    )
    for one in found:
        assert one.samples == 3
        assert 1 < (one.widths[0] or 0) < (one.widths[2] or 0) <= 2 * 599 + 1
