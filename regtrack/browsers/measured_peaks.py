"""Measured peaks of markers, each read when the page first shows it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock

from regtrack.genome.bed_files import BedFiles, read_peaks
from regtrack.genome.intervals import Regions


class MeasuredPeaks:
    """Reads the measured peaks of markers, and notes what was left out of them.

    What is left out of all files is noted together, once each of them was read: a note for every
    file would be hundreds. May be used by several threads.

    Parameters
    ----------
    paths
        Files of peaks, by name of marker.
    chrom_sizes
        Of the genome, in bases.
    clip
        As `regtrack.genome.bed.Rules`.
    """

    def __init__(
        self, paths: Mapping[str, Path], chrom_sizes: Mapping[str, int], clip: bool = False
    ) -> None:
        self._sizes = chrom_sizes
        self._clip = clip
        self._paths = paths
        self._unread = set(self._paths)
        self._files = BedFiles(self._sizes, clip)
        self._telling = Lock()
        self.read_once = cache(self.read)

    def read(self, name: str) -> Regions:
        """All measured peaks of a marker, merged; `read_once` is the same, and reads them once.

        Raises
        ------
        KeyError
            When there is no such marker, or nothing was measured of it.
        InputError
            When the file cannot be used.
        OSError
            When it cannot be read.
        """
        rows = read_peaks(self._paths[name], self._sizes, self._clip)
        with self._telling:
            if name in self._unread:
                self._files.count_peaks(rows.counts)
                self._unread.remove(name)
                if not self._unread:
                    self._files.tell()
        return rows.intervals

    def tell(self) -> None:
        """Note what was left out of the files that were read since the last note."""
        with self._telling:
            self._files.tell()
