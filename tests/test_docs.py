"""README and docs/: their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from regtrack import __version__

TOP = Path(__file__).parent.parent
PAGES = [
    TOP / "README.md",
    TOP / "CONTRIBUTING.md",
    TOP / "examples" / "README.md",
    *sorted((TOP / "docs").glob("*.md")),
]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def _links(page: Path) -> list[str]:
    """Where the page's links and pictures lead, but for other sites."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [link for link in found if "://" not in link]


def _anchors(page: Path) -> set[str]:
    """What a link may name behind `#`, as GitHub makes it of the headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@every_page
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for link in _links(page):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def test_readme_links_to_every_page() -> None:
    linked = {TOP / link for link in _links(TOP / "README.md")}
    assert sorted(set(PAGES) - linked - {TOP / "README.md"}) == []


def test_the_citation_is_of_this_version() -> None:
    lines = (TOP / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert f"version: {__version__}" in lines
