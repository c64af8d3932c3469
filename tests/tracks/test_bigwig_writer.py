"""BigWig files against other readers: zoom levels, trees of several levels, odd genomes."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pybigtools
import pyBigWig
import pytest
from encoded import Segments, write_bigwig

from regtrack.genome.intervals import IntervalSet
from regtrack.genome.line import Line
from regtrack.tracks.bigwig_sections import BigWigSections

SIZES = {"chr10": 3_000_001, "chr2": 900_000, "chr1": 700}  # not sorted by name
ZOOM = np.dtype("<u4,<u4,<u4,<u4,<f4,<f4,<f4,<f4")


def every_other(size: int, random: np.random.Generator, step: int = 7) -> Segments:
    """Short segments all over a chromosome, from its first base to its last one."""
    starts = np.arange(0, size - 1, step)
    ends = np.minimum(starts + random.integers(1, step + 1, len(starts)), size)
    ends[-1] = size
    return Segments(starts, ends, random.random(len(starts), dtype=np.float32))


@dataclass(frozen=True)
class Written:
    """A file and what was written to it."""

    path: Path
    segments: dict[str, Segments]

    def values(self, chrom: str) -> np.ndarray:
        """One per base, NaN where there is none."""
        values = np.full(SIZES[chrom], np.nan)
        one = self.segments[chrom]
        for start, end, value in zip(one.starts, one.ends, one.values, strict=True):
            values[start:end] = value
        return values


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Half a million segments: in pieces, as from blocks, so that the R-tree has levels."""
    random = np.random.default_rng(4)
    segments = {"chr10": every_other(3_000_001, random), "chr2": every_other(900_000, random)}
    pieces = []
    for chrom, whole in segments.items():
        edges = np.searchsorted(whole.starts, np.arange(0, SIZES[chrom] + 4_200, 4_200))
        pieces += [
            (chrom, Segments(whole.starts[a:b], whole.ends[a:b], whole.values[a:b]))
            for a, b in pairwise(edges)
        ]
    path = tmp_path_factory.mktemp("written") / "a.bw"
    write_bigwig(path, SIZES, pieces)
    return Written(path, segments)


def test_trees_of_several_levels_lead_every_reader_to_every_segment(written: Written) -> None:
    other = pybigtools.open(str(written.path))
    with pyBigWig.open(str(written.path)) as file:
        assert file.chroms() == other.chroms() == SIZES
        for chrom, expected in written.segments.items():
            columns = (expected.starts.tolist(), expected.ends.tolist(), expected.values.tolist())
            rows = list(zip(*columns, strict=True))
            assert list(file.intervals(chrom)) == rows
            assert list(other.records(chrom)) == rows
        assert file.intervals("chr1") is None
    other.close()


@pytest.mark.parametrize(
    ("chrom", "start", "end"),
    [
        ("chr10", 1_234_567, 1_234_600),
        ("chr10", 3_000_000, 3_000_001),
        ("chr2", 0, 1),
        ("chr2", 899_990, 900_000),
    ],
)
def test_a_few_bases_are_found_among_many(
    written: Written, chrom: str, start: int, end: int
) -> None:
    expected = written.values(chrom)[start:end]
    with pyBigWig.open(str(written.path)) as file:
        np.testing.assert_array_equal(file.values(chrom, start, end, numpy=True), expected)


def test_the_summary_is_of_all_bases(written: Written) -> None:
    values = np.concatenate([written.values(chrom) for chrom in written.segments])
    data = written.path.read_bytes()
    (at,) = struct.unpack_from("<Q", data, 44)
    covered, *others = struct.unpack_from("<Q4d", data, at)
    assert covered == np.isfinite(values).sum()
    sums = np.nanmin(values), np.nanmax(values), np.nansum(values), np.nansum(values**2)
    assert others == pytest.approx(sums)
    with pyBigWig.open(str(written.path)) as file:  # finds the same where it looks for it
        assert file.header()["sumData"] == pytest.approx(np.nansum(values), abs=1)
        assert file.header()["nBasesCovered"] == covered


def zoom_levels(path: Path) -> dict[int, list[tuple[float, ...]]]:
    """Records of each zoom level, by its reduction, read straight from the file."""
    data = path.read_bytes()
    assert data[-4:] == data[:4]
    (count,) = struct.unpack_from("<H", data, 6)
    found = {}
    for level in range(count):
        reduction, _, start, index = struct.unpack_from("<IIQQ", data, 64 + 24 * level)
        (records,) = struct.unpack_from("<I", data, start)
        rows, at = [], start + 4
        while at < index:
            inflate = zlib.decompressobj()
            rows += np.frombuffer(inflate.decompress(data[at:index]), ZOOM).tolist()
            at = index - len(inflate.unused_data)
        assert len(rows) == records
        found[reduction] = rows
    return found


