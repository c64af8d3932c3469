"""Made-up tandem repeats: what is repeated, how often, and that nothing in them is a peak."""

from __future__ import annotations

import numpy as np
import pytest

from regtrack.datasets.dense import DenseDataset
from regtrack.training.examples import make_examples
from regtrack.training.repeats import put_repeat
from regtrack.training.settings import TrainingSettings

LENGTH = 20_000
PEAKS = np.array([[3, 0, 7_000], [1, 6_000, 6_500], [2, 9_000, 20_000]])


def a_window(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A window of N, so that the repeat is seen, with one: codes, peaks, and where it lies."""
    codes, peaks = put_repeat(
        np.zeros(LENGTH, np.uint8), PEAKS[:0], np.random.default_rng((0, number))
    )
    return codes, peaks, np.flatnonzero(codes)


def period_of(repeat: np.ndarray) -> int:
    """The shortest shift by which nine in ten letters are the same."""
    return next(
        shift for shift in range(1, 200) if (repeat[shift:] == repeat[:-shift]).mean() > 0.8
    )


def test_there_is_one_stretch_of_300_to_3000_bases_that_repeats_6_to_60() -> None:
    lengths, periods = [], []
    for number in range(200):
        codes, _, where = a_window(number)
        assert np.array_equal(where, np.arange(where[0], where[-1] + 1))
        lengths.append(len(where))
        periods.append(period_of(codes[where]))
    assert 300 <= min(lengths) < 400
    assert 2_900 < max(lengths) <= 3_000
    # A unit of chance is hardly ever a repeat of shorter ones.
    assert 6 <= min(periods) < 10
    assert 55 < max(periods) <= 60


def test_a_third_is_exact_and_a_third_each_has_2_and_8_letters_in_100_drawn_anew() -> None:
    same = []
    for number in range(300):
        codes, _, where = a_window(number)
        repeat = codes[where]
        unit = np.array(
            [np.bincount(repeat[at :: period_of(repeat)]).argmax() for at in range(60)]
        )[: period_of(repeat)]
        same.append((repeat == np.resize(unit, len(repeat))).mean())
    shares = np.array(same)
    assert 0.25 < (shares == 1).mean() < 0.42
    # One in four of the letters drawn is the one that was there.
    assert 0.25 < ((shares < 1) & (shares > 0.97)).mean() < 0.42
    assert 0.25 < ((shares < 0.97) & (shares > 0.9)).mean() < 0.42


def test_most_units_are_cut_from_peaks() -> None:
    # Peaks are of A and C alone, the rest of G and T, and units of chance have all letters.
    from_peaks = []
    for number in range(300):
        random = np.random.default_rng((1, number))
        codes = random.integers(3, 5, LENGTH).astype(np.uint8)
        codes[8_000:12_000] = random.integers(1, 3, 4_000)
        peaks = np.array([[0, 8_100, 11_900]])
        found, _ = put_repeat(codes, peaks, np.random.default_rng((2, number)))
        changed = np.flatnonzero(found != codes)
        repeat = found[changed[0] : changed[-1] + 1]
        from_peaks.append((repeat < 3).mean() > 0.9)
    assert 0.7 < np.mean(from_peaks) < 0.9


@pytest.mark.parametrize("number", range(20))
def test_peaks_end_where_the_repeat_begins_and_begin_where_it_ends(number: int) -> None:
    codes, peaks = put_repeat(np.zeros(LENGTH, np.uint8), PEAKS, np.random.default_rng(number))
    where = np.flatnonzero(codes)

    def painted(some: np.ndarray) -> np.ndarray:
        labels = np.zeros((4, LENGTH), bool)
        for marker, start, end in some:
            assert start < end
            labels[marker, start:end] = True
        return labels

    expected = painted(PEAKS)
    expected[:, where[0] : where[-1] + 1] = False
    assert np.array_equal(painted(peaks), expected)


def test_what_was_given_stays_as_it_was() -> None:
    codes, peaks = np.ones(LENGTH, np.uint8), PEAKS.copy()
    put_repeat(codes, peaks, np.random.default_rng(0))
    assert (codes == 1).all()
    assert np.array_equal(peaks, PEAKS)


def test_a_short_window_has_a_shorter_repeat() -> None:
    for number in range(20):
        codes, _ = put_repeat(np.zeros(400, np.uint8), PEAKS[:0], np.random.default_rng(number))
        assert np.count_nonzero(codes) == 200


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.5, 40, 80), (1.0, 120, 120)])
def test_a_share_of_the_windows_gets_one_and_the_others_stay(
    dense: DenseDataset, share: float, least: int, most: int
) -> None:
    def examples(repeats: float):
        settings = TrainingSettings(batch_size=3, repeats=repeats).fitted("dense", dense.window)
        return make_examples(dense, settings, 10, 0)

    numbers = np.arange(120)
    found, plain = (examples(repeats).batch(numbers) for repeats in (share, 0.0))
    differ = (found.codes != plain.codes).any(axis=1)
    assert least <= differ.sum() <= most
    assert np.array_equal(found.labels[~differ], plain.labels[~differ])
    # Labels are taken away only, and only where there is another sequence.
    taken = (found.labels != plain.labels).any(axis=2)
    assert not (found.labels > plain.labels).any()
    assert np.array_equal(found.known, found.codes > 0)
    assert not taken[~differ].any()
    # The same again, one by one.
    for number in (0, 7):
        one = examples(share).batch(np.array([number]))
        assert np.array_equal(one.codes[0], found.codes[number])
        assert np.array_equal(one.labels[0], found.labels[number])
    # Statistics of norms come from real sequence.
    assert np.array_equal(examples(share).codes(numbers), plain.codes)
