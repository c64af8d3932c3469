"""A tracks folder with all that can be shown beside it."""

from __future__ import annotations

import pytest
from browsing import Sights, make_sights


@pytest.fixture(scope="session")
def sights(tmp_path_factory: pytest.TempPathFactory) -> Sights:
    return make_sights(tmp_path_factory.mktemp("sights"))
