"""What tests of explanations share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from builders import TinyWorld

from regtrack.explain.explained_models import ExplainedModel
from regtrack.explain.positives import PeakTable
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import Marker


@dataclass(frozen=True)
class Explainable:
    """A tiny world, opened, and networks of it by name and task. Not to be changed."""

    world: TinyWorld
    genome: Genome
    markers: tuple[Marker, ...]
    peaks: PeakTable
    model: Callable[..., ExplainedModel]
