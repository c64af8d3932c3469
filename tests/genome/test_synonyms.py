"""Other names of targets, and the table that lists them."""

from __future__ import annotations

from collections import Counter
from importlib import resources

import pytest

from regtrack.genome.catalogue import catalogue, find_markers
from regtrack.genome.synonyms import synonyms

ROWS = [
    [cell.split(",") if cell else [] for cell in line.split("\t")]
    for line in (resources.files("regtrack.genome") / "data" / "target_synonyms.tsv")
    .read_text(encoding="utf-8")
    .splitlines()[1:]
]
TARGETS = {marker.target.lower() for marker in catalogue()}


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("POLR2A", ("Pol2", "PolII", "RNAPII")),
        ("pol2", ("POLR2A", "PolII", "RNAPII")),
        ("Pol2-4H8", ("POLR2A", "Pol2", "PolII", "RNAPII")),
        ("NRSF", ("REST",)),
        ("CTCF", ()),
    ],
)
def test_a_target_is_told_with_its_gene_first(target: str, names: tuple[str, ...]) -> None:
    assert synonyms(target) == names


def test_the_table_lists_targets_of_the_catalogue_only() -> None:
    for row in ROWS:
        assert {name.lower() for cell in row for name in cell} & TARGETS, row
    assert {name.lower() for row in ROWS for name in row[2]} <= TARGETS


def test_no_name_stands_for_two_proteins() -> None:
    counts = Counter(name.lower() for row in ROWS for cell in row for name in cell)
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(
    ("gene", "targets"),
    [
        ("POLR2A", {"Pol2": 52, "Pol2(b)": 4, "Pol2(phosphoS2)": 6, "Pol2-4H8": 12}),
        ("MYC", {"c-Myc": 21}),
        ("rest", {"NRSF": 12}),
        ("EP300", {"p300": 12}),
        ("SIN3A", {"SIN3A": 2, "Sin3Ak-20": 7}),
    ],
)
def test_a_gene_finds_all_markers_of_its_protein(gene: str, targets: dict[str, int]) -> None:
    assert Counter(marker.target for marker in find_markers([gene])) == targets
