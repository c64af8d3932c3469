"""Which sequences are no chromosomes is known by their names, as UCSC and others give them."""

from __future__ import annotations

import pytest

from regtrack.genome.alternative import copies, where_peaks_are, without_peaks
from regtrack.genome.assemblies import lengths_of
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.regions import read_regions
from regtrack.notes import heard

HG38 = dict(lengths_of("hg38"))
COPIES = ["chr6_GL000250v2_alt", "chr9_KN196479v1_fix", "chr6_apd_hap1", "HLA-A*01:01:01:01"]
UNPLACED = ["chr1_KI270706v1_random", "chrUn_gl000211", "chrUn_KN707606v1_decoy", "hs37d5"]


def sizes(*names: str) -> dict[str, int]:
    return {"chr20": 1_000, **dict.fromkeys(names, 10)}


def test_copies_of_chromosomes_are_told_from_unplaced_sequences_by_ucscs_names() -> None:
    genome = sizes(*COPIES, *UNPLACED, "chrM", "chr20p", "scaffold_3")
    assert copies(genome) == COPIES
    assert without_peaks(genome) == [*COPIES, *UNPLACED]


@pytest.mark.parametrize(
    ("name", "is_copy"),
    [
        ("KI270757.1", False),  # UCSC's chrUn_KI270757v1
        ("KI270758.1", True),  # UCSC's chr6_KI270758v1_alt
        ("GL000220.1", False),
        ("GL000250.2", True),
        ("GL383545.1", True),
        ("KN196479.1", True),
        ("ML143341.1", True),
    ],
)
def test_numbers_of_genbank_are_known_of_man(name: str, is_copy: bool) -> None:
    """As GENCODE and Ensembl have them; UCSC's names of the same sequences say what they are."""
    genome = {**HG38, name: 1_000}
    assert copies(genome) == [name] * is_copy
    assert without_peaks(genome) == [name]


def test_of_an_unknown_assembly_numbers_say_no_more_than_that_there_is_no_place() -> None:
    genome = sizes("KN196479.1", "NW_003571030.1")
    assert copies(genome) == []
    assert without_peaks(genome) == ["KN196479.1", "NW_003571030.1"]


def test_a_draft_genome_of_scaffolds_is_a_genome() -> None:
    draft = {"chrM": 16, "NW_017306035.1": 500, "NW_017306036.1": 400}
    assert without_peaks(draft) == []
    assert copies({"chr22_KI270875v1_alt": 10}) == []


def test_all_leaves_copies_out_says_so_and_takes_what_is_named_beside_it() -> None:
    genome = sizes("chr20_KI270869v1_alt", "chr20_KI270870v1_alt", "chrUn_KI1", "chrM")
    notes: list[str] = []
    with heard(notes.append):
        assert list(read_regions(["all"], genome)) == ["chr20", "chrUn_KI1", "chrM"]
    assert notes == [
        "left out, 20 bases: 2 alternative sequences (chr20_KI270869v1_alt, "
        "chr20_KI270870v1_alt); a region that names them takes them"
    ]
    named = read_regions(["all,chr20_KI270869v1_alt"], genome)
    assert list(named) == ["chr20", "chr20_KI270869v1_alt", "chrUn_KI1", "chrM"]
    with heard(notes.append):
        assert list(read_regions(["all", "*_alt"], genome)) == list(genome)
    assert len(notes) == 1
    assert list(read_regions(["all"], genome, left_out=without_peaks)) == ["chr20", "chrM"]
    assert list(read_regions(["*_alt"], genome)) == list(genome)[1:3]


def test_where_no_region_is_typed_only_chromosomes_are_scored_unless_there_are_none() -> None:
    genome = sizes("chr20_KI270869v1_alt", "chrUn_KI1")
    where = {chrom: IntervalSet.of([0], [size]) for chrom, size in genome.items()}
    notes: list[str] = []
    with heard(notes.append):
        assert list(where_peaks_are(where, genome)) == ["chr20"]
        assert list(where_peaks_are(where, genome, ["all,chrUn*"])) == ["chr20", "chrUn_KI1"]
    assert notes[0] == (
        "left out, 20 bases: 1 alternative sequence (chr20_KI270869v1_alt), 1 unplaced sequence "
        "(chrUn_KI1); a region that names them takes them"
    )
    del where["chr20"]
    assert where_peaks_are(where, genome) == where
    assert where_peaks_are(where, genome, ["chrUn_KI1", "x.bed"]) == where
