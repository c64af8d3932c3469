"""The table of markers: reading, naming, choosing."""

from __future__ import annotations

import gzip
import json
import logging
import math
import re
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from builders import a_marker
from hypothesis import given
from hypothesis import strategies as st

from regtrack.errors import ArgumentError, InputError
from regtrack.genome.markers import (
    COLUMNS,
    Marker,
    beats_chance,
    categories_of,
    describe_markers,
    read_markers,
    select_markers,
)

HEADER = "\t".join(COLUMNS)
CTCF = "0\tK562|CTCF|None\tTFBS\tK562\tCTCF\tNone\tpeaks/ctcf.bed"
DNASE = "1\tHepG2|DNase|None\tDNase\tHepG2\tDNase\tNone\tpeaks/dnase.bed"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Where a table goes; the peak files that its rows name exist."""
    (tmp_path / "peaks").mkdir()
    (tmp_path / "peaks" / "ctcf.bed").touch()
    (tmp_path / "peaks" / "dnase.bed").touch()
    return tmp_path / "markers.tsv"


def test_every_row_becomes_a_marker_in_the_order_of_the_table(table: Path) -> None:
    table.write_text(f"{HEADER}\n{DNASE}\n{CTCF}\n")
    folder = table.parent / "peaks"
    assert read_markers(table) == (
        Marker(1, "HepG2|DNase|None", "DNase", "HepG2", "DNase", "None", str(folder / "dnase.bed")),
        Marker(0, "K562|CTCF|None", "TFBS", "K562", "CTCF", "None", str(folder / "ctcf.bed")),
    )


def test_files_are_relative_to_the_table_and_not_to_the_working_folder(
    table: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.write_text(f"{HEADER}\n{CTCF}\n")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert Path(read_markers(table)[0].file).is_file()


def test_an_absolute_file_stays_where_it_is(table: Path, tmp_path: Path) -> None:
    peaks = tmp_path / "absolute.bed"
    peaks.touch()
    table.write_text(f"{HEADER}\n{CTCF.replace('peaks/ctcf.bed', str(peaks))}\n")
    assert read_markers(table)[0].file == str(peaks)


def test_a_file_may_lie_in_a_home_folder(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    peaks = tmp_path / "home" / "my.bed"
    peaks.touch()
    table.write_text("\t".join(COLUMNS) + "\n0\tA\tTFBS\tK562\tCTCF\tNone\t~/my.bed\n")
    assert read_markers(table)[0].file == str(peaks)
    table.write_text(table.read_text().replace("~/", "~nobody-of-this-name/"))
    with pytest.raises(InputError, match=r"markers\.tsv:2: .*there is no home folder"):
        read_markers(table)


def test_further_columns_are_kept(table: Path) -> None:
    table.write_text(f"accession\t{HEADER}\tauroc\nENC1\t{CTCF}\t0.9\n")
    marker = read_markers(table)[0]
    assert marker.extra == {"accession": "ENC1", "auroc": "0.9"}
    assert marker.name == "K562|CTCF|None"


def test_columns_may_stand_in_any_order(table: Path) -> None:
    order = (3, 6, 0, 1, 5, 4, 2)
    lines = ("\t".join(line.split("\t")[i] for i in order) for line in (HEADER, CTCF))
    table.write_text("\n".join(lines))
    assert read_markers(table)[0].cell == "K562"


@pytest.mark.parametrize(
    "content",
    [
        f"# where it comes from\n{HEADER}\n\n# one\n{CTCF}\n   \n",
        f"{HEADER}\r\n{CTCF}\r\n",
        f"\ufeff{HEADER}\n{CTCF}\n",
        f"{HEADER}\n{CTCF}",
        f"{HEADER} \n{CTCF.replace('TFBS', ' TFBS ')}",
    ],
    ids=["comments", "CRLF", "byte-order mark", "no last newline", "spaces"],
)
def test_what_editors_add_is_passed_over(table: Path, content: str) -> None:
    table.write_bytes(content.encode())
    assert [marker.name for marker in read_markers(table)] == ["K562|CTCF|None"]


def test_a_table_may_be_compressed(table: Path) -> None:
    table.write_bytes(gzip.compress(f"{HEADER}\n{CTCF}\n".encode()))
    assert len(read_markers(table)) == 1


def test_a_table_needs_no_more_than_names_and_files(table: Path) -> None:
    rows = ["K562|ATAC|None\tpeaks/ctcf.bed", "sample 2\tpeaks/dnase.bed"]
    table.write_text("\n".join(["name\tfile", *rows]))
    found = read_markers(table)
    assert found == (
        Marker(
            0, "K562|ATAC|None", "ATAC", "K562", "ATAC", "None", str(table.parent / rows[0][15:])
        ),
        Marker(1, "sample 2", "TFBS", "None", "None", "None", str(table.parent / rows[1][9:])),
    )


@pytest.mark.parametrize("separator", ["\t", ",", ";", " ", "   "])
def test_what_separates_the_columns_is_seen(table: Path, separator: str) -> None:
    lines = [line.replace("\t", separator) for line in (HEADER, CTCF, DNASE)]
    table.write_text("\n".join(lines))
    assert [(one.index, one.name, one.target) for one in read_markers(table)] == [
        (0, "K562|CTCF|None", "CTCF"),
        (1, "HepG2|DNase|None", "DNase"),
    ]


def test_a_field_may_stand_in_quotes_where_commas_separate(table: Path) -> None:
    table.write_text('name,file,lab\n"liver, adult",peaks/ctcf.bed,"A ""B"" C"\n')
    (marker,) = read_markers(table)
    assert (marker.name, marker.extra["lab"]) == ("liver, adult", 'A "B" C')


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (f"{HEADER.replace('name', 'Name')}\n{CTCF}", 1, "no column name; expected a header with"),
        (
            "# a comment\nname\tcategory\n",
            2,
            "no column file; expected a header with name, file and, where they are known, index, "
            "category, cell, target, treatment; got name, category",
        ),
        ('name,file\n"a,peaks/ctcf.bed\n', 2, "quotes that do not close"),
        ("name file\na b peaks/ctcf.bed\n", 2, "expected 2 columns, got 3, separated by blanks"),
        (f"{HEADER}\n{CTCF}\textra\n", 2, "expected 7 columns, got 8"),
        (f"{HEADER}\n{CTCF}\n0\tshort\n", 3, "expected 7 columns, got 2"),
        (f"{HEADER}\n\n{CTCF.replace('0', 'x', 1)}\n", 3, "expected a number as index, got 'x'"),
        (f"{HEADER}\n{CTCF.replace('0', '-1', 1)}\n", 2, "expected a number as index, got '-1'"),
        (f"{HEADER}\n{CTCF.replace('0', '', 1)}\n", 2, "expected a number as index, got ''"),
        (
            f"{HEADER}\n{CTCF.replace('TFBS', ' ')}\n",
            2,
            "expected a category, such as TFBS, DNase, Histone or ATAC, got an empty one",
        ),
        (f"{HEADER}\n{CTCF.replace('K562|CTCF|None', '')}\n", 2, "expected a name, got an empty"),
        (
            f"{HEADER}\n{CTCF}\n{CTCF.replace('0', '5', 1)}\n",
            3,
            "name 'K562|CTCF|None' stands twice",
        ),
        (f"{HEADER}\n{CTCF}\n{DNASE.replace('1', '0', 1)}\n", 3, "index 0 stands twice"),
        (
            f"{HEADER}\n{CTCF.replace('ctcf.bed', 'lost.bed')}\n",
            2,
            "no peak file 'peaks/lost.bed' for K562|CTCF|None",
        ),
        (f"{HEADER}\n{CTCF.replace('peaks/ctcf.bed', '')}\n", 2, "no peak file '' for K562"),
        (f"{HEADER}\n{CTCF.replace('peaks/ctcf.bed', 'peaks')}\n", 2, "no peak file 'peaks'"),
        (f"{HEADER}\n{CTCF.replace('ctcf', 300 * 'x')}\n", 2, "no peak file 'peaks/xxx"),
    ],
)
def test_a_wrong_table_is_named_with_its_line(
    table: Path, content: str, line: int, problem: str
) -> None:
    table.write_text(content)
    with pytest.raises(InputError, match=problem.replace("|", r"\|")) as caught:
        read_markers(table)
    assert str(caught.value).startswith(f"{table}:{line}: ")


@pytest.mark.parametrize("control", ["\x1b[2J", "\x07", "\x7f", "\x9b"])
@pytest.mark.parametrize("field", ["K562|CTCF|None", "\tK562\t", "\tCTCF\t", "\tNone\t", "ENC1"])
def test_what_moves_a_terminals_cursor_is_refused(table: Path, field: str, control: str) -> None:
    row = f"{CTCF}\tENC1".replace(field, f"{field[:3]}{control}{field[3:]}", 1)
    table.write_text(f"{HEADER}\taccession\n{row}\n")
    with pytest.raises(InputError, match=r"markers\.tsv:2: expected no control characters, got '"):
        read_markers(table)


def test_a_column_named_with_control_characters_is_refused(table: Path) -> None:
    table.write_text(f"{HEADER}\tacc\x1bession\n{CTCF}\tENC1\n")
    with pytest.raises(InputError, match="expected no control characters, got 'acc"):
        read_markers(table)


@pytest.mark.parametrize("control", ["\x1b[2J", "\n", "\t", "\x9b"])
@pytest.mark.parametrize("key", ["name", "cell", "target", "treatment", "file", "extra"])
def test_a_marker_of_whatever_file_has_no_control_characters(key: str, control: str) -> None:
    word = f"K562{control}"
    record = {**a_marker().to_json(), key: {"accession": word} if key == "extra" else word}
    with pytest.raises(ValueError, match="expected no control characters, got 'K562"):
        Marker.from_json(record)


@pytest.mark.parametrize("content", ["", "# nothing\n", f"{HEADER}\n"])
def test_a_table_without_markers_is_refused(table: Path, content: str) -> None:
    table.write_text(content)
    with pytest.raises(InputError, match=r"markers\.tsv: holds no marker"):
        read_markers(table)


def test_a_missing_table_is_an_operating_system_error(table: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_markers(table)


def test_a_table_that_is_no_text_is_refused(table: Path) -> None:
    table.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(InputError, match=r"markers\.tsv:1: not a text file"):
        read_markers(table)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"index": -1}, "expected an index of 0 or more, got -1"),
        ({"name": ""}, "expected a name"),
        ({"category": ""}, "expected a category, such as TFBS"),
        ({"category": "AT\x1bAC"}, "no control characters, got 'AT"),
    ],
)
def test_a_marker_checks_itself(change: dict, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        replace(a_marker(), **change)


def test_a_marker_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        a_marker().index = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("index", "name", "slug"),
    [
        (0, "K562|CTCF|None", "0_K562_CTCF_None"),
        (
            855,
            "Monocytes-CD14+RO01746|H3K4me2|None",
            "855_Monocytes-CD14_RO01746_H3K4me2_None",
        ),
        (3, "HeLa-S3\xa0|\xa0Pol2", "3_HeLa-S3_Pol2"),
        (4, "H2A.Z", "4_H2A.Z"),
        (5, "../../etc/passwd", "5_.._.._etc_passwd"),
        (6, "NF-κB", "6_NF-_B"),
        (7, "||| ", "7_"),
    ],
)
def test_a_slug_keeps_what_every_file_system_accepts(index: int, name: str, slug: str) -> None:
    assert a_marker(index, name).slug == slug


@given(st.integers(0, 999), st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_a_slug_is_safe_whatever_the_name(index: int, name: str) -> None:
    slug = Marker(index, name, "TFBS", "K562", "CTCF", "None").slug
    assert re.fullmatch(r"[0-9]+_[A-Za-z0-9._-]*", slug)


MARKERS = (
    a_marker(7, "K562|CTCF|None"),
    a_marker(2, "HepG2|DNase|None", "DNase"),
    a_marker(4, "HepG2|CTCF|None"),
    a_marker(3, "K562|H3K4me3|None", "Histone"),
)


@pytest.mark.parametrize(
    ("patterns", "indices"),
    [
        ([], [7, 2, 4, 3]),
        (["K562|CTCF|None"], [7]),  # a name
        (["HepG2"], [2, 4]),  # a cell
        (["CTCF"], [7, 4]),  # a target
        (["Histone"], [3]),  # a category
        (["ctcf"], [7, 4]),
        (["hepg2*"], [2, 4]),
        (["*|h3k?me[123]|*"], [3]),
        (["*"], [7, 2, 4, 3]),
        (["Histone", "CTCF"], [7, 4, 3]),
        (["CTCF", "K562", "CTCF"], [7, 4, 3]),
        (["k562 ctcf"], [7]),  # several words: each matches
        (["CTCF  hepg2"], [4]),
        (["H3K4* k5* None"], [3]),  # also a treatment
        (["K562 TFBS", "HepG2 TFBS"], [7, 4]),
    ],
)
def test_patterns_select_markers_in_the_order_of_the_table(
    patterns: list[str], indices: list[int]
) -> None:
    assert [marker.index for marker in select_markers(MARKERS, patterns)] == indices


SPELLINGS = ("Pol2", "Pol2-4H8", "POLR2A", "p300", "CTCF", "HA-E2F1", "E2F1")
OF_SPELLINGS = tuple(
    Marker(index, f"K562|{target}|None", "TFBS", "K562", target, "None")
    for index, target in enumerate(SPELLINGS)
)


@pytest.mark.parametrize(
    ("pattern", "indices"),
    [
        ("POLR2A", [0, 1, 2]),  # the gene
        ("pol2", [0, 1, 2]),  # a common name
        ("RNAPII", [0, 1, 2]),
        ("Pol2-4H8", [1]),  # one antibody
        ("EP300", [3]),
        ("e2f1", [5, 6]),
        ("ha-e2f1", [5]),
        ("*|Pol2|*", [0]),
        ("POL*", [0, 1, 2]),  # targets as they are spelled
        ("E*", [6]),  # p300 is EP300, but with letters left open only spellings count
    ],
)
def test_a_target_also_goes_by_its_other_names(pattern: str, indices: list[int]) -> None:
    assert [marker.index for marker in select_markers(OF_SPELLINGS, [pattern])] == indices


@pytest.mark.parametrize("pattern", ["GM12878", "K56", "", "CTCF*x", "HepG2 H3K4*"])
def test_a_pattern_without_a_marker_is_a_wrong_option(pattern: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        select_markers(MARKERS, ["CTCF", pattern])
    assert str(caught.value).startswith(f"markers: no such marker: {pattern!r} matches no name")
    assert str(caught.value).endswith(", such as K562|CTCF|None")


def test_a_marker_survives_json_with_the_name_of_its_file() -> None:
    marker = replace(a_marker(3), file="/data/peaks/a.bed", extra={"accession": "ENC1"})
    kept = Marker.from_json(json.loads(json.dumps(marker.to_json())))
    assert kept == replace(marker, file="a.bed")


def test_a_category_may_be_any_word_and_those_of_the_paper_are_written_as_there(
    table: Path,
) -> None:
    for written, category in ("ATAC", "ATAC"), ("CAGE tags", "CAGE tags"), ("tfbs", "TFBS"):
        table.write_text(f"{HEADER}\n{CTCF.replace('TFBS', written)}\n")
        assert [one.category for one in read_markers(table)] == [category]


def test_categories_that_differ_by_case_only_are_one_and_that_is_said(
    table: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written = ("atac", "My Marks", "ATAC", "my marks", "pro-seq", "MY MARKS")
    rows = [f"{name}\t{name}\tpeaks/ctcf.bed" for name in written]
    table.write_text("\n".join(["name\tcategory\tfile", *rows]))
    with caplog.at_level(logging.WARNING, "regtrack"):
        found = read_markers(table)
    # As a known one is written, else as the first one is.
    assert [one.category for one in found] == [
        *("ATAC", "My Marks", "ATAC", "My Marks", "PRO-seq", "My Marks")
    ]
    assert describe_markers(found) == "6: 2 ATAC, 3 My Marks, 1 PRO-seq"
    assert [one.name for one in found] == list(written)
    assert caplog.messages == [
        f"{table}: categories that differ by case only are one: atac is ATAC, "
        "my marks is My Marks, pro-seq is PRO-seq, MY MARKS is My Marks"
    ]
    caplog.clear()
    table.write_text("\n".join(["name\tcategory\tfile", rows[1], rows[2]]))
    read_markers(table)
    assert caplog.messages == []


def test_categories_of_the_paper_come_first_and_the_others_by_name() -> None:
    mixed = [a_marker(0, "a", "CAGE"), a_marker(1, "b", "Histone"), a_marker(2, "c", "ATAC")]
    assert categories_of([*mixed, a_marker(3, "d", "TFBS"), a_marker(4, "e", "CAGE")]) == (
        *("TFBS", "Histone", "ATAC", "CAGE"),
    )
    assert describe_markers(mixed) == "3: 1 Histone, 1 ATAC, 1 CAGE"


def test_markers_are_counted_by_category() -> None:
    assert describe_markers(MARKERS) == "4: 2 TFBS, 1 DNase, 1 Histone"
    assert describe_markers(MARKERS[:1]) == "1: 1 TFBS"


def test_a_marker_beats_chance_where_its_interval_lies_above_the_base_rate() -> None:
    assert beats_chance(0.0101, 0.01)
    assert not beats_chance(0.01, 0.01)
    assert beats_chance(math.nan, 0.01)  # without an interval nothing speaks against it


def test_a_pattern_that_matches_nothing_is_answered_with_what_is_near_and_what_there_is() -> None:
    markers = [a_marker(0, "K562|CTCF|None"), a_marker(1, "K562|DNase|None", "DNase")]

    def told(pattern: str) -> str:
        with pytest.raises(ArgumentError) as caught:
            select_markers(markers, [pattern])
        return str(caught.value).partition("or category; ")[2]

    there = "there are 1 TFBS, 1 DNase, such as K562|CTCF|None"
    assert told("CTFC") == f"the nearest is CTCF; {there}"
    assert told("k562 ctfc") == f"the nearest is K562|CTCF|None; {there}"
    assert told("zebra lion") == there
    assert told("zebra") == there
    assert told("CTCF,DNase") == "several are typed apart: --markers 'CTCF' --markers 'DNase'"


@pytest.mark.parametrize("pattern", ["open chromatin", "ATAC", "Accessibility"])
def test_open_chromatin_is_dnase_where_no_other_category_is_called_so(pattern: str) -> None:
    dnase = a_marker(0, "K562|DNase|None", "DNase")
    assert select_markers([dnase, a_marker(1, "K562|CTCF|None")], [pattern]) == (dnase,)
    atac = a_marker(1, "K562|ATAC|None", "ATAC")
    assert select_markers([dnase, atac], ["ATAC"]) == (atac,)
