"""Values that are not well above the error they may have are told, for scores of them are rough."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import a_marker

from regtrack.notes import heard
from regtrack.tracks.coarse import ENOUGH, coarse_tracks, tell_of_coarse
from regtrack.tracks.folder import Track, TrackSet
from regtrack.tracks.summary import Summary

ERROR = 0.003


def a_track(index: int, highest: float | None, scale: float | None = None) -> Track:
    track = Track.of(a_marker(index, f"K562|T{index}|None"), 0.5, range=scale)
    if highest is None:
        return track
    return replace(track, summary=Summary(10, highest / 2, highest, {}))


def a_folder(*tracks: Track) -> TrackSet:
    return TrackSet({}, "ab", {"chr1": 9}, {"max_error": ERROR, "floor": ERROR}, tracks, "hg19")


def test_a_marker_is_coarse_whose_highest_value_is_less_than_so_many_errors() -> None:
    enough = ENOUGH * ERROR
    tracks = [a_track(0, enough * 0.99), a_track(1, enough * 1.01), a_track(2, None), a_track(3, 0)]
    assert coarse_tracks(a_folder(*tracks)) == [tracks[0], tracks[3]]


def test_of_a_signal_the_error_is_that_times_its_range() -> None:
    tracks = [a_track(0, 4.7, 80.0), a_track(1, 4.9, 80.0)]
    assert coarse_tracks(a_folder(*tracks)) == tracks[:1]


@pytest.mark.parametrize(
    ("highest", "finer"), [(0.0599, "0.002"), (0.01, "0.0005"), (0.04, "0.002"), (0.0, "0.0001")]
)
def test_what_is_called_finer_is_less_than_the_error_and_fine_enough(
    highest: float, finer: str
) -> None:
    folder = a_folder(a_track(0, highest))
    notes: list[str] = []
    with heard(notes.append):
        tell_of_coarse(folder, ["K562|T0|None"])
    assert f"--max-error and --floor {finer}: " in notes[0]


def test_a_note_says_which_markers_how_high_and_what_is_exact() -> None:
    folder = a_folder(a_track(0, 0.022), a_track(1, 0.9), a_track(2, 0.01))
    notes: list[str] = []
    with heard(notes.append):
        tell_of_coarse(folder, [track.marker.name for track in folder.tracks])
        tell_of_coarse(folder, ["K562|T1|None"])
        tell_of_coarse(folder, ["K562|T1|None", "K562|T2|None"])
    assert notes == [
        "scores of 2 of 3 markers are rough, and may be too high: no value of their tracks is "
        "above 0.022, and each may be off by 0.003 (--max-error); exact ones: regtrack eval MODEL, "
        "or predict with --max-error and --floor 0.001: K562|T0|None, K562|T2|None",
        "scores of 1 of 2 markers are rough, and may be too high: no value of their tracks is "
        "above 0.01, and each may be off by 0.003 (--max-error); exact ones: regtrack eval MODEL, "
        "or predict with --max-error and --floor 0.0005: K562|T2|None",
    ]
