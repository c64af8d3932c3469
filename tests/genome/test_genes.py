"""Genes of annotation files, as people have them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from regtrack.errors import InputError
from regtrack.genome.genes import Gene, read_genes

SIZES = {"chr1": 1_000, "chr22": 5_000}


def gene(
    start: int, end: int, *exons: tuple[int, int], name: str = "CRKL", strand: str = "+"
) -> Gene:
    return Gene(name, "chr22", start, end, strand, exons or ((start, end),))


def read(folder: Path, *lines: str) -> tuple[Gene, ...]:
    path = folder / "genes"
    path.write_text("".join(f"{line}\n" for line in lines))
    return read_genes(path, SIZES)


GTF = (
    'chr22\tHAVANA\tgene\t101\t200\t.\t+\t.\tgene_id "ENSG1.1"; level 2; gene_name "CRKL";',
    'chr22\tHAVANA\texon\t101\t120\t.\t+\t.\tgene_id "ENSG1.1"; exon_number 1; gene_name "CRKL";',
    'chr22\tHAVANA\texon\t151\t200\t.\t+\t.\tgene_id "ENSG1.1"; exon_number 2; gene_name "CRKL";',
)
GENE_TABLE = "NM_1\tchr22\t+\t100\t200\t110\t150\t2\t100,150,\t120,200,"
EXTENDED = f"{GENE_TABLE}\t0\tCRKL\tcmpl\tcmpl\t0,0,"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(GTF, gene(100, 200, (100, 120), (150, 200)), id="GTF of GENCODE"),
        pytest.param(
            ('chr22\trefGene\texon\t101\t120\t.\t-\t.\tgene_id "CRKL"; transcript_id "NM_1";',),
            gene(100, 120, strand="-"),
            id="GTF without lines for genes",
        ),
        pytest.param(
            ('chr22\tx\texon\t101\t120\t.\t-\t.\tgene_id "CRKL"; note "a=b";',),
            gene(100, 120, strand="-"),
            id="GTF with an equals sign in a note",
        ),
        pytest.param(
            (
                "##gff-version 3",
                "chr22\tP\tgene\t101\t200\t.\t+\t.\tID=a;;Name=CRKL",
                "##FASTA",
                ">chr22",
                "ACGT",
            ),
            gene(100, 200),
            id="GFF3 with the sequence behind",
        ),
        pytest.param(
            (
                "22\tensembl\tgene\t101\t200\t.\t-\t.\tID=gene:ENSG1;Name=CRKL;biotype=x",
                "22\tensembl\tmRNA\t101\t200\t.\t-\t.\tID=transcript:E;Parent=gene:ENSG1;Name=C-1",
                "22\tensembl\texon\t101\t120\t.\t-\t.\tParent=transcript:E;Name=ENSE1",
                "22\tensembl\texon\t111\t130\t.\t-\t.\tParent=nobody;Name=ENSE2",
            ),
            gene(100, 200, (100, 120), strand="-"),
            id="GFF3 of Ensembl",
        ),
        pytest.param(
            (
                "chr22\tH\tgene\t101\t200\t.\t+\t.\tID=E;gene_id=E;gene_name=CRKL",
                "chr22\tH\texon\t111\t120\t.\t+\t.\tID=x;Parent=T;gene_id=E;gene_name=CRKL",
            ),
            gene(100, 200, (110, 120)),
            id="GFF3 of GENCODE",
        ),
        pytest.param(
            ("chr22\tR\tpseudogene\t101\t200\t.\t?\t.\tID=gene-1;Name=a%2Cb",),
            gene(100, 200, name="a,b", strand="."),
            id="GFF3 with an escaped name",
        ),
        pytest.param(
            ("#bin\tname\tchrom\tstrand", f"585\t{EXTENDED}"),
            gene(100, 200, (100, 120), (150, 200)),
            id="refGene of UCSC",
        ),
        pytest.param(
            (f"CRKL\t{GENE_TABLE}",), gene(100, 200, (100, 120), (150, 200)), id="refFlat of UCSC"
        ),
        pytest.param((EXTENDED,), gene(100, 200, (100, 120), (150, 200)), id="genePredExt"),
        pytest.param(
            (GENE_TABLE,), gene(100, 200, (100, 120), (150, 200), name="NM_1"), id="genePred"
        ),
        pytest.param(("chr22\t100\t200\tCRKL",), gene(100, 200, strand="."), id="BED4"),
        pytest.param(("chr22 100 200 CRKL\r",), gene(100, 200, strand="."), id="BED with spaces"),
        pytest.param(
            ("chr22\t100\t200\t1399\t500\t+\t100\t200\t0,0,0",),
            gene(100, 200, name="1399"),
            id="BED9 with numbers for names",
        ),
        pytest.param(
            ("chr22\t100\t200\tCRKL\t0\t-\t100\t100\t0\t1\t500,\t50,",),
            gene(100, 200, (150, 200), strand="-"),
            id="BED12 with a block past the end",
        ),
        pytest.param(
            ("track name=x", "chr22\t100\t200\tCRKL\t0\t-\t100\t100\t0\t2\t10,20,\t0,80,"),
            gene(100, 200, (100, 110), (180, 200), strand="-"),
            id="BED12",
        ),
        pytest.param(
            ("chr22\t100\t200\tCRKL\t0\t-\t100\t100\t0\t3\t10,0,20,\t0,40,80,",),
            gene(100, 200, (100, 110), (180, 200), strand="-"),
            id="BED12 with a block of no base",
        ),
        pytest.param(
            ("chr22\t100\t200\tCRKL\t0\t-\t100\t100\t0\t1\t0,\t0,",),
            gene(100, 200, strand="-"),
            id="BED12 with no block but an empty one",
        ),
    ],
)
def test_every_usual_format_is_read(tmp_path: Path, lines: tuple[str, ...], expected: Gene) -> None:
    assert read(tmp_path, *lines) == (expected,)


def test_overlapping_transcripts_are_one_gene_and_others_lie_elsewhere(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "chr22\t900\t950\tA",
        "chr22\t150\t250\tA",
        "chr22\t100\t200\tA",
        "chr22\t250\t260\tA",
        "chr22\t100\t120\tB",
    )
    assert [(one.name, one.start, one.end) for one in found] == [
        ("B", 100, 120),
        ("A", 100, 250),
        ("A", 250, 260),
        ("A", 900, 950),
    ]


def test_exons_of_all_transcripts_are_joined_and_end_with_the_gene(tmp_path: Path) -> None:
    lines = [
        f"NM_{number}\tchr22\t+\t100\t200\t110\t150\t{len(starts)}"
        f"\t{','.join(starts)},\t{','.join(ends)},\t0\tCRKL\tcmpl\tcmpl\t0,0,"
        for number, (starts, ends) in enumerate(
            [(["150", "100"], ["160", "120"]), (["90", "120", "155"], ["95", "125", "230"])]
        )
    ]
    assert read(tmp_path, *lines) == (gene(100, 200, (100, 125), (150, 200)),)


def test_a_table_of_another_assembly_is_told_by_chromosomes_that_the_genome_lacks(
    tmp_path: Path,
) -> None:
    path = tmp_path / "genes.bed"
    path.write_text("22\t100\t200\tCRKL\nchr17\t83000000\t83100000\tX\n")  # of hg38
    only_22 = {"chr22": 51_304_566}
    with pytest.raises(InputError, match=r"chr17 has 81,195,210 bases.*\? The genome is hg19"):
        read_genes(path, only_22)
    path.write_text("22\t100\t200\tCRKL\nchr17\t8000000\t8100000\tX\n")
    assert [one.name for one in read_genes(path, only_22)] == ["CRKL"]


def test_parents_that_go_round_in_circles_have_no_gene(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "chr22\tx\tgene\t101\t200\t.\t+\t.\tID=g;Name=CRKL",
        "chr22\tx\tmRNA\t101\t200\t.\t+\t.\tID=a;Parent=b",
        "chr22\tx\tmRNA\t101\t200\t.\t+\t.\tID=b;Parent=a",
        "chr22\tx\texon\t101\t120\t.\t+\t.\tParent=a",
    )
    assert found == (gene(100, 200),)


def test_gzip_is_read_and_other_chromosomes_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "genes.bed.gz"
    path.write_bytes(gzip.compress(b"chr9\t1\t99999999\tX\n22\t100\t200\tCRKL\n"))
    assert read_genes(path, SIZES) == (gene(100, 200, strand="."),)
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(InputError, match="truncated or damaged gzip"):
        read_genes(path, SIZES)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("chr22\t100\t200", "1: not a gene: expected GTF, GFF3, BED, or a gene table of UCSC"),
        ("hello", "1: not a gene"),
        ("chr22\t200\t100\tA", "1: a gene from 200 to 100"),
        ("chr22\t100\t9999\tA", "chr22 has 5,000 bases; is it of another assembly"),
        ("chrZ\t1\t2\tA", "no chromosome in common"),
        ("# nothing", "holds no gene"),
        (
            "NM_1\tchr22\t+\t100\t900\t100\t900\t1\t100,\t99999999999999999999,",
            "genes:1: an exon from 100 to 99,999,999,999,999,999,999, but chr22 has 5,000 bases",
        ),
        (
            f"NM_1\tchr22\t+\t100\t900\t100\t900\t1\t100,\t{'9' * 4_000},",
            "genes:1: an exon from 100 to a number of 4000 digits, but chr22",
        ),
        (
            "NM_1\tchr22\t+\t100\t900\t100\t900\t2\t100,200,\t150,",
            "genes:1: not a gene",
        ),
        (
            "NM_1\tchr22\t+\t100\t900\t100\t900\t1\t300,\t200,",
            "genes:1: an exon from 300 to 200",
        ),
        ("chr22\t1_00\t200\tA", "genes:1: not a gene"),
        ("chr22\t-5\t200\tA", "genes:1: not a gene"),
        ("chr22\t100\t200\tA\t0\t+\t0\t0\t0\t1\t1_0,\t0,", "genes:1: not a gene"),
        ('chr22\tx\texon\t101\t1_20\t.\t-\t.\tgene_id "A";', "genes:1: not a gene"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read(tmp_path, line)


def test_a_later_line_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="genes:2: not a gene"):
        read(tmp_path, "chr22\t100\t200\tA", "chr22\thello")


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "genes").write_bytes(b"chr1\t\xff\xfe\n")
    with pytest.raises(InputError, match="not a text file"):
        read_genes(tmp_path / "genes", SIZES)


def test_genes_may_have_the_line_ends_of_an_old_mac(tmp_path: Path) -> None:
    path = tmp_path / "genes.bed"
    path.write_bytes(b"chr1\t10\t20\tA\rchr1\t30\t40\tB\r")
    assert [gene.name for gene in read_genes(path, {"chr1": 50})] == ["A", "B"]


def test_a_gene_table_with_a_huge_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "genes.bed"
    path.write_text("chr1\t10\t20\tA\n" + "x" * 1_000_001)
    with pytest.raises(InputError, match=r"genes\.bed:2: a line of more than 1,000,000 bytes"):
        read_genes(path, {"chr1": 50})
