"""The histogram of scores: constant memory, and the same numbers as from sorting."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from regtrack.scoring.histogram import (
    COARSE,
    UNROUNDED,
    WRITTEN,
    ScoreHistogram,
    UnsoundSegmentsError,
    bin_count,
    bin_edges,
    coarser,
    count_segments,
)
from regtrack.tracks.bigwig_sections import Sections
from regtrack.tracks.segments import SEGMENT


def some_bases(seed: int, markers: int = 2, bases: int = 3_000) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels that have something to do with each other."""
    random = np.random.default_rng(seed)
    labels = (random.random((markers, bases)) < 0.1).astype(np.uint8)
    scores = random.normal(size=(markers, bases)) + 1.5 * labels - 2
    return (1 / (1 + np.exp(-scores))).astype(np.float32), labels


@pytest.mark.parametrize("seed", range(3))
def test_scores_equal_those_from_sorting(seed: int) -> None:
    probabilities, labels = some_bases(seed, bases=100_000)
    histogram = ScoreHistogram(2)
    histogram.add(probabilities, labels)
    for row, truth, found in zip(probabilities, labels, histogram.scores(), strict=True):
        assert (found.bases, found.positives) == (len(row), truth.sum())
        expected = average_precision_score(truth, row)
        assert found.average_precision == pytest.approx(expected, abs=1e-4)
        assert found.auroc == pytest.approx(roc_auc_score(truth, row), abs=1e-4)


@pytest.mark.parametrize("weight", [1.0, 5.0])
def test_the_mean_loss_is_that_of_the_probabilities_themselves(weight: float) -> None:
    probabilities, labels = some_bases(4, bases=20_000)
    known = np.ones_like(labels, dtype=bool)
    known[1, ::3] = False
    histogram = ScoreHistogram(2)
    histogram.add(probabilities, labels, known)
    values, truth = probabilities[known].astype(np.float64), labels[known]
    loss = -np.where(truth, weight * np.log(values), np.log1p(-values))
    assert histogram.mean_loss(weight) == pytest.approx(loss.mean(), rel=1e-3)


def test_a_probability_of_nought_or_one_has_a_finite_loss() -> None:
    histogram = ScoreHistogram(1)
    values = np.array([[0, 1, 0, 1]], dtype=np.float32)
    histogram.add(values, np.array([[0, 1, 1, 0]], dtype=np.uint8))
    # Two are right; of two that are wrong, the first bin is under 2**-40, the last over 1 - 2**-25.
    expected = (41 + 26) * math.log(2) / 4
    assert histogram.mean_loss() == pytest.approx(expected, rel=0.02)
    assert ScoreHistogram(1).mean_loss() == 0


def test_pieces_add_up() -> None:
    probabilities, labels = some_bases(0)
    whole, pieces = ScoreHistogram(2), ScoreHistogram(2)
    whole.add(probabilities, labels)
    for first in range(0, 3_000, 700):
        pieces.add(probabilities[:, first : first + 700], labels[:, first : first + 700])
    np.testing.assert_array_equal(pieces.counts, whole.counts)


