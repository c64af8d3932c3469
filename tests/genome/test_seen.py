"""Where a network was trained: kept in few numbers, checked when read, found on other files."""

from __future__ import annotations

from typing import Any

import pytest

from regtrack.genome.intervals import IntervalSet
from regtrack.genome.seen import Seen

SIZES = {"chr2": 900, "chr1": 500}
SEEN = Seen(
    {"chr2": IntervalSet.of([100, 400], [200, 450]), "chr1": IntervalSet.of([0], [500])},
    {"chr2": IntervalSet.of([200], [300])},
)
WRITTEN = {
    "unit": 50,
    "train": {"chr2": [2, 2, 4, 1], "chr1": [0, 10]},
    "valid": {"chr2": [4, 2]},
}


def test_distances_and_lengths_are_kept_in_the_largest_unit_that_divides_all() -> None:
    assert SEEN.to_json() == WRITTEN


def test_what_is_read_is_what_was_written() -> None:
    assert Seen.from_json(**SEEN.to_json(), chrom_sizes=SIZES) == SEEN
    nothing = Seen({}, {})
    assert Seen.from_json(**nothing.to_json(), chrom_sizes={}) == nothing


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"unit": 0}, "expected pairs of distances on chr2"),
        ({"train": {"chr2": [2]}}, "expected pairs"),
        ({"train": {"chr2": []}}, "expected pairs"),
        ({"train": {"chr2": [3, 2, -1, 1]}}, "expected pairs"),
        ({"train": {"chr2": [2, 0]}}, "must not be negative or empty"),
        ({"train": {"chr2": [2, 2, 0, 1]}}, "must not touch"),
        ({"train": {"chr2": [0, 19]}}, "past the end of chr2"),
        ({"valid": {"chr2": [2**62, 2**62, 2**62, 2**62]}}, "past the end of chr2"),
        ({"valid": {"chr3": [0, 1]}}, "chr3, which is no chromosome"),
    ],
)
def test_what_is_no_set_of_intervals_of_the_genome_is_refused(
    change: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        Seen.from_json(**{**WRITTEN, **change}, chrom_sizes=SIZES)


def test_on_another_file_chromosomes_are_named_and_ordered_as_there() -> None:
    found = SEEN.on(SIZES, {"1": 500, "2": 900, "3": 10})
    assert found.train == {"1": SEEN.train["chr1"], "2": SEEN.train["chr2"]}
    assert list(found.train) == ["1", "2"]
    assert found.valid == {"2": SEEN.valid["chr2"]}


def test_a_chromosome_of_another_length_is_another_one() -> None:
    assert SEEN.on(SIZES, {"chr1": 500, "chr2": 901}) == Seen({"chr1": SEEN.train["chr1"]}, {})


def test_inside_of_some_bases() -> None:
    found = SEEN.inside({"chr2": IntervalSet.of([150], [250]), "chr9": IntervalSet.of([0], [9])})
    assert found == Seen(
        {"chr2": IntervalSet.of([150], [200])}, {"chr2": IntervalSet.of([200], [250])}
    )


def test_bases_are_counted_by_split() -> None:
    assert SEEN.bases == {"train": 650, "valid": 100}
