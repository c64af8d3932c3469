"""Fixtures of the datasets' tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import TinyWorld

from regtrack.datasets.dataset import Dataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import PrepareSettings
from regtrack.observer import Unwatched

Make = Callable[..., Dataset]


@pytest.fixture
def make(tiny: TinyWorld) -> Make:
    """Prepare a dataset of the tiny world, of small windows, and open it."""

    def made(out: Path | None = None, **settings: Any) -> Dataset:
        path = out or tiny.folder / "dataset"
        defaults = {"peaks": tiny.markers, "genome": tiny.genome, "window": 2_000}
        prepare(PrepareSettings(**{**defaults, **settings}), path, False, Unwatched())
        return open_dataset(path)

    return made
