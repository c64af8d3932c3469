"""Measured peaks, marker by marker: what was left out of all of them is told once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from browsers_builders import MARKERS, SIZES
from builders import write_markers

from regtrack.browsers.measured_peaks import MeasuredPeaks
from regtrack.genome.markers import read_markers
from regtrack.notes import heard


@pytest.fixture
def peaks(tmp_path: Path) -> MeasuredPeaks:
    """Of three markers; two rows of each file lie on a chromosome that the genome lacks."""
    for index in range(3):
        rows = f"chr1\t{index}\t50\nchr7\t1\t2\nchr9\t1\t2\n"
        (tmp_path / f"{index}.bed").write_text(rows)
    markers = [replace(MARKERS[index], file=f"{index}.bed") for index in range(3)]
    table = write_markers(tmp_path / "markers.tsv", markers)
    paths = {marker.name: Path(marker.file) for marker in read_markers(table)}
    return MeasuredPeaks(paths, SIZES)


def test_when_all_were_read_one_line_says_what_was_left_out(peaks: MeasuredPeaks) -> None:
    told: list[str] = []
    with heard(told.append):
        assert list(peaks.read_once(MARKERS[2].name)["chr1"]) == [(2, 50)]
        assert list(peaks.read(MARKERS[0].name)["chr1"]) == [(0, 50)]
        peaks.read(MARKERS[0].name)
        assert told == []
        peaks.read_once(MARKERS[1].name)
        peaks.read(MARKERS[2].name)
        peaks.tell()
    expected = "left out 6 rows of 3 files, on chromosomes that the genome lacks (chr7, chr9)"
    assert told == [f"peaks: {expected}; all is well, unless it should have these"]


def test_what_was_read_is_told_when_the_page_is_left(peaks: MeasuredPeaks) -> None:
    told: list[str] = []
    with heard(told.append):
        peaks.read(MARKERS[0].name)
        peaks.read(MARKERS[1].name)
        peaks.tell()
        peaks.tell()
    assert len(told) == 1
    assert told[0].startswith("peaks: left out 4 rows of 2 files, ")


def test_of_other_markers_nothing_was_measured(peaks: MeasuredPeaks) -> None:
    with pytest.raises(KeyError):
        peaks.read(MARKERS[3].name)
