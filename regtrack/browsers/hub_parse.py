"""Reads `hub.txt` as the UCSC browser does: stanzas of settings, each with its line.

Knows nothing of how regtrack writes one, so that it can tell what is wrong with that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from regtrack.errors import InputError


class Problem(NamedTuple):
    """A broken rule: 1-based line of `hub.txt`, what it is about, what is wrong with it."""

    line: int
    subject: str
    problem: str


class Setting(NamedTuple):
    """What follows a setting's name, and its 1-based line."""

    value: str
    line: int


@dataclass(frozen=True)
class Stanza:
    """Settings between two blank lines.

    Parameters
    ----------
    kind, name
        Its first line, such as `track` and the track's name.
    line
        1-based number of that line.
    settings
        By name; of one that stands twice the first.
    """

    kind: str
    name: str
    line: int
    settings: Mapping[str, Setting]

    def get(self, setting: str) -> str:
        """A setting's value; empty where there is none."""
        entry = self.settings.get(setting)
        return entry.value if entry else ""

    def problem(self, problem: str, setting: str = "") -> Problem:
        """A broken rule of this stanza, at the line of a setting, or at its own."""
        entry = self.settings.get(setting)
        return Problem(entry.line if entry else self.line, f"{self.kind} {self.name}", problem)

    @property
    def parent(self) -> str:
        """Name of the track that it belongs to, if any."""
        return next(iter(self.get("parent").split()), "")

    @property
    def is_container(self) -> bool:
        """Whether it holds other tracks, and has no data of its own."""
        return bool({"superTrack", "compositeTrack", "view", "container"} & set(self.settings))


@dataclass(frozen=True)
class HubText:
    """A parsed `hub.txt`, and its lines that are no settings.

    Parameters
    ----------
    folder
        Where it lies: what its relative paths are relative to.
    """

    folder: Path
    stanzas: tuple[Stanza, ...]
    problems: tuple[Problem, ...]

    @property
    def tracks(self) -> tuple[Stanza, ...]:
        """All stanzas of tracks, in the file's order."""
        return tuple(stanza for stanza in self.stanzas if stanza.kind == "track")

    @property
    def data(self) -> tuple[Stanza, ...]:
        """The tracks that hold no others."""
        return tuple(track for track in self.tracks if not track.is_container)

    def children(self, name: str) -> tuple[Stanza, ...]:
        """The tracks whose parent has this name."""
        return tuple(track for track in self.tracks if track.parent == name)

    def below(self, name: str) -> tuple[Stanza, ...]:
        """The data tracks whose parent, or whose view's parent, has this name."""
        views = [child.name for child in self.children(name) if child.is_container]
        return tuple(track for track in self.data if track.parent in {name, *views})


def read_hub(path: Path) -> HubText:
    """Parse a `hub.txt`.

    Raises
    ------
    InputError
        When it is not text, or has no stanza.
    OSError
        When it cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(path, "not a text file (UTF-8 expected)") from error
    stanzas: list[Stanza] = []
    problems: list[Problem] = []
    for lines in _paragraphs(text):
        kind, name = lines[0].name, lines[0].value
        settings: dict[str, Setting] = {}
        for line in lines:
            if line.name in settings:
                problems.append(
                    Problem(line.line, f"{kind} {name}", f"{line.name} stands twice in the stanza")
                )
            elif not line.value:
                problems.append(
                    Problem(line.line, f"{kind} {name}", f"{line.name} has no value, expected one")
                )
            settings.setdefault(line.name, Setting(line.value, line.line))
        stanzas.append(Stanza(kind, name, lines[0].line, settings))
    if not stanzas:
        raise InputError(path, "is empty; expected a track hub")
    return HubText(path.parent, tuple(stanzas), tuple(problems))


class _Line(NamedTuple):
    line: int
    name: str
    value: str


def _paragraphs(text: str) -> Iterator[list[_Line]]:
    """Lines between blank ones; comments are skipped, a backslash continues a line."""
    paragraph: list[_Line] = []
    begun = ""
    for number, line in enumerate(text.split("\n"), start=1):
        whole = begun + line.rstrip("\r")
        if whole.endswith("\\"):
            begun = whole[:-1]
            continue
        begun = ""
        if whole.lstrip().startswith("#"):
            continue
        words = whole.split(None, 1)
        if words:
            paragraph.append(_Line(number, words[0], " ".join(words[1:]).strip()))
        elif paragraph:
            yield paragraph
            paragraph = []
    if paragraph:
        yield paragraph