def summed_up(written: Written, reduction: int) -> list[tuple[float, ...]]:
    """What a zoom level should hold."""
    expected = []
    for chrom in written.segments:
        values = written.values(chrom)
        for start in range(0, len(values), reduction):
            part = values[start : start + reduction]
            there = part[~np.isnan(part)]
            stop = min(start + reduction, len(values))
            if len(there):
                sums = there.min(), there.max(), there.sum(), (there**2).sum()
                expected.append((list(SIZES).index(chrom), start, stop, len(there), *sums))
    return expected


def test_every_zoom_level_sums_up_the_bases(written: Written) -> None:
    levels = zoom_levels(written.path)
    assert list(levels) == [400, 1_600, 6_400, 25_600, 102_400]
    for reduction, rows in levels.items():
        np.testing.assert_allclose(rows, summed_up(written, reduction), rtol=1e-6)


@pytest.fixture(scope="module")
def by_block(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Pieces as of blocks: dense ones, which bring their finest bins, and sparse ones.

    The last one of a chromosome is cut at its end; one of chr2 begins within the last bin of the
    piece before.
    """
    random = np.random.default_rng(5)
    found: dict[str, list[Segments]] = {"chr10": [], "chr2": []}
    for chrom, start, end, step in [
        *[("chr10", at, min(at + 200_000, 2_999_801), 20) for at in range(0, 1_600_000, 200_000)],
        *[("chr10", at, min(at + 200_000, 2_999_801), 900) for at in (1_600_000, 1_800_000)],
        *[
            ("chr10", at, min(at + 200_000, 2_999_801), 20)
            for at in range(2_000_000, 3_000_000, 200_000)
        ],
        ("chr2", 0, 100_130, 20),
        ("chr2", 100_140, 200_000, 20),
        ("chr2", 400_000, 600_000, 20),
    ]:
        one = every_other(end - start, random, step)
        found[chrom].append(Segments(one.starts + start, one.ends + start, one.values))
    path = tmp_path_factory.mktemp("blocks") / "a.bw"
    write_bigwig(path, SIZES, [(chrom, one) for chrom in found for one in found[chrom]])
    whole = {
        chrom: Segments(
            np.concatenate([one.starts for one in pieces]),
            np.concatenate([one.ends for one in pieces]),
            np.concatenate([one.values for one in pieces]),
        )
        for chrom, pieces in found.items()
    }
    return Written(path, whole)


def test_finest_bins_are_the_same_whether_pieces_bring_them_or_not(by_block: Written) -> None:
    levels = zoom_levels(by_block.path)
    assert list(levels)[:2] == [400, 1_600]
    for reduction, rows in levels.items():
        np.testing.assert_allclose(rows, summed_up(by_block, reduction), rtol=1e-6)


@pytest.mark.parametrize("start", [0, 1_400_000, 2_200_000])
def test_every_reader_finds_the_finest_bins(by_block: Written, start: int) -> None:
    # A pixel of 1,200 bases is three of them.
    values = by_block.values("chr10")[start : start + 720_000].reshape(600, 1_200)
    with pyBigWig.open(str(by_block.path)) as file:
        means, highest = (
            file.stats("chr10", start, start + 720_000, type=kind, nBins=600)
            for kind in ("mean", "max")
        )
    other = pybigtools.open(str(by_block.path))
    others = other.values("chr10", start, start + 720_000, bins=600, fillna=None)
    other.close()
    np.testing.assert_allclose(means, np.nanmean(values, axis=1), rtol=1e-5)
    np.testing.assert_allclose(others, np.nanmean(values, axis=1), rtol=1e-5)
    np.testing.assert_array_equal(highest, np.nanmax(values, axis=1))


def share_of_zooms(path: Path) -> float:
    data = path.read_bytes()
    _, _, start, _ = struct.unpack_from("<IIQQ", data, 64)
    return 1 - start / len(data)


@pytest.mark.parametrize("step", [8, 40, 200, 1_000, 5_000, 25_000])
def test_zoom_levels_are_a_third_of_a_file_at_most(tmp_path: Path, step: int) -> None:
    segments = every_other(3_000_001, np.random.default_rng(step), step)
    edges = np.searchsorted(segments.starts, np.arange(0, 3_200_001, 200_000))
    pieces = [
        ("chr10", Segments(segments.starts[a:b], segments.ends[a:b], segments.values[a:b]))
        for a, b in pairwise(edges)
    ]
    write_bigwig(tmp_path / "a.bw", SIZES, pieces)
    levels = zoom_levels(tmp_path / "a.bw")
    assert share_of_zooms(tmp_path / "a.bw") < 0.34
    assert len(levels[min(levels)]) < len(segments.starts)
    sizes = [len(rows) for rows in levels.values()]
    assert all(2 * after <= before for before, after in pairwise(sizes))


def test_a_track_of_one_segment_has_one_zoom_level(tmp_path: Path) -> None:
    one = Segments(np.array([1_000_000]), np.array([1_000_010]), np.array([0.5], np.float32))
    write_bigwig(tmp_path / "a.bw", SIZES, [("chr10", one)])
    record = (0, 921_600, 1_024_000, 10, 0.5, 0.5, 5.0, 2.5)
    assert zoom_levels(tmp_path / "a.bw") == {102_400: [record]}


def test_the_summary_is_found_also_where_zoom_levels_are_few(tmp_path: Path) -> None:
    one = Segments(np.array([1_000_000]), np.array([1_000_010]), np.array([0.5], np.float32))
    write_bigwig(tmp_path / "a.bw", SIZES, [("chr10", one)])
    data = (tmp_path / "a.bw").read_bytes()
    (at,) = struct.unpack_from("<Q", data, 44)
    assert struct.unpack_from("<Q4d", data, at) == (10, 0.5, 0.5, 5.0, 2.5)
    other = pybigtools.open(str(tmp_path / "a.bw"))
    found = other.info()["summary"]
    other.close()
    assert (found["basesCovered"], found["max"], found["sum"]) == (10, 0.5, 5.0)


@pytest.mark.parametrize("bins", [1, 3, 40])
@pytest.mark.parametrize("kind", ["mean", "min", "max", "coverage"])
def test_a_browser_that_reads_zoom_levels_sees_the_same(
    written: Written, kind: str, bins: int
) -> None:
    values = written.values("chr10")[:2_880_000].reshape(bins, -1)
    expected = {
        "mean": np.nanmean,
        "min": np.nanmin,
        "max": np.nanmax,
        "coverage": lambda part, axis: np.isfinite(part).mean(axis=axis),
    }[kind](values, axis=1)
    with pyBigWig.open(str(written.path)) as file:
        found = file.stats("chr10", 0, 2_880_000, type=kind, nBins=bins)
    # Bins of a zoom level may reach a little over the ends of those that were asked for.
    np.testing.assert_allclose(found, expected, rtol=0.03, atol=0.001)


def test_bins_that_pieces_share_become_one(tmp_path: Path) -> None:
    pieces = [
        ("chr1", Segments(np.array([at]), np.array([at + 10]), np.array([value], np.float32)))
        for at, value in [(0, 0.25), (10, 0.75), (300, 0.5)]
    ]
    write_bigwig(tmp_path / "a.bw", SIZES, pieces)
    (level, *_) = zoom_levels(tmp_path / "a.bw").values()
    assert level == [(2, 0, 700, 30, 0.25, 0.75, 15.0, 0.625 + 5.625 + 2.5)]


def test_hundreds_of_chromosomes_in_any_order_are_found_by_name(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    sizes = {f"scaffold_{number}": 1_000 + number for number in random.permutation(700).tolist()}
    one = np.array([0.5], np.float32)
    pieces = [
        (chrom, Segments(np.array([size - 1]), np.array([size]), one))
        for chrom, size in sizes.items()
    ]
    write_bigwig(tmp_path / "a.bw", sizes, pieces)
    other = pybigtools.open(str(tmp_path / "a.bw"))
    with pyBigWig.open(str(tmp_path / "a.bw")) as file:
        assert file.chroms() == other.chroms() == sizes
        for chrom, size in sizes.items():
            expected = [(size - 1, size, 0.5)]
            assert list(file.intervals(chrom)) == list(other.records(chrom)) == expected
    other.close()


def test_names_of_chromosomes_are_sorted_for_those_who_search(tmp_path: Path) -> None:
    # kent's tools look a name up by bisection; its number is the place in the genome.
    write_bigwig(
        tmp_path / "a.bw",
        SIZES,
        [("chr1", Segments(np.array([0]), np.array([1]), np.array([1], np.float32)))],
    )
    data = (tmp_path / "a.bw").read_bytes()
    (at,) = struct.unpack_from("<Q", data, 8)
    magic, _, width, _, count, _, is_leaf, _, items = struct.unpack_from("<4IQQBBH", data, at)
    assert (magic, width, count, is_leaf, items) == (0x78CA8C91, 5, 3, 1, 3)
    leaves = [struct.unpack_from("<5s2I", data, at + 36 + 13 * item) for item in range(3)]
    assert leaves == [(b"chr1\0", 2, 700), (b"chr10", 0, 3_000_001), (b"chr2\0", 1, 900_000)]


FILL_THE_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from encoded import Segments, write_bigwig
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
starts = np.arange(0, 900_000, 3)
values = np.random.default_rng(0).random(len(starts), dtype=np.float32)
segments = Segments(starts, starts + 2, values)
try:
    write_bigwig(Path(sys.argv[1]), {"chr2": 900_000}, [("chr2", segments)])
except OSError as error:
    print(error.filename)
"""


@pytest.mark.parametrize("limit", [0, 100, 5_000, 900_000])
def test_a_full_disk_is_an_error_that_names_the_file_and_leaves_nothing(
    tmp_path: Path, limit: int
) -> None:
    path = tmp_path / "a.bw"
    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, str(path), str(limit)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{path}\n"
    assert list(tmp_path.iterdir()) == []


def test_the_reader_of_this_package_agrees(written: Written) -> None:
    with BigWigSections(written.path) as reader:
        found = np.concatenate(list(reader.records("chr2", IntervalSet.of([0], [900_000]))))
    assert np.array_equal(found["value"], written.segments["chr2"].values)


def test_positions_that_the_format_cannot_hold_are_refused(tmp_path: Path) -> None:
    one = Segments(np.array([1]), np.array([5]), np.array([0.5], np.float32))
    write_bigwig(tmp_path / "longest.bw", {"chr1": 2**32 - 1}, [("chr1", one)])
    (tmp_path / "longest.bw").unlink()
    with pytest.raises(ValueError, match="a chromosome of more than 4,294,967,295 bases"):
        write_bigwig(tmp_path / "a.bw", {**SIZES, "chr3": 2**32}, [("chr2", one)])
    assert list(tmp_path.iterdir()) == []


MANY = {f"scaffold_{number}": 60 + number % 3_000 for number in range(3_000)}


@pytest.fixture(scope="module")
def scaffolds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A segment on each of many short scaffolds, with values that tell them apart."""
    path = tmp_path_factory.mktemp("scaffolds") / "a.bw"
    pieces = [
        (chrom, Segments(np.array([3]), np.array([size]), np.array([size / 4_096], np.float32)))
        for chrom, size in MANY.items()
    ]
    write_bigwig(path, MANY, pieces)
    return path


def test_a_part_of_a_zoom_level_holds_bins_of_many_scaffolds(scaffolds: Path) -> None:
    level, *_ = zoom_levels(scaffolds).values()
    assert [row[0] for row in level if row[1] == 0] == list(range(len(MANY)))
    data = scaffolds.read_bytes()
    _, _, _, index = struct.unpack_from("<IIQQ", data, 64)
    (parts,) = struct.unpack_from("<Q", data, index + 8)
    assert parts == -(-len(level) // 512)


def test_every_reader_finds_the_bins_of_a_scaffold_among_those_of_others(scaffolds: Path) -> None:
    other = pybigtools.open(str(scaffolds))
    with pyBigWig.open(str(scaffolds)) as file:
        assert file.chroms() == other.chroms() == MANY
        for chrom in ("scaffold_0", "scaffold_511", "scaffold_512", "scaffold_2999"):
            size = MANY[chrom]
            expected = [(3, size, size / 4_096)]
            assert list(file.intervals(chrom)) == list(other.records(chrom)) == expected
            assert file.stats(chrom, 0, size, type="max") == [size / 4_096]
            (mean,) = other.values(chrom, 0, size, bins=1, summary="max", fillna=None)
            assert mean == pytest.approx(size / 4_096)
    other.close()


def test_the_reader_of_this_package_finds_every_scaffold(scaffolds: Path) -> None:
    line = Line(MANY)
    asked = line.lay({chrom: IntervalSet.of([0], [size]) for chrom, size in MANY.items()})
    with BigWigSections(scaffolds) as reader:
        found = list(reader.together(line, asked))
    values = np.concatenate([sections.records["value"] for sections in found])
    assert (4_096 * values).tolist() == list(MANY.values())
