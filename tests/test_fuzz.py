"""A few damaged inputs for every parser; `make fuzz` tries many, each parser by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz import files, texts
from fuzz.child import Folder, random_of, try_one
from fuzz.parser import Parser

INPUTS = 30


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "parser", [*texts.PARSERS, *files.PARSERS], ids=lambda parser: str(parser.name)
)
def test_damaged_files_are_read_or_refused(parser: Parser, tmp_path: Path) -> None:
    folder = Folder(parser, tmp_path / "files")
    parser.read(tmp_path / "files")
    for number in range(-(-INPUTS // parser.share)):
        folder.damage(random_of(parser, 0, number))
        _, finding = try_one(parser, tmp_path / "files")
        assert finding is None, f"input {number}"
