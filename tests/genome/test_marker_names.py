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


@pytest.mark.parametrize(
    ("name", "cell", "target"),
    [
        ("CTCF_GM12878", "GM12878", "CTCF"),
        ("GM12878_CTCF_rep1", "GM12878", "CTCF"),
        ("gm12878.ctcf.idr", "GM12878", "CTCF"),
        ("H1-hESC_H3K27ac", "H1-hESC", "H3K27ac"),
        ("H1.hESC.H3K27ac", "H1-hESC", "H3K27ac"),
        ("MCF7_cMyc", "MCF-7", "c-Myc"),
        ("HepG2_H2A.Z", "HepG2", "H2AZ"),
        ("K562|CTCF", "K562", "CTCF"),
        ("K562_POLR2A", "K562", "POLR2A"),  # a gene of Pol2
        ("K562_vs_HepG2_CTCF", "None", "CTCF"),
        ("CTCF_and_YY1", "None", "None"),
        ("liver_ATAC", "None", "None"),
        ("rep1_max", "None", "None"),
        ("rep1_Max", "None", "Max"),
        ("my_rest", "None", "None"),
        ("cell_target", "None", "None"),
        ("sample1", "None", "None"),
        ("K562||None", "K562", "None"),
        ("|||", "None", "None"),
        ("", "None", "None"),
    ],
)
def test_words_of_a_name_that_are_cells_or_targets_of_the_paper_are_taken_for_them(
    name: str, cell: str, target: str
) -> None:
    assert parts_in(name) == (cell, target, "None")
