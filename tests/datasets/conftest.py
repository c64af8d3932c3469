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

Make = Callable[..., Dataset]


class Silent:
    """An observer that keeps what it is told to itself."""

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """A stage begins."""

    def advanced(self, units: int) -> None:
        """Some of it is done."""

    def finished(self) -> None:
        """All of it is."""


@pytest.fixture
def make(tiny: TinyWorld) -> Make:
    """Prepare a dataset of the tiny world, of small windows, and open it."""

    def made(out: Path | None = None, **settings: Any) -> Dataset:
        path = out or tiny.folder / "dataset"
        defaults = {"peaks": tiny.markers, "genome": tiny.genome, "window": 2_000}
        prepare(PrepareSettings(**{**defaults, **settings}), path, False, Silent())
        return open_dataset(path)

    return made
