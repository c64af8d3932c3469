"""The page in a browser: sorting, filtering, opening a row."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import subprocess
from typing import Any

import pytest
from browsing import CHROMIUM
from evaluation_builders import an_evaluation
from waiting import PATIENCE

from regtrack.evaluation.page.write import page

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


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.skip("needs a browser: chromium, chromium-browser or google-chrome")
    folder = tmp_path_factory.mktemp("browser")
    # The page lets no script run but its own: the visitor's is let in by its hash.
    allowed = base64.b64encode(hashlib.sha256(VISIT.encode()).digest()).decode()
    text = page(an_evaluation()).replace("script-src ", f"script-src 'sha256-{allowed}' ")
    path = folder / "page.html"
    path.write_text(text.replace("</body>", f"<script>{VISIT}</script></body>"), encoding="utf-8")
    flags = ["--headless", "--disable-gpu", "--no-first-run", "--virtual-time-budget=2000"]
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
