"""Fixtures of the tests of cross-validation: a tiny dataset, and what is done with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import make_tiny_world

from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import PrepareSettings
from regtrack.observer import Unwatched


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Windows of 1,000 bases of the tiny world, split at random. Not to be changed."""
    world = make_tiny_world(tmp_path_factory.mktemp("crossval") / "world")
    settings = PrepareSettings(world.markers, world.genome, window=1_000)
    prepare(settings, world.folder / "dataset", False, Unwatched())
    return world.folder / "dataset"


@pytest.fixture(autouse=True)
def _quick_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """No log is drawn, which takes longer than these trainings."""

    def plot(points: list[object], path: Path) -> None:
        path.write_text(f"{len(points)} points")

    monkeypatch.setattr("regtrack.training.run.plot_history", plot)
