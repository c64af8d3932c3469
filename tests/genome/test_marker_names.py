"""What a name tells of its marker."""

from __future__ import annotations

import pytest

from regtrack.genome.catalogue import catalogue
from regtrack.genome.marker_names import category_in, parts_in


def test_of_every_marker_of_the_paper_the_name_tells_all() -> None:
    for marker in catalogue():
        assert category_in(marker.name) == marker.category
        assert parts_in(marker.name) == (marker.cell, marker.target, marker.treatment)


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("liver_ATAC_rep1", "ATAC"),
        ("liver.atacseq", "ATAC"),
        ("liver-scATAC", "ATAC"),
        ("K562_DNaseI", "DNase"),
        ("E003-dnase.macs2", "DNase"),
        ("H1_H3K27ac_peaks", "Histone"),
        ("h3k4me3", "Histone"),
        ("GM12878.H2A.Z", "Histone"),
        ("GM12878_H2AFZ", "Histone"),
        ("brain_H4ac", "Histone"),
        ("CAGE-liver", "CAGE"),
        ("K562 PRO-seq", "PRO-seq"),
        ("ATAC-line|CTCF|None", "TFBS"),
        ("H1_CTCF", "TFBS"),  # a cell line
        ("H9.NANOG", "TFBS"),
        ("GATAC_motif", "TFBS"),
        ("sample1", "TFBS"),
        ("", "TFBS"),
    ],
)
def test_the_category_is_guessed_from_what_stands_in_a_name(name: str, category: str) -> None:
    assert category_in(name) == category


@pytest.mark.parametrize("name", ["sample1", "K562|CTCF", "K562||None", "|||"])
def test_a_name_of_another_kind_tells_neither_cell_nor_target(name: str) -> None:
    assert parts_in(name) == ("None", "None", "None")
