"""A track hub of several tracks folders: its tracks, its tables, its files."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest
from browsers_builders import MARKERS, write_report_table, write_tracks_folder
from builders import Unwatched, a_marker
from cli_helpers import files_of

from regtrack.browsers import copies
from regtrack.browsers import hub as job
from regtrack.browsers.hub import write_hub
from regtrack.browsers.hub_check import check_hub
from regtrack.browsers.hub_labels import tags_of
from regtrack.browsers.hub_parse import HubText, Stanza, read_hub
from regtrack.browsers.hub_plan import STYLES, HubOptions
from regtrack.errors import ArgumentError, InputError
from regtrack.paths import Labelled
from regtrack.tracks.folder import TrackSet

BOTH = MARKERS[0].name


@pytest.fixture
def folders(tmp_path: Path) -> list[Labelled]:
    """Four markers, one of which is in both; the second run has one called CTCF peak less."""
    others = (a_marker(5, BOTH), a_marker(0, "K562|MAX|None"))
    old = write_tracks_folder(tmp_path / "old", assembly="canFam3", peakless=[2])
    new = write_tracks_folder(tmp_path / "new", others, assembly="canFam3", peakless=[0])
    return [Labelled(old), Labelled(new, "new model / 2")]


@pytest.fixture
def options(tmp_path: Path) -> HubOptions:
    return HubOptions("https://example.org/lab", "me@example.org", out=tmp_path / "hub")


def write(folders: list[Labelled], options: HubOptions, force: bool = False) -> HubText:
    write_hub(folders, options, 1, force, Unwatched())
    assert options.out is not None
    return read_hub(options.out / "hub.txt")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def track(hub: HubText, name: str) -> Stanza:
    (found,) = (one for one in hub.tracks if one.name == name)
    return found


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("scale", ["marker", "probability", "auto"])
def test_a_hub_of_runs_breaks_no_rule(
    folders: list[Labelled], options: HubOptions, style: str, scale: str
) -> None:
    write(folders, replace(options, style=style, scale=scale))
    checked = check_hub(options.out or Path())
    assert checked.problems == ()
    assert checked.tracks == 6 + 4  # six signals, and the peaks of four


def test_the_same_marker_of_two_runs_stands_side_by_side(
    folders: list[Labelled], options: HubOptions
) -> None:
    hub = write(folders, options)
    in_order = sorted(hub.data, key=lambda one: int(one.get("priority")))
    assert [one.name for one in in_order] == [
        "regtrack_r1m0_signal",
        "regtrack_r1m0_peaks",
        "regtrack_r2m5_signal",
        "regtrack_r2m5_peaks",
        "regtrack_r1m1_signal",
        "regtrack_r1m1_peaks",
        "regtrack_r1m2_signal",
        "regtrack_r1m3_signal",
        "regtrack_r1m3_peaks",
        "regtrack_r2m0_signal",
    ]
    names = ("bigDataUrl", "shortLabel", "longLabel", "color")
    assert [[one.get(name) for name in names] for one in in_order[:4]] == [
        [
            "1_old/bigwig/0_K562_CTCF_None.bw",
            "CTCF K562 old",
            "K562|CTCF|None: predicted probability, old",
            "0,68,136",
        ],
        [
            "1_old/0_K562_CTCF_None.bb",
            "CTCF K562 old pk",
            "K562|CTCF|None: predicted peaks, old",
            "0,68,136",
        ],
        [
            "2_new_model_2/bigwig/5_K562_CTCF_None.bw",
            "CTCF K562 new",
            "K562|CTCF|None: predicted probability, new model / 2",
            "0,68,136",
        ],
        [
            "2_new_model_2/5_K562_CTCF_None.bb",
            "CTCF K562 new pk",
            "K562|CTCF|None: predicted peaks, new model / 2",
            "0,68,136",
        ],
    ]


@pytest.mark.parametrize(
    ("labels", "tags"),
    [
        (["old", "new"], [("old", "old"), ("new", "new")]),
        (["dilated", "deepsea"], [("dila", "dilated"), ("deep", "deepsea")]),
        (["model 1", "model 2"], [("r1", "model 1"), ("r2", "model 2")]),
        (["a" * 30, "A" * 29], [("r1", "r1"), ("r2", "r2")]),
    ],
)
def test_labels_have_a_run_cut_or_by_its_number(
    labels: list[str], tags: list[tuple[str, str]]
) -> None:
    assert tags_of(labels) == tags


def test_the_run_the_network_and_the_marker_are_columns_to_filter_by(
    folders: list[Labelled], options: HubOptions
) -> None:
    write_report_table(folders[1].path, {BOTH: 0.25})
    hub = write(folders, options)
    assert options.out is not None
    parent = track(hub, "regtrack")
    assert (parent.get("primaryKey"), parent.get("defaultSortField")) == ("Track", "Marker")
    rows = table(options.out / parent.get("metaDataUrl"))
    assert rows[1] == {
        "Track": "r2m5",
        "Run": "new model / 2",
        "Network": "dilated 12121212",
        "Marker": "K562 CTCF None",
        "_Name": "K562 CTCF None",
        "Category": "TFBS",
        "Cell": "K562",
        "Target": "CTCF",
        "Treatment": "None",
        "_PR_AUC_average_precision": "0.2500",
    }
    assert [row["Run"] for row in rows] == ["old", "new model / 2", *["old"] * 3, "new model / 2"]
    assert [row["_PR_AUC_average_precision"] for row in rows if row["Run"] == "old"] == ["NA"] * 4


def test_a_matrix_has_the_run_as_one_more_dimension(
    folders: list[Labelled], options: HubOptions
) -> None:
    hub = write(folders, replace(options, style="composite"))
    composite = track(hub, "regtrack_TFBS")
    assert composite.get("subGroup5") == "run Run ru0=new_model_/_2 ru1=old"
    assert composite.get("dimensions") == "dimX=cell dimY=target dimA=treatment dimB=run"
    assert composite.get("sortOrder") == "target=+ cell=+ treatment=+ run=+ view=-"
    groups = [track(hub, f"regtrack_{key}_signal").get("subGroups") for key in ("r1m0", "r2m5")]
    assert groups == [
        f"view=signal cell=ce1 target=ta0 treatment=tr1 run={run}" for run in ("ru1", "ru0")
    ]


def test_each_run_has_a_folder_of_its_files(folders: list[Labelled], options: HubOptions) -> None:
    write(folders, options)
    assert options.out is not None
    for number, (label, folder) in enumerate(zip(("old", "new_model_2"), folders, strict=True), 1):
        for one in TrackSet.read(folder.path).tracks:
            linked = options.out / f"{number}_{label}" / one.bigwig
            assert linked.samefile(folder.path / one.bigwig)
            assert not linked.is_symlink()
    assert table(options.out / "hub" / "runs.tsv")[1] == {
        "run": "new model / 2",
        "folder": "2_new_model_2",
        "network": "dilated",
        "sha256": "12" * 32,
        "assembly": "canFam3",
    }


def test_what_cannot_be_linked_is_copied(
    folders: list[Labelled], options: HubOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    write(folders, options)
    assert options.out is not None
    copy, original = options.out / "1_old" / "bigwig", folders[0].path / "bigwig"
    assert files_of(copy) == files_of(original)
    assert not any(path.samefile(original / path.name) for path in copy.iterdir())


def test_copies_that_the_disk_has_no_room_for_are_refused(
    folders: list[Labelled], options: HubOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "free_bytes", lambda _: 1_000)
    write(folders, options)  # links take nothing
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match=r"hub: the tracks take .* kB, 1\.0 kB are free"):
        write(folders, options, force=True)


@pytest.mark.parametrize("broken", ["hub_text", "page_text", "write_narrow_peaks", "runs_text"])
def test_an_earlier_hub_of_runs_is_as_it_was_when_a_file_cannot_be_written(
    folders: list[Labelled], options: HubOptions, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write(folders, options)
    assert options.out is not None
    before = files_of(options.out)
    with pytest.raises(InputError, match="hub: exists already; --force replaces it"):
        write(folders, options)
    monkeypatch.setattr(job, broken, full)
    with pytest.raises(OSError, match="No space left"):
        write(folders[:1], options, force=True)
    assert files_of(options.out) == before
    monkeypatch.undo()
    write(folders[:1], options, force=True)
    assert sorted(path.name for path in options.out.iterdir()) == ["1_old", "hub", "hub.txt"]
    assert check_hub(options.out).problems == ()


@pytest.mark.parametrize("place", ["old", "old/hub", "."])
def test_a_tracks_folder_is_never_replaced_by_a_hub(
    folders: list[Labelled], options: HubOptions, place: str
) -> None:
    write_hub(folders[:1], replace(options, out=None), 1, False, Unwatched())
    out = folders[0].path.parent / place
    before = files_of(out)
    with pytest.raises(InputError, match="not replaced: it is not a track hub of several runs"):
        write(folders, replace(options, out=out), force=True)
    (out / "hub").mkdir(exist_ok=True)
    (out / "hub" / "runs.tsv").write_text("")
    with pytest.raises(InputError, match=r"lies in .*old, or that in it; expected neither"):
        write(folders, replace(options, out=out), force=True)
    assert before.keys() <= files_of(out).keys()


def test_several_runs_need_a_folder_for_their_hub(
    folders: list[Labelled], options: HubOptions
) -> None:
    with pytest.raises(ArgumentError, match="out: is missing: a hub of several tracks folders"):
        write_hub(folders, replace(options, out=None), 1, False, Unwatched())


def test_names_of_assemblies_that_differ_need_one(
    folders: list[Labelled], options: HubOptions
) -> None:
    found = TrackSet.read(folders[1].path)
    replace(found, assembly="dog").write(folders[1].path)
    with pytest.raises(ArgumentError, match="assembly: the tracks are of 'canFam3' and 'dog'; exp"):
        write(folders, options)
    assert write(folders, replace(options, assembly="canFam3")).stanzas[1].name == "canFam3"


def test_runs_of_more_and_of_fewer_chromosomes_are_one_hub(
    tmp_path: Path, options: HubOptions
) -> None:
    sizes = {"chr1": 20_000}
    one = write_tracks_folder(tmp_path / "a", sizes=sizes, assembly="canFam3")
    other = write_tracks_folder(tmp_path / "b", MARKERS[:2], assembly="canFam3")
    write([Labelled(one), Labelled(other)], options)
    assert options.out is not None
    assert check_hub(options.out).problems == ()


def test_the_page_has_a_column_for_each_run(folders: list[Labelled], options: HubOptions) -> None:
    write_report_table(folders[0].path, {BOTH: 0.5})
    write_report_table(folders[1].path, {BOTH: 0.25})
    found = TrackSet.read(folders[1].path)
    replace(found, settings={"max_error": 0.01, "floor": 0.003}).write(folders[1].path)
    write(folders, options)
    assert options.out is not None
    page = (options.out / "hub" / "description.html").read_text(encoding="utf-8")
    assert "5 regulatory markers" in page
    assert "<th align='left'>Max error</th><td>0.003</td><td>0.01</td>" in page
    assert "within 0.01 of the predicted probability" in page  # what holds for all
    for run, score in (("old", "0.5000"), ("new model / 2", "0.2500")):
        assert f"<td>TFBS</td><td>{run}</td><td align='right'>1</td><td align='right'>{score}" in (
            page
        )


def test_the_same_bytes_come_out_for_any_number_of_workers(
    folders: list[Labelled], options: HubOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(job, "_BYTES_PER_PROCESS", 1)
    write(folders, options)
    other = replace(options, out=tmp_path / "again")
    write_hub(folders, other, 2, False, Unwatched())
    assert files_of(tmp_path / "hub") == files_of(tmp_path / "again")