@given(seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_what_was_not_measured_is_not_counted(seed: int, share: float) -> None:
    probabilities, labels = some_bases(seed, bases=50)
    known = np.random.default_rng(seed).random(probabilities.shape) < share
    found = ScoreHistogram(2)
    found.add(probabilities, labels, known)
    for marker in range(2):
        here = known[marker]
        only_known = ScoreHistogram(1)
        only_known.add(probabilities[[marker]][:, here], labels[[marker]][:, here])
        np.testing.assert_array_equal(found.counts[marker], only_known.counts[0])


@pytest.mark.parametrize("known", [[True, True], [True, False], [False, True], [False, False]])
def test_a_marker_may_be_unknown_as_a_whole(known: list[bool]) -> None:
    probabilities, labels = some_bases(0)
    whole, found = ScoreHistogram(2), ScoreHistogram(2)
    whole.add(probabilities, labels)
    found.add(probabilities, labels, np.array(known)[:, None])
    for marker in range(2):
        expected = whole.counts[marker] if known[marker] else 0
        np.testing.assert_array_equal(found.counts[marker], expected)


def test_without_a_mask_everything_is_known() -> None:
    probabilities, labels = some_bases(0)
    unasked, known = ScoreHistogram(2), ScoreHistogram(2)
    unasked.add(probabilities, labels)
    known.add(probabilities, labels, np.ones(labels.shape, dtype=bool))
    np.testing.assert_array_equal(unasked.counts, known.counts)


def test_a_mask_of_another_shape_is_refused() -> None:
    probabilities, labels = some_bases(0)
    with pytest.raises(ValueError, match="could not be broadcast"):
        ScoreHistogram(2).add(probabilities, labels, np.ones((3, 1), dtype=bool))


def test_labels_of_other_bases_are_refused() -> None:
    probabilities, labels = some_bases(0)
    with pytest.raises(ValueError, match="a label for every probability"):
        ScoreHistogram(2).add(probabilities, labels[:, 1:])


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        ScoreHistogram(1).add(np.array([[np.nan]], np.float32), np.array([[1]], np.uint8))


def bins_of(probabilities: np.ndarray) -> np.ndarray:
    """The bin that each of some probabilities is counted in."""
    found = []
    for one in probabilities:
        histogram = ScoreHistogram(1)
        histogram.add(np.array([[one]], np.float32), np.array([[1]], np.uint8))
        ((_, label, place),) = np.argwhere(histogram.counts)
        assert label == 1
        found.append(place)
    return np.array(found)


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=5))
def test_every_probability_lies_between_the_edges_of_its_bin(found: list[float]) -> None:
    probabilities = np.array([*found, 0, 0.25, 0.5, 0.75, 1, 2**-40], np.float32)
    bins = bins_of(probabilities)
    edges = bin_edges(UNROUNDED)
    assert np.all(edges[bins] <= probabilities)
    inside = probabilities < edges[bins + 1]
    assert np.all(inside | (bins == bin_count(UNROUNDED) - 1))


@pytest.mark.parametrize("bits", [0, COARSE, UNROUNDED, WRITTEN])
def test_bins_rise_from_0_to_1_and_are_narrow_in_the_odds(bits: int) -> None:
    edges = bin_edges(bits)
    assert len(edges) == bin_count(bits) + 1
    assert (edges[0], edges[-1]) == (0, 1)
    assert np.all(np.diff(edges) > 0)
    usual = edges[(edges > 1e-9) & (edges < 1 - 1e-5)]
    odds = usual / (1 - usual)
    assert np.all(odds[1:] / odds[:-1] <= 1 + 2 * 2.0**-bits + 1e-3)


@pytest.mark.parametrize(("bits", "to"), [(WRITTEN, COARSE), (UNROUNDED, COARSE), (WRITTEN, 0)])
def test_coarser_bins_are_unions_of_finer_ones(bits: int, to: int) -> None:
    assert set(bin_edges(to)) <= set(bin_edges(bits))
    which = coarser(bits, to)
    assert which[0] == 0
    assert which[-1] == bin_count(to) - 1
    assert set(np.diff(which)) == {0, 1}


def test_a_marker_without_positives_is_not_scored() -> None:
    probabilities, labels = some_bases(0)
    labels[1] = 0
    histogram = ScoreHistogram(2)
    histogram.add(probabilities, labels)
    assert [score.scored for score in histogram.scores()] == [True, False]
    assert math.isnan(histogram.scores()[1].average_precision)


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_has_the_best_f1_of_all(seed: int) -> None:
    random = np.random.default_rng(seed)
    # Edges of bins, so that no threshold lies between two values of one bin.
    edges = bin_edges(UNROUNDED)[5_000::60]
    probabilities = random.choice(edges, size=(1, 60)).astype(np.float32)
    labels = (random.random((1, 60)) < 0.05 + probabilities).astype(np.uint8)
    histogram = ScoreHistogram(1)
    histogram.add(probabilities, labels)
    (threshold,) = histogram.best_f1_thresholds(fallback=0.5)
    every = [*np.unique(probabilities), 1.1]
    best = max(f1_score(labels[0], probabilities[0] >= one, zero_division=0) for one in every)
    assert f1_score(labels[0], probabilities[0] >= threshold) == pytest.approx(best)


