"""README and docs/: their links lead somewhere, and their commands are commands of regtrack."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from regtrack import __version__
from regtrack.cli.main import cli

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


def _commands(page: Path) -> list[list[str]]:
    """The words of each indented `regtrack ...` line behind `regtrack`, comments left out."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"^ {4}(?:\$ |torchrun .* -m )?regtrack (.*)$", text, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


@every_page
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for link in _links(page):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


@every_page
def test_every_command_has_the_options_that_are_shown(page: Path) -> None:
    for words in _commands(page):
        command: click.Command = cli
        while isinstance(command, click.Group) and not words[0].startswith("-"):
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, words
            command = found
        options = command.get_params(click.Context(command))
        known = {name for one in options for name in (*one.opts, *one.secondary_opts)}
        shown = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert shown <= known, command.name


def test_readme_links_to_every_page() -> None:
    linked = {TOP / link for link in _links(TOP / "README.md")}
    assert sorted(set(PAGES) - linked - {TOP / "README.md"}) == []


def test_the_citation_is_of_this_version() -> None:
    lines = (TOP / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert f"version: {__version__}" in lines
