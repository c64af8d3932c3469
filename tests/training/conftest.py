"""Fixtures of the trainings' tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


@pytest.fixture
def dense(datasets) -> DenseDataset:
    dataset = open_dataset(datasets.dense)
    assert isinstance(dataset, DenseDataset)
    return dataset


@pytest.fixture
def quick_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """No picture is drawn, which takes longer than these trainings."""

    def plot(points: Sequence[object], path: Path) -> None:
        path.write_text(f"{len(points)} points")

    monkeypatch.setattr("regtrack.training.run.plot_history", plot)
