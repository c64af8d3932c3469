"""Blocks of README and docs that a reader would type: indented by four blanks."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

TOP = Path(__file__).parent.parent
PAGES = [
    *(TOP / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((TOP / "examples").rglob("*.md")),
    TOP / "benchmarks" / "README.md",
    TOP / "regtrack" / "demo" / "data" / "README.md",
    *sorted((TOP / "docs").glob("*.md")),
]

_BLOCK = re.compile(
    r"(?:^ {0,3}<!-- (?P<mark>.+) -->\n\n)?(?P<text>(?<=\n\n)(?: {4}.*\n| *\n(?= {4}))+)", re.M
)
# What may stand before `regtrack` in a line.
_BEFORE = re.compile(r"^(?:\$ )?(?:torchrun .* -m |srun .* )?regtrack ")
SHELL = re.compile(r"[|<]|>>?|>/.*")


@dataclass(frozen=True)
class Block:
    """An indented block, and what the comment above it says, which no reader of the page sees.

    `<!-- not run: WHY -->`: no test runs it. `<!-- file: NAME -->`: the content of a file, which is
    there in the blocks that follow. `<!-- shows: NAME -->`: how a file looks that the block before
    has made.
    """

    page: Path
    line: int
    text: str
    mark: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(TOP).with_suffix('')}:{self.line}"

    def said(self, kind: str) -> str | None:
        """What stands behind `kind:` in the comment; None where it says something else."""
        name, _, rest = self.mark.partition(": ")
        return rest if name == kind else None

    def lines(self) -> list[str]:
        """What is typed, each command on one line, without comments; output is left out."""
        whole = self.text.replace("\\\n", " ").splitlines()
        typed = [line for line in whole if line.startswith("$ ")] or whole
        found = (re.sub(r"(^|\s{2,})#.*$", "", line.removeprefix("$ ")).strip() for line in typed)
        return [line for line in found if line]

    def output(self) -> list[str]:
        """The lines that a command prints, where they are shown."""
        lines = self.text.splitlines()
        return [line for line in lines if lines[0].startswith("$ ") and not line.startswith("$ ")]


def blocks_of(page: Path) -> list[Block]:
    """All of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start("text")) + 1,
            textwrap.dedent(found["text"]),
            found["mark"] or "",
        )
        for found in _BLOCK.finditer(text)
    ]


def commands_of(page: Path) -> Iterator[list[str]]:
    """The words behind `regtrack` of each line of each block, as a shell splits them."""
    for block in blocks_of(page):
        for line in block.lines():
            if found := _BEFORE.match(line):
                yield _before_shell(line[found.end() :])


def mentioned(page: Path) -> list[list[str]]:
    """The same of what stands between the lines: `regtrack ...` in a sentence or a table."""
    text = re.sub(r"^ {4}.*$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = re.findall(r"`regtrack ([^`]+)`", text)
    return [_before_shell(" ".join(one.replace("\\|", "/").split())) for one in found]


def _before_shell(line: str) -> list[str]:
    """The words up to where a shell sends what is printed elsewhere."""
    return list(takewhile(lambda word: not SHELL.fullmatch(word), shlex.split(line)))
