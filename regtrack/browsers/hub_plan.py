"""The plan of a track hub: its address and its tracks."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from regtrack.browsers.hub_labels import Labels, labels_of, tags_of
from regtrack.browsers.reference import folder_address, is_ucsc_name
from regtrack.browsers.rows import SCALES
from regtrack.browsers.runs import Entry, Run, Runs
from regtrack.errors import ArgumentError
from regtrack.genome.assemblies import contradiction
from regtrack.genome.markers import Marker
from regtrack.paths import Labelled

HUB = "hub.txt"
FOLDER = "hub"
METADATA = f"{FOLDER}/metadata.tsv"
COLOURS_FILE = f"{FOLDER}/colors.json"
PAGE = f"{FOLDER}/description.html"
RUNS = f"{FOLDER}/runs.tsv"  # of several runs; a folder that has it is a hub of such
STYLES = ("faceted", "composite")

_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")


@dataclass(frozen=True)
class HubOptions:
    """The options of a hub.

    Parameters
    ----------
    url
        Where the tracks folder will be on the web.
    email
        Whom users of the hub can write to; UCSC wants one.
    style
        One of `STYLES`.
    scale
        Of the signals' axes: one of `SCALES`.
    assembly
        UCSC's name of the genome; without it, that of the model.
    markers
        As `regtrack.genome.markers.select_markers`.
    reports
        As `Runs.read`.
    out
        The folder of a hub of several runs; None for that of one, which lies in its tracks folder.

    Raises
    ------
    ArgumentError
        When the address or the e-mail address is none.
    """

    url: str
    email: str
    style: str = STYLES[0]
    scale: str = SCALES[0]
    assembly: str | None = None
    markers: Sequence[str] = ()
    reports: Sequence[Labelled] = ()
    out: Path | None = None

    def __post_init__(self) -> None:
        if self.base.endswith(f"/{HUB}"):
            raise ArgumentError(
                "url", f"expected where the folder will be on the web, got that of a {HUB}"
            )
        if not _EMAIL.fullmatch(self.email):
            raise ArgumentError("email", f"expected name@example.org, got {self.email!r}")

    @property
    def base(self) -> str:
        """The address without a slash at its end."""
        return folder_address(self.url)


@dataclass(frozen=True)
class HubTrack:
    """One marker of a hub, or one of a run.

    Parameters
    ----------
    key
        Letters and digits, as the browser cuts track names at underscores.
    bigwig, bigbed
        Paths relative to the hub, as addresses have them; no bigBed where no peak was called.
    axis_end
        As `Runs.axis_end`.
    on
        Whether it is shown at first.
    """

    entry: Entry
    key: str
    labels: Labels
    bigwig: str
    bigbed: str | None
    axis_end: float | None
    on: bool

    @property
    def marker(self) -> Marker:
        """What was predicted."""
        return self.entry.track.marker

    @property
    def score(self) -> float | None:
        """Average precision; None where it is not known."""
        return self.entry.run.viewable.scores.get(self.marker.name)

    @property
    def base_rate(self) -> float | None:
        """What a random track would have of it; None where it is not known."""
        return self.entry.run.viewable.base_rates.get(self.marker.name)


@dataclass(frozen=True)
class Hub:
    """All that the files of a hub are made from.

    Parameters
    ----------
    runs
        Only with the tracks that are in the hub.
    """

    options: HubOptions
    runs: Runs
    assembly: str
    tracks: tuple[HubTrack, ...]

    @classmethod
    def read(cls, folders: Sequence[Labelled], options: HubOptions) -> Hub:
        """The hub of some tracks folders, as if each marker had called peaks.

        Raises
        ------
        InputError
            As `Runs.read`, and as `Runs.axis_end`.
        ArgumentError
            As `Runs.read`; when UCSC cannot know the assembly, it is not that of the tracks by its
            chromosomes' lengths, a pattern matches no marker, or several folders have no `out`.
        """
        if options.out is None and len(folders) > 1:
            raise ArgumentError(
                "out", "is missing: a hub of several tracks folders has a folder of its own"
            )
        runs = Runs.read(folders, options.reports)
        chosen = runs.matching(options.markers)
        runs = runs.only(chosen)
        on = {entry.number for entry in runs.best()}
        in_runs = options.out is not None
        return cls(
            options,
            runs,
            _known_assembly(options.assembly, runs),
            tuple(
                HubTrack(
                    entry=entry,
                    key=_key(entry, in_runs),
                    labels=labels,
                    bigwig=quote(f"{run_folder(entry.run)}/{entry.track.bigwig}")
                    if in_runs
                    else quote(entry.track.bigwig),
                    bigbed=f"{run_folder(entry.run) if in_runs else FOLDER}/"
                    f"{entry.track.marker.slug}.bb",
                    axis_end=runs.axis_end(entry, options.scale),
                    on=entry.number in on,
                )
                for entry, labels in zip(runs.entries, _labels(runs, in_runs), strict=True)
            ),
        )

    def without_peaks(self, keys: Collection[str]) -> Hub:
        """The same hub, some of whose markers have no called peak."""
        return replace(
            self,
            tracks=tuple(
                replace(track, bigbed=None) if track.key in keys else track for track in self.tracks
            ),
        )

    @property
    def word(self) -> str:
        """As `TrackSet.word`."""
        return self.runs.word

    @property
    def in_runs(self) -> bool:
        """Whether it is one of several runs, and says of each track of which it is."""
        return self.options.out is not None

    @property
    def address(self) -> str:
        """What opens the hub in UCSC's browser."""
        hub = quote(f"{self.options.base}/{HUB}", safe=":/")
        return f"https://genome.ucsc.edu/cgi-bin/hgTracks?db={self.assembly}&hubUrl={hub}"


def run_folder(run: Run) -> str:
    """The folder of a run's files in a hub: `2_new_model`, in letters that all systems know."""
    slug = re.sub(r"[^A-Za-z0-9.-]+", "_", run.label).strip("_")
    return f"{run.place + 1}_{slug}"


def _key(entry: Entry, in_runs: bool) -> str:
    """`m12`, or of the second run `r2m12`."""
    key = f"m{entry.track.marker.index}"
    return f"r{entry.run.place + 1}{key}" if in_runs else key


def _labels(runs: Runs, in_runs: bool) -> list[Labels]:
    """Labels of all entries, which name their runs where there are any to tell apart."""
    markers = [entry.track.marker for entry in runs.entries]
    if not in_runs:
        return labels_of(markers, runs.word)
    labels = {run.place: run.label for run in runs.runs}
    tags = dict(zip(labels, tags_of(list(labels.values())), strict=True))
    return labels_of(markers, runs.word, [tags[entry.run.place] for entry in runs.entries])


def _known_assembly(wanted: str | None, runs: Runs) -> str:
    names = list(dict.fromkeys(run.viewable.trackset.assembly for run in runs.runs))
    if wanted is None and len(names) > 1:
        raise ArgumentError(
            "assembly", f"the tracks are of {' and '.join(map(repr, names))}; expected UCSC's name"
        )
    name = names[0] if wanted is None else wanted
    if is_ucsc_name(name):
        if wanted and (other := contradiction(runs.chrom_sizes, wanted)):
            raise ArgumentError("assembly", f"{runs.first.folder} is of {other}")
        return name
    got = f"got {name!r}"
    if wanted is None:
        got = f"the tracks are of {name!r}: pass --assembly hg19, or what it is"
    raise ArgumentError("assembly", f"expected UCSC's name of a genome, such as hg19; {got}")
