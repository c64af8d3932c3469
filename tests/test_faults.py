"""docs/faults.md names a test for every fault; it must be there."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).parents[1]
NAMED = re.findall(r"`(tests/[^`]+\.py)::(\w+)`", (TOP / "docs" / "faults.md").read_text())


def test_every_row_names_a_test() -> None:
    text = (TOP / "docs" / "faults.md").read_text()
    rows = [line for line in text.splitlines() if re.match(r"\| (?!fault |---)", line)]
    assert len(rows) > 90
    assert [row for row in rows if not re.search(r"`tests/[^`]+\.py::\w+`", row)] == []


def test_the_tests_that_it_names_are_there() -> None:
    texts = {file: (TOP / file).read_text(encoding="utf-8") for file, _ in NAMED}
    assert {pair for pair in NAMED if f"def {pair[1]}(" not in texts[pair[0]]} == set()
