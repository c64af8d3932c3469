"""Where a network was trained and validated: its scores there say little of other bases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from regtrack.genome.intervals import IntervalSet, Positions, Regions, intersect, total_bases
from regtrack.genome.names import resolve_chrom

# Where nothing tells it: the file of a network may be older, imported, or of another genome.
NOT_STORED = (
    "not known: the network's file does not store which bases of this genome it was trained on; "
    "ask who trained it"
)

# By chromosome, as a checkpoint keeps it: see `Seen.to_json`.
Distances = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Seen:
    """The bases that a training has seen.

    Parameters
    ----------
    train
        Those that it learned from.
    valid
        Those that chose the best step and the thresholds.
    """

    train: Regions
    valid: Regions

    @property
    def bases(self) -> dict[str, int]:
        """Number of bases, by split."""
        return {split: total_bases(regions) for split, regions in vars(self).items()}

    def to_json(self) -> dict[str, Any]:
        """As a checkpoint keeps it.

        Returns
        -------
        dict
            `unit`, in bases, and per split and chromosome, in such units and in turn, the distance
            to the next interval and its length.
        """
        by_split = {
            name: {chrom: _distances(intervals) for chrom, intervals in regions.items()}
            for name, regions in vars(self).items()
        }
        # Windows of 25,000 bases lie on a grid of as many, and 1,3 is shorter than 25000,75000.
        every = [distances for regions in by_split.values() for distances in regions.values()]
        unit = int(np.gcd.reduce(np.concatenate(every))) if every else 1
        return {"unit": unit} | {
            name: {chrom: (distances // unit).tolist() for chrom, distances in regions.items()}
            for name, regions in by_split.items()
        }

    @classmethod
    def from_json(
        cls, unit: int, train: Distances, valid: Distances, chrom_sizes: Mapping[str, int]
    ) -> Seen:
        """As `to_json` wrote it.

        Parameters
        ----------
        chrom_sizes
            Of the genome of the training.

        Raises
        ------
        ValueError
            For what is no set of intervals inside of these chromosomes.
        """
        return cls(*(_regions(unit, distances, chrom_sizes) for distances in (train, valid)))

    def on(self, known: Mapping[str, int], sizes: Mapping[str, int]) -> Seen:
        """The same on another file of the genome, as that names its chromosomes.

        Parameters
        ----------
        known, sizes
            Lengths of the chromosomes, of the training's file and of the other one. What is only
            in one of them is left out, and so is a chromosome that has another length.
        """
        spellings = {
            chrom: spelling
            for chrom, size in sizes.items()
            if (spelling := resolve_chrom(chrom, known)) is not None and known[spelling] == size
        }
        return Seen(
            *(
                {chrom: regions[name] for chrom, name in spellings.items() if name in regions}
                for regions in (self.train, self.valid)
            )
        )

    def inside(self, where: Regions) -> Seen:
        """Those of the bases that are among others."""
        return Seen(intersect(self.train, where), intersect(self.valid, where))


def _distances(intervals: IntervalSet) -> Positions:
    edges = np.column_stack((intervals.starts, intervals.ends)).ravel()
    return np.diff(edges, prepend=0)


def _regions(
    unit: int, by_chrom: Distances, chrom_sizes: Mapping[str, int]
) -> dict[str, IntervalSet]:
    return {
        chrom: _intervals(unit, distances, chrom, chrom_sizes)
        for chrom, distances in by_chrom.items()
    }


def _intervals(
    unit: int, distances: Sequence[int], chrom: str, chrom_sizes: Mapping[str, int]
) -> IntervalSet:
    size = chrom_sizes.get(chrom)
    if size is None:
        raise ValueError(f"trained on {chrom}, which is no chromosome of the genome")
    if unit < 1 or not distances or len(distances) % 2 or min(distances) < 0:
        raise ValueError(f"expected pairs of distances on {chrom} of what was seen in training")
    # Before there are arrays, which would overflow in silence.
    if unit * sum(distances) > size:
        raise ValueError(f"trained past the end of {chrom} ({size:,} bases)")
    edges = unit * np.array(distances, np.int64).cumsum()
    return IntervalSet(edges[::2], edges[1::2])
