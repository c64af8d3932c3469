"""`regtrack browse` in a real browser: markers found and added, regions, genes, peaks, links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from browsers_builders import MARKERS, write_tracks_folder
from browsing import Sights, browsing, free_port
from visiting import TIMES, WAIT, Visit

from regtrack.genome.intervals import IntervalSet
from regtrack.genome.seen import Seen
from regtrack.tracks.folder import CHANCE, FLAT

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def test_it_opens_with_the_best_of_each_category_at_a_peak(visit: Visit) -> None:
    assert visit.page.title() == "tracks (dilated 12121212, hg19) - regtrack"
    assert visit.page.text_content("h1") == "tracks"
    assert visit.page.text_content("#about") == "dilated 12121212, hg19"
    assert visit.page.text_content("#trained") == "trained here: not known"
    assert visit.tracks() == [
        "sequence",
        "genes",
        "was predicted",
        "HepG2|DNase|None",
        "Monocytes-CD14+RO01746|H3K4me2|None",
        *(f"K562|TF{index}|None" for index in (34, 35, 36, 37, 38, 39)),
    ]
    visit.wait_for("locus=chr1:")


def test_a_marker_is_searched_and_added_and_removed_again(visit: Visit) -> None:
    visit.page.fill("#words", "gr a549")
    assert visit.names() == ["A549|GR|DEX_(500pM)"]
    box = visit.row("A549|GR|DEX_(500pM)").locator("input")
    box.check()
    visit.wait_for(r"markers=[\d,]+,3$")
    assert visit.tracks()[-1] == "A549|GR|DEX_(500pM)"
    visit.settle()
    box.uncheck()
    visit.wait_for(r"markers=1,2,34,35,36,37,38,39$")
    assert "A549|GR|DEX_(500pM)" not in visit.tracks()


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
    visit.wait_for(r"locus=chr1:5501-7500&")  # no more than is typed
    visit.settle()
    assert any("/genome/genome.fa" in url for _, url in visit.answers)
    assert any("/measured/1?" in url for _, url in visit.answers)


def test_open_chromatin_is_found_by_its_other_names(visit: Visit) -> None:
    for words in ("open chromatin", "ATAC", "accessibility"):
        visit.page.fill("#words", words)
        assert visit.names() == ["HepG2|DNase|None"]


def test_a_gene_in_the_box_of_markers_leads_to_the_genome(visit: Visit) -> None:
    page = visit.page
    page.fill("#words", "K562")
    assert not page.is_visible("#no-match")
    page.fill("#words", "CRKLL")
    assert page.text_content("#no-match") == "No marker matches. go to CRKLL on the genome"
    page.click("#as-place")
    page.wait_for_selector("#problem:visible", timeout=WAIT)
    page.fill("#words", "CRKL")
    page.click("#as-place")
    visit.wait_for(r"locus=chr1:1-5000")
    # What was found takes the place of what was not.
    page.wait_for_selector("#problem", state="hidden", timeout=WAIT)
    visit.failures.clear()  # igv.js says on the console, too, that a name is not found


def test_a_gene_that_is_none_is_answered_with_the_nearest(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=CRKLL")
    visit.page.wait_for_selector("#problem:visible", timeout=WAIT)
    assert visit.page.text_content("#problem-text") == (
        "nothing is found at CRKLL; no gene of genes.bed is called so, the nearest are CRKL, CRK"
    )


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("chr1:2,000-1,000", "chr1:2,000-1,000 is turned: it ends before it begins"),
        ("chr1 1000 2,000", "nothing is found at chr1 1000 2,000; type chr1:1000-2,000"),
    ],
)
def test_a_slip_leads_to_no_other_place(visit: Visit, typed: str, told: str) -> None:
    visit.type_locus("chr1:1-20,000")
    visit.wait_for(r"locus=chr1:1-20000&")
    visit.type_locus(typed)
    visit.page.wait_for_selector("#problem:visible", timeout=WAIT)
    assert visit.page.text_content("#problem-text") == told
    visit.wait_for(r"locus=chr1:1-20000&")


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
    assert (visit.page.text_content("#nowhere") or "").endswith(
        "There are predictions in chr1:1-20,000 (20,000 bases). More: regtrack predict TBX1 --out "
        "FOLDER"
    )
    visit.type_locus("chr1:1-500")
    visit.page.wait_for_selector("#nowhere", state="hidden", timeout=WAIT)


LANE, TRAINED = [244, 244, 241, 255], [142, 121, 181, 255]


def test_where_the_network_was_trained_is_shaded(chromium: Browser, tmp_path: Path) -> None:
    seen = Seen({"chr1": IntervalSet.of([300, 600], [400, 5_000])}, {})
    tracks = write_tracks_folder(tmp_path / "tracks", MARKERS, seen=seen)
    arguments = [tracks, "--markers", "GR", "--region", "chr1:1-1,000"]
    with browsing(arguments, free_port()) as address:
        visit = Visit(chromium, address)
        rows = ["was predicted", "was trained on", "A549|GR|DEX_(500pM)"]
        assert visit.tracks() == rows
        words = visit.page.text_content("#trained")
        assert words == "trained here: yes, on 4,500 of 20,000 bases"
        visit.settle()
        for base, colour in (350, TRAINED), (500, LANE), (800, TRAINED):
            assert visit.pixel("was trained on", base, 7) == colour
        said = visit.hover("was trained on", 350, 7)
        assert said.startswith("was trained on\nchr1:35")
        assert said.endswith("\nchr1:301-400, 100 bp")
        visit.page.close()


def test_a_link_restores_the_view(visit: Visit, address: str) -> None:
    link = f"{address}#locus=chr1:300-700&markers=7,3,99"
    visit.open(link)
    expected = ["sequence", "genes", "was predicted", "K562|TF7|None"]
    assert visit.tracks()[:4] == expected
    visit.wait_for("locus=chr1:300-700&markers=7,3$")
    visit.paste("#locus=chr1:500-900&markers=8")
    assert visit.tracks() == ["sequence", "genes", "was predicted", "K562|TF8|None"]


def test_no_more_than_thirty_markers_are_shown_at_once(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:300-700&markers={','.join(map(str, range(40)))}")
    assert visit.page.text_content("#count") == "40 of 40 markers, 30 shown (30 at most)"
    assert visit.row("K562|TF35|None").locator("input").is_disabled()
    visit.settle()
    visit.row("K562|TF5|None").locator("input").uncheck()
    assert visit.row("K562|TF35|None").locator("input").is_enabled()


def test_a_track_removed_in_igv_is_unchecked(visit: Visit) -> None:
    visit.settle()
    visit.page.evaluate("browser.removeTrack(browser.findTracks('id', 'HepG2|DNase|None')[0])")
    visit.wait_for(r"markers=2,34,35,36,37,38,39$")
    assert not visit.row("HepG2|DNase|None").locator("input").is_checked()
    assert "HepG2|DNase|None" not in visit.tracks()


def test_without_anything_but_tracks_it_opens_too(chromium: Browser, sights: Sights) -> None:
    arguments = [sights.tracks, "--markers", "GR", "--region", "chr2:1-500"]
    with browsing(arguments, free_port()) as address:
        bare = Visit(chromium, address)
        assert bare.tracks() == ["was predicted", "A549|GR|DEX_(500pM)"]
        bare.wait_for("locus=chr2:1-500&markers=3$")
        assert bare.page.evaluate("anyMeasured()") is False
        about = (
            "(why, score) => markerTrack({...markers.get(3), noPeaks: why, score}).heading.about"
        )
        asked = (
            f"[['{CHANCE}', 0.01], ['{FLAT}', null], [null, 0.5]].map((one) => ({about})(...one))"
        )
        weak = "AP 0.010, not clearly better than chance"
        assert bare.page.evaluate(asked) == [weak, "", "AP 0.500"]
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
    assert "K562|TF5|None" not in visit.tracks()
    assert visit.page.text_content("#count") == "40 of 40 markers, 9 shown"


def test_a_link_without_markers_keeps_those_that_are_shown(visit: Visit) -> None:
    visit.page.evaluate("location.hash = '#locus=chr1:500-900'")
    visit.wait_for(r"locus=chr1:500-900&markers=1,2,34,35,36,37,38,39$")


def test_a_link_to_nowhere_says_so_and_shows_the_rest(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr9:1-5&markers=5,5,5")
    assert visit.page.text_content("#problem-text") == "nothing is found at chr9:1-5"
    assert visit.tracks() == ["sequence", "genes", "was predicted", "K562|TF5|None"]
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


def label(visit: Visit, name: str) -> Any:
    """What stands at the left of a row."""
    return visit.page.locator(f'.label[data-name="{name}"]')


def signal_height(visit: Visit, name: str, base: int) -> int:
    """Pixels of a row's signal that are filled at a base."""
    column = (visit.pixel(name, base, y) for y in range(22))
    return sum(one == [0, 68, 136, 255] for one in column)


