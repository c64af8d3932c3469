"""The trees of a BigWig file: names of chromosomes, and where data sections lie.

Layouts after Kent et al. 2010, "BigWig and BigBed", and its supplement.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

BIGWIG_MAGIC = 0x888FFC26
_CHROM_MAGIC = 0x78CA8C91
_PLACE_MAGIC = 0x2468ACE0
_NODE_HEADER = struct.Struct("<BBH")  # whether it is a leaf, nothing, number of its items

# Items per node.
_FANOUT = 256

# Where a section lies: chromosome and base of its first and of the base behind its last one,
# place and size in the file. An inner node has the same without a size.
LEAF = np.dtype(
    [
        ("first_chrom", "<u4"),
        ("start", "<u4"),
        ("last_chrom", "<u4"),
        ("end", "<u4"),
        ("offset", "<u8"),
        ("size", "<u8"),
    ]
)
_INNER = np.dtype(LEAF.descr[:-1])

_Items = npt.NDArray[np.void]


def chrom_tree(chrom_sizes: Mapping[str, int], at: int) -> bytes:
    """The B+ tree that finds a chromosome's number and length by its name.

    Numbers follow the genome's order; keys are sorted by name, since kent's tools search for
    them.

    Parameters
    ----------
    at
        Where in the file the tree will begin.
    """
    names = [name.encode() for name in chrom_sizes]
    width = max(map(len, names))
    leaf = np.dtype([("key", f"S{width}"), ("id", "<u4"), ("size", "<u4")])
    inner = np.dtype([("key", f"S{width}"), ("offset", "<u8")])
    items = np.empty(len(names), leaf)
    items["key"], items["id"], items["size"] = names, np.arange(len(names)), [*chrom_sizes.values()]
    items.sort(order="key")
    header = struct.pack("<4IQQ", _CHROM_MAGIC, min(_FANOUT, len(names)), width, 8, len(names), 0)

    def summed_up(items: _Items, starts: npt.NDArray[np.int64]) -> _Items:
        above = np.empty(len(starts), inner)
        above["key"] = items["key"][starts]
        return above

    return header + _tree(items, summed_up, at + len(header))


def place_tree(sections: npt.NDArray[np.void], items_per_section: int, at: int) -> bytes:
    """The R-tree that finds the sections that overlap a region.

    Parameters
    ----------
    sections
        LEAF, disjoint, sorted by chromosome and start; one at least.
    items_per_section
        At most.
    at
        Where in the file the tree will begin, which is where the sections end.
    """
    header = struct.pack(
        "<2IQ4IQ2I",
        _PLACE_MAGIC,
        _FANOUT,
        len(sections),
        sections["first_chrom"][0],
        sections["start"][0],
        sections["last_chrom"][-1],
        sections["end"][-1],
        at,
        items_per_section,
        0,
    )

    def summed_up(items: _Items, starts: npt.NDArray[np.int64]) -> _Items:
        above = np.empty(len(starts), _INNER)
        above["first_chrom"], above["start"] = items["first_chrom"][starts], items["start"][starts]
        # They are disjoint: the last one of a node is the one that ends last.
        lasts = np.append(starts[1:], len(items)) - 1
        above["last_chrom"], above["end"] = items["last_chrom"][lasts], items["end"][lasts]
        return above

    return header + _tree(sections, summed_up, at + len(header))


def _tree(
    leaves: _Items,
    summed_up: Callable[[_Items, npt.NDArray[np.int64]], _Items],
    at: int,
) -> bytes:
    """All nodes of a tree, the root first, level by level.

    Parameters
    ----------
    leaves
        Items of the lowest level.
    summed_up
        Makes the items of the level above, given the items of a level and the number of each
        node's first; fills in everything but `offset`.
    at
        Where in the file the root will begin.
    """
    levels = [leaves]
    while len(levels[0]) > _FANOUT:
        below = levels[0]
        levels.insert(0, summed_up(below, np.arange(0, len(below), _FANOUT)))
    written = []
    for depth, items in enumerate(levels):
        starts = range(0, len(items), _FANOUT)
        at += _NODE_HEADER.size * len(starts) + items.nbytes
        if depth + 1 < len(levels):
            below = levels[depth + 1]
            full = _NODE_HEADER.size + _FANOUT * below.itemsize
            items["offset"] = at + full * np.arange(len(items))
        is_leaf = depth + 1 == len(levels)
        for start in starts:
            node = items[start : start + _FANOUT]
            written.append(_NODE_HEADER.pack(is_leaf, 0, len(node)) + node.tobytes())
    return b"".join(written)
