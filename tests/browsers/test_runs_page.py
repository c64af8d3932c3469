"""The page of several tracks folders: runs side by side, and measured peaks once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from browsers_builders import MARKERS, SIZES, write_report_table, write_tracks_folder
from browsing import browsing, free_port, web_server
from builders import a_marker, write_markers
from encoded import Segments, write_bigwig
from visiting import TIMES, WAIT, Visit

from regtrack.browsers.browse import BrowseOptions
from regtrack.browsers.browse import browsing as application
from regtrack.browsers.export import export_site
from regtrack.browsers.one_file import export_page
from regtrack.errors import ArgumentError
from regtrack.genome.intervals import IntervalSet
from regtrack.observer import Unwatched
from regtrack.paths import Labelled
from regtrack.tracks.folder import write_predicted

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

CTCF, DNASE, H3K4ME2, GR = (marker.name for marker in MARKERS)
MAX = "K562|MAX|None"
NONE = "\N{EN DASH}"
HERE = "#locus=chr1:301-800&markers="


class Lab(NamedTuple):
    """Two runs of one genome, and the peaks that were measured of two markers."""

    old: Path
    new: Path
    peaks: Path

    @property
    def folders(self) -> list[Labelled]:
        """The same, from Python."""
        return [Labelled(self.old), Labelled(self.new, "big model")]

    @property
    def arguments(self) -> list[object]:
        """Of `regtrack browse`."""
        return [self.old, f"big model={self.new}", "--peaks", self.peaks]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The second run knows two of the four markers under other numbers, and one more.

    It says 0.9 of CTCF where the first one says 0.75, and has predicted half as much.
    """
    root = tmp_path_factory.mktemp("lab")
    (root / "a.bed").write_text("chr1\t405\t460\nchr1\t4000\t4100\n")
    old = write_tracks_folder(root / "old")
    markers = (a_marker(4, MAX), a_marker(8, CTCF), a_marker(9, DNASE, "DNase"))
    new = write_tracks_folder(root / "new", markers)
    high = Segments(np.array([400]), np.array([450]), np.array([0.9], np.float32))
    (new / "bigwig" / "8_K562_CTCF_None.bw").unlink()
    write_bigwig(new / "bigwig" / "8_K562_CTCF_None.bw", SIZES, [("chr1", high)])
    write_predicted(new, {"chr1": IntervalSet.of([0], [10_000])})
    rates = dict.fromkeys((CTCF, DNASE, H3K4ME2, GR), 0.25)
    write_report_table(old, rates)
    measured = [replace(marker, file="a.bed") for marker in MARKERS[:2]]
    return Lab(old, new, write_markers(root / "markers.tsv", measured))


@pytest.fixture(scope="module")
def address(lab: Lab) -> Iterator[str]:
    with browsing(lab.arguments, free_port()) as found:
        yield found


def test_the_same_marker_of_two_runs_stands_side_by_side_and_what_was_measured_once(
    visit: Visit,
) -> None:
    assert visit.page.title() == "old, big model (dilated 12121212, hg19) - regtrack"
    assert visit.tracks() == [
        "was predicted: old",
        "was predicted: big model",
        f"old: {CTCF}",
        f"big model: {CTCF}",
        "measured",
        f"old: {DNASE}",
        f"big model: {DNASE}",
        "measured",
        f"old: {H3K4ME2}",
        f"old: {GR}",
    ]


def test_rows_of_a_marker_stay_together_in_whatever_order_they_are_added(
    visit: Visit, address: str
) -> None:
    visit.open(f"{address}{HERE}1,18")  # DNase of the first run, CTCF of the second
    visit.row(f"old: {CTCF}").locator("input").check()
    visit.wait_for(r"markers=1,0,18$")
    visit.row(f"big model: {DNASE}").locator("input").check()
    visit.wait_for(r"markers=1,19,0,18$")
    visit.settle()
    assert visit.tracks()[2:] == [
        f"old: {DNASE}",
        f"big model: {DNASE}",
        "measured",
        f"old: {CTCF}",
        f"big model: {CTCF}",
        "measured",
    ]
    assert {url.split("?")[0] for _, url in visit.answers if "/measured/" in url} == {
        f"{address}measured/{number}" for number in (0, 1)
    }


