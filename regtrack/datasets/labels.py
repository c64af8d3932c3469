"""Measured peaks as labels: stored as intervals, expanded to 0 and 1 for the bases of a window.

Every chromosome is cut into bins. There is one row per stretch of a peak in a bin (marker,
start, end), sorted by bin: 6 bytes for most peaks, and the rows of a window are known
without a search.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.datasets.arrays import REMEDY, open_array, pieces_of, save_array
from regtrack.errors import InputError
from regtrack.genome.intervals import EMPTY, IntervalSet, IntervalSets, Positions, cut

Labels = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.uint16]

# The end of a stretch counts from its bin's start, and must fit into 16 bits.
BIN_LENGTH = 32_768
_MOST_MARKERS = 1 << 16
LABEL_FILES = _ROWS, _OFFSETS = "labels.npy", "labels.offsets.npy"


class IntervalLabels:
    """The peaks of all markers.

    Parameters
    ----------
    rows
        uint16 (stretches, 3): marker, start and end (half-open) in its bin; sorted by
        bin, then marker, then start. The stretches of one marker do not overlap.
    offsets
        int64 (bins + 1,): the rows of bin `b` are `offsets[b]` to `offsets[b + 1]`. Bins
        are counted through all chromosomes.
    chrom_sizes
        Length of every chromosome, in bases, in the order of the bins.
    known
        bool (chromosomes, markers): False where absence of a peak says nothing.
    path
        The file of the rows, if they are in one.

    Raises
    ------
    ValueError
        When the arrays do not fit each other.
    """

    def __init__(
        self,
        rows: Rows,
        offsets: Positions,
        chrom_sizes: Mapping[str, int],
        known: npt.NDArray[np.bool_],
        path: Path | None = None,
    ) -> None:
        first, bins = _number_bins(chrom_sizes)
        if len(offsets) != bins + 1 or offsets[0] != 0 or offsets[-1] != len(rows):
            raise ValueError("the offsets are not those of these rows and chromosomes")
        if np.any(np.diff(offsets) < 0):
            raise ValueError("the offsets are not sorted")
        if len(known) != len(chrom_sizes):
            raise ValueError("expected a row of known markers per chromosome")
        self._rows = rows
        self._offsets = np.array(offsets)  # in memory: a file may change after the check
        self._known = known
        self._path = path
        self._bins = first
        self._places = {chrom: place for place, chrom in enumerate(first)}
        self._sizes = dict(chrom_sizes)

    @classmethod
    def of(
        cls,
        peaks: Iterable[Mapping[str, IntervalSet]],
        chrom_sizes: Mapping[str, int],
        known: npt.NDArray[np.bool_],
    ) -> IntervalLabels:
        """Pack the peaks of one marker after the other.

        Memory is twice that of the packed rows, whatever the number of files.

        Parameters
        ----------
        peaks
            Per marker, the intervals of each chromosome that has any.
        """
        first, bins = _number_bins(chrom_sizes)
        counts = np.zeros(bins, dtype=np.int64)
        pieces: list[tuple[npt.NDArray[np.uint32], Rows]] = []
        for marker, by_chrom in enumerate(peaks):
            if marker >= _MOST_MARKERS:
                raise ValueError(f"more than {_MOST_MARKERS:,} markers")
            where, rows = _cut_marker(marker, by_chrom, first)
            counts += np.bincount(where, minlength=bins)
            pieces.append((where, rows))
        offsets = np.concatenate(([0], np.cumsum(counts)))
        packed = np.empty((int(offsets[-1]), 3), dtype=np.uint16)
        free = offsets[:-1].copy()
        for where, rows in pieces:
            # In each bin, the rows of this marker follow those of the markers before it.
            opens = np.flatnonzero(np.diff(where.astype(np.int64), prepend=-1))
            lengths = np.diff(np.append(opens, len(where)))
            rank = np.arange(len(where)) - np.repeat(opens, lengths)
            packed[free[where] + rank] = rows
            free[where[opens]] += lengths
        return cls(packed, offsets, chrom_sizes, known)

    def save(self, folder: Path) -> None:
        """Write the arrays that `open` reads."""
        save_array(folder / _ROWS, self._rows)
        save_array(folder / _OFFSETS, self._offsets)

    @classmethod
    def open(
        cls, folder: Path, chrom_sizes: Mapping[str, int], known: npt.NDArray[np.bool_]
    ) -> IntervalLabels:
        """Open what `save` wrote; the rows are not read before they are needed.

        Raises
        ------
        InputError
            When an array is missing or damaged, as far as that shows without reading the rows;
            `check` reads them.
        """
        path = folder / _ROWS
        rows = open_array(path, np.uint16, (None, 3))
        offsets = open_array(folder / _OFFSETS, np.int64, (None,))
        try:
            return cls(rows, offsets, chrom_sizes, known, path)
        except ValueError as error:
            raise InputError(folder / _OFFSETS, f"damaged ({error}); {REMEDY}") from error

    def check(self) -> None:
        """Read all rows, and check that each is a stretch of one of the markers in its bin.

        Raises
        ------
        InputError
            When one is not.
        """
        for rows in pieces_of(self._rows):
            marker, start, end = rows.T
            if np.any((marker >= self.markers) | (start >= end) | (end > BIN_LENGTH)):
                raise self._damaged()

    def _damaged(self) -> InputError:
        return InputError(
            self._path or _ROWS,
            "damaged (a row that is not an interval of one of the markers in its bin); " + REMEDY,
        )

    @property
    def markers(self) -> int:
        """Number of markers."""
        return int(self._known.shape[1])

    def spread(self, chrom: str, start: int, end: int) -> Labels:
        """Labels of the bases [start, end), 0-based, half-open; 0 outside the chromosome.

        Returns
        -------
        uint8 array (markers, end - start)
            In memory the markers of a base lie side by side, as in the logits. Where a
            marker is not known, 0 says nothing.

        Raises
        ------
        InputError
            When a row is of no marker: the file changed since it was checked.
        """
        labels = np.zeros((end - start, self.markers), dtype=np.uint8)
        first = max(start, 0) // BIN_LENGTH
        last = -(-min(end, self._sizes[chrom]) // BIN_LENGTH)
        if first < last:
            at = self._bins[chrom]
            offsets = self._offsets[at + first : at + last + 1]
            if not _paint(self._rows, offsets, first * BIN_LENGTH - start, labels):
                raise self._damaged()
        return labels.T

    def peaks(self, chrom: str, columns: Sequence[int]) -> list[IntervalSet]:
        """The peaks of some markers on a chromosome.

        Raises
        ------
        InputError
            When a row is damaged.
        """
        peaks = self.all_peaks(chrom)
        if not len(peaks.starts):  # most of 100,000 scaffolds
            return [EMPTY] * len(columns)
        return [peaks[column] for column in columns]

    def all_peaks(self, chrom: str) -> IntervalSets:
        """The peaks of all markers on a chromosome.

        Raises
        ------
        InputError
            When a row is damaged.
        """
        pieces = self._pieces(chrom, 0, bins_of(self._sizes[chrom]))
        return IntervalSets.of(self.markers, *pieces)

    def rows_within(self, chrom: str, start: int, end: int) -> tuple[Positions, ...]:
        """Marker, start and end, int64, of the pieces of peaks on the bases [start, end), 0-based.

        Raises
        ------
        InputError
            When a row is damaged.
        """
        marker, starts, ends = self._pieces(chrom, start // BIN_LENGTH, -(-end // BIN_LENGTH))
        starts, ends = np.maximum(starts, start), np.minimum(ends, end)
        inside = starts < ends
        return marker[inside], starts[inside], ends[inside]

    def _pieces(self, chrom: str, first: int, last: int) -> tuple[Positions, ...]:
        """Marker, start and end of the rows of the bins [first, last) of a chromosome."""
        at = self._bins[chrom]
        offsets = self._offsets[at + first : at + last + 1]
        marker, start, end = self._rows[offsets[0] : offsets[-1]].T.astype(np.int64)
        if np.any((marker >= self.markers) | (start >= end)):
            raise self._damaged()
        origins = np.repeat(BIN_LENGTH * np.arange(first, last), np.diff(offsets))
        return marker, origins + start, origins + end

    @property
    def digest(self) -> str:
        """SHA-256 of all labels, and of the markers that are known."""
        total = hashlib.sha256()
        for part in (self._offsets, self._rows, self._known):
            total.update(np.ascontiguousarray(part).tobytes())
        return total.hexdigest()

    def known_markers(self, chrom: str) -> npt.NDArray[np.bool_]:
        """Markers that are known on a chromosome; bool (markers,)."""
        known: npt.NDArray[np.bool_] = self._known[self._places[chrom]]
        return known

    def base_rates(self, regions: Mapping[str, IntervalSet]) -> npt.NDArray[np.float64]:
        """Share of the regions' bases that lie inside a peak, per marker; float64 (markers,).

        Chromosomes on which a marker is not known do not count; a marker known on none
        has 0.

        Raises
        ------
        InputError
            As `spread`.
        """
        inside = np.zeros(self.markers, dtype=np.int64)
        bases = np.zeros(self.markers, dtype=np.int64)
        for chrom, region in regions.items():
            known = self.known_markers(chrom)
            counts = np.zeros(self.markers, dtype=np.int64)
            at = self._bins[chrom]
            offsets = self._offsets[at : at + bins_of(self._sizes[chrom]) + 1]
            if not _count(self._rows, offsets, region.starts, region.ends, counts):
                raise self._damaged()
            inside += counts * known
            bases += region.bases * known
        shares: npt.NDArray[np.float64] = inside / np.maximum(bases, 1)
        return shares


def bins_of(size: int) -> int:
    """Number of bins of a chromosome of `size` bases."""
    return -(-size // BIN_LENGTH)


def _number_bins(chrom_sizes: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """Number of each chromosome's first bin, and of all bins."""
    *first, total = accumulate(map(bins_of, chrom_sizes.values()), initial=0)
    return dict(zip(chrom_sizes, first, strict=True)), total


