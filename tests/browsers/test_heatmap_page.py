"""The heatmap of `regtrack browse` in a real browser: drawn, read, clicked, ordered, ranked."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsing import Sights, browsing, free_port
from visiting import TIMES, WAIT, Visit

from regtrack.tracks.folder import CHANCE, TrackSet
from regtrack.tracks.summary import Summary

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROWS = 40
GR = "A549|GR|DEX_(500pM)"  # 0.75 at 430-479 of chr1 (0-based), 75 times its base rate; row 3
DNASE = "HepG2|DNase|None"  # 0.75 at 410-459; a peak was measured at 400-499
H3K4ME2 = "Monocytes-CD14+RO01746|H3K4me2|None"
WHITE, GREY, BLUE = [255, 255, 255, 255], [212, 212, 212, 255], [0, 68, 136, 255]
# Rows by category, and in it by target, from above.
BY_CATEGORY = [
    "K562|CTCF|None",
    GR,
    *(f"K562|TF{index}|None" for index in range(4, 40)),
    DNASE,
    H3K4ME2,
]


@pytest.fixture
def seen(visit: Visit, address: str) -> Visit:
    """The page at chr1:1-1,000, the first two markers shown."""
    visit.open(f"{address}#locus=chr1:1-1000&markers=1,2")
    wait_for_region(visit, "chr1:1-1,000")
    return visit


def wait_for_region(visit: Visit, region: str) -> None:
    visit.page.wait_for_selector(
        f"#heatmap[aria-busy=false] canvas[aria-label*='over {region}.']", timeout=WAIT
    )
    visit.settle()


def at(visit: Visit, name: str, base: int, order: list[str] | None = None) -> tuple[float, float]:
    """Where a marker's row shows a base (0-based) of chr1:1-1,000, on the screen."""
    data = visit.page.locator(".igv-column").first.bounding_box()
    canvas = visit.page.locator("#heatmap-scroll canvas").bounding_box()
    assert data is not None
    assert canvas is not None
    row = (order or BY_CATEGORY).index(name)
    x = data["x"] + data["width"] * (base + 0.5) / 1_000
    return x, canvas["y"] + canvas["height"] * (row + 0.5) / ROWS


def point(visit: Visit, name: str, base: int, order: list[str] | None = None) -> str:
    """What is said of a base of a marker's row when it is pointed at."""
    visit.page.mouse.move(*at(visit, name, base, order))
    return visit.page.text_content("#heatmap-read") or ""


def pixel(visit: Visit, name: str, base: int) -> list[int]:
    """Red, green, blue and opacity there."""
    visit.page.mouse.move(5, 5)
    x, y = at(visit, name, base)
    found: list[int] = visit.page.evaluate(
        """async ([x, y]) => {
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const canvas = document.querySelector("#heatmap-scroll canvas");
            const box = canvas.getBoundingClientRect();
            return [...canvas.getContext("2d").getImageData(x - box.left, y - box.top, 1, 1).data];
        }""",
        [x, y],
    )
    return found


def listed(visit: Visit) -> list[list[str]]:
    """The list, row by row and cell by cell."""
    found: list[list[str]] = visit.page.locator("#heatmap-list tbody tr").evaluate_all(
        "all => all.map(one => [...one.children].map(cell => cell.textContent))"
    )
    return found


def test_every_marker_has_a_row_in_the_colour_of_its_lift(seen: Visit) -> None:
    assert pixel(seen, GR, 440) == BLUE  # 75 times the base rate: more than 64
    assert pixel(seen, GR, 300) == WHITE
    assert pixel(seen, "K562|TF20|None", 640) == BLUE
    red, green, blue, _ = pixel(seen, GR, 140)  # 0.25, 25 times
    assert BLUE[0] < red < 255
    assert BLUE[1] < green < 255
    assert BLUE[2] < blue < 255


def test_where_nothing_was_predicted_it_is_grey_and_says_so(seen: Visit) -> None:
    seen.type_locus("chr2:1-1,000")
    wait_for_region(seen, "chr2:1-1,000")
    assert pixel(seen, GR, 440) == GREY
    assert "nothing was predicted here" in point(seen, GR, 440)
    assert seen.page.text_content("#heatmap-list summary") == "Nothing was predicted here"


