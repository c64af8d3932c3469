"""`regtrack browse` in a real browser: markers found and added, regions, genes, peaks, links."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from browsing import CHROMIUM, Sights, browsing, free_port
from waiting import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Chromium asks its maker for updates at every start; nothing here may leave the machine.
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
    *(["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []),
]
WAIT = 1000 * PATIENCE  # milliseconds


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs a browser: chromium, chromium-browser or google-chrome")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(sights: Sights) -> Iterator[str]:
    with browsing(sights.options, free_port()) as found:
        yield found


class Visit:
    """A page that a user looks at, and all that it asked for meanwhile."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.page: Page = browser.new_page(viewport={"width": 1400, "height": 900})
        self.answers: list[tuple[int, str]] = []
        self.failures: list[str] = []
        self.page.on("response", lambda one: self.answers.append((one.status, one.url)))
        self.page.on("requestfailed", lambda one: self.failures.append(one.url))
        self.page.on("pageerror", lambda one: self.failures.append(str(one)))
        self.page.on(
            "console",
            lambda one: self.failures.append(one.text) if one.type == "error" else None,
        )
        self.open(address)

    def open(self, address: str) -> None:
        """Go there as from a bookmark, and wait until it stands."""
        self.settle()
        self.page.goto("about:blank")
        self.page.goto(address)
        self.page.wait_for_selector("body[data-ready=yes]", timeout=WAIT)

    def type_locus(self, text: str) -> None:
        """What a user types into igv.js's box."""
        box = self.page.locator(".igv-search-input")
        box.fill(text)
        box.press("Enter")

    def wait_for(self, pattern: str) -> None:
        """Wait until the address is like that: it says what is shown."""
        self.page.wait_for_url(re.compile(pattern), timeout=WAIT)

    def names(self) -> list[str]:
        """Markers that the list shows."""
        return self.page.locator("#markers li:visible .name").all_text_contents()

    def tracks(self) -> list[str]:
        """Labels of igv.js's tracks, from top to bottom."""
        labels = self.page.locator(".igv-track-label")
        found: list[str] = labels.evaluate_all(
            "all => all.map(one => [one.getBoundingClientRect().top, one.textContent])"
            ".sort((a, b) => a[0] - b[0]).map(pair => pair[1])"
        )
        return found

    def settle(self) -> None:
        """Let igv.js finish drawing: it stumbles over tracks that are removed meanwhile."""
        self.page.wait_for_load_state("networkidle")

    def row(self, name: str) -> Any:
        """A marker's row in the list."""
        return self.page.locator("#markers li").filter(
            has=self.page.locator(f'.name[title="{name}"]')
        )


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Visit]:
    found = Visit(chromium, address)
    yield found
    found.settle()
    found.page.close()
    assert found.failures == []
    assert {status for status, _ in found.answers} <= {200, 206}
    assert [url for _, url in found.answers if not url.startswith((address, "data:"))] == []
    assert any(status == 206 for status, _ in found.answers)  # parts of files, not whole ones


def test_it_opens_with_the_best_of_each_category_at_a_peak(visit: Visit) -> None:
    assert visit.page.title() == "tracks - regtrack"
    assert visit.tracks() == [
        "genes",
        "was predicted",
        "HepG2|DNase|None (AP 0.010)",
        "predicted",
        "measured",
        "Monocytes-CD14+RO01746|H3K4me2|None (AP 0.020)",
        "predicted",
        *(
            label
            for index in (34, 35, 36, 37, 38, 39)
            for label in (f"K562|TF{index}|None (AP {index / 100:.3f})", "predicted")
        ),
    ]
    visit.wait_for("locus=chr1:")


def test_a_marker_is_searched_and_added_and_removed_again(visit: Visit) -> None:
    visit.page.fill("#words", "gr a549")
    assert visit.names() == ["A549|GR|DEX_(500pM)"]
    box = visit.row("A549|GR|DEX_(500pM)").locator("input")
    box.check()
    visit.wait_for(r"markers=[\d,]+,3$")
    assert visit.tracks()[-2:] == ["A549|GR|DEX_(500pM) (AP 0.030)", "predicted"]
    visit.settle()
    box.uncheck()
    visit.wait_for(r"markers=1,2,34,35,36,37,38,39$")
    assert "A549|GR|DEX_(500pM) (AP 0.030)" not in visit.tracks()


