"""The page in a browser: sorting, filtering, opening a row."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM
from scoring_builders import an_evaluation
from waiting import PATIENCE

from regtrack.report.page.write import page

# What a reader does, and what then stands in the table.
VISIT = """
const seen = {};
const table = document.getElementById("markers");
const ids = () => [...table.tBodies[0].rows].filter((row) => !row.hidden)
  .map((row) => row.id || row.className);
const head = (title) => [...table.tHead.rows[0].cells].find((cell) => cell.textContent === title);
const sort = (title) => { head(title).querySelector("button").click(); return ids(); };
const type = (text) => {
  const box = document.querySelector("#filter input");
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  return [ids(), document.querySelector("output").textContent];
};
seen.atFirst = ids();
seen.falling = sort("AP");
seen.order = head("AP").getAttribute("aria-sort");
seen.rising = sort("AP");
seen.asTheyCame = sort("AP");
seen.byName = sort("marker");
seen.unmarked = head("AP").getAttribute("aria-sort");
seen.words = type("  ctcf K562 ");
seen.noWords = type("");
document.querySelector("#filter input[value=DNase]").click();
seen.withoutDNase = ids();
document.querySelector("#m3 button").click();
seen.opened = ids();
seen.button = document.querySelector("#m3 button").getAttribute("aria-expanded");
const panel = document.querySelector(".opened");
seen.curve = panel.querySelector("svg .line").getAttribute("d").split("L").length;
seen.text = panel.textContent;
sort("AP");
seen.stillBelow = document.querySelector("#m3").nextElementSibling.className;
document.querySelector("#m3 td").click();
seen.closed = ids();
location.hash = "#m5";
addEventListener("hashchange", () => {
  seen.linked = [ids().includes("m5"), document.querySelector("#m5").nextElementSibling.className];
  const written = document.createElement("pre");
  written.id = "seen";
  written.textContent = JSON.stringify(seen);
  document.body.append(written);
});
"""


# What a reader of a narrow window sees; and, with the rules of print, a reader of a page.
LOOK = """
const seen = {};
const edges = (cell) => Math.round(cell.getBoundingClientRect().left);
const box = document.getElementById("headline").parentElement;
seen.wider = box.scrollWidth > box.clientWidth;
seen.page = document.documentElement.scrollWidth <= innerWidth;
const [first, second] = box.querySelector("tbody tr").cells;
const before = edges(second);
box.scrollLeft = 1000;
seen.scrolled = [edges(first) - edges(box), edges(second) < before];
seen.shown = ["#filter input", ".on-screen"].map((one) =>
  document.querySelector(one).offsetHeight > 0);
document.querySelector("#m3 button").click();
const sheet = document.styleSheets[0];
const rules = [...sheet.cssRules];
const printed = rules.filter((rule) => rule.media?.mediaText === "print")
  .flatMap((rule) => [...rule.cssRules]).filter((rule) => rule.selectorText);
for (let number = rules.length - 1; number >= 0; number--) {
  if (rules[number].media?.mediaText === "screen") sheet.deleteRule(number);
}
for (const rule of printed) sheet.insertRule(rule.cssText, sheet.cssRules.length);
const all = [...document.body.querySelectorAll("*")];
const style = (one) => getComputedStyle(one);
seen.sticky = all.filter((one) => style(one).position === "sticky").map((one) => one.outerHTML);
seen.cut = all.filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth
  && style(one).overflowX !== "visible" && !one.closest("svg")).map((one) => one.outerHTML);
const right = document.body.getBoundingClientRect().right;
seen.beyond = [...document.querySelectorAll("th, td")]
  .filter((one) => one.getBoundingClientRect().right > right + 1).map((one) => one.outerHTML);
seen.printed = ["#filter input", ".on-screen", "nav", ".script"].map((one) =>
  document.querySelector(one).offsetHeight > 0);
seen.count = document.querySelector("output").offsetHeight > 0;
const dark = (one) => style(one).color.match(/\\d+/g).slice(0, 3).every((part) => part <= 0x33);
seen.pale = all.filter((one) => one.childElementCount === 0 && one.textContent.trim()
  && !one.closest("svg, script") && !dark(one)).map((one) => one.outerHTML);
