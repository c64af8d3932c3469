"""How the page looks: light and dark, wide and narrow, and what explains it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from browsers_builders import write_tracks_folder
from browsing import Sights, browsing, free_port
from builders import a_marker
from visiting import WAIT, Visit

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

CATEGORIES = ["TFBS", "DNase", "Histone"]
DARK = (19, 19, 19)


@pytest.fixture
def dark(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(f"{address}#locus=chr1:300-700&markers=2")
    page.wait_for_selector("body[data-ready=yes]", timeout=WAIT)
    yield page
    page.wait_for_load_state("networkidle")
    context.close()


def luminance(colour: tuple[int, ...]) -> float:
    """As WCAG 2 reckons it."""
    shares = [one / 255 for one in colour]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(first: tuple[int, ...], second: tuple[int, ...]) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def on_screen(page: Page, selector: str) -> tuple[int, ...]:
    """Red, green and blue of the middle of an element, as it is seen: filters turn colours over."""
    image = pytest.importorskip("PIL.Image")
    found = image.open(io.BytesIO(page.locator(selector).first.screenshot())).convert("RGB")
    seen: tuple[int, ...] = found.getpixel((found.width // 2, found.height // 2))
    return seen


def test_on_the_dark_page_categories_stand_out_from_the_background(dark: Page) -> None:
    seen = {name: on_screen(dark, f"#markers .swatch.{name}") for name in CATEGORIES}
    # WCAG asks for 3:1 in graphics; shaded peaks need more.
    assert all(contrast(colour, DARK) > 6 for colour in seen.values()), seen
    red, green, blue = seen["Histone"]
    assert red > green > blue > 50  # an ochre
    assert red > 200


def test_a_category_beside_those_of_the_paper_is_in_chooser_rows_and_heatmap(
    chromium: Browser, tmp_path: Path
) -> None:
    markers = [
        a_marker(0),
        a_marker(1, "K562|open|None", 'ATAC "x"'),
        a_marker(2, "a|b|None", "CAGE"),
    ]
    folder = write_tracks_folder(tmp_path / "tracks", markers)
    with browsing([folder], free_port()) as address:
        visit = Visit(chromium, address)
        visit.settle()
        page = visit.page
        boxes = page.locator("#categories label").all_text_contents()
        assert boxes == ["TFBS 1", 'ATAC "x" 1', "CAGE 1"]
        assert page.text_content("#colours").split("\u2002") == ["TFBS", ' ATAC "x"', " CAGE", " "]
        page.locator("#categories input").nth(0).uncheck()
        assert visit.names() == ["K562|open|None", "a|b|None"]
        assert on_screen(page, "#markers li:nth-child(2) .swatch") == (0x99, 0, 0xFF)
        colours = page.evaluate("""() => [...document.querySelector("#heatmap-legend canvas")
            .getContext("2d").getImageData(255, 3, 1, 2).data]""")
        assert colours == [0x99, 0, 0xFF, 255, 0x33, 0x99, 0xCC, 255]
        drawn = page.evaluate("""() => browser.findTracks("type", "row").map((one) => one.id)""")
        assert set(drawn) >= {"K562|CTCF|None", "K562|open|None", "a|b|None"}
        visit.settle()
        assert visit.failures == []
        page.close()


def test_rows_and_heatmap_take_the_colours_of_the_page_when_it_changes(dark: Page) -> None:
    drawn = """() => {
        const {canvas} = browser.findTracks("id", "Monocytes-CD14+RO01746|H3K4me2|None")[0]
            .trackView.viewports[0];
        const {bpStart, bpPerPixel} = canvas._data;
        const x = Math.floor((440.5 - bpStart) / bpPerPixel);
        return [...canvas.getContext("2d").getImageData(x, 15, 1, 1).data].slice(0, 3);
    }"""
    legend = """() => [...document.querySelector("#heatmap-legend canvas").getContext("2d")
        .getImageData(255, 2, 1, 1).data].slice(0, 3)"""
    dark.wait_for_function("() => !progress.rows.size && browser.findTracks('type', 'row').length")
    for colour in [0x8B, 0x52, 0x00], [0xDD, 0xAA, 0x33]:
        dark.wait_for_function(f"() => String(({drawn})()) === '{','.join(map(str, colour))}'")
        assert dark.evaluate(legend) == colour
        dark.click("#theme")


def test_a_note_has_a_background_of_its_own(visit: Visit) -> None:
    visit.type_locus("chr2:1-500")
    visit.page.wait_for_selector("#nowhere:visible", timeout=WAIT)
    style = "getComputedStyle(document.querySelector('#nowhere')).backgroundColor"
    assert visit.page.evaluate(style) == "rgb(253, 246, 220)"


def test_the_parts_of_a_row_are_explained_beside_the_scale(visit: Visit) -> None:
    page = visit.page
    assert not page.is_visible("#parts")
    page.click("#what")
    terms = page.locator("#parts dt").all_text_contents()
    names = ["signal", "lift", "dotted line", "pink top", "predicted", "measured"]
    names += ["shaded", "colours"]
    assert terms == names
    assert "below the floor" in (page.text_content("#parts") or "")
    assert page.is_visible("#parts svg")
    page.keyboard.press("Escape")
    assert not page.is_visible("#parts")


def test_the_report_is_a_link_where_there_is_one(
    chromium: Browser, sights: Sights, visit: Visit, tmp_path: Path
) -> None:
    assert not visit.page.is_visible("#report")  # the table of a report alone
    report = shutil.copytree(sights.report, tmp_path / "report")
    (report / "report.html").write_text(
        "<!DOCTYPE html><title>a report</title><p id=p></p>"
        "<script>p.textContent = `${2 + 2} ${window.origin}`</script>"
    )
    with browsing([sights.tracks, "--report", report], free_port()) as address:
        found = Visit(chromium, f"{address}#locus=chr1:300-700&markers=7")
        with found.page.expect_popup() as opened:
            found.page.click("text=report >> visible=true")
        tab = opened.value
        tab.wait_for_load_state()
        assert tab.url == f"{address}report.html"
        assert tab.title() == "a report"
        assert tab.text_content("#p") == "4 null"  # it computes, and is of no origin
        tab.close()
        found.settle()
        found.page.close()


def test_in_a_window_that_becomes_narrow_the_list_gives_way_and_comes_back(visit: Visit) -> None:
    page = visit.page
    wide = {"width": 1400, "height": 900}
    page.set_viewport_size({"width": 800, "height": 900})
    page.wait_for_selector("#chooser", state="hidden", timeout=WAIT)
    assert page.text_content("#toggle") == "show markers"
    page.set_viewport_size(wide)
    page.wait_for_selector("#toggle:text-is('hide markers')", timeout=WAIT)
    assert page.is_visible("#chooser")
    page.click("#toggle")  # who has put it away does not find it there again
    for size in {"width": 800, "height": 900}, wide:
        page.set_viewport_size(size)
        # Whether it is narrow is told before the frame that is drawn next.
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert not page.is_visible("#chooser")
    visit.settle()
