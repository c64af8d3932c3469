"""What a track hub is to be: where it will stand, what it is called, which tracks are in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

from regtrack.browsers.hub_labels import Labels, labels_of
from regtrack.browsers.viewable import Viewable
from regtrack.errors import OptionError
from regtrack.evaluation.scores_table import TABLE, read_base_rates
from regtrack.genome.markers import Marker

HUB = "hub.txt"
FOLDER = "hub"
METADATA = f"{FOLDER}/metadata.tsv"
COLOURS = f"{FOLDER}/colors.json"
PAGE = f"{FOLDER}/description.html"
STYLES = ("faceted", "composite")

# Markers whose tracks are shown at first: more would fill the screen and take long to load.
_FIRST = 8
_ASSEMBLY = re.compile(r"[a-z]+[A-Z]?[A-Za-z]*\d+|GC[AF]_\d{9}\.\d+")
_ADDRESS = re.compile(r"[!-~]+")
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")


@dataclass(frozen=True)
class Wish:
    """A hub as users ask for it.

    Parameters
    ----------
    url
        Where the tracks folder will be on the web.
    email
        Whom users of the hub can write to; UCSC wants one.
    style
        One of `STYLES`.
    assembly
        UCSC's name of the genome; without it, that of the model.
    markers
        As `regtrack.genome.markers.select_markers`.
    report
        Folder of a report; without it, one that lies in the tracks folder.

    Raises
    ------
    OptionError
        When the address or the e-mail address is none.
    """

    url: str
    email: str
    style: str = STYLES[0]
    assembly: str | None = None
    markers: Sequence[str] = ()
    report: Path | None = None

    def __post_init__(self) -> None:
        if not _is_folder_address(self.url):
            raise OptionError(
                "--url",
                f"expected where the folder will be on the web, such as "
                f"https://example.org/tracks, got {self.url!r}",
            )
        if not _EMAIL.fullmatch(self.email):
            raise OptionError("--email", f"expected name@example.org, got {self.email!r}")

    @property
    def base(self) -> str:
        """The address without a slash at its end."""
        return self.url.rstrip("/")


@dataclass(frozen=True)
class HubTrack:
    """One marker of a hub.

    Parameters
    ----------
    key
        Letters and digits, as the browser cuts track names at underscores.
    bigwig, bigbed
        Paths relative to the hub; no bigBed where no peak was called.
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

    wish: Wish
    viewable: Viewable
    assembly: str
    tracks: tuple[HubTrack, ...]

    @classmethod
    def read(cls, folder: Path, wish: Wish) -> Hub:
        """The hub of a tracks folder, as if each marker had called peaks.

        Raises
        ------
        InputError
            As `Viewable.read`.
        OptionError
            When UCSC cannot know the assembly, or a pattern matches no marker.
        """
        viewable = Viewable.read(folder, wish.report)
        trackset = viewable.trackset
        chosen = viewable.chosen(wish.markers, len(trackset.tracks))
        viewable = replace(viewable, trackset=replace(trackset, tracks=chosen))
        first = {track.marker.index for track in viewable.best(_FIRST)}
        report = wish.report or folder
        rates = read_base_rates(report) if (report / TABLE).is_file() else {}
        labels = labels_of([track.marker for track in chosen])
        return cls(
            wish,
            viewable,
            _known_assembly(wish.assembly, trackset.model["assembly"]),
            tuple(
                HubTrack(
                    track.marker,
                    f"m{track.marker.index}",
                    named,
                    quote(track.bigwig),
                    f"{FOLDER}/{track.marker.slug}.bb",
                    track.marker.index in first,
                    viewable.scores.get(track.marker.name),
                    rates.get(track.marker.name),
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
    def address(self) -> str:
        """What opens the hub in UCSC's browser."""
        hub = quote(f"{self.wish.base}/{HUB}", safe=":/")
        return f"https://genome.ucsc.edu/cgi-bin/hgTracks?db={self.assembly}&hubUrl={hub}"


def _is_folder_address(url: str) -> bool:
    """Whether files can be named by what follows a web address."""
    if not _ADDRESS.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:  # such as half an IPv6 address
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(host)
        and not {"?", "#"} & set(url)
        and not parts.path.endswith(HUB)
    )


def _known_assembly(asked: str | None, of_model: str) -> str:
    name = of_model if asked is None else asked
    if _ASSEMBLY.fullmatch(name):
        return name
    got = f"got {name!r}"
    if asked is None:
        got = f"the model has {name!r}: pass --assembly hg19, or what it is"
    raise OptionError("--assembly", f"expected UCSC's name of a genome, such as hg19; {got}")
