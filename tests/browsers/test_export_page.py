"""The exported page in a real browser: on a web server of others, and as one file without any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browsing import Sights, web_server
from visiting import WAIT, Visit

from regtrack.browsers.browse import BrowseOptions
from regtrack.browsers.export import export_site
from regtrack.browsers.one_file import export_page
from regtrack.genome.fasta import BASES, Genome
from regtrack.observer import Unwatched
from regtrack.paths import Labelled

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GR = "A549|GR|DEX_(500pM)"  # 0.75 at 430-479 of chr1 (0-based)
DNASE = "HepG2|DNase|None"
ABOVE = ["sequence", "genes", "was predicted"]


def asked(sights: Sights, **changes: Any) -> BrowseOptions:
    shown = {"peaks": sights.peaks, "reports": [Labelled(sights.report)], "genes": sights.genes}
    return BrowseOptions(**shown, genome=sights.genome, **changes)


@pytest.fixture(scope="module")
def site(sights: Sights, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the page in a folder of a web server."""
    root = tmp_path_factory.mktemp("www")
    (root / "a lab").mkdir()
    export_site(
        [Labelled(sights.tracks)], asked(sights), root / "a lab" / "site", False, Unwatched()
    )
    with web_server(root) as address:
        yield f"{address}a%20lab/site/"


