"""A tracks folder as genome browsers see it: tracks, how good they are, where to open it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from regtrack.errors import InputError
from regtrack.genome.intervals import Interval, IntervalSet, Regions, total_bases
from regtrack.genome.markers import in_order, select_markers
from regtrack.genome.measured import is_table
from regtrack.listing import names_and_rest
from regtrack.notes import note
from regtrack.report.palette import Look, looks_of
from regtrack.report.scores_table import NO_SCORES, PAGE, TABLE, read_scores
from regtrack.scoring.request import ScoreRequest, match_measured
from regtrack.tracks.folder import Track, TrackSet
from regtrack.tracks.peaks.files import read_peaks, strongest_first
from regtrack.tracks.repeats import read_repeats

_NAMED = 3  # stretches that are named where there are more
FEW = 8  # markers that are shown at first: more would fill the screen and take long to load

T = TypeVar("T")


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
    base_rates
        What a random track would have of it, by name of marker, from the same report.
    measured
        File of the measured peaks, by name of marker.
    report_page
        `report.html` of the same report, where it really lies; None where there is none.
    looks
        Of the categories of all markers of the folder, whichever are shown.
    """

    folder: Path
    trackset: TrackSet
    scores: Mapping[str, float]
    base_rates: Mapping[str, float]
    measured: Mapping[str, Path]
    report_page: Path | None = None
    looks: Mapping[str, Look] = field(default_factory=lambda: looks_of([]))

    @classmethod
    def read(cls, folder: Path, report: Path | None = None, peaks: Path | None = None) -> Viewable:
        """Read a tracks folder and what else is known of its markers.

        Parameters
        ----------
        report
            Folder of a report; without it, one that lies in the tracks folder is taken.
        peaks
            Measured peaks, as `regtrack.scoring.request.ScoreRequest` takes them.

        Raises
        ------
        InputError
            When one of them is not what it should be, or is of other markers.
        """
        trackset = TrackSet.read(folder)
        if report is None and (folder / TABLE).is_file():
            report = folder
        markers = [track.marker for track in trackset.tracks]
        measured: dict[str, Path] = {}
        if peaks is not None:
            matched, without = match_measured(ScoreRequest(peaks), folder, markers)
            if without and not is_table(peaks):
                note(f"{peaks}: no peaks of {names_and_rest(without)}")
            measured = {marker.name: Path(marker.file) for marker in matched}
        scores = NO_SCORES if report is None else read_scores(report)
        scored = scores.average_precision
        if scored and not any(marker.name in scored for marker in markers):
            raise InputError(
                report or folder,
                f"a report of other markers than those of {folder}: it has "
                f"{next(iter(scored))!r} ..., that has {markers[0].name!r} ...",
            )
        page = None if report is None else (report / PAGE).resolve()
        return cls(
            folder,
            trackset,
            scores.average_precision,
            scores.base_rates,
            measured,
            page if page and page.is_file() else None,
            looks_of(marker.category for marker in markers),
        )

    def file(self, name: str) -> Path:
        """Where a file of the folder really lies, at this moment.

        Raises
        ------
        InputError
            When it lies outside of the folder, which need not have been so at the start.
        """
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root):
            raise InputError(self.folder / name, "lies outside of the tracks folder; not served")
        return path

    @cached_property
    def _root(self) -> Path:
        """The folder itself, whatever links led to it when it was read."""
        return self.folder.resolve()

    @cached_property
    def predicted(self) -> Regions:
        """The bases that were predicted: elsewhere, no value means nothing.

        Raises
        ------
        InputError
            When the file that says so is damaged.
        """
        return self.trackset.predicted(self.folder)

    @property
    def predicted_stretches(self) -> str:
        """Where anything was predicted, in words."""
        return stretches_text(self.predicted)

    @cached_property
    def trained(self) -> Regions:
        """Those of them that the network was trained on; none where that is not known.

        Raises
        ------
        InputError, OSError
            When the file that says so is damaged, or cannot be read.
        """
        seen = self.trackset.seen(self.folder)
        return {} if seen is None else seen.train

    @property
    def trained_words(self) -> str:
        """Whether it was trained on what was predicted: `trained here: not known`."""
        if self.trackset.seen_bases is None:
            return "trained here: not known"
        trained = total_bases(self.trained)
        if not trained:
            return "trained here: no"
        return f"trained here: yes, on {trained:,} of {total_bases(self.predicted):,} bases"

    @cached_property
    def repeats(self) -> Regions:
        """Tandem repeats with peaks of more than half of all markers; none where nobody looked.

        Raises
        ------
        InputError, OSError
            When the file that says so is damaged, or cannot be read.
        """
        counts = self.trackset.repeats
        return read_repeats(self.folder, counts, self.trackset.chrom_sizes) if counts else {}

    def chosen(self, patterns: Sequence[str], few: int = FEW) -> tuple[Track, ...]:
        """The tracks of the markers that match, in the folder's order; without patterns, a few.

        Raises
        ------
        ArgumentError
            When a pattern matches no marker.
        """
        return self.matching(patterns) if patterns else self.best(few)

    def matching(self, patterns: Sequence[str]) -> tuple[Track, ...]:
        """The tracks of the markers that match, in the folder's order; without patterns, all.

        Raises
        ------
        ArgumentError
            When a pattern matches no marker.
        """
        markers = select_markers([track.marker for track in self.trackset.tracks], patterns)
        wanted = {marker.index for marker in markers}
        return tuple(track for track in self.trackset.tracks if track.marker.index in wanted)

    def only(self, tracks: tuple[Track, ...]) -> Viewable:
        """The same folder, as if it held no other tracks."""
        return replace(self, trackset=replace(self.trackset, tracks=tracks))

    def best(self, few: int = FEW) -> tuple[Track, ...]:
        """Tracks to begin with: of each category in turn the best scored, then the first ones.

        None without peaks, unless there are no others, so that what is shown first has some.
        """
        with_peaks = [track for track in self.trackset.tracks if may_have_peaks(track)]
        ranked = sorted(
            with_peaks or self.trackset.tracks,
            key=lambda track: -self.scores.get(track.marker.name, 0.0),
        )
        turns = in_turn(ranked, lambda track: track.marker.category)
        wanted = {track.marker.index for track in turns[:few]}
        return tuple(track for track in self.trackset.tracks if track.marker.index in wanted)


