"""Regions as users type them, and the names of chromosomes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.genome.intervals import Interval
from regtrack.genome.names import nothing_in_common, resolve_chrom
from regtrack.genome.regions import parse_region, read_regions

SIZES = {"chr1": 5_000_000, "chr22": 2_000_000, "chr3": 10, "chrM": 16_569, "HLA*01:01": 300}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chr22:1,000-2,000", ("chr22", 999, 2_000)),
        ("chr22:1000-2000", ("chr22", 999, 2_000)),
        ("chr22:1,000,000-1,999,999", ("chr22", 999_999, 1_999_999)),
        ("chr22:1000..2000", ("chr22", 999, 2_000)),
        ("22:1000-2000", ("chr22", 999, 2_000)),
        ("chr3:1-1", ("chr3", 0, 1)),
        ("chr3:1-10", ("chr3", 0, 10)),
        ("chr3:10-10", ("chr3", 9, 10)),
        ("MT:1-5", ("chrM", 0, 5)),
        (" chr3:2-4\n", ("chr3", 1, 4)),
        ("HLA*01:01:2-4", ("HLA*01:01", 1, 4)),
        ("Chr22:1-10", ("chr22", 0, 10)),
        ("CHR22:1-10", ("chr22", 0, 10)),
        ("mt:1-5", ("chrM", 0, 5)),
    ],
)
def test_a_typed_region_is_one_based_with_both_ends(text: str, expected: tuple) -> None:
    assert parse_region(text, SIZES) == Interval(*expected)


@pytest.mark.parametrize(
    ("text", "chrom"),
    [
        ("chr22", "chr22"),
        ("22", "chr22"),
        (" chr3 ", "chr3"),
        ("HLA*01:01", "HLA*01:01"),
        ("CHR3", "chr3"),
    ],
)
def test_a_chromosome_alone_is_the_whole_of_it(text: str, chrom: str) -> None:
    assert parse_region(text, SIZES) == Interval(chrom, 0, SIZES[chrom])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("chr22:2,000-1,000", r"it ends before it starts; use chr22:1,000-2,000$"),
        ("chr22:0-1,000", r"positions count from 1; use chr22:1-1,000$"),
        ("chr22:,-,", r"positions count from 1"),
        ("chr3:1-11", r"outside the chromosome: chr3 has 10 bases"),
        ("22:1-3,000,000", r"outside the chromosome: chr22 has 2,000,000 bases"),
        ("chr22:1,000", r"expected CHROM or CHROM:START-END"),
        ("chr22:", r"expected CHROM or CHROM:START-END"),
        (f"chr22:1-{'9' * 5_000}", r"expected CHROM or CHROM:START-END"),  # no number, to Python
        ("chr22:a-b", r"expected CHROM or CHROM:START-END"),
        ("chr22:-5-10", r"expected CHROM or CHROM:START-END"),
        ("chr22:1e3-2e3", r"expected CHROM or CHROM:START-END"),
        ("chr7", r" no chromosome of the genome, .* chr1, chr22, chr3, chrM, HLA\*01:01$"),
        ("chr7:1-10", r" no chromosome of the genome, .* chr1, chr22, chr3, chrM, HLA\*01:01$"),
        ("peaks.bed", r"neither a file nor a chromosome"),
        ("a/b", r"neither a file nor a chromosome"),
        ("", r" no chromosome of the genome"),
        ("chr22 100 200", r" no chromosome .*; type chr22:100-200$"),
        ("chr22\t1,000\t2,000", r" no chromosome .*; type chr22:1,000-2,000$"),
        ("chr22:1.9mb-2mb", r"expected CHROM or .*; in bases: chr22:1,900,000-2,000,000$"),
        ("chr22:1k-2", r"expected CHROM or .*; in bases: chr22:1,000-2,000$"),
        ("chr22:1.5-2.5", r"expected CHROM or CHROM:START-END$"),
        ("chr1,chr22", r" no chromosome .*; expected one region, not several$"),
        ("chr1:1-10,chr22:1-10", r" no chromosome .*; expected one region, not several$"),
        ("chr22:1,500-1,600kb", r"expected CHROM or .*; in bases: chr22:1,500,000-1,600,000$"),
    ],
)
def test_a_region_that_cannot_be_used_says_why(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        parse_region(text, SIZES)
    assert str(caught.value).startswith(f"region {text!r}: ")


def test_where_several_regions_may_be_given_it_says_how_they_are_typed() -> None:
    advice = "; several are typed with blanks between them: chr1:1-10 chr22:1-10$"
    with pytest.raises(InputError, match=advice):
        read_regions(["chr1:1-10,chr22:1-10"], SIZES)


def test_a_region_that_no_disk_takes_for_a_name_is_no_file() -> None:
    with pytest.raises(InputError, match=" no chromosome of the genome"):
        read_regions(["x" * 300], SIZES)


def test_a_piece_of_a_chromosome_as_ucsc_cuts_it_is_told() -> None:
    with pytest.raises(InputError, match=r"has hg19_dna, a piece .* regtrack fetch genome hg19$"):
        parse_region("chr22:1-10", {"hg19_dna": 400})
    assert parse_region("hg19_dna", {"hg19_dna": 400}) == Interval("hg19_dna", 0, 400)


def test_of_many_chromosomes_three_are_named() -> None:
    with pytest.raises(InputError, match=r"which has chr1, chr2, chr3 \.\.\.$"):
        parse_region("chr99", {f"chr{number}": 10 for number in range(1, 50)})


def test_a_chromosome_without_a_base_is_bad_input() -> None:
    # Some assemblies hold records without sequence; that is no bug of ours.
    with pytest.raises(InputError, match="chrE"):
        parse_region("chrE", {"chr1": 10, "chrE": 0})


@given(st.sampled_from(sorted(SIZES)), st.data())
def test_a_region_is_read_as_it_is_printed(chrom: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, SIZES[chrom] - 1))
    interval = Interval(chrom, start, data.draw(st.integers(start + 1, SIZES[chrom])))
    assert parse_region(str(interval), SIZES) == interval


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("chr1", ("chr1", "chr2"), "chr1"),
        ("1", ("chr1", "chr2"), "chr1"),
        ("chr1", ("1", "2"), "1"),
        ("1", ("1", "chr1"), "1"),
        ("chr1", ("1", "chr1"), "chr1"),
        ("chrX", ("X",), "X"),
        ("MT", ("chr1", "chrM"), "chrM"),
        ("chrM", ("1", "MT"), "MT"),
        ("M", ("MT",), "MT"),
        ("chrMT", ("M",), "M"),
        ("chr12", ("chr1", "1"), None),
        ("chrM", ("chr1",), None),
        ("", ("chr1",), None),
    ],
)
def test_names_are_found_with_or_without_their_prefix(
    name: str, known: tuple[str, ...], expected: str | None
) -> None:
    assert resolve_chrom(name, known) == expected


def test_a_file_of_another_genome_is_told_by_both_files_names() -> None:
    error = nothing_in_common(Path("x.bed"), ["NC_1"], ["chr1", "chr2"])
    assert str(error) == (
        "x.bed: has no chromosome in common with the genome: it has NC_1, the genome has chr1, chr2"
    )


def spans(texts: list[str]) -> dict[str, list[tuple[int, int]]]:
    return {chrom: list(intervals) for chrom, intervals in read_regions(texts, SIZES).items()}


def test_several_regions_are_merged_whatever_their_spelling() -> None:
    assert spans(["chr22:1-10", "22:5-20", "chr22:21-30", "chr22:100-101"]) == {
        "chr22": [(0, 30), (99, 101)]
    }


def test_chromosomes_come_in_the_order_of_the_genome() -> None:
    assert list(spans(["MT", "chr3", "22", "1"])) == ["chr1", "chr22", "chr3", "chrM"]


def test_no_region_is_no_chromosome() -> None:
    assert spans([]) == {}


def test_a_path_is_read_as_bed(tmp_path: Path) -> None:
    bed = tmp_path / "regions.bed"
    bed.write_text("22\t10\t20\tname\nchr3\t0\t10\n")
    assert spans([str(bed)]) == {"chr22": [(10, 20)], "chr3": [(0, 10)]}


def test_bed_files_and_typed_regions_are_merged(tmp_path: Path) -> None:
    bed = tmp_path / "regions.bed"
    bed.write_text("chr22\t10\t20\n")
    assert spans(["chr22:1-10", str(bed), "chr3"]) == {"chr22": [(0, 20)], "chr3": [(0, 10)]}


def test_a_chromosome_is_meant_even_where_a_file_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chr3").write_text("chr22\t10\t20\n")
    Path("3").mkdir()
    assert spans(["chr3"]) == spans(["3"]) == {"chr3": [(0, 10)]}


@pytest.mark.parametrize("content", ["", "# nothing\n", "track name=x\n\n"])
def test_a_bed_file_without_a_region_is_refused(tmp_path: Path, content: str) -> None:
    bed = tmp_path / "empty.bed"
    bed.write_text(content)
    with pytest.raises(InputError, match=r"empty\.bed: holds no region; expected a BED file"):
        read_regions([str(bed)], SIZES)


def test_a_path_that_does_not_exist_is_neither_file_nor_chromosome(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.bed.* neither a file nor a chromosome"):
        read_regions([str(tmp_path / "nowhere.bed")], SIZES)


def test_a_folder_is_not_a_region(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_regions([str(tmp_path)], SIZES)


def test_all_is_every_chromosome_that_has_a_base() -> None:
    sizes = {"chr2": 7, "empty": 0, "chr1": 9}
    found = read_regions(["all", "chr1:2-3"], sizes)
    assert {chrom: list(found[chrom]) for chrom in found} == {"chr2": [(0, 7)], "chr1": [(0, 9)]}
    assert list(found) == ["chr2", "chr1"]


def test_a_chromosome_may_be_called_all() -> None:
    assert list(read_regions(["all"], {"all": 5, "chr1": 9})) == ["all"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("chr1,chr2", {"chr1": [(0, 1_000)], "chr2": [(0, 500)]}),
        ("1, 2", {"chr1": [(0, 1_000)], "chr2": [(0, 500)]}),
        ("chr1:1,00-2,00", {"chr1": [(99, 200)]}),
        ("HLA:1,chr2", {"chr2": [(0, 500)], "HLA:1": [(0, 9)]}),
    ],
)
def test_commas_separate_regions_or_thousands(
    typed: str, expected: dict[str, list[tuple[int, int]]]
) -> None:
    found = read_regions([typed], {"chr1": 1_000, "chr2": 500, "HLA:1": 9})
    assert {chrom: list(intervals) for chrom, intervals in found.items()} == expected


def test_of_a_list_the_wrong_one_is_named() -> None:
    with pytest.raises(InputError, match="region 'chrX': no chromosome of the genome"):
        read_regions(["chr1,chrX"], {"chr1": 1_000})


def test_a_file_may_have_a_comma_in_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a,b.bed").write_text("chr1\t5\t9\n")
    assert list(read_regions(["a,b.bed"], {"chr1": 1_000})["chr1"]) == [(5, 9)]
