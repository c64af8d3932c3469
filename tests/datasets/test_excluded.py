"""What counts as excluded: BED files and mappability, together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.datasets.selection import Excluded
from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet
from regtrack.tracks import bigwig_sections

SIZES = {"chr1": 60, "chr2": 30}


def write_bigwig(path: Path, sizes: dict[str, int], entries: list[tuple]) -> Path:
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(sizes.items()))
        for chrom, start, end, value in entries:
            file.addEntries([chrom], [start], ends=[end], values=[float(value)])
    return path


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([None, 0.0, 0.5, 0.9, 1.0, 3.0]), min_size=60, max_size=60),
    st.sampled_from([0.5, 0.9, 1.0]),
    st.lists(st.tuples(st.integers(0, 59), st.integers(1, 9)), max_size=3),
)
def test_excluded_bases_equal_those_found_base_by_base(
    tmp_path_factory: pytest.TempPathFactory, values: list, minimum: float, listed: list
) -> None:
    folder = tmp_path_factory.mktemp("excluded")
    entries = [("1", at, at + 1, v) for at, v in enumerate(values) if v is not None]
    expected = {
        at for at, v in enumerate(values) if v is None or np.float32(v) < np.float32(minimum)
    }
    bed = folder / "a.bed"
    rows = []
    for start, length in listed:
        end = min(start + length, 60)
        rows.append(f"chr1\t{start}\t{end}\nchr2\t2\t4\n")
        expected |= set(range(start, end))
    bed.write_text("".join(rows))
    # A file without entries cannot be written; chr2 is not in this one.
    path = write_bigwig(folder / "m.bw", {"1": 60}, entries or [("1", 0, 1, 0)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bigwig_sections, "_TOGETHER", 1)
        found = Excluded([bed] if listed else [], path, minimum, SIZES)
        bases = {base for start, end in found.on("chr1") for base in range(start, end)}
        assert bases == expected
        assert found.on("chr2") == IntervalSet.of(*([2], [4]) if listed else ([], []))


def test_an_empty_line_of_a_list_is_passed_over(tmp_path: Path) -> None:
    bed = tmp_path / "a.bed"
    bed.write_text("chr1\t5\t5\tLow_mappability_island\nchr1\t7\t9\n")
    assert list(Excluded([bed], None, 1, SIZES).on("chr1")) == [(7, 9)]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"scaffold": 60}, r"m\.bw: has no chromosome in common .* it has scaffold, the genome"),
        (
            {"chr1": 61},
            r"m\.bw: is of an .* \(chr1 has 61 bases\), but the genome is another .* \(60\)",
        ),
    ],
)
def test_mappability_of_another_genome_is_refused(
    tmp_path: Path, sizes: dict[str, int], message: str
) -> None:
    name = next(iter(sizes))
    path = write_bigwig(tmp_path / "m.bw", sizes, [(name, 0, 5, 1)])
    with pytest.raises(InputError, match=message):
        Excluded([], path, 1, SIZES)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.bw"
    path.write_text("chr1\t0\t9\t1\n")
    with pytest.raises(InputError, match=r"m\.bw: not a BigWig file"):
        Excluded([], path, 1, SIZES)


def test_a_list_without_a_region_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "exclude.bed"
    path.write_text("# nothing came down\n")
    with pytest.raises(InputError, match=r"exclude\.bed: holds no region to exclude"):
        Excluded([path], None, 1.0, {"chr1": 1_000})
