"""All markers over one region, as one file holds them: which rank there, and their heatmap."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browsers_builders import MARKERS, write_report_table, write_tracks_folder
from builders import write_markers

from regtrack.browsers.glance import COLUMNS, Glance
from regtrack.browsers.heatmap import Heatmap
from regtrack.browsers.runs import Runs
from regtrack.browsers.viewable import Viewable
from regtrack.genome.intervals import Interval
from regtrack.tracks.folder import CHANCE

HERE = Interval("chr1", 300, 800)  # where each marker has 0.75


@pytest.fixture
def viewable(tmp_path: Path) -> Viewable:
    (tmp_path / "a.bed").write_text("chr1\t405\t460\nchr1\t4000\t4100\nchr2\t5\t9\n")
    measured = [replace(marker, file="a.bed") for marker in MARKERS[:2]]
    peaks = write_markers(tmp_path / "markers.tsv", measured)
    return Viewable.read(write_tracks_folder(tmp_path / "tracks"), peaks=peaks)


def runs_of(viewable: Viewable) -> Runs:
    return Runs.of([("tracks", viewable)])


def ranked(viewable: Viewable, region: Interval = HERE, most: int = 8) -> list[int]:
    return [entry.number for entry in Glance.of(runs_of(viewable), region, False).predicted(most)]


def based(viewable: Viewable, **rates: float) -> Viewable:
    """With these base rates of markers m0, m1, ..., as of a report."""
    names = {MARKERS[int(name[1:])].name: rate for name, rate in rates.items()}
    return replace(viewable, base_rates=names)


def test_markers_that_reach_their_threshold_are_ranked_by_lift(viewable: Viewable) -> None:
    viewable = based(viewable, m0=0.02, m1=0.001, m2=0.01, m3=0.002)
    assert ranked(viewable) == [1, 3, 2, 0]
    assert ranked(viewable, most=2) == [1, 3]
    assert ranked(viewable, Interval("chr1", 100, 430)) == [1, 2, 0]  # the last one begins at 430
    assert ranked(viewable, Interval("chr1", 100, 200)) == []  # 0.25, below the threshold of 0.5


def test_what_is_below_its_base_rate_or_without_peaks_is_not_ranked(viewable: Viewable) -> None:
    trackset = viewable.trackset
    tracks = (replace(trackset.tracks[0], no_peaks=CHANCE), *trackset.tracks[1:])
    viewable = replace(viewable, trackset=replace(trackset, tracks=tracks))
    assert ranked(based(viewable, m0=0.001, m1=0.8, m2=0.01, m3=0.02)) == [2, 3]


def test_markers_that_the_report_shows_little_skill_of_come_last(
    viewable: Viewable, tmp_path: Path
) -> None:
    scores = {MARKERS[0].name: 0.09, MARKERS[1].name: 0.1, MARKERS[2].name: 0.11}
    report = write_report_table(tmp_path / "report", scores)
    viewable = Viewable.read(viewable.folder, report)
    tracks = [replace(track, base_rate=0.02) for track in viewable.trackset.tracks]
    viewable = replace(viewable, trackset=replace(viewable.trackset, tracks=tuple(tracks)))
    # Base rates are 0.01 in the report, 0.02 of the marker that it does not know.
    assert ranked(viewable) == [1, 2, 3, 0]


def test_it_holds_what_the_heatmap_answers(viewable: Viewable) -> None:
    glance = Glance.of(runs_of(viewable), HERE, False)
    heatmap = Heatmap(runs_of(viewable), glance.measured.__getitem__)
    held = {name: gzip.decompress(packed) for name, packed in glance.answers.items()}
    assert held["answers/heatmap/cells"] == heatmap.levels(HERE, 500).astype("<u2").tobytes()
    bits = np.frombuffer(held["answers/heatmap/measured"], np.uint8).reshape(4, -1)
    found = np.unpackbits(bits, axis=1)[:, :500]
    for row in found[:2]:
        assert np.flatnonzero(row).tolist() == [*range(105, 160)]
    assert not found[2:].any()
    assert glance.record["columns"] == 500
    assert [one["index"] for one in glance.record["markers"]] == [0, 1, 2, 3]
    assert Glance.of(runs_of(viewable), Interval("chr1", 0, 20_000), False).levels.shape == (
        4,
        COLUMNS,
    )


def test_all_measured_peaks_are_waited_for(
    viewable: Viewable, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Glance.of(runs_of(viewable), HERE, False).bits
    monkeypatch.setattr("regtrack.browsers.heatmap._PATIENCE", -1)
    assert np.array_equal(Glance.of(runs_of(viewable), HERE, False).bits, whole)


def test_of_measured_peaks_those_on_the_chromosome_are_kept(viewable: Viewable) -> None:
    assert {*map(tuple, Glance.of(runs_of(viewable), HERE, False).measured.values())} == {("chr1",)}
