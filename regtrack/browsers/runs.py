"""Tracks folders that are shown together: runs, each under its label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from regtrack.browsers.rows import common_axis_end
from regtrack.browsers.run_labels import labels_of_runs, reports_of_runs
from regtrack.browsers.scales import BaseRate, common_base_rate, scale_of
from regtrack.browsers.viewable import FEW, Viewable, in_turn, may_have_peaks, opening_locus
from regtrack.errors import InputError
from regtrack.genome.assemblies import describe, describe_other
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.intervals import Interval, IntervalSet, Regions
from regtrack.genome.markers import Marker, select_markers
from regtrack.genome.regions import parse_region
from regtrack.listing import first_names
from regtrack.paths import Labelled
from regtrack.report.palette import Look, looks_of
from regtrack.tracks.folder import Track

_LEAST = (
    3  # markers that are shown at first, of however many runs: one of each category of the paper
)


@dataclass(frozen=True)
class Run:
    """A tracks folder among those that are shown together.

    Parameters
    ----------
    place
        From 0, in the order in which they were named.
    label
        What it is called; no other run's label looks like it.
    """

    place: int
    label: str
    viewable: Viewable

    @property
    def network(self) -> str:
        """The network, with the first digits of its checksum: `dilated 8ec64fe4`."""
        model = self.viewable.trackset.model
        return f"{model['architecture']} {model['sha256'][:8]}"


class Stretches(NamedTuple):
    """Where something holds for some runs: the place of one of them, and all their labels.

    `labels` is empty where it holds for all.
    """

    place: int
    labels: tuple[str, ...]


class Entry(NamedTuple):
    """A marker's track of one run; `number` is that of no other one."""

    number: int
    run: Run
    track: Track


