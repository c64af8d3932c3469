"""The example on long distances, on a tiny genome."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from regtrack.datasets.folder import open_dataset
from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import PrepareSettings
from regtrack.demo.simulate import simulate, write_simulation
from regtrack.errors import InputError
from regtrack.observer import Unwatched

SCRIPT = Path(__file__).parents[2] / "examples" / "long_distance" / "run.py"
SIZES = {"chr1": 40_000, "chr2": 40_000, "chr3": 40_000}


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("long_distance", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look for it there
    spec.loader.exec_module(module)
    return module


def test_the_site_rate_is_an_average_precision(example: ModuleType, tmp_path: Path) -> None:
    simulation = simulate(SIZES, example.RULES, example.GRAMMAR, 3)
    write_simulation(simulation, example.RULES, tmp_path)
    asked = PrepareSettings(
        tmp_path / "markers.tsv",
        tmp_path / "genome.fa",
        window=10_000,
        train=["chr2"],
        valid=["chr3"],
        test=["chr1"],
    )
    prepare(asked, tmp_path / "dataset", False, Unwatched())
    dataset = open_dataset(tmp_path / "dataset")
    rates = example.site_rates(simulation, dataset, "test")
    inside = np.zeros(SIZES["chr1"], dtype=bool)
    for start, end in dataset.known("test")["chr1"]:
        inside[start:end] = True
    for rate, by_chrom in zip(rates, simulation.sites, strict=True):
        truth, called = np.zeros((2, SIZES["chr1"]), dtype=bool)
        for start, end in by_chrom["chr1"].peaks:
            truth[start:end] = True
        for start, end in by_chrom["chr1"].stretches:
            called[start:end] = True
        assert rate == pytest.approx(average_precision_score(truth[inside], called[inside]))
    assert rates[:5] == [1] * 5
    assert max(rates[5:]) < 0.5


def test_it_runs_and_goes_on(example: ModuleType, tmp_path: Path) -> None:
    settings = dataclasses.replace(example.SETTINGS, steps=2, validate_every=2, norm_batches=1)

    def run(**other: object) -> list:
        return example.run(
            tmp_path,
            ["cnn7", "cnn3"],
            dataclasses.replace(settings, **other),
            sizes=SIZES,
            window=10_000,
            device="cpu",
        )

    rows = run()
    assert [row.distance for row in rows] == [None] * 5 + [50, 200, 2_000, 5_000]
    for row in rows:
        assert list(row.average_precision) == ["cnn7", "cnn3"]
        assert all(0 < value <= 1 for value in row.average_precision.values())
        assert 0 < row.base_rate < row.site_rate <= 1
    table = (tmp_path / "result.tsv").read_text()
    assert table.startswith("marker\tdistance\tbase_rate\tsite_rate\tcnn7\tcnn3\nsite\t\t")
    assert (tmp_path / "result.png").read_bytes().startswith(b"\x89PNG")

    before = (tmp_path / "cnn7.safetensors").stat().st_mtime_ns
    assert run() == rows  # nothing is trained twice
    assert (tmp_path / "cnn7.safetensors").stat().st_mtime_ns == before
    with pytest.raises(InputError, match="trained with other settings"):
        run(learning_rate=0.1)