def test_the_threshold_is_a_probability_from_which_bases_are_called() -> None:
    histogram = ScoreHistogram(1)
    histogram.add(
        np.array([[0.25, 0.5, 0.75, 1.0]], np.float32), np.array([[0, 0, 1, 1]], np.uint8)
    )
    (threshold,) = histogram.best_f1_thresholds(fallback=0.1)
    assert 0.5 < threshold <= 0.75


def test_a_marker_without_positives_has_the_fallback() -> None:
    histogram = ScoreHistogram(2)
    histogram.add(np.array([[0.75], [0.75]], np.float32), np.array([[0], [1]], np.uint8))
    fallback, own = histogram.best_f1_thresholds(fallback=0.125)
    assert fallback == 0.125
    assert own <= 0.75


Row = tuple[int, int, float]

# Where the second chromosome begins on the line: a base lies between the two.
ORIGIN = 31


@st.composite
def segments(draw: st.DrawFn) -> list[Row]:
    """Sorted, disjoint segments of a chromosome of 30 bases; many touch."""
    edges = sorted(draw(st.sets(st.integers(0, 30), max_size=8)))
    level = st.sampled_from([0.0, 0.2, 0.25, 0.3, 0.75, 1.0])
    rows = [(start, end, draw(level)) for start, end in itertools.pairwise(edges)]
    return [row for row in rows if draw(st.integers(0, 3))]


class Counted:
    """What `count_segments` makes of the segments of some chromosomes, `ORIGIN` apart."""

    def __init__(
        self, chroms: list[list[Row]], edges: list[int], strata: list[int], most: int
    ) -> None:
        self.counts = np.zeros((2, bin_count(WRITTEN)), np.int64)
        self.by_stratum = np.zeros((most, bin_count(COARSE)), np.int64)
        count_segments(
            Sections(
                np.array([row for rows in chroms for row in rows], SEGMENT),
                np.cumsum([0, *map(len, chroms)]),
                ORIGIN * np.arange(len(chroms)),
                np.full(len(chroms), 30),
            ),
            np.array(edges, np.int64),
            np.array(strata, np.int32),
            self.counts,
            self.by_stratum,
            np.zeros(1, np.int64),
        )


def place_of(value: float, bits: int) -> int:
    edges = bin_edges(bits)[:-1]
    return int(np.searchsorted(edges, np.float64(np.float32(value)), side="right")) - 1


@settings(max_examples=60)  # the first call compiles
@given(
    st.lists(segments(), min_size=2, max_size=2),
    st.sets(st.integers(1, 59), max_size=5),
    st.integers(20, 70),
    st.lists(st.integers(-1, 5), min_size=6, max_size=6),
)
def test_segments_are_counted_as_their_bases_one_by_one(
    chroms: list[list[Row]], cuts: set[int], last: int, strata: list[int]
) -> None:
    # Stretches may end before the segments do, and some belong to no stratum.
    edges = [0, *sorted(cut for cut in cuts if cut < last), last]
    strata = strata[: len(edges) - 1]
    found = Counted(chroms, edges, strata, 6)
    counts, by_stratum = np.zeros_like(found.counts), np.zeros_like(found.by_stratum)
    for origin, rows in zip((0, ORIGIN), chroms, strict=True):
        for start, end, value in rows:
            for base in range(origin + start, min(origin + end, last)):
                stratum = strata[int(np.searchsorted(edges, base, side="right")) - 1]
                if stratum >= 0:
                    counts[stratum % 2, place_of(value, WRITTEN)] += 1
                    by_stratum[stratum, place_of(value, COARSE)] += 1
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_array_equal(found.by_stratum, by_stratum)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param((20, 20, 0.5), id="empty"),
        pytest.param((20, 19, 0.5), id="reversed"),
        pytest.param((9, 20, 0.5), id="overlapping"),
        pytest.param((2, 4, 0.5), id="unsorted"),
        pytest.param((20, 31, 0.5), id="past the end"),
        pytest.param((20, 30, -0.001), id="negative"),
        pytest.param((20, 30, 1.001), id="above 1"),
        pytest.param((20, 30, float("nan")), id="not a number"),
    ],
)
def test_segments_of_a_file_that_is_no_track_are_refused(wrong: Row) -> None:
    right = [(5, 10, 0.5)]
    with pytest.raises(UnsoundSegmentsError) as caught:
        Counted([right, [*right, wrong]], [0, 100], [0], 1)
    assert caught.value.position == ORIGIN
