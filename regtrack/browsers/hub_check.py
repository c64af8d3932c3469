"""`regtrack hub --check`: names, labels, parents, files and table of a hub are what they must be.

Labels are to be shown whole and to tell siblings apart, which UCSC's hubCheck does not test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from regtrack.browsers.hub_check_facets import check_facets
from regtrack.browsers.hub_check_files import check_files
from regtrack.browsers.hub_parse import HubText, Problem, Stanza, read_hub
from regtrack.errors import InputError
from regtrack.listing import counted

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PRINTABLE = re.compile(r"[ -~]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_ASSEMBLY = re.compile(r"[a-z]+[A-Z]?[A-Za-z]*[0-9]+|GC[AF]_[0-9]+\.[0-9]+")
_LONGEST = {"shortLabel": 17, "longLabel": 76}
_NEEDED = {
    "hub": ("shortLabel", "longLabel", "email", "useOneFile"),
    "genome": (),
    "track": ("shortLabel", "longLabel"),
}


@dataclass(frozen=True)
class Checked:
    """The result of checking a hub."""

    path: Path
    problems: tuple[Problem, ...]
    tracks: int

    @property
    def broken(self) -> int:
        """Number of broken rules."""
        return len(self.problems)

    @property
    def text(self) -> str:
        """A line per broken rule; or one that says what was tested."""
        if not self.problems:
            return f"{self.path}: {counted(self.tracks, 'track')} with data, no rule broken"
        return "\n".join(
            _on_one_line(f"{self.path}:{line}: {subject}: {problem}")
            for line, subject, problem in self.problems
        )

    def check(self) -> None:
        """Refuse a hub with a broken rule.

        Raises
        ------
        InputError
            With their number.
        """
        if self.broken:
            raise InputError(self.path, counted(self.broken, "broken rule"))


def _on_one_line(text: str) -> str:
    """Text of a file for a terminal: unprintable characters are escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def check_hub(path: Path) -> Checked:
    """Test a hub by the rules of UCSC's format; no network is needed.

    Parameters
    ----------
    path
        Of a `hub.txt`, or of the folder in which one lies.

    Raises
    ------
    InputError
        When there is no hub, or its text cannot be parsed at all.
    OSError
        When it cannot be read.
    """
    text = path / "hub.txt" if path.is_dir() else path
    if not text.exists():
        raise InputError(
            text, "no such hub; regtrack hub TRACKS --url BASE --email ADDRESS writes one"
        )
    hub = read_hub(text)
    rules = (
        _check_kinds,
        _check_needed,
        _check_names,
        _check_labels,
        _check_parents,
        check_facets,
        check_files,
    )
    problems = [*hub.problems, *(problem for rule in rules for problem in rule(hub))]
    return Checked(text, tuple(sorted(problems)), len(hub.data))


def _check_kinds(hub: HubText) -> Iterator[Problem]:
    """One hub, then one genome, then tracks."""
    for place, stanza in enumerate(hub.stanzas):
        expected = {0: "hub", 1: "genome"}.get(place, "track")
        if stanza.kind != expected:
            yield stanza.problem(f"stanza {place + 1} of the file, expected a {expected}")
    if not hub.data:
        yield hub.stanzas[-1].problem("no track with data follows, expected one or more")


def _check_needed(hub: HubText) -> Iterator[Problem]:
    for stanza in hub.stanzas:
        needed = list(_NEEDED.get(stanza.kind, ()))
        if stanza.kind == "track" and not stanza.is_container:
            needed += ["type", "bigDataUrl"]
        if "compositeTrack" in stanza.settings:
            needed.append("type")
        for setting in needed:
            if setting not in stanza.settings:
                yield stanza.problem(f"no {setting}, expected one")
        if stanza.kind == "hub":
            if "email" in stanza.settings and not _EMAIL.fullmatch(stanza.get("email")):
                yield stanza.problem(
                    f"email {stanza.get('email')!r}, expected name@example.org", "email"
                )
            if stanza.get("useOneFile") not in {"", "on"}:
                yield stanza.problem("useOneFile is not on, expected it to be", "useOneFile")
        if stanza.kind == "genome" and not _ASSEMBLY.fullmatch(stanza.name):
            yield stanza.problem("not a genome of UCSC's, expected a name such as hg19")


def _check_names(hub: HubText) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for track in hub.tracks:
        if not _NAME.fullmatch(track.name):
            yield track.problem("bad name, expected a letter, then letters, digits, underscores")
        if track.name in first:
            yield track.problem(
                f"the name of line {first[track.name]} again, expected one of its own"
            )
        first.setdefault(track.name, track.line)


def _check_labels(hub: HubText) -> Iterator[Problem]:
    first: dict[tuple[str, str, str], int] = {}
    for stanza in hub.stanzas:
        for setting, longest in _LONGEST.items():
            label = stanza.get(setting)
            if not label:
                continue
            if len(label) > longest:
                yield stanza.problem(
                    f"{setting} of {len(label)} letters, expected {longest} at most", setting
                )
            if not _PRINTABLE.fullmatch(label):
                yield stanza.problem(f"{setting} {label!r}, expected plain ASCII", setting)
            if not stanza.parent:
                continue
            # Tracks of different parents are told apart by these.
            place = (stanza.parent, setting, label)
            line = stanza.settings[setting].line
            if first.setdefault(place, line) != line:
                yield stanza.problem(
                    f"{setting} {label!r} of line {first[place]} again, expected one of its own",
                    setting,
                )


def _check_parents(hub: HubText) -> Iterator[Problem]:
    known = {track.name: track for track in hub.tracks}
    for track in hub.tracks:
        words = track.get("parent").split()
        if words:
            parent = known.get(words[0])
            if parent is None:
                yield track.problem(f"no parent {words[0]!r}, expected a track", "parent")
            elif not parent.is_container or parent is track:
                yield track.problem(
                    f"parent {words[0]!r} holds no tracks, expected a composite or a view",
                    "parent",
                )
            if words[1:] not in ([], ["on"], ["off"]):
                yield track.problem(
                    f"parent {track.get('parent')!r}, expected a name, and on or off", "parent"
                )
        if "view" in track.settings and not _is_composite(known.get(track.parent)):
            yield track.problem("a view outside of a composite, expected one as parent", "view")
        if track.is_container and not hub.children(track.name):
            yield track.problem("holds no track, expected one or more")


def _is_composite(track: Stanza | None) -> bool:
    return track is not None and track.get("compositeTrack") == "on"
