"""A tiny world for all that is explained."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import TINY_SIZES, make_tiny_world, write_checkpoint
from explain_helpers import Explainable

from regtrack.explain.explained_models import ExplainedModel, read_models
from regtrack.explain.positives import PeakTable
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import read_markers


@pytest.fixture(scope="session")
def tiny_one(tmp_path_factory: pytest.TempPathFactory) -> Explainable:
    world = make_tiny_world(tmp_path_factory.mktemp("explain") / "world")
    markers = read_markers(world.markers)

    def model(name: str = "dilated", task: str = "dense") -> ExplainedModel:
        path: Path = world.folder / f"{task}.{name}.safetensors"
        if not path.exists():
            write_checkpoint(path, markers, TINY_SIZES, task=task, architecture=name)
        return read_models([path], world.genome, TINY_SIZES, any_genome=False)[0]

    return Explainable(
        world,
        Genome(world.genome),
        markers,
        PeakTable(world.markers, BedFiles(TINY_SIZES)),
        model,
    )
