"""A tracks folder as genome browsers see it: tracks, how good they are, what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from regtrack.evaluation.evaluate import Asked, match
from regtrack.evaluation.scores_table import TABLE, read_average_precision
from regtrack.genome.intervals import Regions
from regtrack.genome.markers import CATEGORIES, select_markers
from regtrack.tracks.folder import Track, TrackSet


@dataclass(frozen=True)
class Viewable:
    """What every file for a browser is made from.

    Parameters
    ----------
    folder
        The tracks folder.
    trackset
        What lies in it.
    scores
        Average precision by name of marker, where a report has it.
    measured
        File of the measured peaks, by name of marker.
    """

    folder: Path
    trackset: TrackSet
    scores: Mapping[str, float]
    measured: Mapping[str, Path]

    @classmethod
    def read(cls, folder: Path, report: Path | None = None, peaks: Path | None = None) -> Viewable:
        """Read a tracks folder and what else is known of its markers.

        Parameters
        ----------
        report
            Folder of a report; without it, one that lies in the tracks folder is taken.
        peaks
            Markers table that names measured peaks, matched by name.

        Raises
        ------
        InputError
            When one of them is not what it should be, or none of the markers is in the table.
        """
        trackset = TrackSet.read(folder)
        if report is None and (folder / TABLE).is_file():
            report = folder
        measured: dict[str, Path] = {}
        if peaks is not None:
            markers = [track.marker for track in trackset.tracks]
            found, _ = match(Asked(peaks), folder, markers)
            measured = {marker.name: Path(marker.file) for marker in found}
        scores = {} if report is None else read_average_precision(report)
        return cls(folder, trackset, scores, measured)

    @cached_property
    def predicted(self) -> Regions:
        """The bases that were predicted: elsewhere, no value means nothing.

        Raises
        ------
        InputError
            When the file that says so is damaged.
        """
        return self.trackset.predicted(self.folder)

    def chosen(self, patterns: Sequence[str], few: int) -> tuple[Track, ...]:
        """The tracks of the markers that match, in the folder's order; without patterns, a few.

        Raises
        ------
        OptionError
            When a pattern matches no marker.
        """
        if not patterns:
            return self.best(few)
        markers = select_markers([track.marker for track in self.trackset.tracks], patterns)
        wanted = {marker.index for marker in markers}
        return tuple(track for track in self.trackset.tracks if track.marker.index in wanted)

    def best(self, few: int) -> tuple[Track, ...]:
        """Tracks to begin with: of each category in turn the best scored, then the first ones."""
        ranked = sorted(
            self.trackset.tracks, key=lambda track: -self.scores.get(track.marker.name, 0.0)
        )
        queues = [
            [track for track in ranked if track.marker.category == category]
            for category in CATEGORIES
        ]
        turns = [queue[place] for place in range(few) for queue in queues if place < len(queue)]
        wanted = {track.marker.index for track in turns[:few]}
        return tuple(track for track in self.trackset.tracks if track.marker.index in wanted)