def _cut_marker(
    marker: int, by_chrom: Mapping[str, IntervalSet], first: Mapping[str, int]
) -> tuple[npt.NDArray[np.uint32], Rows]:
    """Bin and row of every stretch of one marker, sorted by bin."""
    parts: list[tuple[npt.NDArray[np.uint32], Rows]] = [
        (np.zeros(0, np.uint32), np.zeros((0, 3), np.uint16))
    ]
    for chrom, at in first.items():
        if chrom in by_chrom:
            bins, starts, ends = cut(by_chrom[chrom], BIN_LENGTH)
            origin = bins * BIN_LENGTH
            columns = (np.full(len(bins), marker), starts - origin, ends - origin)
            parts.append(
                ((bins + at).astype(np.uint32), np.column_stack(columns).astype(np.uint16))
            )
    where, rows = zip(*parts, strict=True)
    return np.concatenate(where), np.concatenate(rows)


# `IntervalLabels` has checked the offsets. The rows may be in a file that has changed since, so
# these two check the number of each marker and never write outside of their arrays.


@compiled
def _paint(rows: Rows, offsets: Positions, origin: int, labels: Labels) -> bool:
    """Set the labels of consecutive bins, the first of which begins at `origin` of them.

    False when a row is of no marker.
    """
    bases, markers = labels.shape
    for number in range(len(offsets) - 1):
        for row in range(offsets[number], offsets[number + 1]):
            marker = rows[row, 0]
            first = max(origin + int(rows[row, 1]), 0)
            last = min(origin + int(rows[row, 2]), bases)
            if marker >= markers:
                return False
            for base in range(first, last):
                labels[base, marker] = 1
        origin += BIN_LENGTH
    return True


@compiled
def _count(
    rows: Rows,
    offsets: Positions,
    starts: Positions,
    ends: Positions,
    counts: npt.NDArray[np.int64],
) -> bool:
    """Add up each marker's bases inside sorted intervals of a chromosome.

    False when a row is of no marker.
    """
    nearest = 0
    for number in range(len(offsets) - 1):
        origin = number * BIN_LENGTH
        while nearest < len(starts) and ends[nearest] <= origin:
            nearest += 1
        if nearest == len(starts):
            break
        if starts[nearest] >= origin + BIN_LENGTH:
            continue
        for row in range(offsets[number], offsets[number + 1]):
            first = origin + int(rows[row, 1])
            last = origin + int(rows[row, 2])
            marker = rows[row, 0]
            if marker >= len(counts):
                return False
            at = nearest
            while at < len(starts) and starts[at] < last:
                overlap = min(last, ends[at]) - max(first, starts[at])
                if overlap > 0:
                    counts[marker] += overlap
                at += 1
    return True