def test_what_is_pointed_at_is_read_out(seen: Visit) -> None:
    said = point(seen, GR, 440)
    assert said.startswith(f"{GR} chr1:")
    assert f"probability 0.75 · lift 6.2, 75{TIMES} the base rate of 0.01" in said
    assert "reaches its threshold 0.50 · not measured" in said
    assert "probability 0.25" in point(seen, GR, 140)
    assert "below its threshold 0.50" in point(seen, GR, 140)
    assert "below 0.003" in point(seen, GR, 300)
    assert "· a measured peak here" in point(seen, DNASE, 440)
    assert "below 0.003 · no measured peak here" in point(seen, DNASE, 300)
    seen.page.mouse.move(5, 5)
    assert "click to add" in (seen.page.text_content("#heatmap-read") or "")


def test_a_click_adds_the_track(seen: Visit) -> None:
    seen.page.mouse.click(*at(seen, GR, 440))
    seen.wait_for(r"markers=1,2,3$")
    assert seen.row(GR).locator("input").is_checked()
    seen.page.mouse.click(*at(seen, GR, 300))  # it stays
    seen.settle()
    seen.wait_for(r"markers=1,2,3$")


def test_when_as_many_as_can_be_are_shown_a_click_says_so(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:1-1000&markers={','.join(map(str, range(4, 34)))}")
    visit.page.click("#heatmap-fold")  # so many tracks leave no room for it
    wait_for_region(visit, "chr1:1-1,000")
    visit.page.mouse.click(*at(visit, GR, 440))
    visit.page.wait_for_selector("#problem:visible", timeout=WAIT)
    said = visit.page.text_content("#problem-text")
    assert said == f"30 markers are shown, which is the most; clear some to add {GR}"


def test_it_follows_the_region_in_view(seen: Visit) -> None:
    seen.type_locus("chr1:401-500")
    wait_for_region(seen, "chr1:401-500")
    asked = [url for _, url in seen.answers if "/heatmap/cells?" in url]
    assert asked[-1].endswith("chrom=chr1&start=400&end=500&columns=100")
    before = len(asked)
    seen.type_locus("chr1:19,001-20,000")
    wait_for_region(seen, "chr1:19,001-20,000")
    assert len([url for _, url in seen.answers if "/heatmap/cells?" in url]) == before + 1


@pytest.mark.parametrize(
    ("choice", "first", "last"),
    [("cell", GR, H3K4ME2), ("target", "K562|CTCF|None", "K562|TF39|None")],
)
def test_rows_are_grouped(seen: Visit, choice: str, first: str, last: str) -> None:
    seen.page.locator("#heatmap select").first.select_option(choice)
    seen.page.wait_for_timeout(100)
    order = sorted(BY_CATEGORY, key=lambda name: [name != first, name == last])
    assert point(seen, first, 300, order).startswith(first)
    assert point(seen, last, 300, order).startswith(last)


def test_rows_that_look_alike_stand_side_by_side(seen: Visit) -> None:
    seen.page.locator("#heatmap select").first.select_option("alike")
    seen.page.wait_for_timeout(100)
    order = [point(seen, name, 5).split(" chr1:")[0] for name in BY_CATEGORY]
    assert sorted(order) == sorted(BY_CATEGORY)
    # Every track is the one before, shifted by ten bases.
    distance = abs(order.index("K562|TF10|None") - order.index("K562|TF11|None"))
    assert distance == 1


def test_rows_can_be_high_and_scroll(seen: Visit) -> None:
    seen.page.locator("#heatmap select").nth(1).select_option("6")
    seen.page.wait_for_timeout(100)
    high = "document.querySelector('#heatmap-scroll').scrollHeight"
    assert seen.page.evaluate(high) == 6 * ROWS
    seen.page.locator("#heatmap-scroll").evaluate("one => { one.scrollTop = one.scrollHeight; }")
    seen.page.wait_for_timeout(100)
    box = seen.page.locator("#heatmap-scroll").bounding_box()
    assert box is not None
    seen.page.mouse.move(at(seen, GR, 440)[0], box["y"] + box["height"] - 5)
    assert (seen.page.text_content("#heatmap-read") or "").startswith(H3K4ME2)


def test_what_is_predicted_here_is_ranked(seen: Visit) -> None:
    page = seen.page
    assert page.text_content("#heatmap-list summary") == (
        "Predicted here: 40 of 40 markers reach their threshold"
    )
    page.click("#heatmap-list summary")
    found = {row[0]: row[1:] for row in listed(seen)}
    assert len(found) == ROWS
    assert found[GR][:5] == ["0.75", f"6.2 (75{TIMES})", "0.50", "0.030", "not measured"]
    assert found[DNASE][4] == "yes, there"
    assert found["K562|CTCF|None"][4] == "yes, there"
    caution = (
        "One base at the threshold is enough here, and is no peak yet; in the report, the average "
        "precision of 2 of these 40 is less than twice what chance has."
    )
    assert page.text_content("#heatmap-caution") == caution
    assert page.locator("#heatmap-list summary").get_attribute("title") == caution
    agree = page.text_content("#heatmap-agree")
    assert agree == "with a measured peak there: TFBS 1 of 1, DNase 1 of 1"
    lift = page.get_by_role("columnheader", name="lift").get_attribute("title") or ""
    assert lift.endswith("the base rate is that of the report")
    raised = page.locator("#heatmap-list tbody tr").filter(has_text=GR).locator("td").nth(1)
    said = f"75{TIMES} the base rate of 0.01, that of the report"
    assert raised.get_attribute("title") == said
    seen.type_locus("chr1:1-130")
    wait_for_region(seen, "chr1:1-130")
    assert page.text_content("#heatmap-list summary") == (
        "Predicted here: 0 of 40 markers reach their threshold"
    )
    assert listed(seen) == []
    page.check("#heatmap-list input")
    assert [row[0] for row in listed(seen)] == ["K562|CTCF|None", DNASE, H3K4ME2]
    assert listed(seen)[1][5] == "none in view"


def test_a_measured_peak_that_is_not_right_there_is_so_many_bases_away(seen: Visit) -> None:
    seen.page.click("#heatmap-list summary")
    seen.page.check("#heatmap-list input")
    # In view of DNase are 0.25 from 110 on, and the beginning of the peak at 400 (0-based).
    seen.type_locus("chr1:101-404")
    wait_for_region(seen, "chr1:101-404")
    found = {row[0]: row[5] for row in listed(seen)}
    assert found[DNASE] == "290 bp away"
    assert found["K562|CTCF|None"] == "yes, there"  # 0.75 at 400
    # Where a column has some bases, it is not known to the base.
    words = seen.page.evaluate("[3, 0, Infinity, NaN, null].map((away) => ranking.away(away, 19))")
    assert words == ["~57 bp away", "yes, there", "none in view", "...", "not measured"]


def test_without_a_report_the_list_has_no_average_precision(
    chromium: Browser, sights: Sights
) -> None:
    with browsing([sights.tracks], free_port()) as address:
        visit = Visit(chromium, f"{address}#locus=chr1:1-1000&markers=1")
        wait_for_region(visit, "chr1:1-1,000")
        visit.page.click("#heatmap-list summary")
        titles = visit.page.locator("#heatmap-list th[scope=col]").all_text_contents()
        assert titles == ["marker", "highest", "lift", "threshold", "measured peak", "where"]
        lift = visit.page.get_by_role("columnheader", name="lift").get_attribute("title") or ""
        assert lift.endswith("the base rate is the mean of its predictions")
        assert visit.page.text_content("#heatmap-agree") == ""  # nothing was measured
        assert visit.page.text_content("#heatmap-caution") == (
            "One base at the threshold is enough here, and is no peak yet; score the network "
            "first, regtrack eval: some markers may be not clearly better than chance."
        )
        visit.page.close()


def test_of_a_signal_values_are_told_beside_the_mean_and_each_axis_ends_at_its_own_range(
    chromium: Browser, sights: Sights, tmp_path: Path
) -> None:
    folder = shutil.copytree(sights.tracks, tmp_path / "tracks")
    trackset = TrackSet.read(folder)
    summary = Summary(150, mean=0.00375, highest=0.75, quantiles={"0.999": 0.6})
    tracks = tuple(
        replace(one, range=0.5, threshold=0.3, summary=summary) for one in trackset.tracks
    )
    replace(trackset, tracks=tracks).write(folder)
    # A report's base rate is a share of bases, and nothing that a signal is compared with.
    with browsing([folder, "--report", sights.report], free_port()) as address:
        visit = Visit(chromium, f"{address}#locus=chr1:1-1000&markers=3")
        wait_for_region(visit, "chr1:1-1,000")
        # 0.75 lies above the range; the mean is a 200th of it.
        said = point(visit, GR, 440)
        assert "signal 0.75 \N{MIDDLE DOT} lift 7.6, 200\N{MULTIPLICATION SIGN} the mean of" in said
        assert "reaches its threshold 0.30" in said
        assert "below its threshold 0.30" in point(visit, GR, 140)
        assert "below 0.0015" in point(visit, GR, 900)
        ends = visit.page.locator(".igv-axis-column .label .top")
        assert [end for end in ends.all_text_contents() if end] == ["0.6"]
        visit.page.select_option("select:has(option[value=probability])", "probability")
        visit.settle()
        assert [end for end in ends.all_text_contents() if end] == ["0.5"]
        visit.page.click("#heatmap-list summary")
        assert {row[1] for row in listed(visit)} == {"0.75"}
        assert visit.failures == []
        visit.page.close()


def test_the_list_is_used_with_the_keyboard(seen: Visit) -> None:
    page = seen.page
    page.focus("#heatmap-list summary")
    page.keyboard.press("Enter")
    row = page.locator("#heatmap-list tbody tr").filter(has_text=GR)
    button = row.get_by_role("button", name=GR)
    assert button.get_attribute("aria-pressed") == "false"
    button.focus()
    page.keyboard.press("Enter")
    seen.wait_for(r"markers=1,2,3$")
    seen.settle()
    assert button.get_attribute("aria-pressed") == "true"
    assert button.evaluate("one => one === document.activeElement")
    row.get_by_role("button", name="chr1:").press("Enter")
    # Its column, which has a base or two, and 2,000 on each side.
    seen.wait_for(r"locus=chr1:1-243[1-3]&markers=1,2,3$")


def test_it_is_folded_away_and_stays_so(seen: Visit, address: str) -> None:
    page = seen.page
    page.click("#heatmap-fold")
    assert not page.is_visible("#heatmap-body")
    assert page.get_attribute("#heatmap-fold", "aria-expanded") == "false"
    seen.open(f"{address}#locus=chr1:1-500&markers=1,2")
    before = len(seen.answers)
    seen.type_locus("chr1:1-600")
    seen.wait_for(r"locus=chr1:1-600&")
    page.wait_for_timeout(300)
    assert not any("/heatmap/cells" in url for _, url in seen.answers[before:])
    page.click("#heatmap-fold")
    wait_for_region(seen, "chr1:1-600")
    assert page.is_visible("#heatmap-body")


def test_it_is_usable_at_800_pixels(seen: Visit) -> None:
    seen.page.set_viewport_size({"width": 800, "height": 900})
    seen.page.wait_for_timeout(500)
    seen.settle()
    width = seen.page.evaluate("document.documentElement.scrollWidth")
    assert width == 800
    seen.page.locator("#heatmap").scroll_into_view_if_needed()
    assert f"{GR} chr1:" in point(seen, GR, 440)
    # All of it is seen, on two lines.
    assert seen.page.locator("#heatmap-read").evaluate(
        "one => one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth"
    )
    seen.page.click("#heatmap-list summary")
    assert seen.page.locator("#heatmap-list tbody tr").first.is_visible()


@pytest.mark.parametrize("order", ["category", "alike"])
def test_markers_without_peaks_are_seen_when_they_are_asked_for(
    chromium: Browser, sights: Sights, tmp_path: Path, order: str
) -> None:
    folder = shutil.copytree(sights.tracks, tmp_path / "tracks")
    trackset = TrackSet.read(folder)
    tracks = tuple(
        replace(one, no_peaks=CHANCE if one.marker.index >= 10 else None) for one in trackset.tracks
    )
    replace(trackset, tracks=tracks).write(folder)
    with browsing([folder], free_port()) as address:
        visit = Visit(chromium, f"{address}#locus=chr1:1-1000&markers=1")
        page = visit.page
        wait_for_region(visit, "chr1:1-1,000")
        page.select_option("#heatmap select >> nth=0", order)
        canvas = page.locator("#heatmap-scroll canvas")
        assert (canvas.get_attribute("aria-label") or "").startswith("Heatmap of 10 markers")
        assert "of 10 markers reach" in (page.text_content("#heatmap-list summary") or "")
        assert page.text_content("label:has(#heatmap-chance)") == " 30 without peaks"
        page.check("#heatmap-chance")
        assert (canvas.get_attribute("aria-label") or "").startswith("Heatmap of 40 markers")
        assert "of 40 markers reach" in (page.text_content("#heatmap-list summary") or "")
        assert page.locator("#markers li button:disabled").count() == 30
        assert visit.failures == []
        visit.settle()
        page.close()
