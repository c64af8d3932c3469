"""Measured peaks as labels: 1 where a base lies inside a peak of a marker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from regtrack.genome.bed import read_bed
from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.genome.markers import Marker

Labels = npt.NDArray[np.uint8]


class PeakLabels:
    """The peaks of all markers, kept as intervals and spread out where asked.

    Parameters
    ----------
    peaks
        Per marker, the intervals of each chromosome that has any.
    """

    def __init__(self, peaks: Sequence[Mapping[str, IntervalSet]]) -> None:
        self._peaks = peaks

    @classmethod
    def read(cls, markers: Sequence[Marker], chrom_sizes: Mapping[str, int]) -> PeakLabels:
        """Read the peak file of every marker.

        Raises
        ------
        InputError
            As `regtrack.genome.bed.read_bed`.
        """
        return cls([read_bed(Path(marker.file), chrom_sizes) for marker in markers])

    def spread(self, chrom: str, start: int, end: int) -> Labels:
        """Labels of the bases [start, end), 0-based, half-open.

        Returns
        -------
        uint8 array (markers, end - start)
            In memory the markers of a base lie side by side, as in the logits.
        """
        labels = np.zeros((end - start, len(self._peaks)), dtype=np.uint8)
        for marker, by_chrom in enumerate(self._peaks):
            for first, last in by_chrom.get(chrom, EMPTY).clip(start, end):
                labels[first - start : last - start, marker] = 1
        return labels.T

    def base_rates(self, regions: Mapping[str, IntervalSet]) -> npt.NDArray[np.float64]:
        """Share of the regions' bases that lie inside a peak, per marker."""
        bases = sum(region.bases for region in regions.values())
        inside = [
            sum(
                by_chrom.get(chrom, EMPTY).intersect(region).bases
                for chrom, region in regions.items()
            )
            for by_chrom in self._peaks
        ]
        return np.array(inside, dtype=np.float64) / max(bases, 1)
