"""The catalogue of the paper's 919 markers."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from regtrack.errors import ArgumentError
from regtrack.genome.catalogue import (
    catalogue,
    describe_found,
    find_markers,
    markers_table,
    markers_tsv,
)
from regtrack.genome.markers import describe_markers, read_markers
from regtrack.scoring.evaluation import deepsea_figure

FIGURES = ("auroc", "auprc", "base_rate")


def test_it_has_the_919_markers_in_their_published_order() -> None:
    assert [marker.index for marker in catalogue()] == list(range(919))
    assert describe_markers(catalogue()) == "919: 690 TFBS, 125 DNase, 104 Histone"


def test_it_is_read_once() -> None:
    assert catalogue() is catalogue()


@pytest.mark.parametrize("kind", ["name", "slug"])
def test_names_are_unique_also_where_case_does_not_count(kind: str) -> None:
    assert len({getattr(marker, kind).casefold() for marker in catalogue()}) == 919


def test_names_say_cell_target_and_treatment_and_number_what_is_alike() -> None:
    seen: Counter[str] = Counter()
    for marker in catalogue():
        name = f"{marker.cell}|{marker.target}|{marker.treatment}"
        seen[name.casefold()] += 1
        number = seen[name.casefold()]
        assert marker.name == (name if number == 1 else f"{name}|{number}")
    assert max(seen.values()) == 5  # CTCF in K562


def test_words_are_printable_and_without_blanks() -> None:
    for marker in catalogue():
        for word in (marker.name, marker.cell, marker.target, marker.treatment):
            assert re.fullmatch(r"[!-~]+", word)


def test_every_marker_says_where_its_peaks_were_published() -> None:
    accessions = [marker.extra["accession"] for marker in catalogue()]
    assert len(set(accessions)) == 919
    for marker in catalogue():
        assert re.fullmatch(r"https?://[!-~]+\.gz", marker.extra["url"])
        assert marker.extra["accession"] in marker.extra["url"]
        assert marker.file == ""


def test_published_figures_are_shares_and_one_marker_has_no_auroc() -> None:
    without = []
    for marker in catalogue():
        for figure in FIGURES:
            value = marker.extra[f"deepsea_{figure}"]
            if value == "NA":
                without.append((marker.name, figure))
            else:
                assert 0 <= float(value) <= 1
    # It had no positive in the test set, so its AUPRC and base rate are 0.
    assert without == [("K562|BRF1|None", "auroc")]


def test_reports_understand_the_published_figures() -> None:
    by_name = {marker.name: marker for marker in catalogue()}
    ctcf = by_name["K562|CTCF|None"]
    assert deepsea_figure(ctcf, "auprc") == 0.623697104993377
    assert [deepsea_figure(by_name["K562|BRF1|None"], figure) for figure in FIGURES] == [None] * 3


def test_the_table_of_others_is_the_same_row_by_row(real_data: Path) -> None:
    with (real_data.parent / "deepsea919.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == len(catalogue())
    for marker, row in zip(catalogue(), rows, strict=True):
        assert marker.index == int(row["index"])
        for column in ("category", "cell", "target", "treatment"):
            assert getattr(marker, column) == row[column]
        for column in ("accession", "url"):
            assert marker.extra[column] == row[column]
        for figure in FIGURES:
            ours, theirs = marker.extra[f"deepsea_{figure}"], row[f"deepsea_{figure}"]
            assert theirs.startswith("NA") if ours == "NA" else float(ours) == float(theirs)


def test_patterns_choose_by_name_cell_target_or_category() -> None:
    found = find_markers(["K562|CTCF|*", "h7-HESC"])
    assert [marker.index for marker in found] == sorted(marker.index for marker in found)
    assert describe_found(found) == "6 of 919 markers: 5 TFBS, 1 DNase"
    assert find_markers([]) == catalogue()


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(ArgumentError, match=r"patterns: no such marker: 'zebra' matches no name"):
        find_markers(["CTCF", "zebra"])


def test_the_table_for_people_is_aligned_and_ends_where_its_words_end() -> None:
    lines = markers_table(find_markers(["K562|CTCF|*"])).splitlines()
    assert len(lines) == 6
    assert lines[1].split() == ["149", "K562|CTCF|None", "TFBS", "K562", "CTCF", "None"]
    assert {line.index("CTCF", 30) for line in lines[1:]} == {lines[0].index("target")}
    assert all(line == line.rstrip() for line in lines)


def test_the_table_for_programs_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "markers.tsv"
    path.write_text(markers_tsv(catalogue()), encoding="utf-8")
    assert read_markers(path, need_files=False) == catalogue()
