"""The samples of the short task, against labelling every bin base by base."""

from __future__ import annotations

import numpy as np
from builders import a_marker
from hypothesis import given
from hypothesis import strategies as st

from regtrack.datasets.bins import deciding, label_bins
from regtrack.datasets.settings import SPLITS
from regtrack.datasets.windows import Windows
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.short_input import BIN, FLANK, LENGTH

# The last bin of a window may have no room for its input; one chromosome has none at all.
SIZES = {"chr1": 4_300, "chr2": 2_000, "chrM": 150}
WINDOW = 1_000
EDGES = st.sampled_from([*range(0, 4_001, 100), 99, 101, 299, 301, 1_701, 2_199, 2_299, 4_300])


@st.composite
def peaks(draw: st.DrawFn) -> dict[str, IntervalSet]:
    found = {}
    for chrom, size in SIZES.items():
        pairs = draw(st.lists(st.tuples(EDGES, EDGES).map(sorted), max_size=4))
        inside = [(min(a, size), min(b, size)) for a, b in pairs]
        inside = [(a, b) for a, b in inside if a < b]
        if inside:
            found[chrom] = IntervalSet.of(*zip(*inside, strict=True))
    return found


def covered(one: dict[str, IntervalSet], chrom: str, start: int) -> int:
    bases = {base for first, last in one.get(chrom, ()) for base in range(first, last)}
    return len(bases & set(range(start, start + BIN)))


@given(st.lists(peaks(), min_size=1, max_size=10), st.data())
def test_bins_and_labels_equal_counting_base_by_base(
    markers: list[dict[str, IntervalSet]], data: st.DataObject
) -> None:
    categories = data.draw(
        st.lists(
            st.sampled_from(["TFBS", "DNase", "ATAC"]),
            min_size=len(markers),
            max_size=len(markers),
        )
    )
    grid = Windows.grid(SIZES, WINDOW)
    split = np.array(
        data.draw(st.lists(st.integers(-1, 2), min_size=len(grid), max_size=len(grid)))
    )
    windows = {name: grid.choose(split == number) for number, name in enumerate(SPLITS)}
    table = [a_marker(index, str(index), category) for index, category in enumerate(categories)]
    found = label_bins(markers, deciding(table), windows, SIZES)
    chroms = list(SIZES)
    for name in SPLITS:
        expected = []
        for one in map(windows[name].__getitem__, range(len(windows[name]))):
            for start in range(one.start, one.end, BIN):
                labels = [2 * covered(marker, one.chrom, start) > BIN for marker in markers]
                bound = any(
                    label and (category == "TFBS" or "TFBS" not in categories)
                    for label, category in zip(labels, categories, strict=True)
                )
                others = (
                    each
                    for other in SPLITS
                    if other != name
                    for each in map(windows[other].__getitem__, range(len(windows[other])))
                    if each.chrom == one.chrom
                )
                # Also when training moves an input by half a bin, it shares no base with theirs.
                reach = 3 * BIN
                if any(
                    each.start < start + BIN + reach and start - reach < each.end for each in others
                ):
                    continue
                if bound and start >= FLANK and start - FLANK + LENGTH <= SIZES[one.chrom]:
                    expected.append((chroms.index(one.chrom), start, *labels))
        samples = found[name]
        assert samples.bins is not None
        unpacked = np.unpackbits(samples.labels, axis=1, count=len(markers))
        assert [
            (*where, *map(bool, row))
            for where, row in zip(samples.bins.tolist(), unpacked, strict=True)
        ] == expected