def test_a_marker_is_found_by_another_name_of_its_target(visit: Visit) -> None:
    visit.page.fill("#words", "nr3c1")  # the gene of GR
    assert visit.names() == ["A549|GR|DEX_(500pM)"]


def test_facets_narrow_the_list(visit: Visit) -> None:
    page = visit.page
    page.uncheck("#categories input[value=TFBS]")
    assert visit.names() == ["HepG2|DNase|None", "Monocytes-CD14+RO01746|H3K4me2|None"]
    page.check("#categories input[value=TFBS]")
    page.select_option("#cell", "K562")
    assert page.locator("#target option").first.text_content() == "all 37"
    page.select_option("#target", "TF7")
    assert visit.names() == ["K562|TF7|None"]
    assert page.locator("#cell option").all_text_contents() == ["all 1", "K562 (1)"]
    page.click("#filter button[type=reset]")
    page.select_option("#order", "score")
    assert visit.names()[:2] == ["K562|TF39|None", "K562|TF38|None"]
    page.check("#only-shown")
    visit.settle()
    assert len(visit.names()) == 8
    assert page.text_content("#count") == "8 of 40 markers, 8 shown"


def test_regions_and_genes_are_gone_to(visit: Visit) -> None:
    visit.type_locus("chr1:1-20,000")
    visit.wait_for(r"locus=chr1:1-20000&")
    visit.type_locus("chr1:400-480")
    visit.wait_for(r"locus=chr1:400-480&")
    visit.type_locus("crkl")
    visit.wait_for(r"locus=chr1:1-5000&")  # the gene and 2,000 bases on each side
    visit.type_locus("CRK+-0.5kb")
    visit.wait_for(r"locus=chr1:3501-9500&")
    visit.settle()
    assert any("/genome/genome.fa" in url for _, url in visit.answers)
    assert any("/measured/1?" in url for _, url in visit.answers)