def test_what_was_measured_goes_with_the_last_row_of_its_marker(visit: Visit, address: str) -> None:
    visit.open(f"{address}{HERE}0,18")
    visit.row(f"old: {CTCF}").locator("input").uncheck()
    visit.wait_for(r"markers=18$")
    visit.settle()
    assert visit.tracks()[2:] == [f"big model: {CTCF}", "measured"]
    visit.row(f"big model: {CTCF}").locator("input").uncheck()
    visit.wait_for(r"markers=$")
    visit.settle()
    assert visit.tracks()[2:] == []


def test_a_link_to_the_first_run_alone_shows_the_same(visit: Visit, address: str) -> None:
    visit.open(f"{address}{HERE}3")
    assert visit.tracks()[2:] == [f"old: {GR}"]


def test_the_run_is_a_choice_beside_category_cell_and_target(visit: Visit) -> None:
    page = visit.page
    assert page.locator("#runs label").all_text_contents() == ["old 4", "big model 3"]
    assert visit.names() == [CTCF, CTCF, DNASE, DNASE, H3K4ME2, GR, MAX]
    assert page.text_content("#count") == "7 of 7 tracks, 6 shown"
    page.uncheck("#runs input >> nth=0")
    assert visit.names() == [CTCF, DNASE, MAX]
    assert page.locator("#cell option").first.text_content() == "all 2"
    page.fill("#words", "max")
    assert visit.names() == [MAX]
    page.click("#filter button[type=reset]")
    assert len(visit.names()) == 7


def test_the_list_compares_the_runs_of_a_marker_in_one_line(visit: Visit, address: str) -> None:
    visit.open(f"{address}{HERE}3")
    page = visit.page
    page.wait_for_selector("#heatmap[aria-busy=false]", timeout=WAIT)
    page.wait_for_function(
        "() => !document.querySelector('#heatmap-agree').textContent.includes('...')"
    )
    page.click("#heatmap-list summary")
    assert page.text_content("#heatmap-list summary") == (
        "Predicted here, of 5 markers reach their threshold: old 4, big model 3"
    )
    assert page.text_content("#heatmap-agree") == (
        "with a measured peak there: old: TFBS 0 of 1, DNase 1 of 1; "
        "big model: TFBS 0 of 1, DNase 0 of 1"
    )
    assert (page.text_content("#heatmap-caution") or "").startswith(
        "One base at the threshold is enough here, and is no peak yet; "
    )
    heads = page.locator("#heatmap-list thead th").all_text_contents()
    assert heads == ["marker", "old", "big model", "difference", "measured peak", "where"]
    rows = page.locator("#heatmap-list tbody tr").all()
    lines = {
        cells[0]: cells[1:] for row in rows if (cells := row.locator("th, td").all_text_contents())
    }
    # The base rate of CTCF, 0.01, is the report's, of one run, for both.
    assert lines[CTCF] == [
        f"6.2 (75{TIMES})",
        f"6.5 (90{TIMES})",
        "0.3",
        "5 bp away",
        "chr1:401",
    ]
    assert lines[GR] == [f"6.2 (75{TIMES})", NONE, "", "not measured", "chr1:431"]
    page.select_option("#heatmap-by", "difference")
    assert page.locator("#heatmap-list tbody th").first.text_content() == CTCF
    page.click(f"#heatmap-list tbody button >> text={CTCF}")
    visit.wait_for(r"markers=3,0,18$")
    visit.settle()
    assert page.locator("#heatmap-list tr.shown th").all_text_contents() == [CTCF, GR]


def heatmap_rows(visit: Visit, order: str) -> list[str]:
    """Names of all rows of the heatmap, from top to bottom, as they are read out."""
    page = visit.page
    page.wait_for_selector("#heatmap[aria-busy=false]", timeout=WAIT)
    page.select_option("#heatmap header select >> nth=0", order)
    page.select_option("#heatmap header select >> nth=1", "6")
    page.wait_for_function(
        "() => document.querySelector('#heatmap-scroll canvas').clientHeight < 45"
    )
    box = page.locator("#heatmap-scroll canvas").bounding_box()
    assert box is not None
    names = []
    for line in range(7):
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 6 * line + 3)
        names.append(page.text_content("#heatmap-read b") or "")
    return names


