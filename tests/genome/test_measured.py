"""Measured peaks as a table, a folder, a pattern, or a file."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from regtrack.errors import InputError
from regtrack.genome.measured import is_table, read_measured


@pytest.fixture
def peaks(tmp_path: Path) -> Path:
    """A folder of two markers' peaks, and of what lies beside such."""
    folder = tmp_path / "peaks"
    folder.mkdir()
    for name in (
        *("b_ATAC.narrowPeak.gz", "a|CTCF|DEX.bed", ".hidden.bed", "b_ATAC.narrowPeak.gz.tbi"),
        *("readme.txt", "a.bigBed"),
    ):
        (folder / name).touch()
    (folder / "more.bed").mkdir()
    return folder


def named(path: Path) -> list[tuple[int, str, str, str]]:
    found = read_measured(path)
    return [(one.index, one.name, one.category, Path(one.file).name) for one in found]


def test_a_folder_stands_for_its_peak_files_in_the_order_of_their_names(peaks: Path) -> None:
    first, second = read_measured(peaks)
    assert (first.index, first.name, first.file) == (0, "a|CTCF|DEX", str(peaks / "a|CTCF|DEX.bed"))
    assert (first.category, first.cell, first.target, first.treatment) == (
        "TFBS",
        "a",
        "CTCF",
        "DEX",
    )
    assert (second.index, second.name, second.category) == (1, "b_ATAC", "ATAC")
    assert (second.cell, second.target, second.treatment) == ("None", "None", "None")


def test_a_pattern_stands_for_the_peak_files_that_it_matches(
    peaks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [(0, "b_ATAC", "ATAC", "b_ATAC.narrowPeak.gz")]
    assert named(peaks / "*ATAC*") == expected
    assert named(peaks.parent / "*" / "*.narrowPeak.gz") == expected
    monkeypatch.chdir(peaks)
    assert named(Path("b_*")) == expected


def test_a_pattern_may_lie_in_a_folder_whose_name_has_such_letters(tmp_path: Path) -> None:
    (tmp_path / "run [2]*").mkdir()
    (tmp_path / "run [2]*" / "x.bed").touch()
    assert named(tmp_path / "run [2]*" / "?.bed") == [(0, "x", "TFBS", "x.bed")]
    assert named(tmp_path / "run [2]*") == [(0, "x", "TFBS", "x.bed")]


def test_one_peak_file_is_one_marker_in_any_spelling_of_its_ending(tmp_path: Path) -> None:
    for name in ("x.y.broadPeak", "x.y.NARROWPEAK.GZ", "x.y.bed.gz", "x.y.bed"):
        path = tmp_path / name
        path.touch()
        assert named(path) == [(0, "x.y", "TFBS", name)]


def test_a_category_that_is_given_goes_before_the_names(peaks: Path) -> None:
    for given, category in (("CAGE", "CAGE"), ("dnase", "DNase"), ("atac", "ATAC"), ("My", "My")):
        assert {one.category for one in read_measured(peaks, given)} == {category}
    with pytest.raises(InputError, match="expected a category"):
        read_measured(peaks, " ")


def test_two_files_that_would_be_one_marker_are_both_named(peaks: Path) -> None:
    (peaks / "b_ATAC.bed").touch()
    with pytest.raises(InputError) as caught:
        read_measured(peaks)
    assert str(caught.value) == (
        f"{peaks}: {peaks / 'b_ATAC.bed'} and {peaks / 'b_ATAC.narrowPeak.gz'} would both be the "
        "marker 'b_ATAC'; rename one"
    )


def test_nothing_that_matches_is_one_line(peaks: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\*\.bed: matches no peak file; expected some that end"):
        read_measured(tmp_path / "*.bed")
    with pytest.raises(InputError, match=r"more\.bed: holds no peak file"):
        read_measured(peaks / "more.bed")
    with pytest.raises(InputError, match="matches no peak file"):
        read_measured(tmp_path / "lost" / "*.bed")
    with pytest.raises(InputError, match="not a pattern of files"):
        read_measured(peaks / "**.bed")
    with pytest.raises(FileNotFoundError):
        read_measured(tmp_path / "lost.tsv")


def test_summits_beside_peaks_are_left_out_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("x_peaks.narrowPeak", "x_summits.bed"):
        (tmp_path / name).touch()
    with caplog.at_level(logging.WARNING, "regtrack"):
        assert [name for _, name, *_ in named(tmp_path)] == ["x"]
    assert caplog.messages == [f"{tmp_path}: summits are no peaks, and are left out: x_summits.bed"]
    assert [name for _, name, *_ in named(tmp_path / "*_summits.bed")] == ["x"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("K562.CTCF_peaks.narrowPeak", "K562.CTCF"),
        ("K562.CTCF_peaks.narrowPeak.gz", "K562.CTCF"),
        ("liver_ATAC_peaks.broadPeak", "liver_ATAC"),
        ("x_PEAKS.bed", "x"),
        ("x_summits.bed.gz", "x"),
        ("many_peaks_of_x.bed", "many_peaks_of_x"),
        ("xpeaks.bed", "xpeaks"),
        ("_peaks.narrowPeak", "_peaks"),
    ],
)
def test_the_name_of_a_marker_is_without_what_macs_adds(
    tmp_path: Path, file: str, name: str
) -> None:
    (tmp_path / file).touch()
    assert [found for _, found, *_ in named(tmp_path)] == [name]


@pytest.mark.parametrize(
    "name", ["x_peaks.xls", "x_peaks.gappedPeak", "x_peaks.gappedPeak.gz", "x.gappedPeak"]
)
def test_what_else_macs_writes_is_no_peak_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    table = tmp_path / name
    table.write_text("# This file is generated by MACS\nchr\tstart\tend\nchr1\t1\t300\n")
    said = f"MACS's {name[1:]} is no peak file; expected its _peaks.narrowPeak or .broadPeak"
    for path in table, tmp_path, tmp_path / "x*":
        with pytest.raises(InputError) as caught:
            read_measured(path)
        assert str(caught.value) == f"{path}: {said}"
    # Beside the peaks it does no harm.
    (tmp_path / "x_peaks.narrowPeak").touch()
    with caplog.at_level(logging.WARNING, "regtrack"):
        assert named(tmp_path) == [(0, "x", "TFBS", "x_peaks.narrowPeak")]
    assert caplog.messages == [f"{tmp_path}: no peak files, and left out: {name}"]


def test_any_other_file_is_a_table(peaks: Path, tmp_path: Path) -> None:
    table = tmp_path / "markers.csv"
    table.write_text("name,file\nmine,peaks/b_ATAC.narrowPeak.gz\n")
    assert named(table) == [(0, "mine", "TFBS", "b_ATAC.narrowPeak.gz")]
    assert [is_table(one) for one in (table, tmp_path / "lost.tsv")] == [True, True]
    assert [is_table(one) for one in (peaks, peaks / "*", peaks / "a|CTCF|DEX.bed")] == [False] * 3
