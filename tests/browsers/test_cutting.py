"""A region cut out of a tracks folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyBigWig
import pytest
from browsers_builders import MARKERS, SIZES, write_tracks_folder

from regtrack.browsers.cutting import cut_tracks
from regtrack.browsers.viewable import Viewable
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.genome.seen import Seen
from regtrack.tracks.folder import write_seen
from regtrack.tracks.peaks.files import read_peaks
from regtrack.tracks.repeats import Repeat, RepeatCounts


@pytest.fixture
def viewable(tmp_path: Path) -> Viewable:
    return Viewable.read(write_tracks_folder(tmp_path / "tracks"))


def cut(viewable: Viewable, tmp_path: Path, region: Interval) -> Viewable:
    (tmp_path / "cut").mkdir()
    return cut_tracks(viewable, region, tmp_path / "cut")


def segments(viewable: Viewable, index: int) -> dict[str, list[tuple[int, int, float]]]:
    """All that a track's file holds, by chromosome."""
    with pyBigWig.open(str(viewable.file(viewable.trackset.tracks[index].bigwig))) as file:
        assert file.chroms() == SIZES
        found = {chrom: file.intervals(chrom) for chrom in SIZES}
    return {chrom: list(entries) for chrom, entries in found.items() if entries}


def test_segments_are_cut_at_its_ends_and_peaks_are_whole(
    viewable: Viewable, tmp_path: Path
) -> None:
    # Of marker 3: .25 at 130, .75 at 430, .503 at 480, 50 bases each.
    made = cut(viewable, tmp_path, Interval("chr1", 170, 450))
    assert segments(made, 3) == {"chr1": [(170, 180, 0.25), (430, 450, 0.75)]}
    peaks = read_peaks(made.file(made.trackset.tracks[3].peaks))
    assert [(one.chrom, one.start, one.end) for one in peaks] == [("chr1", 430, 530)]
    assert made.predicted == {"chr1": IntervalSet.of([170], [450])}


def test_all_of_it_is_what_there_was(viewable: Viewable, tmp_path: Path) -> None:
    made = cut(viewable, tmp_path, Interval("chr1", 0, SIZES["chr1"]))
    for index in range(len(MARKERS)):
        assert segments(made, index) == segments(viewable, index)


def test_of_what_was_seen_in_training_it_keeps_its_part(viewable: Viewable, tmp_path: Path) -> None:
    seen = Seen({"chr1": IntervalSet.of([0], [300])}, {"chr1": IntervalSet.of([600], [700])})
    write_seen(viewable.folder, seen)
    known = replace(viewable, trackset=replace(viewable.trackset, seen_bases=seen.bases))
    made = cut(known, tmp_path, Interval("chr1", 170, 450))
    assert made.trackset.seen(made.folder) == Seen({"chr1": IntervalSet.of([170], [300])}, {})
    assert made.trained == {"chr1": IntervalSet.of([170], [300])}


def test_of_repeats_it_keeps_those_in_it(tmp_path: Path) -> None:
    repeats = [Repeat("chr1", 100, 200, 27), Repeat("chr1", 500, 700, 3)]
    whole = Viewable.read(write_tracks_folder(tmp_path / "tracks", repeats=repeats))
    made = cut(whole, tmp_path, Interval("chr1", 170, 450))
    assert made.trackset.repeats == RepeatCounts(1, 30)
    assert made.repeats == {"chr1": IntervalSet.of([170], [200])}


def test_where_nothing_was_predicted_a_file_is_not_empty(
    viewable: Viewable, tmp_path: Path
) -> None:
    made = cut(viewable, tmp_path, Interval("chr2", 10, 20))
    assert segments(made, 0) == {"chr1": [(0, 1, 0.0)]}  # igv.js fails on a file without any
    assert read_peaks(made.file(made.trackset.tracks[0].peaks)) == []
    assert made.predicted == {}
