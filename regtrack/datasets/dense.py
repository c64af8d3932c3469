"""The dataset of the dense task: windows, and the peaks of every marker as intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from regtrack.datasets.labels import IntervalLabels
from regtrack.datasets.tables import KNOWN
from regtrack.datasets.windows import Windows
from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet, intersect
from regtrack.genome.markers import Marker


@dataclass(frozen=True)
class DenseDataset:
    """Windows of a genome and the labels of their bases; `open_dataset` gives it.

    Parameters
    ----------
    path
        The folder.
    markers
        In the order of the labels.
    assembly
        Name of the genome.
    chrom_sizes
        Of the genome, in its order.
    genome
        Not to be shared between threads or processes: open another one on `genome.path`.
    window
        Bases per window.
    labels
        Of every base of the genome, not of the windows only.
    digest
        SHA-256 that names the content.
    splits
        Windows by split.
    """

    path: Path
    markers: tuple[Marker, ...]
    assembly: str
    chrom_sizes: Mapping[str, int]
    genome: Genome
    window: int
    labels: IntervalLabels
    digest: str
    splits: Mapping[str, Windows]
    task: str = field(default="dense", init=False)

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

    @cached_property
    def _known(self) -> dict[str, IntervalSet]:
        return read_bed(self.path / KNOWN, self.chrom_sizes)
