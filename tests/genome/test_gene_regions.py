"""Genes as regions of a genome."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtrack.errors import InputError
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.intervals import Interval
from regtrack.genome.regions import parse_region, read_regions
from regtrack.notes import heard

SIZES = {"chr1": 5_000_000, "chr22": 2_000_000, "chrX": 5_000_000, "chrY": 5_000_000}
NOT_FOUND = "no chromosome of the genome, which has chr1, chr22, chrX, chrY"
HG19_22 = {"chr22": 51_304_566}
GENES = (
    "chr22\t929263\t957498\tCOMT\t0\t+",
    "chr22\t100\t200\tEND5\t0\t+",
    "chr1\t1000\t2000\tGAGE1\t0\t+",
    "chr1\t9000\t9500\tGAGE1\t0\t-",
    "chr1\t100\t200\tFAR1\t0\t-",
    "chr1\t4000000\t4000200\tFAR1\t0\t-",
    "chrX\t585078\t607558\tSHOX\t0\t+",
    "chrY\t535078\t557558\tSHOX\t0\t+",
    "chrX\t10\t20\tRS1\t0\t+",
    "chr1\t10\t20\tchr22\t0\t+",
    "chr1\t5000\t6000\t7SK\t0\t+",
    "chr8\t128748314\t128753680\tMYC\t0\t+",  # a chromosome that the genome does not have
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "genes.bed"
    path.write_text("".join(f"{line}\n" for line in GENES))
    return path


@pytest.fixture
def genes(table: Path) -> GeneRegions:
    return GeneRegions(table, SIZES)


def unread(folder: Path) -> GeneRegions:
    """Genes whose table is not there: reading it would be an error."""
    return GeneRegions(folder / "none.bed", SIZES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COMT", ("chr22", 927_263, 959_498)),  # with 2,000 bases on each side
        ("comt", ("chr22", 927_263, 959_498)),
        ("COMT+-0", ("chr22", 929_263, 957_498)),
        ("COMT+-50kb", ("chr22", 879_263, 1_007_498)),
        ("COMT±50,000", ("chr22", 879_263, 1_007_498)),
        ("END5+-1kb", ("chr22", 0, 1_200)),  # ends where the chromosome begins
        ("COMT+-9Mb", ("chr22", 0, 2_000_000)),
        ("GAGE1+-0", ("chr1", 1_000, 9_500)),  # copies side by side
        ("RS1", ("chrX", 0, 2_020)),  # a gene, however it looks
        ("7SK", ("chr1", 3_000, 8_000)),
        ("chr22", ("chr22", 0, 2_000_000)),  # a chromosome goes first
        ("22:1-10", ("chr22", 0, 10)),
    ],
)
def test_a_gene_is_a_region(genes: GeneRegions, text: str, expected: tuple) -> None:
    assert parse_region(text, SIZES, genes) == Interval(*expected)


def test_the_thousands_around_a_gene_make_no_list(genes: GeneRegions) -> None:
    for typed in "COMT±50,000", "COMT+-50,000":
        found = read_regions([typed], SIZES, genes=genes)
        assert {chrom: list(some) for chrom, some in found.items()} == {
            "chr22": [(879_263, 1_007_498)]
        }


@pytest.mark.parametrize(
    "typed",
    [
        ["COMT+-50", "kb"],
        ["COMT", "+-50kb"],
        ["COMT", "+-", "50", "kb"],
        ["COMT±", "50,000"],
        ["COMT +- 50 kb"],
    ],
)
def test_a_gene_and_the_bases_around_it_may_be_typed_with_blanks(
    genes: GeneRegions, typed: list[str]
) -> None:
    found = read_regions(typed, SIZES, genes=genes)
    assert {chrom: list(some) for chrom, some in found.items()} == {"chr22": [(879_263, 1_007_498)]}


def test_what_follows_a_gene_and_is_a_region_of_its_own_stays_one(genes: GeneRegions) -> None:
    found = read_regions(["COMT+-0", "1", "END5+-0"], SIZES, genes=genes)
    assert {chrom: list(some) for chrom, some in found.items()} == {
        "chr1": [(0, SIZES["chr1"])],
        "chr22": [(100, 200), (929_263, 957_498)],
    }
    with pytest.raises(InputError, match=r"region 'kb': no gene of genes\.bed is called so"):
        read_regions(["COMT", "kb"], SIZES, genes=genes)


def test_the_place_of_a_gene_is_told(genes: GeneRegions) -> None:
    told: list[str] = []
    with heard(told.append):
        parse_region("comt+-1kb", SIZES, genes)
        parse_region("COMT", SIZES, genes)
    assert told == [
        "comt+-1kb: chr22:928,264-958,498, by genes.bed",
        "COMT: chr22:927,264-959,498, by genes.bed, with 2,000 bases on each side",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "COMTT",
            f"no gene of genes.bed is called so, the nearest is COMT; it is {NOT_FOUND}",
        ),
        (
            "BRCA2",
            f"no gene of genes.bed is called so; it is {NOT_FOUND}",
        ),
        (
            "gage",
            f"no gene of genes.bed is called so, the nearest is GAGE1; it is {NOT_FOUND}",
        ),
        (
            "myc",
            "MYC is at chr8:128,748,315-128,753,680, and the genome has no chr8; it is "
            f"{NOT_FOUND}",
        ),
        ("COMT,FAR1", f"{NOT_FOUND}; expected one region, not several"),
        ("COMT+50kb", f"{NOT_FOUND}; around a gene: COMT+-50kb"),
        ("comt + 1.5 Mb", f"{NOT_FOUND}; around a gene: comt+-1.5 Mb"),
        (
            "COMT+-5x",
            f"{NOT_FOUND}; around a gene: GENE+-50kb",
        ),
        (
            "SHOX",
            "SHOX lies at 2 places, chrX:585,079-607,558, chrY:535,079-557,558; expected one of "
            "them",
        ),
        ("far1", "FAR1 lies at 2 places, chr1:101-200, chr1:4,000,001-4,000,200; expected one of"),
        (
            "rs4680",
            f"{NOT_FOUND}; numbers of variants (rs) are not known: type a region or a gene",
        ),
    ],
)
def test_a_name_that_cannot_be_used_says_why(genes: GeneRegions, text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_region(text, SIZES, genes)
    assert str(caught.value).startswith(f"region {text!r}: {problem}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["chr7", "17", "2L", "chr7:1-10", "peaks.bed", "a/b", "rs4680", "chrUn_gl1", "", "-x"]
)
def test_the_table_is_read_only_for_what_may_be_a_gene(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="chromosome of the genome, which has chr1"):
        parse_region(text, SIZES, unread(tmp_path))
    assert parse_region("chr1:1-10", SIZES, unread(tmp_path)) == Interval("chr1", 0, 10)
    with pytest.raises(FileNotFoundError):
        parse_region("COMT", SIZES, unread(tmp_path))


def test_without_a_table_it_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGTRACK_CACHE", str(tmp_path))
    with pytest.raises(
        InputError, match=r"; for a gene, first: regtrack fetch genes hg19, or --genes"
    ):
        parse_region("COMT", HG19_22, GeneRegions(None, HG19_22))
    with pytest.raises(
        InputError,
        match=r"; for a gene, first: --genes FILE \(GTF, GFF3, BED or UCSC table\); its place, ",
    ):
        parse_region("COMT", SIZES, GeneRegions(None, SIZES))


def test_what_was_fetched_for_the_assembly_needs_no_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGTRACK_CACHE", str(tmp_path))

    def fetched(assembly: str, table: str, start: int) -> None:
        path = tmp_path / assembly / f"{table}.txt.gz"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"585\tNM_1\tchr22\t+\t{start}\t900\t{start}\t900\t1\t{start},\t900,\n")

    def start() -> int:
        return parse_region("NM_1+-0", HG19_22, GeneRegions(None, HG19_22)).start

    fetched("hg38", "refGene", 300)
    with pytest.raises(InputError, match="regtrack fetch genes hg19"):
        start()
    fetched("hg19", "refGene", 100)
    assert start() == 100
    fetched("hg19", "ncbiRefSeq", 200)  # it was asked for by name
    assert start() == 200


def test_a_file_goes_before_a_gene_and_a_folder_does_not(
    genes: GeneRegions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("COMT").mkdir()  # what `predict COMT --out COMT` leaves
    found = read_regions(["COMT"], SIZES, genes=genes)
    assert list(found["chr22"]) == [(927_263, 959_498)]
    Path("COMT").rmdir()
    Path("COMT").write_text("chr1\t1\t2\n")
    assert list(read_regions(["COMT"], SIZES, genes=genes)) == ["chr1"]


def test_genes_and_other_regions_are_merged(genes: GeneRegions) -> None:
    found = read_regions(["END5+-0", "chr22:150-300", "GAGE1+-0"], SIZES, genes=genes)
    assert {chrom: list(found[chrom]) for chrom in found} == {
        "chr1": [(1_000, 9_500)],
        "chr22": [(100, 300)],
    }
