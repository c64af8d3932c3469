"""A BigWig file in columns: the highest value of each, against the values base by base."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyBigWig
import pytest
from encoded import Segments, write_bigwig
from hypothesis import given, settings
from hypothesis import strategies as st
from wigs import SIZES, by_pybigwig, by_regtrack

from regtrack.errors import InputError
from regtrack.genome.intervals import Interval
from regtrack.tracks.bigwig_view import column_edges, highest_values


def zooms(path: Path) -> list[int]:
    """Bases of a bin of each zoom level."""
    data = path.read_bytes()
    (count,) = struct.unpack_from("<H", data, 6)
    return [struct.unpack_from("<I", data, 64 + 24 * number)[0] for number in range(count)]


def by_base(path: Path, region: Interval) -> npt.NDArray[np.float64]:
    """The value of every base, as pyBigWig reads it; -1 where there is none."""
    with pyBigWig.open(str(path)) as file:
        values = file.values(region.chrom, region.start, region.end, numpy=True)
    return np.where(np.isnan(values), -1, values)


def brute_force(path: Path, region: Interval, columns: int, wider: int = 0) -> list[float]:
    """The highest value of each column, and of some bases beside it; -1 where there is none."""
    size = SIZES[region.chrom]
    values = by_base(path, Interval(region.chrom, 0, size))
    edges = column_edges(region, columns).tolist()
    return [
        float(values[max(start - wider, 0) : min(end + wider, size)].max())
        for start, end in pairwise(edges)
    ]


def seen(path: Path, region: Interval, columns: int) -> list[float]:
    found = highest_values(path, region, columns)
    return [float(value) for value in np.where(np.isnan(found), -1, found)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("view") / "a.bw"
    by_regtrack(found)
    return found


@pytest.mark.parametrize(("length", "columns"), [(10, 3), (7, 7), (1, 1), (2_001, 1_000)])
def test_columns_cut_a_region_without_gap_or_overlap(length: int, columns: int) -> None:
    edges = column_edges(Interval("chr1", 5, 5 + length), columns)
    widths = np.diff(edges)
    assert (edges[0], edges[-1]) == (5, 5 + length)
    assert widths.min() >= 1
    assert widths.max() - widths.min() <= 1


@pytest.mark.parametrize("write", [by_regtrack, by_pybigwig, lambda path: by_pybigwig(path, 0)])
@pytest.mark.parametrize(
    ("region", "columns"),
    [
        (Interval("chr2", 100_000, 200_000), 1_000),
        (Interval("chr2", 99_999, 100_950), 951),
        (Interval("chr2", 1_234, 1_235), 1),
        (Interval("chr2", 0, 300), 7),
        (Interval("chr2", 1_999_000, 2_000_000), 999),
        (Interval("chr1", 0, 50_000), 613),
        (Interval("chr10", 0, 900), 9),
    ],
)
def test_close_up_it_is_the_highest_value(
    tmp_path: Path, write: Callable[[Path], None], region: Interval, columns: int
) -> None:
    write(tmp_path / "a.bw")
    expected = brute_force(tmp_path / "a.bw", region, columns)
    assert seen(tmp_path / "a.bw", region, columns) == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_999_999), st.integers(1, 60_000), st.integers(1, 1_000))
def test_any_region_in_any_number_of_columns(
    path: Path, start: int, length: int, columns: int
) -> None:
    region = Interval("chr2", start, min(start + length, SIZES["chr2"]))
    finest = min(zooms(path))
    columns = min(max(columns, len(region) // finest + 1), len(region))  # no zoom level will do
    assert seen(path, region, columns) == brute_force(path, region, columns)


@pytest.mark.parametrize("columns", [1_000, 999, 200, 31, 1])
def test_from_afar_no_value_is_lost_and_none_comes_from_farther_than_a_column(
    path: Path, columns: int
) -> None:
    region = Interval("chr2", 0, 2_000_000)
    wider = max(level for level in zooms(path) if level <= len(region) // columns)
    found = seen(path, region, columns)
    assert all(map(float.__ge__, found, brute_force(path, region, columns)))
    assert all(map(float.__le__, found, brute_force(path, region, columns, wider)))


def test_a_lone_base_is_seen_from_any_distance(tmp_path: Path) -> None:
    sizes = {"chr1": 240_000_000}
    lone = Segments(np.array([123_456_789]), np.array([123_456_790]), np.array([0.75], np.float32))
    write_bigwig(tmp_path / "a.bw", sizes, [("chr1", lone)])
    for length in (1_000, 100_000, 5_000_000, 100_000_000):
        start = 123_456_789 - length // 3
        found = highest_values(tmp_path / "a.bw", Interval("chr1", start, start + length), 1_000)
        column = int(np.nanargmax(found))
        assert found[column] == np.float32(0.75)
        assert abs(column - 333) <= 1
        assert np.isnan(found).sum() >= 998


def test_a_chromosome_of_very_many_is_found_and_another_has_no_value(tmp_path: Path) -> None:
    sizes = {f"scaffold{number}": 5_000 for number in range(3_000)}
    one = Segments(np.array([10]), np.array([20]), np.array([0.5], np.float32))
    pieces = [(f"scaffold{number}", one) for number in (0, 999, 1_000, 2_999)]
    write_bigwig(tmp_path / "a.bw", sizes, pieces)
    for name in sizes:
        found = highest_values(tmp_path / "a.bw", Interval(name, 0, 100), 10)
        expected = [0.5] if any(name == chrom for chrom, _ in pieces) else []
        assert found[~np.isnan(found)].tolist() == expected
    for name in ("", "a", "scaffold", "scaffold99999", "z"):
        assert np.isnan(highest_values(tmp_path / "a.bw", Interval(name, 0, 100), 10)).all()


def test_values_that_are_no_numbers_are_passed_over(tmp_path: Path) -> None:
    values = Segments(np.array([10, 20]), np.array([20, 30]), np.array([0.5, 0.25], np.float32))
    write_bigwig(tmp_path / "a.bw", {"chr1": 900}, [("chr1", values)])
    with pyBigWig.open(str(tmp_path / "b.bw"), "w") as file:
        file.addHeader([("chr1", 900)])
        file.addEntries(["chr1"] * 2, [10, 20], ends=[20, 30], values=[0.5, float("nan")])
    region = Interval("chr1", 0, 40)
    assert seen(tmp_path / "a.bw", region, 4) == [-1, 0.5, 0.25, -1]
    assert seen(tmp_path / "b.bw", region, 4) == [-1, 0.5, -1, -1]
    assert seen(tmp_path / "b.bw", region, 1) == [0.5]


@pytest.mark.parametrize("kept", [0, 10, 63, 64, 200, 3_000])
def test_a_truncated_file_is_refused(path: Path, tmp_path: Path, kept: int) -> None:
    (tmp_path / "a.bw").write_bytes(path.read_bytes()[:kept])
    for length in (1_000, 2_000_000):
        with pytest.raises(InputError, match=r"a\.bw: (not a BigWig file|damaged)"):
            highest_values(tmp_path / "a.bw", Interval("chr2", 0, length), 100)


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.bw").write_bytes(struct.pack("<I", 0x8789F2EB) + bytes(500))
    with pytest.raises(InputError, match=r"a\.bw: not a BigWig file"):
        highest_values(tmp_path / "a.bw", Interval("chr1", 0, 10), 5)
    with pytest.raises(FileNotFoundError):
        highest_values(tmp_path / "b.bw", Interval("chr1", 0, 10), 5)
