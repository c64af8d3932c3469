"""The pages as a site (`make docs`): whole, in its menu, and readable without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TOP = Path(__file__).parent.parent


def _build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site as `make docs` does, elsewhere."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=source,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="`make docs` installs it")
    pytest.importorskip("material", reason="`make docs` installs it")
    folder = tmp_path_factory.mktemp("docs") / "site"
    built = _build(TOP, folder)
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_of_docs_is_in_the_menu(site: Path) -> None:
    menu = (site / "index.html").read_text(encoding="utf-8").partition("md-sidebar--primary")[2]
    linked = set(re.findall(r'href="docs/([\w-]+)\.html"', menu.partition("md-content")[0]))
    assert linked == {page.stem for page in (TOP / "docs").glob("*.md")}


def test_bars_in_the_code_of_tables_are_bars(site: Path) -> None:
    html = (site / "docs" / "browse.html").read_text(encoding="utf-8")
    assert "<td><code>K562|CTCF|None</code></td>" in html
    assert [
        page for page in site.rglob("*.html") if "\\|" in page.read_text(encoding="utf-8")
    ] == []


def test_a_line_is_never_broken_behind_the_dashes_of_an_option(site: Path) -> None:
    html = (site / "docs" / "predict.html").read_text(encoding="utf-8")
    assert '<code><span class="option">--any-genome</span></code>' in html
    sheet = (site / "docs" / "site" / "site.css").read_text(encoding="utf-8")
    assert ".option { white-space: nowrap; }" in sheet


def test_no_page_loads_anything_from_another_machine(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        html = page.read_text(encoding="utf-8")
        loaded = re.findall(
            r"<(?:link|script|img|iframe)\b[^>]*?\b(?:href|src)=\"?([^\" >]+)", html
        )
        assert loaded
        assert [one for one in loaded if re.match(r"(\w+:)?//", one)] == [], page
    for sheet in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", sheet.read_text()) == []


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[gone](gone.md)", "gone.md"),
        ("[gone](other.md#gone)", "#gone"),
        ("![gone](gone.png)", "gone.png"),
    ],
)
def test_a_link_that_leads_nowhere_is_an_error(tmp_path: Path, written: str, said: str) -> None:
    pages = tmp_path / "docs"
    pages.mkdir()
    (pages / "page.md").write_text(f"# A page\n\n{written}\n")
    (pages / "other.md").write_text("# Another page\n")
    settings = (TOP / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[0]
    for line in ("hooks: [docs/site/files.py]\n", "  - offline"):
        assert line in settings
        settings = settings.replace(line, "#")
    (tmp_path / "mkdocs.yml").write_text(settings)
    built = _build(tmp_path, tmp_path / "site")
    assert built.returncode != 0
    assert said in built.stderr
    assert "Aborted with 1 warnings" in built.stdout + built.stderr


@pytest.mark.parametrize("width", [400, 1400])
def test_a_folder_is_enough_to_read_and_search_it_without_a_network(
    site: Path, chromium: Browser, width: int
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, offline=True)
    page = context.new_page()
    problems: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda one: problems.append(str(one)))
    page.on("requestfailed", lambda one: problems.append(one.url))
    page.on("request", lambda one: asked.append(one.url))
    page.goto((site / "docs" / "results.html").as_uri())
    # Wide tables scroll by themselves: the page is as wide as the window.
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto((site / "index.html").as_uri())
    if width < 1000:
        page.locator("label[for=__search].md-header__button").click()
    page.locator(".md-search__input").click()
    page.locator(".md-search__input").press_sequentially("calibration")
    found = page.locator(".md-search-result__link").filter(has_text="Report").first
    found.click()
    page.wait_for_url(re.compile(r"/docs/report\.html"))
    assert page.locator("h1").inner_text().startswith("Report")
    context.close()
    assert problems == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "about:"))] == []
