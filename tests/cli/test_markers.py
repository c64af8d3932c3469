"""`regtrack markers`, and the catalogue's columns on their way into a report."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from builders import TinyWorld
from cli_helpers import rows_of

from regtrack.genome.catalogue import catalogue


def test_all_markers_are_listed_with_their_number_per_category_on_stderr(regtrack) -> None:
    status, out, err = regtrack("markers")
    assert status == 0
    lines = out.splitlines()
    assert len(lines) == 920
    assert lines[0].split() == ["index", "name", "category", "cell", "target", "treatment"]
    assert lines[1].split() == ["0", "8988T|DNase|None", "DNase", "8988T", "DNase", "None"]
    assert err == "919 of 919 markers: 690 TFBS, 125 DNase, 104 Histone\n"


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["K562|CTCF|None"], 1),
        (["k562|ctcf|none*"], 5),
        (["histone"], 104),
        (["DNase", "Histone"], 229),
    ],
)
def test_patterns_choose(regtrack, patterns: list[str], found: int) -> None:
    status, out, err = regtrack("markers", *patterns)
    assert (status, len(out.splitlines())) == (0, found + 1)
    assert err.startswith(f"{found} of 919 markers: ")


def test_whole_rows_are_for_other_programs(regtrack) -> None:
    status, out, _ = regtrack("markers", "--tsv", "K562|CTCF|None")
    assert status == 0
    (row,) = csv.DictReader(io.StringIO(out), delimiter="\t")
    assert row["name"] == "K562|CTCF|None"
    assert row["accession"] == "wgEncodeAwgTfbsBroadK562CtcfUniPk.narrowPeak"
    assert row["url"].endswith(f"/{row['accession']}.gz")
    assert row["deepsea_auprc"] == "0.623697104993377"


def test_a_pattern_that_matches_nothing_is_one_line(regtrack) -> None:
    assert regtrack("markers", "zebra") == (
        2,
        "",
        "regtrack: PATTERN: no such marker: 'zebra' matches no name, cell, target or category; "
        "the nearest are ZEB1, ERRA, BRCA1; there are 690 TFBS, 125 DNase, 104 Histone, such as "
        "8988T|DNase|None\n",
    )


def test_the_markers_of_a_network_are_listed(tiny: TinyWorld, regtrack) -> None:
    status, out, err = regtrack("markers", "--model", tiny.model)
    assert (status, err) == (0, "3 of 3 markers: 1 TFBS, 1 DNase, 1 Histone\n")
    assert [line.split()[1] for line in out.splitlines()[1:]] == [
        "K562|CTCF|None",
        "HepG2|DNase|None",
        "K562|H3K4me3|None",
    ]
    status, out, err = regtrack("markers", "--model", "demo", "ctcf", "--tsv")
    assert (status, len(out.splitlines()) > 5) == (0, True)
    assert re.search(r"^(\d+) of 171 markers: \1 TFBS\n$", err)


def test_a_table_with_the_catalogues_columns_brings_deepseas_figures_into_a_report(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, tracks = predicted
    listed = {marker.name: marker for marker in catalogue()}
    names = ("K562|CTCF|None", "HepG2|DNase|None", "K562|H3K4me3|None")
    columns = list(catalogue()[0].extra)
    lines = world.markers.read_text().splitlines()
    rows = [f"{lines[0]}\t" + "\t".join(columns)]
    for line, name in zip(lines[1:], names, strict=True):
        cells = line.replace("peaks/", f"{world.folder}/peaks/")
        rows.append("\t".join([cells, *listed[name].extra.values()]))
    table = tmp_path / "markers.tsv"
    table.write_text("\n".join(rows) + "\n")
    report = tmp_path / "report"
    status, out, err = regtrack("eval", tracks, "--peaks", table, "--out", report)
    assert status == 0, err
    assert "DeepSEA, TFBS: mean PR AUC 0.624 of 1 marker (" in out
    for row, name in zip(rows_of(report), names, strict=True):
        for figure in ("auprc", "auroc"):
            theirs = float(listed[name].extra[f"deepsea_{figure}"])
            assert float(row[f"deepsea_{figure}"]) == pytest.approx(theirs, rel=1e-5)
