"""What the axis of a track refers to: the marker's base rate, and its highest value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from browsers_builders import MARKERS, write_report_table, write_tracks_folder

from regtrack.browsers.scales import Scale, scale_of
from regtrack.browsers.viewable import Viewable
from regtrack.errors import InputError
from regtrack.tracks.summary import Summary


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tracks_folder(tmp_path / "tracks")


def test_without_a_report_the_base_rate_is_the_mean_of_the_predictions(folder: Path) -> None:
    viewable = Viewable.read(folder)
    # 50 bases each of .25, .75 and .5, of 20,000 that were predicted.
    scale = scale_of(viewable, viewable.trackset.tracks[0])
    assert scale == Scale(pytest.approx(75 / 20_000), 0.75, "predictions")


def test_a_summary_goes_before_the_file_and_validation_before_the_mean(folder: Path) -> None:
    viewable = Viewable.read(folder)
    track = viewable.trackset.tracks[0]
    summary = Summary(100, mean=0.002, highest=0.7, quantiles={"0.999": 0.4})
    assert scale_of(viewable, replace(track, summary=summary)) == Scale(0.002, 0.4, "predictions")
    known = replace(track, summary=summary, base_rate=0.01)
    assert scale_of(viewable, known) == Scale(0.01, 0.4, "validation")
    rare = replace(track, summary=replace(summary, quantiles={"0.999": 0.0}))
    assert scale_of(viewable, rare).high == 0.7


def test_a_report_has_the_base_rate(folder: Path, tmp_path: Path) -> None:
    report = write_report_table(tmp_path / "report", {MARKERS[0].name: 0.3})
    viewable = Viewable.read(folder, report)
    scale = scale_of(viewable, viewable.trackset.tracks[0])
    assert (scale.base_rate, scale.base_rate_of) == (0.01, "report")


@pytest.mark.parametrize("left", [0, 40, 100])
def test_a_truncated_track_is_refused(folder: Path, left: int) -> None:
    viewable = Viewable.read(folder)
    track = viewable.trackset.tracks[0]
    path = folder / track.bigwig
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(InputError, match="not a BigWig file, or a truncated one"):
        scale_of(viewable, track)


def test_what_is_no_bigwig_is_refused(folder: Path) -> None:
    viewable = Viewable.read(folder)
    track = viewable.trackset.tracks[0]
    (folder / track.bigwig).write_bytes(bytes(1000))
    with pytest.raises(InputError, match="not a BigWig file"):
        scale_of(viewable, track)
