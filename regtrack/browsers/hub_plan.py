"""The plan of a track hub: its address and its tracks."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from regtrack.browsers.hub_labels import Labels, labels_of
from regtrack.browsers.reference import folder_address, is_ucsc_name
from regtrack.browsers.rows import SCALES, axis_end
from regtrack.browsers.viewable import Viewable
from regtrack.errors import ArgumentError
from regtrack.genome.assemblies import contradiction
from regtrack.genome.markers import Marker
from regtrack.tracks.folder import TrackSet

HUB = "hub.txt"
FOLDER = "hub"
METADATA = f"{FOLDER}/metadata.tsv"
COLOURS_FILE = f"{FOLDER}/colors.json"
PAGE = f"{FOLDER}/description.html"
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
    report
        Folder of a report; without it, one that lies in the tracks folder.

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
    report: Path | None = None

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
    """One marker of a hub.

    Parameters
    ----------
    key
        Letters and digits, as the browser cuts track names at underscores.
    bigwig, bigbed
        Paths relative to the hub; no bigBed where no peak was called.
    threshold, axis_end
        Value from which peaks were called; as `axis_end`.
    top
        As `Track.top`.
    on
        Whether it is shown at first.
    score, base_rate
        Average precision, and what a random track would have of it; None where not known.
    """

    marker: Marker
    key: str
    labels: Labels
    bigwig: str
    bigbed: str | None
    threshold: float
    axis_end: float | None
    top: float
    on: bool
    score: float | None
    base_rate: float | None


@dataclass(frozen=True)
class Hub:
    """All that the files of a hub are made from.

    Parameters
    ----------
    viewable
        Only with the tracks that are in the hub.
    """

    options: HubOptions
    viewable: Viewable
    assembly: str
    tracks: tuple[HubTrack, ...]

    @classmethod
    def read(cls, folder: Path, options: HubOptions) -> Hub:
        """The hub of a tracks folder, as if each marker had called peaks.

        Raises
        ------
        InputError
            As `Viewable.read`, and as `axis_end`.
        ArgumentError
            When UCSC cannot know the assembly, it is not that of the tracks by its chromosomes'
            lengths, or a pattern matches no marker.
        """
        viewable = Viewable.read(folder, options.report)
        trackset = viewable.trackset
        chosen = viewable.matching(options.markers)
        viewable = replace(viewable, trackset=replace(trackset, tracks=chosen))
        first = {track.marker.index for track in viewable.best()}
        labels = labels_of([track.marker for track in chosen], trackset.word)
        return cls(
            options,
            viewable,
            _known_assembly(options.assembly, folder, trackset),
            tuple(
                HubTrack(
                    marker=track.marker,
                    key=f"m{track.marker.index}",
                    labels=named,
                    bigwig=quote(track.bigwig),
                    bigbed=f"{FOLDER}/{track.marker.slug}.bb",
                    threshold=track.threshold,
                    axis_end=axis_end(viewable, track, options.scale),
                    top=track.top,
                    on=track.marker.index in first,
                    score=viewable.scores.get(track.marker.name),
                    base_rate=viewable.base_rates.get(track.marker.name),
                )
                for track, named in zip(chosen, labels, strict=True)
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
        return self.viewable.trackset.word

    @property
    def address(self) -> str:
        """What opens the hub in UCSC's browser."""
        hub = quote(f"{self.options.base}/{HUB}", safe=":/")
        return f"https://genome.ucsc.edu/cgi-bin/hgTracks?db={self.assembly}&hubUrl={hub}"


def _known_assembly(wanted: str | None, folder: Path, trackset: TrackSet) -> str:
    name = trackset.assembly if wanted is None else wanted
    if is_ucsc_name(name):
        if wanted and (other := contradiction(trackset.chrom_sizes, wanted)):
            raise ArgumentError("assembly", f"{folder} is of {other}")
        return name
    got = f"got {name!r}"
    if wanted is None:
        got = f"the tracks are of {name!r}: pass --assembly hg19, or what it is"
    raise ArgumentError("assembly", f"expected UCSC's name of a genome, such as hg19; {got}")
