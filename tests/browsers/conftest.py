"""A tracks folder with all that can be shown beside it, and a visit of its page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from browsing import Sights, browsing, free_port, make_sights
from visiting import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def sights(tmp_path_factory: pytest.TempPathFactory) -> Sights:
    return make_sights(tmp_path_factory.mktemp("sights"))


@pytest.fixture(scope="module")
def address(sights: Sights) -> Iterator[str]:
    with browsing(sights.options, free_port()) as found:
        yield found


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Visit]:
    found = Visit(chromium, address)
    yield found
    found.settle()
    found.page.close()
    assert found.failures == []
    assert {status for status, _ in found.answers} <= {200, 206}
    assert [url for _, url in found.answers if not url.startswith((address, "data:"))] == []
    assert any(status == 206 for status, _ in found.answers)  # parts of files, not whole ones