@pytest.mark.parametrize("order", ["category", "cell", "target", "alike"])
def test_rows_of_a_marker_are_side_by_side_in_the_heatmap(
    visit: Visit, address: str, order: str
) -> None:
    visit.open(f"{address}{HERE}3")
    names = heatmap_rows(visit, order)
    for name in (CTCF, DNASE):
        assert names.index(f"big model: {name}") == names.index(f"old: {name}") + 1


def test_runs_are_blocks_of_the_heatmap_where_that_is_asked_for(visit: Visit, address: str) -> None:
    visit.open(f"{address}{HERE}3")
    names = heatmap_rows(visit, "run")
    assert [name.split(":")[0] for name in names] == ["old"] * 4 + ["big model"] * 3


def test_where_a_run_predicted_nothing_is_grey_and_told(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:15001-15500&markers=0,18")
    page = visit.page
    page.wait_for_selector("#heatmap[aria-busy=false]", timeout=WAIT)
    assert not page.is_visible("#nowhere")  # the first run did
    found = page.evaluate(
        """async () => {
            const question = {chrom: "chr1", start: 15000, end: 15500, columns: 1};
            return [...(await glance.cells(question)).cells];
        }"""
    )
    assert found == [1, 0, 1, 0, 1, 1, 0]  # 0: not predicted, 1: below the floor


def test_a_single_run_has_nothing_of_runs(chromium: Browser, lab: Lab) -> None:
    with browsing([f"mine={lab.old}", "--peaks", lab.peaks], free_port()) as address:
        visit = Visit(chromium, f"{address}{HERE}0")
        assert visit.page.text_content("h1") == "mine"
        assert visit.tracks() == ["was predicted", CTCF]
        assert not visit.page.is_visible("#runs")
        assert visit.page.locator("#heatmap option[value=run]").count() == 0
        assert visit.page.locator("#heatmap-by").count() == 0
        visit.settle()
        visit.page.close()
        assert visit.failures == []


def test_an_exported_folder_has_all_of_the_runs(
    chromium: Browser, lab: Lab, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    export_site(lab.folders, BrowseOptions(peaks=lab.peaks), site, False, Unwatched())
    assert sorted(path.name for path in (site / "tracks").iterdir()) == ["0", "1"]
    with web_server(site) as address:
        visit = Visit(chromium, f"{address}{HERE}0,18")
        assert visit.tracks() == [
            "was predicted: old",
            "was predicted: big model",
            f"old: {CTCF}",
            f"big model: {CTCF}",
            "measured",
        ]
        visit.settle()
        assert {status for status, _ in visit.answers} <= {200, 206}
        visit.page.close()
        assert visit.failures == []


def test_one_file_compares_the_runs_too(chromium: Browser, lab: Lab, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    options = BrowseOptions(peaks=lab.peaks, region="chr1:301-800", markers=("CTCF",))
    export_page(lab.folders, options, out, False)
    visit = Visit(chromium, out.as_uri())
    assert visit.tracks()[-3:] == [f"old: {CTCF}", f"big model: {CTCF}", "measured"]
    page = visit.page
    page.wait_for_selector("#heatmap[aria-busy=false]", timeout=WAIT)
    page.click("#heatmap-list summary")
    assert page.text_content("#heatmap-list summary") == (
        "Predicted here, of 5 markers reach their threshold: old 4, big model 3"
    )
    # Of the others it has the values, and no track.
    assert page.locator("#heatmap-list tbody button >> text=K562|CTCF").count() == 1
    assert page.locator("#heatmap-list tbody button >> text=K562|MAX").count() == 0
    visit.settle()
    page.close()
    assert visit.failures == []


def test_without_patterns_one_file_has_all_runs_of_what_ranks_first(
    lab: Lab, tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    written = export_page(lab.folders, BrowseOptions(region="chr1:401-450"), out, False)
    assert written.markers == 5  # in seven tracks


def test_more_tracks_than_can_be_shown_are_counted_over_the_runs(tmp_path: Path) -> None:
    many = [a_marker(index, f"K562|T{index}|None") for index in range(16)]
    folders = [Labelled(write_tracks_folder(tmp_path / name, many)) for name in "ab"]
    with pytest.raises(ArgumentError, match="match 32 markers of 2 runs; 30 at most can be shown"):
        application(folders, BrowseOptions(markers=("K562",)))
