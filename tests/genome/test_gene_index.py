"""Genes by name."""

from __future__ import annotations

import pytest

from regtrack.genome.gene_index import GeneIndex, split_around
from regtrack.genome.genes import Gene


def gene(name: str, chrom: str = "chr22", start: int = 100) -> Gene:
    return Gene(name, chrom, start, start + 50, "+", ((start, start + 50),))


@pytest.mark.parametrize(
    ("text", "name", "around"),
    [
        ("COMT", "COMT", None),
        ("COMT+-50kb", "COMT", 50_000),
        ("COMT±50kb", "COMT", 50_000),
        ("COMT+/-50kb", "COMT", 50_000),
        (" comt +- 50 KB ", "comt", 50_000),
        ("COMT+-50,000", "COMT", 50_000),
        ("COMT+-500", "COMT", 500),
        ("COMT+-500bp", "COMT", 500),
        ("COMT+-1.5Mb", "COMT", 1_500_000),
        ("COMT+-2m", "COMT", 2_000_000),
        ("COMT+-50k", "COMT", 50_000),
        ("HLA-A+-1kb", "HLA-A", 1_000),
        ("COMT+-", "COMT+-", None),  # not taken apart: no gene is called so
        ("COMT+-,", "COMT+-,", None),
        ("COMT+-5x", "COMT+-5x", None),
        ("COMT-50kb", "COMT-50kb", None),
        (f"COMT+-{'9' * 50}", f"COMT+-{'9' * 50}", None),
        ("COMT+-0", "COMT", 0),
    ],
)
def test_a_name_is_told_from_what_lies_around_it(text: str, name: str, around: int | None) -> None:
    assert split_around(text) == (name, around)


def test_case_counts_only_where_both_names_occur() -> None:
    index = GeneIndex([gene("Dl"), gene("dl", start=900), gene("Comt")])  # of the fly: two genes
    assert index.named("COMT") == [gene("Comt")]
    assert index.named("dl") == [gene("dl", start=900)]
    assert index.named("Dl") == [gene("Dl")]
    assert len(index.named("DL")) == 2
    assert index.named("CO") == []


@pytest.mark.parametrize(
    "chrom",
    [
        "chr6_apd_hap1",
        "chr22_KI270875v1_alt",
        "chr1_KI270706v1_random",
        "chr9_KN196479v1_fix",
        "chrUn_gl000211",
        "HSCHR6_MHC_APD",
        "CHR_HSCHR6_MHC_APD_CTG1",
        "NT_187361.1",
        "GL000192.1",
    ],
)
def test_copies_on_alternative_chromosomes_give_way(chrom: str) -> None:
    elsewhere, main = gene("HLA-A", chrom), gene("HLA-A", "chr6")
    assert GeneIndex([elsewhere, main]).named("HLA-A") == [main]
    assert GeneIndex([elsewhere]).named("HLA-A") == [elsewhere]


def test_names_that_begin_alike_come_in_the_order_of_the_alphabet() -> None:
    index = GeneIndex([gene("CRKL"), gene("Crk"), gene("ACRK")])
    assert [one.name for one in index.beginning("crk")] == ["Crk", "CRKL"]


def test_the_nearest_names_are_spelled_as_in_the_table() -> None:
    index = GeneIndex([gene("Comt"), gene("Comtd1"), gene("Gapdh")])
    assert index.nearest("COMTT") == ["Comt", "Comtd1"]
    assert index.nearest("Q") == []
