"""All markers of tracks folders over one region, as the heatmap of `regtrack browse` draws them.

Rows are markers, of each run, in the order of `Runs.entries`; columns cut a region into equal
parts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np
import numpy.typing as npt

from regtrack.browsers.runs import Runs
from regtrack.genome.intervals import EMPTY, Interval, Regions
from regtrack.tracks.bigwig_view import column_edges, highest_values

MOST_COLUMNS = 1_000

# The levels: nothing was predicted in the column; no base of it reached the floor; or, from
# LEAST to MOST, a share of the track's `top` from 0 to 1.
NOT_PREDICTED, ABSENT, LEAST, MOST = 0, 1, 2, 65_535

# Seconds after which an answer gives those measured peaks that it has: 919 files take half a
# minute to read.
_PATIENCE = 0.5

# Files that are read at once, and so the most that are open; more do not help, for Python's own
# part of the work is done by one thread at a time.
_READERS = min(4, os.cpu_count() or 1)

Levels = npt.NDArray[np.uint16]
Bits = npt.NDArray[np.uint8]


class Heatmap:
    """The data of the heatmap; may be used by several threads.

    Parameters
    ----------
    runs
        The tracks, and what is known of them.
    measured
        Gives the measured peaks of a marker of `runs.measured`, by its name; it keeps them.
    """

    def __init__(self, runs: Runs, measured: Callable[[str], Regions]) -> None:
        self._runs = runs
        self._entries = runs.entries
        self._measured = measured

    def levels(self, region: Interval, columns: int) -> Levels:
        """The highest value of every marker in every column.

        Parameters
        ----------
        region
            Cut as `regtrack.tracks.bigwig_view.column_edges` says.
        columns
            At most; a column has one base at least.

        Returns
        -------
        uint16 (markers, columns)
            NOT_PREDICTED, ABSENT, or LEAST + value / `top` * (MOST - LEAST), rounded.

        Raises
        ------
        InputError
            When a track is damaged.
        OSError
            When it cannot be read.
        """
        columns = min(columns, len(region))
        levels = np.empty((len(self._entries), columns), np.uint16)

        def fill(number: int) -> None:
            _, run, track = self._entries[number]
            values = highest_values(run.viewable.file(track.bigwig), region, columns)
            absent = np.isnan(values)
            shares = np.where(absent, 0, values) / np.float32(track.top)
            scaled = np.clip(shares, 0, 1) * np.float32(MOST - LEAST)
            levels[number] = np.where(absent, ABSENT, LEAST + np.rint(scaled))

        for _ in self._readers.map(fill, range(len(levels))):
            pass
        edges = column_edges(region, columns)
        for run in self._runs.runs:
            predicted = run.viewable.predicted.get(region.chrom, EMPTY)
            rows = [entry.run is run for entry in self._entries]
            levels[np.ix_(rows, np.diff(predicted.bases_before(edges)) == 0)] = NOT_PREDICTED
        return levels

    def measured_bits(self, region: Interval, columns: int, first: int = 0) -> Bits:
        """In which columns measured peaks lie, of consecutive markers.

        Parameters
        ----------
        region, columns
            As `levels`.
        first
            Number of the row to begin with.

        Returns
        -------
        uint8 (rows, (columns + 7) // 8)
            A bit for each column, the first one the highest bit of the first byte. As many rows
            as half a second allows, one at least where there is one: reading peaks the first
            time takes long.

        Raises
        ------
        InputError
            When a file of peaks cannot be used.
        OSError
            When it cannot be read.
        """
        columns = min(columns, len(region))
        edges = column_edges(region, columns)
        ends_at = time.monotonic() + _PATIENCE
        rows = [np.empty((0, (columns + 7) // 8), np.uint8)]
        for entry in self._entries[first:]:
            peaks = EMPTY
            if (name := entry.track.marker.name) in self._runs.measured:
                peaks = self._measured(name).get(region.chrom, EMPTY)
            rows.append(np.packbits(np.diff(peaks.bases_before(edges)) > 0)[np.newaxis])
            if time.monotonic() > ends_at:
                break
        return np.concatenate(rows)

    @cached_property
    def _readers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_READERS, "heatmap")
