"""Tracks on a disk: opened, and read by marker and position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from regtrack.api.arguments import (
    PathLike,
    Patterns,
    Region,
    naming_arguments,
    path_of,
    patterns_of,
    typed,
)
from regtrack.api.prediction import Prediction, no_marker
from regtrack.errors import ArgumentError
from regtrack.genome.intervals import Interval
from regtrack.genome.markers import Marker, select_markers
from regtrack.genome.regions import parse_region
from regtrack.listing import counted
from regtrack.tracks.bigwig_view import highest_values
from regtrack.tracks.folder import TrackSet


@dataclass(frozen=True)
class Track:
    """The track of one marker.

    Parameters
    ----------
    marker
        What was predicted.
    threshold
        Probability, or signal, from which its peaks were called.
    bigwig, peaks
        Its files: the signal, and the called peaks (narrowPeak, bgzip, with an index beside it).
    chrom_sizes
        Of the genome, in bases.
    range
        Of a signal, what `max_error` and `floor` are shares of; None where values are
        probabilities.
    """

    marker: Marker
    threshold: float
    bigwig: Path
    peaks: Path
    chrom_sizes: Mapping[str, int] = field(repr=False)
    range: float | None = None

    def values(
        self, region: Region, start: int | None = None, end: int | None = None
    ) -> npt.NDArray[np.float32]:
        """The value of every base of a region.

        Parameters
        ----------
        region
            As typed: `chr22`, `chr22:1,001-2,000` (1-based, both ends included), or
            `(chrom, start, end)`; with `start` and `end`, the chromosome.
        start, end
            0-based, half-open.

        Returns
        -------
        float32 (bases,)
            Each within the tracks' `max_error` of the predicted probability. NaN where the track
            has no value: at N, where the probability is under the `floor`, or where nothing was
            predicted. Of a signal, both are times its `range`.

        Raises
        ------
        ArgumentError
            When the region cannot be read.
        InputError
            When it lies outside of the genome, or the file is damaged.
        OSError
            When the file cannot be read.
        """
        with naming_arguments():
            if start is not None and end is not None and isinstance(region, str):
                region = (region, start, end)
            elif start is not None or end is not None:
                raise ArgumentError("start", "expected a chromosome, start and end, or a region")
            return self._read(parse_region(typed(region, "region"), self.chrom_sizes))

    def _read(self, region: Interval) -> npt.NDArray[np.float32]:
        return highest_values(self.bigwig, region, len(region))  # a column for each base


@dataclass(frozen=True, eq=False, repr=False)
class Tracks(Mapping[str, Track]):
    """A tracks folder: its tracks by the names of their markers.

    Parameters
    ----------
    folder
        Where it lies.
    trackset
        What its `tracks.json` says.
    """

    folder: Path
    trackset: TrackSet

    @property
    def markers(self) -> tuple[Marker, ...]:
        """One per track."""
        return tuple(track.marker for track in self.trackset.tracks)

    @property
    def assembly(self) -> str:
        """Name of the predicted genome's assembly."""
        return self.trackset.assembly

    @property
    def chrom_sizes(self) -> Mapping[str, int]:
        """Length of every chromosome of the genome, in bases."""
        return MappingProxyType(dict(self.trackset.chrom_sizes))

    @property
    def settings(self) -> Mapping[str, Any]:
        """What they promise and how they were made: `max_error`, `floor`, `step`, ..."""
        return MappingProxyType(dict(self.trackset.settings))

    def read(self, region: Region, markers: Patterns | None = None) -> Prediction:
        """The values of several tracks at every base of a region.

        Parameters
        ----------
        region
            As `Track.values` takes it.
        markers
            Names, cells, targets or categories, as `regtrack.markers` takes patterns; None for
            all.

        Returns
        -------
        Prediction
            As `Model.predict` gives it, but what stands in the tracks, as `Track.values`.

        Raises
        ------
        ArgumentError, InputError, OSError
            As `Track.values`; also when a pattern matches no marker.
        """
        with naming_arguments():
            where = parse_region(typed(region, "region"), self.trackset.chrom_sizes)
            kept = select_markers(self.markers, patterns_of(markers))
            values = np.empty((len(kept), len(where)), np.float32)
            for row, marker in enumerate(kept):
                values[row] = self[marker.name]._read(where)
        return Prediction(where.chrom, where.start, kept, values)

    def __getitem__(self, name: str) -> Track:
        """The track of the marker of this name.

        Raises
        ------
        KeyError
            When there is none.
        """
        for track in self.trackset.tracks:
            if track.marker.name == name:
                files = self.folder / track.bigwig, self.folder / track.peaks
                sizes = self.trackset.chrom_sizes
                return Track(track.marker, track.threshold, *files, sizes, track.range)
        raise no_marker(name, self.markers)

    def __iter__(self) -> Iterator[str]:
        return (marker.name for marker in self.markers)

    def __len__(self) -> int:
        return len(self.trackset.tracks)

    def __repr__(self) -> str:
        return f"<Tracks {self.folder.name}: {counted(len(self), 'marker')}, {self.assembly}>"


def open_tracks(folder: PathLike) -> Tracks:
    """Open a tracks folder, as `predict_tracks` or `regtrack predict` makes it.

    Raises
    ------
    InputError
        When it is none, is of a newer format, or lacks a file.
    OSError
        When it cannot be read.
    """
    path = path_of(folder)
    with naming_arguments():
        return Tracks(path, TrackSet.read(path))
