"""BigWig files read section by section: what pyBigWig and regtrack wrote, and what is none."""

from __future__ import annotations

from pathlib import Path

import pyBigWig
import pytest
from wigs import PIECES, SIZES, by_pybigwig, by_regtrack

from regtrack.errors import InputError
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.tracks.bigwig_sections import BigWigSections

Rows = list[tuple[int, int, float]]


WRITERS = [by_regtrack, by_pybigwig, lambda path: by_pybigwig(path, zooms=0)]


def rows_of(path: Path, chrom: str, asked: IntervalSet) -> Rows:
    with BigWigSections(path) as file:
        return [row for records in file.records(chrom, asked) for row in records.tolist()]


def whole(chrom: str) -> IntervalSet:
    return IntervalSet.of([0], [SIZES[chrom]])


@pytest.mark.parametrize("write", WRITERS)
def test_every_segment_comes_back_once_and_in_order(write, tmp_path: Path) -> None:
    write(tmp_path / "a.bw")
    with BigWigSections(tmp_path / "a.bw") as file:
        assert file.chrom_sizes == SIZES
    for chrom, expected in PIECES:
        found = rows_of(tmp_path / "a.bw", chrom, whole(chrom))
        columns = (expected.starts, expected.ends, expected.values)
        assert found == list(zip(*(column.tolist() for column in columns), strict=True))
    assert rows_of(tmp_path / "a.bw", "chr10", whole("chr10")) == []


@pytest.mark.parametrize("write", WRITERS[:2])
def test_sections_without_a_base_asked_for_are_not_read(write, tmp_path: Path) -> None:
    write(tmp_path / "a.bw")
    asked = IntervalSet.of([300_000, 1_500_000], [300_100, 1_500_100])
    everything = rows_of(tmp_path / "a.bw", "chr2", whole("chr2"))
    found = rows_of(tmp_path / "a.bw", "chr2", asked)
    needed = [row for row in everything if asked.clip(row[0], row[1]).bases]
    assert set(needed) <= set(found) <= set(everything)
    assert len(found) < len(everything)
    assert found == sorted(found)


def test_a_chromosome_that_the_file_does_not_have_has_no_segment(tmp_path: Path) -> None:
    by_regtrack(tmp_path / "a.bw")
    assert rows_of(tmp_path / "a.bw", "chrX", IntervalSet.of([0], [9])) == []


@pytest.mark.parametrize("keep", [0, 63, 64, 300, 0.5, 0.999])
def test_a_truncated_file_is_refused(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "a.bw"
    by_regtrack(path)
    data = path.read_bytes()
    # All zoom levels and their indices lie behind what is read: cut off the data's own end.
    path.write_bytes(data[: keep if keep > 1 else int(keep * data.index(b"\x68\x24", 5_000))])
    with pytest.raises(InputError, match=r"a\.bw: (not a BigWig|damaged)"):
        rows_of(path, "chr2", whole("chr2"))


def test_what_is_no_bigwig_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.bw").write_bytes(b"chr1\t10\t20\t0.5\n" * 100)
    with pytest.raises(InputError, match="not a BigWig file"):
        BigWigSections(tmp_path / "a.bw")


def test_a_damaged_section_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bw"
    by_regtrack(path)
    data = bytearray(path.read_bytes())
    data[5_000:5_400] = b"\xff" * 400
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged: a section cannot be read"):
        rows_of(path, "chr2", whole("chr2"))


@pytest.mark.parametrize("starts", [100, [100, 115, 200]])  # fixed and variable steps
def test_values_of_one_length_come_back_as_pybigwig_reads_them(starts, tmp_path: Path) -> None:
    path = tmp_path / "a.bw"
    step = {"step": 10} if isinstance(starts, int) else {}
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(SIZES.items()))
        file.addEntries("chr2", starts, values=[0.1, 0.2, 0.3], span=10, **step)
    with pyBigWig.open(str(path)) as file:
        expected = list(file.intervals("chr2"))
    assert rows_of(path, "chr2", whole("chr2")) == expected


@pytest.mark.parametrize("end", [1_001, 1_002, 1_100, 5_000])
def test_a_section_past_its_chromosomes_end_is_of_no_other_chromosome(
    end: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.bw"
    with pyBigWig.open(str(path), "w") as file:  # which takes any end
        file.addHeader([("chr1", 1_000), ("chr2", 500), ("chr3", 500)])
        file.addEntries(["chr1", "chr1"], [0, 400], ends=[400, end], values=[1.0, 1.0])
        file.addEntries(["chr2"], [300], ends=[400], values=[1.0])
    with BigWigSections(path) as file:
        mapped = {
            chrom: list(file.at_least(Interval(chrom, 0, size), 1))
            for chrom, size in file.chrom_sizes.items()
        }
    assert mapped == {"chr1": [(0, 1_000)], "chr2": [(300, 400)], "chr3": []}
