"""Tandem repeats with peaks of most markers are shaded on the page, live and in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsers_builders import MARKERS, write_tracks_folder
from browsing import browsing, free_port
from visiting import Visit

from regtrack.browsers.browse import BrowseOptions
from regtrack.browsers.one_file import export_page
from regtrack.paths import Labelled
from regtrack.tracks.repeats import Repeat

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GR = "A549|GR|DEX_(500pM)"
SAID = "A tandem repeat with predicted peaks of more than half of all markers: hardly real."


@pytest.fixture
def tracks(tmp_path: Path) -> Path:
    """A repeat over 200 bases of chr1, left of all peaks; nothing else is drawn at most of them."""
    return write_tracks_folder(tmp_path / "tracks", MARKERS, repeats=[Repeat("chr1", 200, 400, 27)])


def check_shading(visit: Visit) -> None:
    assert visit.tracks() == ["was predicted", "tandem repeats", GR]
    visit.settle()
    assert visit.pixel("tandem repeats", 300, 7) == [217, 95, 2, 255]
    # Of all of the row, a quarter: 64 of 255.
    assert visit.pixel(GR, 300, 3)[3] == 64
    assert visit.pixel(GR, 190, 3)[3] == visit.pixel(GR, 410, 3)[3] == 0
    assert f"shaded: {SAID}" in visit.hover(GR, 300, 5).split("\n")
    assert "shaded" not in visit.hover(GR, 600, 5)
    assert visit.failures == []


def test_they_have_a_row_and_shade_the_rows_of_markers_which_say_why(
    chromium: Browser, tracks: Path
) -> None:
    arguments = [tracks, "--markers", "GR", "--region", "chr1:1-1,000"]
    with browsing(arguments, free_port()) as address:
        visit = Visit(chromium, address)
        check_shading(visit)
        assert "tandem repeat" in (visit.page.text_content("#parts") or "")
        visit.page.close()


def test_one_file_shades_them_too(chromium: Browser, tracks: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    options = BrowseOptions(markers=("GR",), region="chr1:1-1,000")
    export_page([Labelled(tracks)], options, out, False)
    visit = Visit(chromium, out.as_uri())
    check_shading(visit)
    visit.page.close()


def test_of_two_runs_a_row_is_shaded_by_what_its_own_run_found(
    chromium: Browser, tracks: Path, tmp_path: Path
) -> None:
    other = write_tracks_folder(tmp_path / "other", MARKERS, repeats=[])
    arguments = [f"one={tracks}", f"two={other}", "--markers", "GR", "--region", "chr1:1-1,000"]
    with browsing(arguments, free_port()) as address:
        visit = Visit(chromium, address)
        assert visit.tracks()[1] == "tandem repeats: one"
        visit.settle()
        assert visit.pixel(f"one: {GR}", 300, 3)[3] == 64
        assert visit.pixel(f"two: {GR}", 300, 3)[3] == 0
        assert visit.failures == []
        visit.page.close()