def test_a_row_says_what_it_is_beside_the_data(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:300-700&markers=1,3")
    rows = visit.page.locator(".igv-axis-column .label")
    data = visit.page.locator(".igv-column").first.bounding_box()
    assert data is not None
    for at in range(rows.count()):
        box = rows.nth(at).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= data["x"] + 1
    row = label(visit, "HepG2|DNase|None")
    assert row.locator(".kind").all_text_contents() == ["predicted", "measured"]
    assert row.locator(".about").text_content() == "AP 0.010"
    alone = label(visit, "A549|GR|DEX_(500pM)")
    assert alone.locator(".kind").all_text_contents() == ["predicted"]
    assert visit.page.locator(".igv-track-label:visible").count() == 0


def test_fifteen_markers_fit_on_900_pixels(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:300-700&markers={','.join(map(str, range(15)))}")
    last = label(visit, "K562|TF14|None").bounding_box()
    assert last is not None
    assert last["y"] + last["height"] <= 900


@pytest.mark.parametrize(
    ("scale", "ends", "share"),
    [
        # The marker's values are .25, .75 and .507; its base rate is .01.
        ("probability", ("0", "1"), 0.25),
        ("high", ("0", "0.75"), 1 / 3),
        ("lift", (f"1{TIMES}", f"256{TIMES}"), 4.643856 / 8),  # log2(25) of log2(256)
    ],
)
def test_the_scale_is_switched_and_the_axis_says_so(
    visit: Visit, address: str, scale: str, ends: tuple[str, str], share: float
) -> None:
    visit.open(f"{address}#locus=chr1:100-600&markers=7")
    visit.page.select_option("#scale", scale)
    row = label(visit, "K562|TF7|None")
    assert row.locator(".bottom").text_content() == ends[0]
    assert row.locator(".top").text_content() == ends[1]
    visit.settle()
    assert signal_height(visit, "K562|TF7|None", 200) == pytest.approx(22 * share, abs=1)
    assert signal_height(visit, "K562|TF7|None", 300) == 0
    usual = scale == "high"
    visit.wait_for(rf"#{'' if usual else f'scale={scale}&'}locus=chr1:100-600&markers=7$")


def test_a_link_has_the_scale(visit: Visit, address: str) -> None:
    visit.open(f"{address}#scale=lift&locus=chr1:100-600&markers=7")
    assert visit.page.input_value("#scale") == "lift"
    assert label(visit, "K562|TF7|None").locator(".top").text_content() == f"256{TIMES}"
    visit.paste("#locus=chr1:100-600&markers=7")
    assert visit.page.input_value("#scale") == "high"


def test_the_threshold_is_a_line_and_peaks_are_shaded_by_score(visit: Visit, address: str) -> None:
    visit.open(f"{address}#scale=probability&locus=chr1:100-600&markers=7")
    visit.settle()
    # The threshold is .5: in the middle of 22 pixels. The line has gaps.
    line = [visit.pixel("K562|TF7|None", base, 11)[3] for base in range(300, 310)]
    assert max(line) == 255
    strip = 23 + 4
    assert visit.pixel("K562|TF7|None", 480, strip) == [0, 68, 136, 255]  # the highest there is
    assert visit.pixel("K562|TF7|None", 300, strip)[:3] == [244, 244, 241]  # no peak
    # Half of the way up an axis that ends at .75; opacity goes from .3 to 1.
    assert visit.page.evaluate("shaded('#004488', 375, 0.75)") == "rgba(0,68,136,0.65)"


def test_what_is_under_the_pointer_is_read_out_with_names(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:380-500&markers=1")
    visit.settle()
    said = visit.hover("HepG2|DNase|None", 430, 10)
    assert said.split("\n") == [
        "HepG2|DNase|None",
        "chr1:431",
        "probability: 0.750",
        "threshold of peaks: 0.5",
        f"lift: 75{TIMES} the base rate of 0.01",
        "predicted: chr1:411-510, 100 bp, highest value 0.75",
        "measured: chr1:401-500, 100 bp",
    ]
    nothing = visit.hover("HepG2|DNase|None", 390, 10)
    assert "probability: no value: it is under 0.003, or the base is N" in nothing
    visit.page.mouse.click(700, 300)
    visit.page.wait_for_timeout(700)  # igv.js shows its boxes after half a second
    assert visit.page.locator(".igv-ui-popover:visible, .igv-popover:visible").count() == 0
    visit.page.mouse.move(5, 5)
    assert not visit.page.is_visible("#readout")


def test_all_that_match_are_shown_and_all_are_cleared(visit: Visit) -> None:
    visit.page.click("#clear")
    visit.page.evaluate("turn")  # the work that the page has begun
    visit.wait_for(r"markers=$")
    assert visit.tracks() == ["sequence", "genes", "was predicted"]
    assert visit.page.is_disabled("#clear")
    visit.page.fill("#words", "TF1 none")
    assert len(visit.names()) == 10  # TF10 to TF19
    assert visit.page.text_content("#show-all") == "show all that match"
    visit.page.click("#show-all")
    visit.wait_for(r"markers=10,11,12,13,14,15,16,17,18,19$")
    assert visit.page.is_disabled("#show-all")
    visit.page.click("#filter button[type=reset]")
    visit.settle()
    assert visit.page.input_value("#words") == ""
    assert visit.page.text_content("#show-all") == "show 20 of the 30 others that match"
    assert "10 shown" in (visit.page.text_content("#count") or "")  # the reset clears no row


def test_enter_works_in_both_boxes(visit: Visit) -> None:
    visit.page.click("#clear")
    visit.page.fill("#words", "gr a549")
    visit.page.press("#words", "Enter")
    visit.wait_for(r"markers=3$")
    for _ in range(2):  # also where it leads nowhere new
        visit.type_locus("CRK")
        visit.wait_for(r"locus=chr1:4001-9000&")
        visit.settle()  # igv.js writes the place that it went to into its box
    visit.type_locus("nowhere")
    visit.page.wait_for_selector("#problem:visible", timeout=WAIT)
    said = visit.page.text_content("#problem-text") or ""
    assert said.startswith("nothing is found at nowhere")


@pytest.mark.parametrize("leave", ["Enter", "Tab", "click"])
def test_of_a_name_that_is_none_the_page_alone_says_so(visit: Visit, leave: str) -> None:
    visit.page.locator(".igv-search-input").select_text()
    visit.page.keyboard.type("nowhere")
    if leave == "click":
        visit.page.locator(".igv-search-icon-container").click()
    else:
        visit.page.keyboard.press(leave)
    visit.page.wait_for_selector("#problem:visible", timeout=WAIT)
    visit.settle()
    said = visit.page.text_content("#problem-text") or ""
    assert said.startswith("nothing is found at nowhere")
    assert visit.page.get_by_text("Unrecognized locus").count() == 0


def test_back_returns_to_the_place_before_a_jump(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:101-600&markers=7")
    visit.type_locus("CRK")
    visit.wait_for("locus=chr1:4001-9000&markers=7$")
    visit.page.keyboard.press("Shift+ArrowRight")  # moving on is no new place
    visit.wait_for(r"locus=chr1:900\d-140\d\d&")
    visit.row("A549|GR|DEX_(500pM)").locator("button").click()
    visit.wait_for("locus=chr1:1-2530&markers=7,3$")
    visit.page.go_back()
    visit.wait_for(r"locus=chr1:900\d-140\d\d&markers=7,3$")  # what is shown meanwhile stays
    visit.page.go_back()
    visit.wait_for("locus=chr1:101-600&markers=7,3$")
    visit.page.go_forward()
    visit.wait_for(r"locus=chr1:900\d-140\d\d&markers=7,3$")
    visit.settle()


def test_back_may_be_pressed_again_before_the_page_has_followed(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:101-600&markers=7")
    for locus, shown in ("chr1:4,001-9,000", "4001-9000"), ("chr1:300-700", "300-700"):
        visit.type_locus(locus)
        visit.wait_for(f"locus=chr1:{shown}&markers=7$")
    visit.page.evaluate(
        """async () => {
            const real = find;
            const reached = new Promise((done) => {
                find = async (locus) => {
                    const isThere = await real(locus);
                    done();
                    await new Promise((later) => setTimeout(later, 3 * REMEMBER_AFTER));
                    return isThere;
                };
            });
            history.back();
            await reached;  // the page has moved, and is not done with it
            history.back();
        }"""
    )
    visit.wait_for("locus=chr1:101-600&markers=7$")
    visit.settle()
    visit.page.wait_for_timeout(500)  # nothing that came later was written over it
    visit.wait_for("locus=chr1:101-600&markers=7$")
    assert visit.page.evaluate("lociNow()") == ["chr1:101-600"]


def test_what_leads_nowhere_new_leaves_nothing_to_go_back_to(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:101-600&markers=7")
    visit.settle()
    entries = visit.page.evaluate("history.length")
    visit.type_locus("nowhere")
    visit.page.wait_for_selector("#problem:visible", timeout=WAIT)
    visit.type_locus("chr1:101-600")
    visit.page.wait_for_selector("#problem", state="hidden", timeout=WAIT)
    visit.settle()
    assert visit.page.evaluate("history.length") == entries
    visit.type_locus("chr1:101-700")
    visit.wait_for("locus=chr1:101-700&")
    assert visit.page.evaluate("history.length") == entries + 1


def test_the_keyboard_moves_zooms_and_searches(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:5,001-6,000&markers=7")
    press = visit.page.keyboard.press
    press("ArrowRight")
    visit.wait_for(r"locus=chr1:525\d-62\d\d&")
    press("ArrowLeft")
    visit.wait_for(r"locus=chr1:500\d-[56]\d\d\d&")
    press("Shift+ArrowLeft")
    visit.wait_for(r"locus=chr1:40\d\d-50\d\d&")
    press("+")
    visit.wait_for(r"locus=chr1:42\d\d-47\d\d&")
    press("-")
    visit.wait_for(r"locus=chr1:40\d\d-50\d\d&")
    press("/")
    visit.page.wait_for_function("() => document.activeElement.id === 'words'")
    visit.page.keyboard.type("k/-+g")  # while typing, keys are letters
    assert visit.page.input_value("#words") == "k/-+g"
    visit.wait_for(r"locus=chr1:40\d\d-50\d\d&")


def test_dark_as_the_system_has_it_or_as_chosen(chromium: Browser, address: str) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    context = chromium.new_context(color_scheme="dark")
    try:
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("body[data-ready=yes]", timeout=WAIT)
        assert page.evaluate(background) == "rgb(19, 19, 19)"
        flipped = "getComputedStyle(browser.root).filter"
        assert page.evaluate(flipped) == "invert(0.93) hue-rotate(180deg) brightness(1.05)"
        page.click("#theme")
        assert page.evaluate(background) == "rgb(255, 255, 255)"
        assert page.evaluate(flipped) == "none"
        page.reload()  # the choice is remembered
        page.wait_for_selector("body[data-ready=yes]", timeout=WAIT)
        assert page.evaluate(background) == "rgb(255, 255, 255)"
    finally:
        context.close()


def test_on_800_pixels_the_list_lies_over_the_tracks_when_asked_for(
    chromium: Browser, address: str
) -> None:
    context = chromium.new_context(viewport={"width": 800, "height": 900})
    try:
        page = context.new_page()
        page.goto(f"{address}#locus=chr1:300-700&markers=7")
        page.wait_for_selector("body[data-ready=yes]", timeout=WAIT)
        assert not page.is_visible("#chooser")
        assert page.evaluate("document.documentElement.scrollWidth") == 800
        tops = "['toggle', 'folder', 'scale', 'theme'].map(id => byId(id).offsetTop)"
        found = page.evaluate(tops)
        assert max(found) - min(found) < 10  # on one line
        wide = page.evaluate("browser.trackViews.at(-1).viewports[0].getWidth()")
        assert wide > 500
        page.click("#toggle")
        assert page.is_visible("#chooser")
        assert page.evaluate("browser.trackViews.at(-1).viewports[0].getWidth()") == wide
        page.wait_for_load_state("networkidle")
    finally:
        context.close()


def test_what_is_being_read_is_said_in_words(visit: Visit, address: str) -> None:
    visit.page.route("**/measured/1?*", lambda route: None)  # never answered
    visit.page.click("#clear")
    visit.wait_for("markers=$")
    visit.row("HepG2|DNase|None").locator("input").check(force=True)
    visit.page.wait_for_function(
        "() => document.querySelector('#progress').textContent === 'reading HepG2|DNase|None ...'"
    )
    visit.page.unroute("**/measured/1?*")
    visit.open(address)
    visit.settle()
    assert visit.page.text_content("#progress") == ""
    visit.failures.clear()  # the request that was broken off


def test_genes_are_read_out_by_name(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:1-5000&markers=7")
    visit.settle()
    said = visit.hover("genes", 2000, 20)
    assert said.split("\n") == ["genes", "chr1:2,001", "CRKL: chr1:1,001-3,000, 2,000 bp, strand +"]
    visit.page.keyboard.press("ArrowRight")  # what was read out is no longer there
    visit.page.wait_for_selector("#readout", state="hidden", timeout=WAIT)


def test_the_whole_genome_shows_its_signals(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=all&markers=7")
    visit.settle()
    assert not visit.page.is_visible("#nowhere")
    # One pixel stands for some 30 bases of chr1 and chr2; the marker's values begin at 170.
    assert signal_height(visit, "K562|TF7|None", 480) == 22
    assert visit.pixel("K562|TF7|None", 480, 27)[3] == 0  # its peaks are not asked for
    said = visit.hover("K562|TF7|None", 480, 10)
    assert said.startswith("K562|TF7|None\nchr1:")
    assert "predicted:" not in said


def test_a_picture_names_its_rows(visit: Visit, address: str) -> None:
    visit.open(f"{address}#scale=lift&locus=chr1:300-700&markers=1")
    visit.settle()
    picture = visit.page.evaluate("browser.toSVG()")
    for text in ("HepG2|DNase|None", "was predicted", f"256{TIMES}", "predicted", "measured"):
        assert f">{text}<" in picture


def test_two_regions_are_seen_side_by_side(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:101-600 chr1:5,001-5,500&markers=7")
    visit.wait_for(r"locus=chr1:101-600%20chr1:5001-5500&markers=7$")
    visit.page.keyboard.press("Shift+ArrowRight")
    visit.wait_for(r"locus=chr1:60\d-1[01]\d\d%20chr1:550\d-[56]\d\d\d&")


def test_a_row_can_be_given_a_name(visit: Visit, address: str) -> None:
    visit.open(f"{address}#locus=chr1:300-700&markers=7")
    visit.page.evaluate("browser.findTracks('id', 'K562|TF7|None')[0].name = 'mine'")
    assert visit.tracks()[-1] == "mine"
