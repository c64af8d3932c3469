"""Regions that are nothing but N: they are named, and the nearest sequence with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtrack.genome.fasta import Genome
from regtrack.genome.regions import merged, regions_by_text
from regtrack.genome.unknown_sequence import longest_sequence, note_unknown, nothing_but_n
from regtrack.notes import heard


@pytest.fixture
def genome(tmp_path: Path) -> Genome:
    """chr1 has sequence at 101-150 and 301-400; chr2 has none."""
    path = tmp_path / "genome.fa"
    chr1 = "N" * 100 + "ACGTA" * 10 + "N" * 150 + "ACGTA" * 20 + "N" * 100
    path.write_text(f">chr1\n{chr1}\n>chr2\n{'N' * 60}\n")
    return Genome(path)


@pytest.mark.parametrize(
    ("region", "where"),
    [
        ("chr1:1-90", "; the nearest sequence is chr1:101-150"),
        ("chr1:160-200", "; the nearest sequence is chr1:101-150"),
        ("chr1:260-290", "; the nearest sequence is chr1:301-400"),
        ("chr1:450-500", "; the nearest sequence is chr1:301-400"),
        ("chr2:1-9", ", as is all of chr2"),
    ],
)
def test_the_nearest_stretch_of_sequence_is_named(genome: Genome, region: str, where: str) -> None:
    (regions,) = regions_by_text([region], genome.chrom_sizes).values()
    assert nothing_but_n(regions, genome) == f"nothing but N in genome.fa{where}"


def test_the_longest_stretches_of_sequence_come_first_and_short_ones_do_not_count(
    genome: Genome,
) -> None:
    assert longest_sequence(["chr1", "chr2"], genome, 50) == (
        "sequence lies at chr1:301-400, chr1:101-150"
    )
    assert longest_sequence(["chr1"], genome, 51) == "sequence lies at chr1:301-400"
    assert longest_sequence(["chr1"], genome, 101) == "chr1 has no such sequence"
    assert longest_sequence(["chr1", "chr2"], genome, 101) == "chr1, chr2 have no such sequence"


def notes_on(genome: Genome, *texts: str) -> list[str]:
    asked = regions_by_text(texts, genome.chrom_sizes)
    notes: list[str] = []
    with heard(notes.append):
        note_unknown(asked, genome.known(merged(asked.values(), genome.chrom_sizes)), genome)
    return notes


def test_of_several_regions_that_without_sequence_is_named_as_it_was_typed(genome: Genome) -> None:
    assert notes_on(genome, "chr1:310-320", "1:1-90", "chr1:140-200") == [
        "1:1-90: nothing but N in genome.fa; the nearest sequence is chr1:101-150: left out"
    ]


def test_several_regions_without_sequence_are_one_note(genome: Genome) -> None:
    assert notes_on(genome, "chr1", "chr1:1-90", "chr2") == [
        "chr1:1-90, chr2: nothing but N in genome.fa: left out"
    ]


def test_nothing_is_noted_where_every_region_has_a_base(genome: Genome) -> None:
    assert notes_on(genome, "chr1:1-101", "chr1:400-500", "all") == []
