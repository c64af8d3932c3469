"""`open_tracks`: tracks by the names of their markers, values by position."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from builders import TINY_SIZES, TINY_THRESHOLD

import regtrack as rt

NAME = "HepG2|DNase|None"


def written(track: rt.Track, chrom: str, start: int, end: int) -> np.ndarray:
    with pyBigWig.open(str(track.bigwig)) as file:
        return np.array(file.values(chrom, start, end), np.float32)


@pytest.mark.parametrize(
    ("chrom", "start", "end"),
    [("chr1", 0, 45_000), ("chr1", 900, 1_100), ("chr1", 20_000, 20_137), ("chr2", 7_002, 7_003)],
)
def test_values_are_those_that_pybigwig_reads(
    tracks: rt.Tracks, chrom: str, start: int, end: int
) -> None:
    found = tracks[NAME].values(chrom, start, end)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, written(tracks[NAME], chrom, start, end))


@pytest.mark.parametrize("region", ["chr1:1,201-1,300", "1:1201-1300", ("chr1", 1_200, 1_300)])
def test_a_region_may_be_typed_or_be_chromosome_start_and_end(
    tracks: rt.Tracks, region: str | tuple[str, int, int]
) -> None:
    expected = written(tracks[NAME], "chr1", 1_200, 1_300)
    assert len(np.unique(expected)) > 1
    np.testing.assert_array_equal(tracks[NAME].values(region), expected)
    np.testing.assert_array_equal(tracks.read(region)[NAME], expected)


def test_what_was_not_predicted_has_no_value(tracks: rt.Tracks) -> None:
    assert np.isnan(tracks[NAME].values("chrM")).all()


def test_several_tracks_are_read_together(tracks: rt.Tracks) -> None:
    found = tracks.read(("chr1", 1_000, 3_000), "K562*")
    assert (found.chrom, found.start, found.end) == ("chr1", 1_000, 3_000)
    assert found.names == ("K562|CTCF|None", "K562|H3K4me3|None")
    for name in found.names:
        np.testing.assert_array_equal(found[name], tracks[name].values("chr1", 1_000, 3_000))


def test_tracks_are_a_mapping_from_the_names_of_markers(tracks: rt.Tracks) -> None:
    assert isinstance(tracks, Mapping)
    assert list(tracks) == ["K562|CTCF|None", NAME, "K562|H3K4me3|None"]
    assert len(tracks) == 3
    assert NAME in tracks
    assert "K562" not in tracks
    assert tracks.get("K562") is None
    assert [track.marker for track in tracks.values()] == list(tracks.markers)
    with pytest.raises(KeyError, match="no marker is called 'K562' here; there are K562"):
        tracks["K562"]


def test_a_folder_says_what_its_tracks_are(tracks: rt.Tracks) -> None:
    found = rt.open_tracks(tracks.folder)
    assert found.markers == tracks.markers
    assert found.chrom_sizes == TINY_SIZES
    assert found.settings["max_error"] == 0.003
    assert found.settings["floor"] == 0.003
    track = found[NAME]
    assert track.threshold == TINY_THRESHOLD
    assert track.bigwig.is_file()
    assert track.peaks.is_file()


def test_a_folder_without_tracks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(rt.InputError, match="not a tracks folder"):
        rt.open_tracks(tmp_path)


def test_values_with_a_start_want_an_end(tracks: rt.Tracks) -> None:
    with pytest.raises(rt.ArgumentError, match=r"^start: expected a chromosome, start and end"):
        tracks[NAME].values("chr1", 100)


def test_values_past_the_chromosome_are_refused(tracks: rt.Tracks) -> None:
    with pytest.raises(rt.InputError, match="chr2 has 7,003 bases"):
        tracks[NAME].values("chr2", 7_000, 7_004)
