"""What a dataset of either task offers to a training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import Marker


@dataclass(frozen=True)
class Dataset(ABC):
    """An open dataset folder; `open_dataset` gives it.

    Parameters
    ----------
    path
        The folder.
    markers
        In the order of the labels.
    assembly
        Name of the genome.
    chrom_sizes
        Of the genome, in its order; empty for the DeepSEA files.
    genome
        None for the DeepSEA files. Threads may share it; a process opens another one on
        `genome.path`.
    digest
        SHA-256 that names the content.
    window
        Bases per window of the dense task, or per input of the short one.
    """

    task: ClassVar[str]

    path: Path
    markers: tuple[Marker, ...]
    assembly: str
    chrom_sizes: Mapping[str, int]
    genome: Genome | None
    digest: str
    window: int

    @abstractmethod
    def size(self, split: str) -> int:
        """Number of windows or inputs; 0 when `test` was left out."""

    @abstractmethod
    def regions(self, split: str) -> dict[str, IntervalSet] | None:
        """The bases of a split, per chromosome that has any, in the genome's order.

        None for the DeepSEA files, which do not say where their inputs are from.
        """

    @abstractmethod
    def base_rates(self, split: str) -> npt.NDArray[np.float64]:
        """Share of a split that is positive, per marker; float64 (markers,).

        What lies on chromosomes where a marker is not known does not count; a marker known
        nowhere has 0.
        """
