"""Random windows: every allowed one is drawn, and no other."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.training.windows import RandomWindows

Sets = dict[str, IntervalSet]
Starts = set[tuple[str, int]]


def allowed_starts(regions: Sets, known: Sets, length: int, stride: int) -> Starts:
    """Tried one by one."""
    found = set()
    for chrom, intervals in regions.items():
        here = known.get(chrom, EMPTY)
        for start, end in intervals:
            for first in range(start, end - length + 1):
                if (
                    first % stride == 0
                    and 10 * here.clip(first, first + length).bases >= 9 * length
                ):
                    found.add((chrom, first))
    return found


def interval_sets(most: int) -> st.SearchStrategy[IntervalSet]:
    spans = st.lists(st.tuples(st.integers(0, 250), st.integers(1, 120)), min_size=1, max_size=most)
    return spans.map(lambda rows: IntervalSet.of(*zip(*[(a, a + n) for a, n in rows], strict=True)))


@settings(deadline=None)
@given(
    regions=st.dictionaries(st.sampled_from(["chr1", "chr2"]), interval_sets(4), min_size=1),
    gaps=interval_sets(3),
    length=st.integers(1, 5).map(lambda steps: steps * 10),
    stride=st.sampled_from([1, 5, 10]),
)
def test_every_allowed_window_is_there_and_no_other(
    regions: Sets, gaps: IntervalSet, length: int, stride: int
) -> None:
    # chr1 has gaps of N, chr2 has none.
    edges = [0, *(edge for gap in gaps for edge in gap), 400]
    spans = [(a, b) for a, b in zip(edges[0::2], edges[1::2], strict=True) if a < b]
    outside = IntervalSet.of(*zip(*spans, strict=True))
    known = {
        chrom: intervals.intersect(outside) if chrom == "chr1" else intervals
        for chrom, intervals in regions.items()
    }
    allowed = allowed_starts(regions, known, length, stride)
    if not allowed:
        with pytest.raises(InputError):
            RandomWindows(regions, known, length, stride)
        return
    windows = RandomWindows(regions, known, length, stride)
    assert len(windows) == len(allowed)
    random = np.random.default_rng(0)
    assert {windows.draw(random)[:2] for _ in range(50)} <= allowed


def test_every_allowed_window_is_drawn_equally_often() -> None:
    regions = {"chr1": IntervalSet.of([0, 100], [40, 125]), "chr2": IntervalSet.of([7], [52])}
    windows = RandomWindows(regions, regions, 20, 5)
    allowed = allowed_starts(regions, regions, 20, 5)
    assert len(allowed) == 5 + 2 + 5
    random = np.random.default_rng(0)
    drawn = Counter(windows.draw(random)[:2] for _ in range(12_000))
    assert drawn.keys() == allowed
    # 1,000 expected of each, with a standard deviation of 30.
    assert all(850 < times < 1_150 for times in drawn.values())


def test_a_region_as_long_as_a_window_has_one() -> None:
    regions = {"chr1": IntervalSet.of([30], [130])}
    windows = RandomWindows(regions, regions, 100, 10)
    assert len(windows) == 1
    assert windows.draw(np.random.default_rng(0)) == ("chr1", 30, 130)


@pytest.mark.parametrize(("unknown", "windows"), [(10, 1), (11, 0)])
def test_a_tenth_of_a_window_may_be_n_and_not_more(unknown: int, windows: int) -> None:
    regions = {"chr1": IntervalSet.of([0], [100])}
    known = {"chr1": IntervalSet.of([0], [100 - unknown])}
    if windows:
        assert len(RandomWindows(regions, known, 100, 10)) == windows
    else:
        with pytest.raises(InputError):
            RandomWindows(regions, known, 100, 10)


@pytest.mark.parametrize(
    ("regions", "known"),
    [
        pytest.param({}, {}, id="no region"),
        pytest.param({"chr1": IntervalSet.of([0], [99])}, None, id="too short"),
        pytest.param({"chr1": IntervalSet.of([1], [109])}, None, id="too short on the stride"),
        pytest.param({"chr1": IntervalSet.of([0, 60], [59, 119])}, None, id="in two pieces"),
        pytest.param({"chr1": IntervalSet.of([0], [1_000])}, {}, id="nothing but N"),
    ],
)
def test_no_window_is_bad_input(regions: Sets, known: Sets | None) -> None:
    with pytest.raises(InputError, match="--train: no window of 100 bases with at most 10% N"):
        RandomWindows(regions, regions if known is None else known, 100, 10)