@pytest.fixture(scope="module")
def one_file(sights: Sights, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of one file: two markers, 401 to 3,000 of chr1."""
    out = tmp_path_factory.mktemp("mail") / "page.html"
    wanted = asked(sights, markers=("GR", "DNase"), region="chr1:401-3,000")
    export_page([Labelled(sights.tracks)], wanted, out, False)
    return out.as_uri()


def visited(browser: Browser, address: str) -> Iterator[Visit]:
    found = Visit(browser, address)
    yield found
    found.page.close()
    assert found.failures == []
    outside = [url for _, url in found.answers if not url.startswith((address, "data:", "blob:"))]
    assert outside == []


@pytest.fixture
def on_server(chromium: Browser, site: str) -> Iterator[Visit]:
    for found in visited(chromium, site):
        yield found
        found.settle()
        assert {status for status, _ in found.answers} == {200, 206}


@pytest.fixture
def alone(chromium: Browser, one_file: str) -> Iterator[Visit]:
    for found in visited(chromium, one_file):
        yield found
        found.settle()
        read = {url.split("#")[0] for _, url in found.answers if not url.startswith("blob:")}
        assert read == {one_file}  # and what the page made itself


def sequence(visit: Visit, start: int, end: int) -> str:
    found: str = visit.page.evaluate(
        "([start, end]) => browser.genome.sequence.getSequence('chr1', start, end)", [start, end]
    )
    return found


def bases(sights: Sights, start: int, end: int) -> str:
    letters = np.frombuffer(BASES.encode(), np.uint8)
    return letters[Genome(sights.genome).codes("chr1", start, end)].tobytes().decode()


def test_in_a_folder_of_a_web_server_it_is_the_page(on_server: Visit, sights: Sights) -> None:
    assert on_server.page.title() == "tracks (dilated 12121212, hg19) - regtrack"
    assert len(on_server.names()) == 40
    on_server.row(GR).locator("input").check()
    on_server.wait_for(r"markers=[\d,]+,3$")
    assert on_server.tracks()[:3] == ABOVE
    assert on_server.tracks()[-1] == GR
    on_server.settle()
    assert sequence(on_server, 1_000, 1_040) == bases(sights, 1_000, 1_040)


def test_it_says_that_it_has_no_heatmap(on_server: Visit) -> None:
    assert on_server.page.locator("#heatmap").count() == 0
    hint = on_server.page.text_content("#hint") or ""
    assert hint.startswith("All markers at a glance: regtrack browse draws that heatmap")


@pytest.mark.parametrize(
    ("typed", "locus"),
    [
        ("crkl", "chr1:1-5000"),  # and 2,000 bases on each side
        ("CRK", "chr1:4001-9000"),
        ("cr", "chr1:4001-9000"),  # the first that begins so
        ("CRK+-0.5kb", "chr1:5501-7500"),
        ("CRKL±1,000", "chr1:1-4000"),
        ("chr1:400-480", "chr1:400-480"),
    ],
)
def test_genes_and_regions_are_gone_to(on_server: Visit, typed: str, locus: str) -> None:
    on_server.type_locus(typed)
    on_server.wait_for(f"locus={locus}&")


def test_what_is_no_gene_is_said(on_server: Visit) -> None:
    on_server.type_locus("nowhere")
    on_server.page.wait_for_selector("#problem:visible", timeout=WAIT)
    assert on_server.page.text_content("#problem-text") == "nothing is found at nowhere"


def test_peaks_are_listed(on_server: Visit) -> None:
    on_server.row(GR).locator("button").click()
    on_server.wait_for(r"locus=chr1:1-2530&markers=[\d,]+,3$")
    assert on_server.page.locator("#peaks ol button").all_text_contents() == ["0.750chr1:431100 bp"]


QUESTIONS = (
    "genes?chrom=chr1&start=2999&end=6001",
    "genes?chrom=chr1&start=3000&end=6000",
    "genes?chrom=chr2&start=0&end=100",
    "measured/0?chrom=chr1&start=499&end=500",
    "measured/0?chrom=chr1&start=500&end=4000",
    "predicted?chrom=chr1&start=5&end=6",
    "predicted?chrom=chr2&start=5&end=6",
    "trained?chrom=chr1&start=5&end=6",
    "strongest/5",
    "search?q=CRKL",
    "search?q=crk%2B-200",
    "search?q=",
    "search?q=CRKL9",
)


def test_files_answer_as_the_server_does(on_server: Visit, visit: Visit) -> None:
    asking = "questions => Promise.all(questions.map(ask))"
    expected = visit.page.evaluate(asking, QUESTIONS)
    assert on_server.page.evaluate(asking, QUESTIONS) == expected
    assert [len(answer) for answer in expected] == [2, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0]


def test_of_genes_that_begin_so_files_know_the_first(on_server: Visit, visit: Visit) -> None:
    asking = "ask('search?q=C')"  # the page goes to the first of them
    assert on_server.page.evaluate(asking) == visit.page.evaluate(asking)[:1]


def test_measured_peaks_are_those_where_predictions_are(on_server: Visit, visit: Visit) -> None:
    asking = "ask('measured/1?chrom=chr2&start=0&end=100')"
    assert len(visit.page.evaluate(asking)) == 1
    assert on_server.page.evaluate(asking) == []


def test_one_file_shows_its_region_without_a_server(alone: Visit, sights: Sights) -> None:
    alone.wait_for("locus=chr1:401-3000&markers=1,3$")
    assert alone.tracks() == [*ABOVE, DNASE, GR]
    assert alone.names() == [DNASE, GR]
    alone.settle()
    assert alone.pixel(GR, 450, 20) == [0, 68, 136, 255]
    assert alone.pixel(GR, 450, 0) == [0, 68, 136, 255]  # as high as its axis
    assert alone.pixel(GR, 600, 20)[3] == 0
    assert alone.pixel(GR, 450, 26) == [0, 68, 136, 255]  # its peak
    assert alone.pixel(DNASE, 450, 35) == [68, 68, 68, 255]  # the measured one
    assert alone.page.evaluate("ask('genes?chrom=chr1&start=0&end=20000')")[0]["name"] == "CRKL"
    alone.type_locus("chr1:1,001-1,040")
    alone.wait_for("locus=chr1:1001-1040&")
    alone.settle()
    assert sequence(alone, 1_000, 1_040) == bases(sights, 1_000, 1_040)


def test_one_file_advises_nothing_to_type_in_a_terminal(alone: Visit) -> None:
    assert alone.page.text_content("#hint") == ""


def test_one_file_says_where_it_has_nothing(alone: Visit) -> None:
    alone.type_locus("chr1:5,001-6,000")
    alone.page.wait_for_selector("#nowhere:visible", timeout=WAIT)
    assert alone.page.text_content("#nowhere") == (
        "This page holds chr1:401-3,000 only: elsewhere, empty means not known."
    )


def test_one_file_holds_the_scales_of_the_whole_folder(alone: Visit, visit: Visit) -> None:
    known = "ask('site.json').then((one) => one.markers)"
    whole = {one["index"]: one for one in visit.page.evaluate(known)}
    assert alone.page.evaluate(known) == [whole[1], whole[3]]


@pytest.fixture
def by_rank(chromium: Browser, sights: Sights, tmp_path: Path) -> Iterator[Visit]:
    """One file of a region in which the markers 16 to 23 are highest, without patterns."""
    out = tmp_path / "page.html"
    export_page([Labelled(sights.tracks)], asked(sights, region="chr1:601-640"), out, False)
    for found in visited(chromium, out.as_uri()):
        found.page.wait_for_selector("#heatmap[aria-busy=false]", timeout=WAIT)
        yield found
        found.settle()


def ranked(visit: Visit) -> list[list[str]]:
    """The list of what is predicted in view, cell by cell."""
    found: list[list[str]] = visit.page.locator("#heatmap-list tbody tr").evaluate_all(
        "all => all.map(one => [...one.children].map(cell => cell.textContent))"
    )
    return found


def test_one_file_shows_what_ranks_highest_in_its_region(by_rank: Visit) -> None:
    # 0.75 each, of a base rate of 0.01: by their numbers.
    expected = [f"K562|TF{index}|None" for index in range(16, 24)]
    assert by_rank.tracks() == [*ABOVE, *expected]


def test_one_file_ranks_all_markers_of_the_folder(alone: Visit, visit: Visit, address: str) -> None:
    alone.page.click("#heatmap-list summary")
    alone.page.wait_for_selector("#heatmap[aria-busy=false]", timeout=WAIT)
    visit.open(f"{address}#locus=chr1:401-3000&markers=1,3")
    visit.page.wait_for_selector("#heatmap[aria-busy=false]", timeout=WAIT)
    visit.settle()
    for text in ("#heatmap-list summary", "#heatmap-agree", "#heatmap-caution"):
        assert alone.page.text_content(text) == visit.page.text_content(text)
    found = ranked(alone)
    assert len(found) == 40
    # Columns of the live page are wider than a base here.
    assert [row[:5] for row in found] == [row[:5] for row in ranked(visit)]
    assert found[0][-1] == "chr1:401"
    row = alone.page.locator("#heatmap-list tbody tr").filter(has_text="K562|TF7|None")
    assert row.locator("th button").count() == 0  # its track is not in the file
    assert row.locator("th span").last.get_attribute("title") == "its track is not in this page"


def test_in_one_file_the_list_follows_the_view(alone: Visit) -> None:
    alone.type_locus("chr1:431-470")
    alone.wait_for("locus=chr1:431-470&")
    summary = alone.page.locator("#heatmap-list summary", has_text="7 of 40 markers")
    summary.wait_for(timeout=WAIT)
    alone.type_locus("chr1:5,001-6,000")
    alone.page.locator("#heatmap", has_text="this page holds nothing here").wait_for(timeout=WAIT)


@pytest.mark.parametrize(("kind", "begins"), [("SVG", b"<svg"), ("PNG", b"\x89PNG")])
def test_the_view_is_saved_as_a_picture(
    alone: Visit, tmp_path: Path, kind: str, begins: bytes
) -> None:
    alone.settle()
    alone.page.click("text=Save Image")
    with alone.page.expect_download() as download:
        alone.page.click(f"text=Save as {kind}")
    download.value.save_as(tmp_path / "picture")
    assert (tmp_path / "picture").read_bytes().startswith(begins)
