"""What is known of the markers of a tracks folder, and which are shown first."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from browsers_builders import MARKERS, write_report_table, write_tracks_folder
from builders import a_marker, write_markers
from scoring_builders import an_evaluation

from regtrack.browsers.viewable import Viewable
from regtrack.errors import ArgumentError, InputError
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.seen import Seen
from regtrack.report.files import rows, write_report
from regtrack.report.scores_table import read_scores
from regtrack.tracks.folder import CHANCE, TrackSet
from regtrack.tracks.repeats import Repeat
from regtrack.tracks.summary import Summary

NAMES = [marker.name for marker in MARKERS]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tracks_folder(tmp_path / "tracks")


def names(tracks: tuple) -> list[str]:
    return [track.marker.name for track in tracks]


def test_what_was_trained_on_is_known_where_the_folder_says_so(
    folder: Path, tmp_path: Path
) -> None:
    assert Viewable.read(folder, None, None).trained == {}
    train = {"chr1": IntervalSet.of([50, 300], [200, 900])}
    other = write_tracks_folder(tmp_path / "other", seen=Seen(train, {}))
    assert Viewable.read(other, None, None).trained == train


def test_where_repeats_have_most_peaks_is_known_where_somebody_looked(
    folder: Path, tmp_path: Path
) -> None:
    assert Viewable.read(folder).repeats == {}
    repeats = [Repeat("chr1", 50, 200, 27)]
    other = write_tracks_folder(tmp_path / "other", repeats=repeats)
    assert Viewable.read(other).repeats == {"chr1": IntervalSet.of([50], [200])}


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    evaluation = an_evaluation()
    write_report(evaluation, tmp_path)
    expected = {
        row["name"]: pytest.approx(row["average_precision"], rel=1e-5)
        for row in rows(evaluation)
        if row["positives"]
    }
    assert len(expected) == 3
    base_rates = {
        row["name"]: pytest.approx(row["base_rate"], rel=1e-5)
        for row in rows(evaluation)
        if row["base_rate"] is not None
    }
    assert base_rates
    assert read_scores(tmp_path).base_rates == base_rates
    assert read_scores(tmp_path).average_precision == expected


def test_a_folder_without_a_report_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not a report .* regtrack eval --out makes one"):
        read_scores(tmp_path)


@pytest.mark.parametrize(
    "table", ["name\tlift\na\t1\n", "name\taverage_precision\tbase_rate\na\tx\t0.5\n"]
)
def test_a_damaged_report_is_refused(tmp_path: Path, table: str) -> None:
    (tmp_path / "report.tsv").write_text(table)
    with pytest.raises(InputError, match=r"report\.tsv: damaged"):
        read_scores(tmp_path)


def test_a_report_in_the_tracks_folder_is_found(folder: Path) -> None:
    assert Viewable.read(folder).scores == {}
    write_report_table(folder, {NAMES[0]: 0.5, NAMES[1]: None})
    viewable = Viewable.read(folder)
    assert viewable.scores == {NAMES[0]: 0.5}
    assert viewable.base_rates == {NAMES[0]: 0.01, NAMES[1]: 0.01}


def test_another_report_goes_before_it(folder: Path, tmp_path: Path) -> None:
    write_report_table(folder, {NAMES[0]: 0.5})
    other = write_report_table(tmp_path / "report", {NAMES[0]: 0.25})
    assert Viewable.read(folder, other).scores == {NAMES[0]: 0.25}


def test_measured_peaks_are_matched_by_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.bed").write_text("chr1\t5\t9\n")
    renumbered = replace(MARKERS[1], index=7, file="a.bed")
    table = write_markers(tmp_path / "markers.tsv", [renumbered])
    assert Viewable.read(folder, peaks=table).measured == {NAMES[1]: tmp_path / "a.bed"}


def test_a_table_of_other_markers_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.bed").write_text("chr1\t5\t9\n")
    table = write_markers(
        tmp_path / "markers.tsv", [replace(MARKERS[1], name="other", file="a.bed")]
    )
    with pytest.raises(InputError, match="has none of the markers"):
        Viewable.read(folder, peaks=table)


def test_patterns_choose_in_the_order_of_the_folder(folder: Path) -> None:
    viewable = Viewable.read(folder)
    assert names(viewable.matching(["GR", "k562*"])) == [NAMES[0], NAMES[3]]
    assert names(viewable.matching([])) == NAMES
    assert names(viewable.chosen(["GR", "k562*"], 1)) == [NAMES[0], NAMES[3]]
    with pytest.raises(ArgumentError, match="'nothing' matches no name"):
        viewable.chosen(["nothing"], 1)


def test_without_patterns_each_category_shows_its_best(folder: Path) -> None:
    write_report_table(folder, {NAMES[3]: 0.5, NAMES[0]: 0.25})
    viewable = Viewable.read(folder)
    assert names(viewable.chosen([], 1)) == [NAMES[3]]
    assert names(viewable.chosen([], 3)) == [NAMES[1], NAMES[2], NAMES[3]]
    assert names(viewable.chosen([], 9)) == NAMES


def test_without_scores_the_first_of_each_category_are_shown(folder: Path) -> None:
    assert names(Viewable.read(folder).best(2)) == [NAMES[0], NAMES[1]]


def test_peak_files_are_matched_by_their_names_and_what_has_no_match_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    markers = [
        a_marker(index, name, "ATAC") for index, name in enumerate(("liver", "brain", "gut"))
    ]
    folder = write_tracks_folder(tmp_path / "tracks", markers)
    peaks = tmp_path / "peaks"
    peaks.mkdir()
    for name in ("liver.narrowPeak", "brain.bed.gz", "skin.bed"):
        (peaks / name).touch()
    with caplog.at_level(logging.WARNING, "regtrack"):
        found = Viewable.read(folder, None, peaks)
    assert found.measured == {"liver": peaks / "liver.narrowPeak", "brain": peaks / "brain.bed.gz"}
    assert caplog.messages == [
        f"{peaks}: no marker of {folder} matches these files: skin",
        f"{peaks}: no peaks of gut",
    ]
    with pytest.raises(InputError, match=r"skin\.bed: has none of the markers of .* it has 'skin'"):
        Viewable.read(folder, None, peaks / "skin.bed")


def test_markers_without_peaks_are_not_shown_at_first(folder: Path) -> None:
    trackset = TrackSet.read(folder)
    peakless = {NAMES[0], NAMES[2]}
    tracks = tuple(
        replace(one, no_peaks=CHANCE if one.marker.name in peakless else None)
        for one in trackset.tracks
    )
    replace(trackset, tracks=tracks).write(folder)
    write_report_table(folder, {NAMES[0]: 0.5})
    viewable = Viewable.read(folder)
    assert names(viewable.best(9)) == [name for name in NAMES if name not in peakless]
    assert names(viewable.matching(["*"])) == NAMES
    tracks = tuple(replace(one, no_peaks=CHANCE) for one in tracks)
    replace(trackset, tracks=tracks).write(folder)
    assert names(Viewable.read(folder).best(1)) == [NAMES[0]]


@pytest.mark.parametrize(("highest", "is_shown"), [(0.24, False), (0.25, True)])
def test_a_marker_that_nowhere_reaches_its_threshold_is_not_shown_at_first(
    folder: Path, highest: float, is_shown: bool
) -> None:
    trackset = TrackSet.read(folder)
    low = replace(
        trackset.tracks[0], threshold=0.25, summary=Summary(9, 0.1, highest, {"0.5": 0.1})
    )
    replace(trackset, tracks=(low, *trackset.tracks[1:])).write(folder)
    assert (NAMES[0] in names(Viewable.read(folder).best(9))) is is_shown


def test_eight_are_few(tmp_path: Path) -> None:
    markers = [a_marker(index, f"c{index}|t|None") for index in range(9)]
    viewable = Viewable.read(write_tracks_folder(tmp_path / "tracks", markers))
    assert viewable.chosen([]) == viewable.best() == viewable.trackset.tracks[:8]


def test_a_report_of_other_markers_is_refused(folder: Path, tmp_path: Path) -> None:
    report = write_report_table(tmp_path / "report", {"other": 0.25})
    with pytest.raises(InputError, match="a report of other markers than those of"):
        Viewable.read(folder, report)
    nothing_scored = write_report_table(tmp_path / "report", {"other": None})
    assert Viewable.read(folder, nothing_scored).scores == {}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_report_is_read_whatever_its_lines_end_with(tmp_path: Path, end: str) -> None:
    rows = ["name\taverage_precision\tbase_rate", "A\t0.5\t0.1", "B\t\t0.2"]
    (tmp_path / "report.tsv").write_bytes(end.join([*rows, ""]).encode())
    assert read_scores(tmp_path).average_precision == {"A": 0.5}
    assert read_scores(tmp_path).base_rates == {"A": 0.1, "B": 0.2}


@pytest.mark.parametrize("row", ["A\tnan\t0.1", "A\t7\t0.1", "A\t-inf\t0.1", '"' + "x" * 200_000])
def test_a_report_of_no_scores_is_damaged(tmp_path: Path, row: str) -> None:
    (tmp_path / "report.tsv").write_text(f"name\taverage_precision\tbase_rate\n{row}\n")
    with pytest.raises(InputError, match=r"report\.tsv: damaged"):
        read_scores(tmp_path)
