"""Several tracks folders that are shown together: labels, one genome, what stands side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from browsers_builders import MARKERS, SIZES, write_report_table, write_tracks_folder
from browsing import ask
from builders import a_marker, write_markers

from regtrack.browsers import measured_peaks
from regtrack.browsers.browse import BrowseOptions, browsing
from regtrack.browsers.runs import Entry, Runs
from regtrack.errors import ArgumentError, InputError
from regtrack.genome.intervals import IntervalSet
from regtrack.paths import Labelled
from regtrack.tracks.folder import CHANCE, Track, TrackSet, write_predicted
from regtrack.tracks.summary import Summary

OTHERS = (a_marker(0, "K562|MAX|None"), a_marker(7, MARKERS[0].name))
HERE = "chrom=chr1&start=0&end=20000"
BOTH = MARKERS[0].name


@pytest.fixture
def folders(tmp_path: Path) -> list[Labelled]:
    return [
        Labelled(write_tracks_folder(tmp_path / "old")),
        Labelled(write_tracks_folder(tmp_path / "new", OTHERS)),
    ]


def read(*folders: Path | str) -> Runs:
    return Runs.read([Labelled.of(folder) for folder in folders])


def told(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    return [(entry.track.marker.name, entry.run.label) for entry in entries]


def test_a_marker_stands_beside_itself_in_other_runs(folders: list[Labelled]) -> None:
    runs = Runs.read(folders)
    assert told(runs.entries) == [
        (MARKERS[0].name, "old"),
        (MARKERS[0].name, "new"),
        *((marker.name, "old") for marker in MARKERS[1:]),
        ("K562|MAX|None", "new"),
    ]
    # Those of the first run are what a page of it alone calls them.
    assert [entry.number for entry in runs.entries] == [0, 17, 1, 2, 3, 10]


def test_of_one_run_all_is_as_in_its_folder(folders: list[Labelled]) -> None:
    runs = Runs.read(folders[:1])
    assert not runs.several
    assert [entry.number for entry in runs.entries] == [0, 1, 2, 3]
    assert [entry.track for entry in runs.best(2)] == list(runs.first.best(2))


@pytest.mark.parametrize(
    ("text", "path", "label"),
    [
        ("new=tracks", "tracks", "new"),
        ("my model, 2 / 3=a=b", "a=b", "my model, 2 / 3"),
        ("tracks", "tracks", None),
        ("there=tracks", "there=tracks", None),  # as it stands
    ],
)
def test_a_label_stands_before_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, path: str, label: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there=tracks").mkdir()
    assert Labelled.of(text) == (Path(path), label)


def test_a_label_without_a_folder_is_none() -> None:
    with pytest.raises(InputError, match="new=: expected LABEL=PATH, or a path that is there"):
        Labelled.of("new=")


@pytest.mark.parametrize("label", ["", "  ", "a\nb", "x" * 41])
def test_what_cannot_be_shown_is_no_label(folders: list[Labelled], label: str) -> None:
    with pytest.raises(ArgumentError, match=r"tracks: .* is no label; expected 1 to 40"):
        Runs.read([folders[0]._replace(label=label), folders[1]])


@pytest.mark.parametrize(("one", "other"), [("a", "a"), ("a", "A"), ("a b", "a|b"), ("é", "e")])
def test_labels_that_look_alike_are_refused(folders: list[Labelled], one: str, other: str) -> None:
    with pytest.raises(ArgumentError, match=r"old and .*new would both be called .* LABEL=.*old"):
        Runs.read([folders[0]._replace(label=one), folders[1]._replace(label=other)])


def test_folders_of_one_name_are_told_to_be_called_apart(tmp_path: Path) -> None:
    one, other = (write_tracks_folder(tmp_path / name / "tracks") for name in "ab")
    with pytest.raises(ArgumentError, match="would both be called 'tracks'; call them apart"):
        read(one, other)
    assert [run.label for run in read(f"a={one}", other).runs] == ["a", "tracks"]


def test_the_same_folder_twice_is_refused(folders: list[Labelled], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("old")
    with pytest.raises(ArgumentError, match="old is named twice; expected each folder once"):
        Runs.read([folders[0], Labelled(folders[0].path, "b")])
    with pytest.raises(ArgumentError, match=r"link is .*old; expected each folder once"):
        read(folders[0].path, tmp_path / "link")


def test_an_unfinished_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "tracks.partial").mkdir()
    for name in ("tracks", "tracks.partial"):
        with pytest.raises(InputError, match=rf"{name}: is not finished .*tracks\.partial\)"):
            read(tmp_path / name)


def test_a_folder_of_tracks_folders_is_told(tmp_path: Path, folders: list[Labelled]) -> None:
    with pytest.raises(InputError, match="not a tracks folder, but holds some: new, old; name"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"peaks: a part of the tracks folder .*old; name that"):
        read(folders[0].path, tmp_path / "old" / "peaks")


def test_another_assembly_is_refused_by_its_lengths(tmp_path: Path) -> None:
    hg19 = write_tracks_folder(tmp_path / "a", sizes={"chr1": 249_250_621})
    hg38 = write_tracks_folder(tmp_path / "b", sizes={"chr1": 248_956_422})
    with pytest.raises(
        InputError,
        match=r"b: is of hg38 \(chr1 has 248,956,422 bases\), but .*a is of hg19 \(249,250,621\); "
        "expected runs of one assembly",
    ):
        read(hg19, hg38)
    fly = write_tracks_folder(tmp_path / "c", sizes={"chr2L": 23_513_712, "chr1": 249_250_621})
    assert list(read(hg19, fly).chrom_sizes) == ["chr1", "chr2L"]  # as far as they tell
    named = TrackSet.read(fly)
    replace(named, chrom_sizes={"chr2L": 23_513_712}).write(fly)
    with pytest.raises(InputError, match=r"c: has chr2L, but .*a has chr1; expected runs of one"):
        read(hg19, fly)


def test_signals_and_probabilities_are_not_compared(
    tmp_path: Path, folders: list[Labelled]
) -> None:
    folder = write_tracks_folder(tmp_path / "counts")
    found = TrackSet.read(folder)
    replace(found, tracks=tuple(replace(one, range=9.0) for one in found.tracks)).write(folder)
    with pytest.raises(InputError, match=r"counts: is of values of another kind \(signal\) than"):
        read(folders[0].path, folder)


def test_what_was_predicted_in_any_run_was_predicted(folders: list[Labelled]) -> None:
    write_predicted(folders[0].path, {"chr1": IntervalSet.of([0, 90], [50, 99])})
    write_predicted(
        folders[1].path, {"chr1": IntervalSet.of([40], [60]), "chr2": IntervalSet.of([1], [2])}
    )
    found = {chrom: list(bases) for chrom, bases in Runs.read(folders).predicted.items()}
    assert found == {"chr1": [(0, 60), (90, 99)], "chr2": [(1, 2)]}


def test_the_best_ones_are_those_that_all_runs_have_by_their_mean_scores(tmp_path: Path) -> None:
    markers = [a_marker(index, f"K562|T{index}|None") for index in range(6)]
    one = write_tracks_folder(tmp_path / "a", markers)
    other = write_tracks_folder(tmp_path / "b", markers[:5])
    write_report_table(one, {marker.name: 0.1 * marker.index for marker in markers})
    write_report_table(other, {"K562|T0|None": 0.9})
    names = [f"K562|T{index}|None" for index in (0, 2, 3, 4)]
    # Of marker 5 the other run knows nothing.
    assert told(read(one, other).best()) == [(name, run) for name in names for run in "ab"]


def test_a_marker_that_one_network_knows_no_better_than_chance_can_be_seen(tmp_path: Path) -> None:
    one, other = (write_tracks_folder(tmp_path / name, MARKERS[:2]) for name in "ab")
    for folder, unknown in ((one, (0, 1)), (other, (1,))):
        found = TrackSet.read(folder)
        tracks = tuple(
            replace(track, no_peaks=CHANCE) if track.marker.index in unknown else track
            for track in found.tracks
        )
        replace(found, tracks=tracks).write(folder)
    assert told(read(one, other).best()) == [(MARKERS[0].name, run) for run in "ab"]


def test_patterns_choose_by_name_whatever_the_numbers(folders: list[Labelled]) -> None:
    runs = Runs.read(folders)
    assert told(runs.matching(["MAX"])) == [("K562|MAX|None", "new")]
    assert told(runs.chosen(["CTCF"])) == [(MARKERS[0].name, run) for run in ("old", "new")]
    with pytest.raises(ArgumentError, match="markers: no such marker: 'SKIN'"):
        runs.matching(["SKIN"])
    only = runs.only(runs.matching(["MAX"]))
    assert told(only.entries) == [("K562|MAX|None", "new")]
    assert [entry.number for entry in only.entries] == [10]


def test_a_report_is_that_of_its_run(folders: list[Labelled], tmp_path: Path) -> None:
    name = MARKERS[0].name
    report = write_report_table(tmp_path / "report", {name: 0.25})
    runs = Runs.read(folders, [Labelled(report, "new")])
    assert [run.viewable.scores for run in runs.runs] == [{}, {name: 0.25}]
    assert Runs.read(folders[:1], [Labelled(report)]).first.scores == {name: 0.25}
    for given, why in (
        (
            [Labelled(report)],
            "the report is of no run that is named; expected LABEL=.*report",
        ),
        ([Labelled(report, "nwe")], "'nwe' is of no run that is named; .* LABEL one of old, new"),
        ([Labelled(report, "new")] * 2, "given twice for new"),
    ):
        with pytest.raises(ArgumentError, match=f"report: {why}"):
            Runs.read(folders, given)


def test_the_axes_of_a_marker_end_alike_in_all_runs(tmp_path: Path) -> None:
    for folder, high in (("a", 0.2), ("b", 0.6)):
        found = TrackSet.read(write_tracks_folder(tmp_path / folder, MARKERS[:1]))
        summary = Summary(10, 0.01, 0.7, {"0.999": high})
        replace(found, tracks=(replace(found.tracks[0], summary=summary),)).write(tmp_path / folder)
    runs = read(tmp_path / "a", tmp_path / "b")
    assert [runs.axis_end(entry, "marker") for entry in runs.entries] == [0.6, 0.6]
    assert [runs.axis_end(entry, "probability") for entry in runs.entries] == [1, 1]
    assert [runs.axis_end(entry, "auto") for entry in runs.entries] == [None, None]


def test_categories_of_all_runs_look_unlike(tmp_path: Path) -> None:
    one, other = (
        write_tracks_folder(tmp_path / name, (a_marker(0, "a|b|None", category),))
        for name, category in (("a", "CAGE"), ("b", "ATAC"))
    )
    looks = [run.viewable.looks for run in read(one, other).runs]
    assert looks[0] == looks[1]
    assert looks[0]["CAGE"] != looks[0]["ATAC"]


def test_no_track_is_lost_or_twice(folders: list[Labelled]) -> None:
    runs = Runs.read(folders)
    kept = {(entry.run.place, entry.track.marker.index) for entry in runs.entries}
    tracks: list[tuple[int, Track]] = [
        (run.place, track) for run in runs.runs for track in run.viewable.trackset.tracks
    ]
    assert kept == {(place, track.marker.index) for place, track in tracks}
    assert len({entry.number for entry in runs.entries}) == len(tracks) == len(runs.entries)
    assert runs.chrom_sizes == SIZES


def test_files_and_reports_of_a_run_have_addresses_of_their_own(folders: list[Labelled]) -> None:
    old, new = (folder.path for folder in folders)
    (old / "report.html").write_text("<p>old</p>")
    write_report_table(old, {BOTH: 0.25})
    write_predicted(new, {"chr1": IntervalSet.of([0], [10_000])})
    app = browsing(folders, BrowseOptions())
    bigwig = f"bigwig/7_{MARKERS[0].slug.split('_', 1)[1]}.bw"
    assert ask(app, f"/tracks/1/{bigwig}") == (200, (new / bigwig).read_bytes())
    assert ask(app, f"/tracks/0/{bigwig}")[0] == 404
    assert ask(app, "/tracks/bigwig/1_HepG2_DNase_None.bw")[0] == 404
    assert ask(app, "/0/report.html") == (200, b"<p>old</p>")
    for address in ("/1/report.html", "/report.html", "/strongest/7", "/predicted/2"):
        assert ask(app, address, HERE)[0] == 404
    assert ask(app, "/predicted/1", HERE)[1] == b'[{"chr":"chr1","start":0,"end":10000}]'
    assert ask(app, "/strongest/17")[0] == 200


def test_files_of_measured_peaks_are_read_once_for_all_runs(
    folders: list[Labelled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.bed").write_text("chr1\t405\t460\n")
    table = write_markers(tmp_path / "markers.tsv", [replace(MARKERS[0], file="a.bed")])
    read = []
    original = measured_peaks.read_peaks
    monkeypatch.setattr(
        measured_peaks, "read_peaks", lambda path, *more: read.append(path) or original(path, *more)
    )
    app = browsing(folders, BrowseOptions(peaks=table))
    bits = ask(app, "/heatmap/measured", "chrom=chr1&start=400&end=500&columns=1")[1]
    assert list(bits) == [128, 128, 0, 0, 0, 0]
    assert read == [tmp_path / "a.bed"]


def test_of_where_the_runs_were_predicted_those_that_agree_are_told_together(
    folders: list[Labelled], tmp_path: Path
) -> None:
    third = Labelled(write_tracks_folder(tmp_path / "third"))
    write_predicted(folders[1].path, {"chr1": IntervalSet.of([0], [9])})
    told = Runs.read([*folders, third]).telling(lambda viewable: viewable.predicted)
    assert told == ((0, ("old", "third")), (1, ("new",)))
    assert Runs.read([folders[0], third]).telling(lambda one: one.predicted) == ((0, ()),)
    assert Runs.read(folders).telling(lambda viewable: viewable.trained) == ()


def test_lifts_of_all_runs_are_over_one_base_rate(folders: list[Labelled]) -> None:
    write_report_table(folders[1].path, {BOTH: 0.5})  # with a base rate of 0.01
    runs = Runs.read(folders)
    assert [runs.base_rate(entry) for entry in runs.by_name[BOTH]] == [(0.01, "report")] * 2
    rate, whose = runs.base_rate(runs.by_name[MARKERS[1].name][0])
    assert (rate, whose) == (pytest.approx(0.0037525), "predictions")
