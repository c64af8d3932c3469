"""Fixtures of the tests of fetching."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fetching_server import Sources, alone, miniature, serving


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of hg19, which is not there yet."""
    return alone(tmp_path, monkeypatch)


@pytest.fixture
def sources() -> Iterator[Sources]:
    """A server with the genome, the regions to exclude, and the peaks of two markers."""
    with serving(miniature([0, 918])) as served:
        yield served