@dataclass(frozen=True)
class Runs:
    """Tracks folders of one genome.

    Parameters
    ----------
    runs
        In the order in which they were named.
    stride
        How far the numbers of a marker's entries are apart, from run to run; those of the first
        run are the markers' own.
    """

    runs: tuple[Run, ...]
    stride: int

    @classmethod
    def read(
        cls,
        folders: Sequence[Labelled],
        reports: Sequence[Labelled] = (),
        peaks: Path | None = None,
    ) -> Runs:
        """Read some tracks folders, and what else is known of their markers.

        Parameters
        ----------
        folders
            Without a label, a folder is called by its name.
        reports
            Of one folder, that of its report; of several, each with the label of its run. Else as
            `Viewable.read`.
        peaks
            As `Viewable.read`, of all runs.

        Raises
        ------
        InputError
            As `Viewable.read`; when one is of another genome than the first, told by the lengths of
            chromosomes, or has signals where that has probabilities.
        ArgumentError
            When a folder is named twice, or a label cannot be used.
        """
        labels = labels_of_runs(folders)
        by_label = reports_of_runs(reports, labels)
        return cls.of(
            [
                (label, Viewable.read(folder.path, by_label.get(label), peaks))
                for label, folder in zip(labels, folders, strict=True)
            ]
        )

    @classmethod
    def of(cls, labelled: Sequence[tuple[str, Viewable]]) -> Runs:
        """Runs of these labels.

        Raises
        ------
        InputError
            When one is of another genome than the first, or of other values.
        """
        for _, viewable in labelled[1:]:
            _check_alike(viewable, labelled[0][1])
        tracks = [track for _, viewable in labelled for track in viewable.trackset.tracks]
        looks = looks_of(track.marker.category for track in tracks)
        return cls(
            tuple(
                Run(place, label, replace(viewable, looks=looks))
                for place, (label, viewable) in enumerate(labelled)
            ),
            10 ** len(str(max(track.marker.index for track in tracks))),
        )

    @property
    def first(self) -> Viewable:
        """That of the run that was named first; of one run, all there is."""
        return self.runs[0].viewable

    @property
    def several(self) -> bool:
        """Whether there is more than one run, so that each has to be told."""
        return len(self.runs) > 1

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """All tracks, those of one marker of all runs side by side.

        Markers, told by their names, are in the order of the first run, then of the others.
        """
        return tuple(chain.from_iterable(self.by_name.values()))

    @cached_property
    def by_name(self) -> Mapping[str, Sequence[Entry]]:
        """The entries of each marker, in the order of `entries`."""
        found: dict[str, list[Entry]] = {}
        for run in self.runs:
            for track in run.viewable.trackset.tracks:
                number = run.place * self.stride + track.marker.index
                found.setdefault(track.marker.name, []).append(Entry(number, run, track))
        return found

    def telling(self, regions: Callable[[Viewable], Regions]) -> tuple[Stretches, ...]:
        """Runs with the same regions, together; those without any are left out."""
        groups: list[tuple[Regions, list[Run]]] = []
        for run in self.runs:
            here = regions(run.viewable)
            same = next((group for known, group in groups if known == here), None)
            if same is not None:
                same.append(run)
            elif here:
                groups.append((here, [run]))
        return tuple(
            Stretches(
                group[0].place,
                () if len(group) == len(self.runs) else tuple(run.label for run in group),
            )
            for _, group in groups
        )

    @cached_property
    def measured(self) -> Mapping[str, Path]:
        """File of the measured peaks, by name of marker: one for all runs."""
        return {name: path for run in self.runs for name, path in run.viewable.measured.items()}

    def base_rate(self, entry: Entry) -> BaseRate:
        """As `common_base_rate`, of an entry's marker in all runs.

        Raises
        ------
        InputError, OSError
            As `scale_of`.
        """
        alike = self.by_name[entry.track.marker.name]
        return common_base_rate([scale_of(one.run.viewable, one.track) for one in alike])

    def axis_end(self, entry: Entry, scale: str) -> float | None:
        """As `common_axis_end`, of an entry's marker in all runs.

        Raises
        ------
        InputError, OSError
            As `common_axis_end`.
        """
        alike = self.by_name[entry.track.marker.name]
        return common_axis_end([(one.run.viewable, one.track) for one in alike], scale)

    @cached_property
    def chrom_sizes(self) -> Mapping[str, int]:
        """Chromosomes of all runs, in the order of the first one, and their lengths in bases."""
        sizes: dict[str, int] = {}
        for run in self.runs:
            for chrom, size in run.viewable.trackset.chrom_sizes.items():
                sizes.setdefault(chrom, size)
        return sizes

    @property
    def looks(self) -> Mapping[str, Look]:
        """Of the categories of all markers."""
        return self.first.looks

    @property
    def word(self) -> str:
        """As `TrackSet.word`."""
        return self.first.trackset.word

    @cached_property
    def predicted(self) -> Regions:
        """The bases that were predicted in any run.

        Raises
        ------
        InputError
            As `Viewable.predicted`.
        """
        if not self.several:
            return self.first.predicted
        each = [run.viewable.predicted for run in self.runs]
        return {
            chrom: IntervalSet.union([bases[chrom] for bases in each if chrom in bases])
            for chrom in self.chrom_sizes
            if any(chrom in bases for bases in each)
        }

    def matching(self, patterns: Sequence[str]) -> tuple[Entry, ...]:
        """The entries of the markers that match, of any run; without patterns, all.

        Raises
        ------
        ArgumentError
            When a pattern matches no marker.
        """
        markers: dict[str, Marker] = {}
        for entry in self.entries:
            marker = entry.track.marker
            # In several runs different markers may have one number.
            markers.setdefault(marker.name, replace(marker, index=len(markers)))
        wanted = {marker.name for marker in select_markers(list(markers.values()), patterns)}
        return tuple(entry for entry in self.entries if entry.track.marker.name in wanted)

    def chosen(self, patterns: Sequence[str], few: int = FEW) -> tuple[Entry, ...]:
        """The entries of the markers that match; without patterns, a few: `best`.

        Raises
        ------
        ArgumentError
            When a pattern matches no marker.
        """
        return self.matching(patterns) if patterns else self.best(few)

    def only(self, entries: Sequence[Entry]) -> Runs:
        """The same runs, as if they held no other tracks; those without any are left out."""
        kept = [
            (run, tuple(entry.track for entry in entries if entry.run.place == run.place))
            for run in self.runs
        ]
        return replace(
            self,
            runs=tuple(
                replace(run, viewable=run.viewable.only(tracks)) for run, tracks in kept if tracks
            ),
        )

    def best(self, few: int = FEW) -> tuple[Entry, ...]:
        """Entries to begin with: about as many as `few`, of the same markers of all runs.

        Of one run, as `Viewable.best`. Of several, the markers that most runs have, of each
        category in turn those with the best mean of scores, `_LEAST` at least.
        """
        if not self.several:
            tracks = self.first.best(few)
        else:
            with_peaks = [
                alike
                for alike in self.by_name.values()
                if any(may_have_peaks(entry.track) for entry in alike)
            ]
            ranked = sorted(
                with_peaks or self.by_name.values(), key=lambda alike: (-len(alike), -_score(alike))
            )
            turns = in_turn(ranked, lambda alike: alike[0].track.marker.category)
            most = max(_LEAST, few // len(self.runs))
            tracks = tuple(entry.track for alike in turns[:most] for entry in alike)
        wanted = {id(track) for track in tracks}
        return tuple(entry for entry in self.entries if id(entry.track) in wanted)


def _score(alike: Sequence[Entry]) -> float:
    """The mean of a marker's scores, of the runs that know one."""
    scores = [entry.run.viewable.scores.get(entry.track.marker.name) for entry in alike]
    known = [score for score in scores if score is not None]
    return fmean(known) if known else 0.0


def opening_of(
    runs: Runs, shown: Sequence[Entry], region: str | None, genes: GeneRegions
) -> Interval:
    """The region that a user named; without one, `opening_locus` of the run that is shown first.

    Parameters
    ----------
    region
        As `regtrack.genome.regions.parse_region`: 1-based, both ends included.
    genes
        Of the tracks' genome: the region may be one.

    Returns
    -------
    Interval
        0-based, half-open.

    Raises
    ------
    InputError
        When the region is not of the tracks' genome, or a file of a folder is damaged.
    """
    if region is not None:
        return parse_region(region, runs.chrom_sizes, genes)
    first = shown[0].run
    tracks = [entry.track for entry in shown if entry.run is first]
    return opening_locus(first.viewable, tracks)


def _check_alike(one: Viewable, first: Viewable) -> None:
    """Refuse tracks that cannot stand beside those of the first run.

    Raises
    ------
    InputError
        When they are of another genome, or of other values.
    """
    sizes, known = one.trackset.chrom_sizes, first.trackset.chrom_sizes
    for chrom, size in sizes.items():
        if known.get(chrom, size) != size:
            raise InputError(
                one.folder,
                f"is of {describe(sizes, chrom)}, but {first.folder} is of "
                f"{describe_other(known, chrom, sizes)}; expected runs of one assembly",
            )
    if not known.keys() & sizes.keys():
        raise InputError(
            one.folder,
            f"has {first_names(sizes)}, but {first.folder} has {first_names(known)}; expected runs "
            "of one assembly",
        )
    if one.trackset.word != first.trackset.word:
        raise InputError(
            one.folder,
            f"is of values of another kind ({one.trackset.word}) than {first.folder} "
            f"({first.trackset.word}); they cannot be compared",
        )
