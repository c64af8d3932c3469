"""The trees of a BigWig file: names of chromosomes, and where data sections lie.

Layouts after Kent et al. 2010, "BigWig and BigBed", and its supplement.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

# Of a file: magic, version, zoom levels, places of the trees and of the data, ...
HEADER = struct.Struct("<IHHQQQHHQQIQ")
_CHROM_MAGIC = 0x78CA8C91
_PLACE_MAGIC = 0x2468ACE0
_NODE_HEADER = struct.Struct("<BBH")  # whether it is a leaf, nothing, number of its items
_CHROM_HEADER = struct.Struct("<4IQQ")
_PLACE_HEADER = struct.Struct("<2IQ4IQ2I")

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

# The same of a data section, which is of one chromosome.
PLACE = np.dtype([("chrom", "<u4"), *LEAF.descr[1:2], *LEAF.descr[3:]])

_Items = npt.NDArray[np.void]
_Bytes = bytes | mmap.mmap


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
    leaf, inner = _chrom_items(width)
    items = np.empty(len(names), leaf)
    items["key"], items["id"], items["size"] = names, np.arange(len(names)), [*chrom_sizes.values()]
    items.sort(order="key")
    header = _CHROM_HEADER.pack(_CHROM_MAGIC, min(_FANOUT, len(names)), width, 8, len(names), 0)

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
    header = _PLACE_HEADER.pack(
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


def read_chroms(data: _Bytes, at: int) -> dict[str, int]:
    """Length of each chromosome by name, in the order of their numbers, from the tree at `at`.

    Raises
    ------
    ValueError, struct.error, OverflowError
        When there is no such tree, or they are not numbered from 0 on.
    """
    magic, _, width, _, _, _ = _CHROM_HEADER.unpack_from(data, at)
    if magic != _CHROM_MAGIC or not 0 < width < len(data):
        raise ValueError("not a tree of chromosomes")
    items = _read_tree(data, at + _CHROM_HEADER.size, *_chrom_items(width))
    items.sort(order="id")
    names = [key.decode() for key in items["key"].tolist()]
    sizes = dict(zip(names, items["size"].tolist(), strict=True))
    if len(sizes) != len(items) or not np.array_equal(items["id"], np.arange(len(items))):
        raise ValueError("two chromosomes of one name or number")
    return sizes


def read_places(data: _Bytes, at: int, chroms: int) -> _Items:
    """PLACE of every section, in the order of the file's chromosomes, from the tree at `at`.

    Parameters
    ----------
    chroms
        Number of chromosomes that there are.

    Raises
    ------
    ValueError, struct.error, OverflowError
        When there is no such tree, or a section is of no chromosome, or of several.
    """
    if _PLACE_HEADER.unpack_from(data, at)[0] != _PLACE_MAGIC:
        raise ValueError("not a tree of places")
    leaves = _read_tree(data, at + _PLACE_HEADER.size, LEAF, _INNER)
    chrom = leaves["first_chrom"]
    if np.any(chrom >= chroms) or np.any(chrom != leaves["last_chrom"]):
        raise ValueError("a section of no chromosome, or of several")
    if np.any(leaves["start"] >= leaves["end"]):
        raise ValueError("a section of no base")
    places = np.empty(len(leaves), PLACE)
    places["chrom"] = chrom
    for name in "start", "end", "offset", "size":
        places[name] = leaves[name]
    places.sort(order=["chrom", "start"])
    return places


def find_chrom(data: _Bytes, at: int, name: str) -> tuple[int, int] | None:
    """Number and length of one chromosome, from the tree at `at`; None where it has no such one.

    However many there are, a few nodes are read.

    Raises
    ------
    ValueError, struct.error, OverflowError
        When there is no such tree.
    """
    magic, _, width, _, _, _ = _CHROM_HEADER.unpack_from(data, at)
    if magic != _CHROM_MAGIC or not 0 < width < len(data):
        raise ValueError("not a tree of chromosomes")
    key = name.encode()

    def selection(items: _Items) -> npt.NDArray[np.bool_]:
        if "id" in (items.dtype.names or ()):
            return np.asarray(items["key"] == key)
        # Keys are sorted: those of a node begin with the one that stands above it.
        within = np.zeros(len(items), np.bool_)
        last = int(np.searchsorted(items["key"], key, side="right")) - 1
        within[last : last + 1] = last >= 0
        return within

    items = _read_tree(data, at + _CHROM_HEADER.size, *_chrom_items(width), selection)
    return (int(items["id"][0]), int(items["size"][0])) if len(items) else None


def find_sections(data: _Bytes, at: int, chrom: int, start: int, end: int) -> _Items:
    """LEAF of every section that may hold a base of [start, end), from the tree at `at`.

    Parameters
    ----------
    chrom
        Number of the chromosome in the file.

    Raises
    ------
    ValueError, struct.error, OverflowError
        When there is no such tree.
    """
    if _PLACE_HEADER.unpack_from(data, at)[0] != _PLACE_MAGIC:
        raise ValueError("not a tree of places")

    def selection(items: _Items) -> npt.NDArray[np.bool_]:
        first, last = items["first_chrom"], items["last_chrom"]
        begins = (first < chrom) | ((first == chrom) & (items["start"] < end))
        ends = (last > chrom) | ((last == chrom) & (items["end"] > start))
        return np.asarray(begins & ends)

    return _read_tree(data, at + _PLACE_HEADER.size, LEAF, _INNER, selection)


def _chrom_items(width: int) -> tuple[np.dtype[np.void], np.dtype[np.void]]:
    """Items of leaves and of inner nodes of the tree of chromosomes."""
    key = ("key", f"S{width}")
    return (
        np.dtype([key, ("id", "<u4"), ("size", "<u4")]),
        np.dtype([key, ("offset", "<u8")]),
    )


def _read_tree(
    data: _Bytes,
    root: int,
    leaf: np.dtype[np.void],
    inner: np.dtype[np.void],
    selection: Callable[[_Items], npt.NDArray[np.bool_]] | None = None,
) -> _Items:
    """The items of the leaves below a node, from left to right.

    Parameters
    ----------
    selection
        Tells which items of a node are; without it, all are.
    """
    leaves: list[_Items] = []
    # Nodes do not overlap: those of a damaged file, which may lead to themselves, soon take more
    # bytes than the file has.
    remainder = len(data)
    level = [root]
    while level:
        below: list[int] = []
        for at in level:
            is_leaf, _, count = _NODE_HEADER.unpack_from(data, at)
            kind = leaf if is_leaf else inner
            remainder -= _NODE_HEADER.size + count * kind.itemsize
            if remainder < 0:
                raise ValueError("a tree that is larger than the file")
            items = np.frombuffer(data, kind, count, at + _NODE_HEADER.size)
            if selection is not None:
                items = items[selection(items)]
            if is_leaf:
                leaves.append(items)
            else:
                below += items["offset"].tolist()
        level = below
    if selection is not None and len(leaves) == 1:
        return leaves[0]  # a copy already; putting one together takes as long as reading it
    return np.concatenate([np.empty(0, leaf), *leaves])