def test_a_gene_that_is_none_is_answered_with_the_nearest(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=CRKLL")
    visit.page.wait_for_selector("#problem:visible", timeout=WAIT)
    assert visit.page.text_content("#problem-text") == (
        "nothing is found at CRKLL; no gene of genes.bed is called so, the nearest are CRKL, CRK"
    )


def test_the_strongest_peaks_are_clicked_through(visit: Visit) -> None:
    visit.row("A549|GR|DEX_(500pM)").locator("button").click()
    visit.wait_for(r"locus=chr1:1-2530&markers=[\d,]+,3$")  # it is shown, too
    peaks = visit.page.locator("#peaks ol button")
    assert peaks.all_text_contents() == ["0.750chr1:431100 bp"]
    assert visit.page.text_content("#place") == "1 of 1 strongest"
    assert visit.page.is_disabled("#next")
    peaks.first.press("Escape")
    assert not visit.page.is_visible("#peaks")


def test_where_nothing_was_predicted_it_says_so(visit: Visit) -> None:
    assert not visit.page.is_visible("#nowhere")
    visit.type_locus("chr2:1-500")
    visit.page.wait_for_selector("#nowhere:visible", timeout=WAIT)
    assert "There are predictions on chr1." in (visit.page.text_content("#nowhere") or "")
    visit.type_locus("chr1:1-500")
    visit.page.wait_for_selector("#nowhere", state="hidden", timeout=WAIT)


def test_a_link_restores_the_view(visit: Visit, address: str) -> None:
    link = f"{address}#locus=chr1:300-700&markers=7,3,99"
    visit.open(link)
    expected = ["genes", "was predicted", "K562|TF7|None (AP 0.070)", "predicted"]
    assert visit.tracks()[:4] == expected
    visit.wait_for("locus=chr1:300-700&markers=7,3$")
    visit.page.evaluate(
        "location.hash = '#locus=chr1:500-900&markers=8'"
    )  # pasted into the same tab
    visit.wait_for(r"locus=chr1:500-900&markers=8$")
    assert visit.tracks() == ["genes", "was predicted", "K562|TF8|None (AP 0.080)", "predicted"]


def test_no_more_than_thirty_markers_are_shown_at_once(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:300-700&markers={','.join(map(str, range(40)))}")
    assert visit.page.text_content("#count") == "40 of 40 markers, 30 shown (30 at most)"
    assert visit.row("K562|TF35|None").locator("input").is_disabled()
    visit.settle()
    visit.row("K562|TF5|None").locator("input").uncheck()
    assert visit.row("K562|TF35|None").locator("input").is_enabled()


def test_a_track_removed_in_igv_is_unchecked(visit: Visit) -> None:
    visit.settle()
    visit.page.evaluate(
        "browser.removeTrack(browser.findTracks('name', 'HepG2|DNase|None (AP 0.010)')[0])"
    )
    visit.wait_for(r"markers=2,34,35,36,37,38,39$")
    assert not visit.row("HepG2|DNase|None").locator("input").is_checked()
    assert "measured" not in visit.tracks()


def test_without_anything_but_tracks_it_opens_too(chromium: Browser, sights: Sights) -> None:
    arguments = [sights.tracks, "--markers", "GR", "--region", "chr2:1-500"]
    with browsing(arguments, free_port()) as address:
        bare = Visit(chromium, address)
        assert bare.tracks() == ["was predicted", "A549|GR|DEX_(500pM)", "predicted"]
        bare.wait_for("locus=chr2:1-500&markers=3$")
        assert "--genes" in (bare.page.text_content("#hint") or "")
        bare.page.close()
    assert bare.failures == []


def test_checked_and_unchecked_at_once_the_last_click_counts(visit: Visit) -> None:
    box = visit.row("K562|TF5|None").locator("input")
    for _ in range(3):
        box.check(force=True)
        box.uncheck(force=True)
    visit.row("K562|TF6|None").locator("input").check()
    visit.wait_for(r"markers=[\d,]+,6$")
    assert not box.is_checked()
    assert "K562|TF5|None (AP 0.050)" not in visit.tracks()
    assert visit.page.text_content("#count") == "40 of 40 markers, 9 shown"


def test_a_link_without_markers_keeps_those_that_are_shown(visit: Visit) -> None:
    visit.page.evaluate("location.hash = '#locus=chr1:500-900'")
    visit.wait_for(r"locus=chr1:500-900&markers=1,2,34,35,36,37,38,39$")


def test_a_link_to_nowhere_says_so_and_shows_the_rest(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr9:1-5&markers=5,5,5")
    assert visit.page.text_content("#problem-text") == "nothing is found at chr9:1-5"
    assert visit.tracks() == ["genes", "was predicted", "K562|TF5|None (AP 0.050)", "predicted"]
    visit.page.click("#problem-close")
    assert not visit.page.is_visible("#problem")


def test_the_list_can_be_put_away(visit: Visit) -> None:
    wide = "document.querySelector('#igv').getBoundingClientRect().width"
    before = visit.page.evaluate(wide)
    visit.page.click("#toggle")
    assert not visit.page.is_visible("#chooser")
    assert visit.page.evaluate(wide) > before + 300
    visit.page.click("#toggle")
    assert visit.page.is_visible("#chooser")


def test_when_the_server_has_ended_the_page_says_so(chromium: Browser, sights: Sights) -> None:
    with browsing([sights.tracks, "--markers", "GR"], free_port()) as address:
        left = Visit(chromium, address)
        left.settle()
    left.row("HepG2|DNase|None").locator("button").click()
    left.page.wait_for_selector("#problem:visible", timeout=WAIT)
    said = left.page.text_content("#problem-text")
    assert said == "The server of this page does not answer; is regtrack browse still running?"
    left.page.close()