def may_have_peaks(track: Track) -> bool:
    """False where none were to be called, or no value reaches the threshold."""
    reached = track.summary is None or track.summary.highest >= track.threshold
    return reached and not track.no_peaks


def stretches_text(regions: Regions) -> str:
    """The first few stretches of some regions, with their lengths."""
    stretches = [
        Interval(chrom, start, end)
        for chrom, bases in regions.items()
        for start, end in itertools.islice(bases, _NAMED)
    ]
    listed = ", ".join(f"{stretch} ({len(stretch):,} bases)" for stretch in stretches[:_NAMED])
    more = sum(map(len, regions.values())) - len(stretches[:_NAMED])
    return f"{listed} and {more:,} more" if more else listed


def in_turn(ranked: Sequence[T], category: Callable[[T], str]) -> list[T]:
    """What is ranked, the first of each category before the second of any."""
    queues = [
        [one for one in ranked if category(one) == name] for name in in_order(map(category, ranked))
    ]
    rounds = itertools.zip_longest(*queues)
    return [one for each in rounds for one in each if one is not None]


WHOLE = 1_000_000  # bases within which all that was predicted is shown at once
AROUND = 25_000  # bases on each side of a peak: what the published networks read at once, twice


def opening_locus(viewable: Viewable, tracks: Sequence[Track]) -> Interval:
    """All that was predicted, or a part of it.

    All, where it lies within `WHOLE` bases of one chromosome; else `strongest_locus`.

    Returns
    -------
    Interval
        0-based, half-open.

    Raises
    ------
    InputError
        When a file of the folder is damaged.
    """
    if len(viewable.predicted) == 1:
        ((chrom, bases),) = viewable.predicted.items()
        whole = Interval(chrom, int(bases.starts[0]), int(bases.ends[-1]))
        if len(whole) <= WHOLE:
            return whole
    return strongest_locus(viewable, tracks)


def strongest_locus(viewable: Viewable, tracks: Sequence[Track]) -> Interval:
    """The strongest predicted peak of the first track that has one, and what lies around it.

    The strongest is the first of `strongest_first`.

    Without any peak, the beginning of what was predicted; without that, of the genome.

    Parameters
    ----------
    tracks
        Those that are shown, in their order.

    Returns
    -------
    Interval
        0-based, half-open; `AROUND` bases on each side of the summit, fewer at the ends of the
        stretch that was predicted.

    Raises
    ------
    InputError
        When a file of the folder is damaged.
    """
    sizes = viewable.trackset.chrom_sizes
    for track in tracks:
        peaks = strongest_first(read_peaks(viewable.folder / track.peaks, track.most))
        if peaks:
            highest = peaks[0]
            summit = highest.start + highest.summit
            start, end = max(summit - AROUND, 0), min(summit + AROUND, sizes[highest.chrom])
            predicted = viewable.predicted.get(highest.chrom, IntervalSet.of([], []))
            stretches = predicted.clip(start, end)
            here = (stretch for stretch in stretches if stretch[0] <= summit < stretch[1])
            return Interval(highest.chrom, *next(here, (start, end)))
    for chrom, predicted in viewable.predicted.items():
        start, end = next(iter(predicted))
        return Interval(chrom, start, min(end, start + 2 * AROUND))
    chrom, size = next(iter(sizes.items()))
    return Interval(chrom, 0, min(size, 2 * AROUND))


def is_predicted(predicted: Regions, region: Interval) -> bool:
    """Whether any base of a region was predicted."""
    intervals = predicted.get(region.chrom)
    return intervals is not None and len(intervals.clip(region.start, region.end)) > 0
