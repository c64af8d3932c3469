"""Labels: 1 where a base lies inside a peak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import TINY_SIZES, TinyWorld
from hypothesis import given
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import Marker, read_markers
from regtrack.training.labels import PeakLabels

peak_sets = st.lists(st.tuples(st.integers(0, 80), st.integers(1, 30)), max_size=5).map(
    lambda rows: IntervalSet.of([a for a, _ in rows], [a + n for a, n in rows])
)


@given(st.lists(peak_sets, min_size=1, max_size=3), st.integers(0, 100), st.integers(1, 40))
def test_a_base_is_1_inside_a_peak_and_0_outside(
    peaks: list[IntervalSet], start: int, length: int
) -> None:
    labels = PeakLabels([{"chr1": one} for one in peaks]).spread("chr1", start, start + length)
    expected = [
        [int(any(a <= base < b for a, b in one)) for base in range(start, start + length)]
        for one in peaks
    ]
    assert labels.tolist() == expected


def test_a_chromosome_without_peaks_is_all_0() -> None:
    labels = PeakLabels([{"chr1": IntervalSet.of([0], [9])}, {}]).spread("chr2", 0, 5)
    np.testing.assert_array_equal(labels, np.zeros((2, 5)))


def test_the_labels_of_a_base_lie_side_by_side() -> None:
    # As in the logits and in the probabilities.
    labels = PeakLabels([{}, {}, {}]).spread("chr1", 0, 50)
    assert labels.dtype == np.uint8
    assert labels.strides == (1, 3)


def test_the_base_rate_is_the_share_of_the_regions_inside_of_peaks() -> None:
    labels = PeakLabels(
        [
            {"chr1": IntervalSet.of([0, 90], [10, 200]), "chr2": IntervalSet.of([5], [15])},
            {"chr3": IntervalSet.of([0], [100])},
        ]
    )
    regions = {"chr1": IntervalSet.of([5, 80], [25, 100]), "chr2": IntervalSet.of([0], [10])}
    # 5 + 10 + 5 of 50 bases; the second marker has its peaks elsewhere.
    assert labels.base_rates(regions).tolist() == [0.4, 0.0]


def test_no_region_has_a_base_rate_of_0() -> None:
    assert PeakLabels([{"chr1": IntervalSet.of([0], [9])}]).base_rates({}).tolist() == [0.0]


def test_peaks_are_read_from_the_files_of_the_markers(tiny: TinyWorld) -> None:
    labels = PeakLabels.read(read_markers(tiny.markers), TINY_SIZES)
    # As `builders.make_tiny_world` writes them: the same peak on chr2 for each marker.
    expected = np.zeros((3, 500))
    expected[:, 100:400] = 1
    np.testing.assert_array_equal(labels.spread("chr2", 0, 500), expected)


def test_a_bad_peak_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.bed"
    path.write_text("chr1\t5\tx\n")
    marker = Marker(0, "a", "TFBS", "K562", "CTCF", "None", str(path))
    with pytest.raises(InputError, match=r"bad\.bed:1: expected numbers"):
        PeakLabels.read([marker], TINY_SIZES)