const written = document.createElement("pre");
written.id = "seen";
written.textContent = JSON.stringify(seen);
document.body.append(written);
"""


def visited(text: str, script: str, folder: Path, width: int) -> dict[str, Any]:
    """What a script finds on a page in a window of so many pixels."""
    if CHROMIUM is None:
        pytest.skip("needs a browser: chromium-headless-shell, chromium or google-chrome")
    # The page lets no script run but its own: the visitor's is let in by its hash.
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = text.replace("script-src ", f"script-src 'sha256-{allowed}' ")
    path = folder / "page.html"
    path.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    flags = ["--headless", "--disable-gpu", "--no-first-run", "--virtual-time-budget=2000"]
    flags.append(f"--window-size={width},900")
    if os.name == "posix" and os.geteuid() == 0:
        flags.append("--no-sandbox")
    done = subprocess.run(
        [CHROMIUM, *flags, f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    written = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    assert written, done.stderr
    found: dict[str, Any] = json.loads(html.unescape(written[1]))
    return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return visited(page(an_evaluation()), VISIT, tmp_path_factory.mktemp("browser"), 1_200)


# Of a paper 21 cm wide with margins of 1.4 cm, at 96 pixels per inch.
PAPER = 688


@pytest.fixture(scope="module", params=[800, PAPER])
def looked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    evaluation = an_evaluation()
    long = replace(evaluation.markers[0], name="GM12878|" + "a-long-name-of-a-target-" * 4 + "|x")
    evaluation = replace(evaluation, markers=(long, *evaluation.markers[1:]))
    return visited(page(evaluation), LOOK, tmp_path_factory.mktemp("look"), request.param)


def test_a_header_sorts_by_its_column_then_the_other_way_then_not_at_all(
    seen: dict[str, Any],
) -> None:
    scores = dict(zip(("m3", "m4", "m5"), an_evaluation().overall, strict=False))
    rising = sorted(scores, key=lambda row: scores[row].average_precision)
    assert seen["atFirst"] == ["m3", "m4", "m5", "m7"]
    assert seen["falling"] == [*rising[::-1], "m7"]
    assert seen["order"] == "descending"
    assert seen["rising"] == [*rising, "m7"]  # what is not defined stays last
    assert seen["asTheyCame"] == seen["atFirst"]
    assert seen["byName"] == ["m5", "m7", "m3", "m4"]
    assert seen["unmarked"] is None


def test_all_words_of_the_filter_must_match(seen: dict[str, Any]) -> None:
    assert seen["words"] == [["m3"], "showing 1 of 4"]
    assert seen["noWords"] == [seen["byName"], "showing 4 of 4"]


def test_a_category_can_be_left_out(seen: dict[str, Any]) -> None:
    assert seen["withoutDNase"] == ["m7", "m3", "m4"]


def test_a_row_opens_below_itself_and_closes_again(seen: dict[str, Any]) -> None:
    assert seen["opened"] == ["m7", "m3", "opened", "m4"]
    assert seen["button"] == "true"
    assert seen["curve"] == len(an_evaluation().scores[0].curve)
    assert "chr1" in seen["text"]
    assert seen["stillBelow"] == "opened"
    assert "opened" not in seen["closed"]


def test_a_link_to_a_row_that_is_filtered_out_shows_and_opens_it(seen: dict[str, Any]) -> None:
    assert seen["linked"] == [True, "opened"]


def test_in_a_narrow_window_a_table_scrolls_beside_its_first_column_and_the_page_does_not(
    looked: dict[str, Any],
) -> None:
    assert looked["page"]
    assert looked["wider"]
    assert looked["scrolled"] == [0, True]
    assert looked["shown"] == [True, True]


def test_in_print_nothing_is_cut_off_or_stands_still(looked: dict[str, Any]) -> None:
    assert looked["sticky"] == looked["cut"] == looked["beyond"] == []


def test_in_print_only_what_paper_can_do_is_left_and_all_text_is_dark(
    looked: dict[str, Any],
) -> None:
    assert looked["printed"] == [False] * 4
    assert looked["count"]
    assert looked["pale"] == []
