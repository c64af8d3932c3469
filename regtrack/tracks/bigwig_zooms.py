"""The zoom levels of a BigWig file: bins of a track, made coarser, packed, and chosen.

A browser takes the coarsest level that is fine enough for its pixels, or else the segments
themselves. So a level that is nearly as large as what is finer than it helps nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regtrack.tracks.bigwig_trees import LEAF, place_tree
from regtrack.tracks.bins import (
    BIN,
    BIN_REDUCTION,
    FINEST_REDUCTION,
    ZOOM_ITEMS,
    zoom_records,
)
from regtrack.tracks.deflate import deflate
from regtrack.tracks.segments import Records

# BIN, of several chromosomes.
PLACED_BIN = np.dtype([("chrom", "<u4"), *BIN.descr])

# Of each level's bins to those of the one before.
_FACTOR = BIN_REDUCTION // FINEST_REDUCTION

# The coarsest level shows a genome as a whole: it has fewer bins of the longest chromosome.
_FEW_BINS = 64

_Sizes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ZoomLevel:
    """A level as it will be written.

    Parameters
    ----------
    reduction
        Bases per bin.
    count
        Bins.
    leaves
        LEAF of each part; `offset` counts from the first part on.
    parts
        ZOOM, deflated, at most `ZOOM_ITEMS` each.
    """

    reduction: int
    count: int
    leaves: Records
    parts: Sequence[bytes]

    @property
    def size(self) -> int:
        """Bytes that it takes in the file, its index included."""
        return int(self.leaves["size"].sum()) + len(place_tree(self.leaves, ZOOM_ITEMS, 0))


class ZoomPacker:
    """Makes one level of bins, from left to right.

    Parameters
    ----------
    reduction
        Bases per bin.
    sizes
        Of the chromosomes, by number.
    """

    def __init__(self, reduction: int, sizes: _Sizes) -> None:
        self._reduction = reduction
        self._sizes = sizes
        self._count = 0
        self._edges: list[tuple[int, int, int, int]] = []
        self._parts: list[bytes] = []

    def add(self, bins: Records) -> None:
        """Append PLACED_BIN, in order, no two of one place."""
        records = zoom_records(bins, self._reduction, bins["chrom"], self._sizes[bins["chrom"]])
        # A part may hold bins of several chromosomes: a genome may have thousands of one bin each.
        for first in range(0, len(records), ZOOM_ITEMS):
            part = records[first : first + ZOOM_ITEMS]
            chrom, start, *_ = part[0].tolist()
            last_chrom, _, end, *_ = part[-1].tolist()
            self.add_part(deflate(part.tobytes()), len(part), (chrom, start, last_chrom, end))

    def add_part(self, part: bytes, count: int, edges: tuple[int, int, int, int]) -> None:
        """Append a finished part of so many bins.

        Parameters
        ----------
        edges
            The first bin's chromosome and start, and the last one's chromosome and end.
        """
        self._parts.append(part)
        self._count += count
        self._edges.append(edges)

    def finish(self) -> ZoomLevel:
        """The level, of one bin at least."""
        leaves = np.empty(len(self._parts), LEAF)
        for name, values in zip(LEAF.names or (), zip(*self._edges, strict=True), strict=False):
            leaves[name] = values
        leaves["size"] = [len(part) for part in self._parts]
        leaves["offset"] = np.cumsum(leaves["size"]) - leaves["size"]
        return ZoomLevel(self._reduction, self._count, leaves, self._parts)


def zoom_levels(bins: Records, sizes: _Sizes) -> list[ZoomLevel]:
    """All levels from `BIN_REDUCTION` on.

    Parameters
    ----------
    bins
        PLACED_BIN of that reduction, in order, no two of one place.
    sizes
        Of the chromosomes, by number.
    """
    levels: list[ZoomLevel] = []
    for reduction in reductions(int(sizes.max()))[1:]:
        if levels:
            above = bins.copy()
            above["bin"] //= _FACTOR
            bins = merged(above)
        packer = ZoomPacker(reduction, sizes)
        packer.add(bins)
        levels.append(packer.finish())
    return levels


def reductions(longest: int) -> list[int]:
    """Bases per bin of each level that a file may have, two at least, the finest first.

    Parameters
    ----------
    longest
        Bases of the longest chromosome.
    """
    reductions = [FINEST_REDUCTION, BIN_REDUCTION]
    while reductions[-1] * _FEW_BINS <= longest:
        reductions.append(reductions[-1] * _FACTOR)
    return reductions


def chosen_levels(sizes: Sequence[int], data_size: int) -> list[int]:
    """Which levels to write: the finest whose bytes are at most half of the segments'.

    So zoom levels are at most a third of a file. A level that takes more than half of the one
    before is left out. There is always one: IGV shows whole genomes from zoom levels alone.

    Parameters
    ----------
    sizes
        Bytes that each level would take, the finest first.
    data_size
        Bytes that the segments take.
    """
    for first in range(len(sizes)):
        chain = [first]
        for level in range(first + 1, len(sizes)):
            if 2 * sizes[level] <= sizes[chain[-1]]:
                chain.append(level)
        if 2 * sum(sizes[level] for level in chain) <= data_size:
            return chain
    return [len(sizes) - 1]


def merged(bins: Records) -> Records:
    """PLACED_BIN, given in order, with those of one chromosome and number made one."""
    apart = (bins["bin"][1:] != bins["bin"][:-1]) | (bins["chrom"][1:] != bins["chrom"][:-1])
    firsts = np.flatnonzero(np.append(True, apart))
    joined = np.empty(len(firsts), PLACED_BIN)
    joined["chrom"], joined["bin"] = bins["chrom"][firsts], bins["bin"][firsts]
    for name in ("covered", "sum", "squares"):
        joined[name] = np.add.reduceat(bins[name], firsts)
    joined["min"] = np.minimum.reduceat(bins["min"], firsts)
    joined["max"] = np.maximum.reduceat(bins["max"], firsts)
    return joined
