"""The dataset of the dense task: windows, and the peaks of every marker as intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from regtrack.datasets.dataset import Dataset
from regtrack.datasets.labels import IntervalLabels
from regtrack.datasets.tables import KNOWN
from regtrack.datasets.windows import Windows
from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet, intersect


@dataclass(frozen=True)
class DenseDataset(Dataset):
    """Windows of a genome and the labels of their bases.

    Parameters
    ----------
    labels
        Of every base of the genome, not of the windows only.
    splits
        Windows by split.
    """

    task: ClassVar[str] = "dense"

    genome: Genome
    labels: IntervalLabels
    splits: Mapping[str, Windows]

    def windows(self, split: str) -> Windows:
        """The windows of `train`, `valid` or `test`; none when `test` was left out."""
        return self.splits[split]

    def size(self, split: str) -> int:
        """Number of windows."""
        return len(self.splits[split])

    def regions(self, split: str) -> dict[str, IntervalSet]:
        """Union of a split's windows, per chromosome that has any, in the genome's order."""
        return self.splits[split].regions()

    def known(self, split: str) -> dict[str, IntervalSet]:
        """The bases of a split's windows that are not N; the FASTA is not read for that."""
        return intersect(self._known, self.regions(split))

    def base_rates(self, split: str) -> npt.NDArray[np.float64]:
        """Share of a split's bases, without N, that lie inside a peak; see `Dataset`."""
        return self.labels.base_rates(self.known(split))

    @cached_property
    def _known(self) -> dict[str, IntervalSet]:
        return read_bed(self.path / KNOWN, self.chrom_sizes)
