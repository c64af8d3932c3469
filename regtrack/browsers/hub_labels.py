"""The labels of a track hub: text that UCSC's browser takes, each unlike all others."""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from regtrack.genome.markers import Marker

# Letters that the browser shows beside a track, and above it.
SHORT, LONG = 17, 76

# What the label of a run may take of each.
_SHORT_TAG, _LONG_TAG = 4, 20
# What a target may take of a short label, when the cell does not fit beside the whole of it.
_TARGET = 10
# Mean something to web pages, or (the last one) continue a line.
_SPECIAL = '<>&"\\'


class Labels(NamedTuple):
    """Short and long label of a marker's two tracks, each unlike all others of its kind."""

    signal_short: str
    signal_long: str
    peaks_short: str
    peaks_long: str


class Tag(NamedTuple):
    """A run as the short and the long labels of its tracks have it."""

    short: str
    long: str


def plain(text: str) -> str:
    """Text in printable ASCII, with single spaces.

    Other characters become `_`; accents are dropped.
    """
    letters = []
    for letter in unicodedata.normalize("NFKD", text):
        if letter.isspace() or unicodedata.category(letter) == "Cc":
            letters.append(" ")
        elif not unicodedata.combining(letter):
            letters.append(letter if letter.isascii() and letter not in _SPECIAL else "_")
    return " ".join("".join(letters).split())


def field(text: str) -> str:
    """Text for a table's field: as `plain`, and without `|`, which UCSC takes for a label."""
    return plain(text.replace("|", " ")) or "NA"


def tags_of(labels: Sequence[str]) -> list[Tag]:
    """The runs of these labels, which differ: cut where they are long, or by number, `r2`.

    A number, where they would be alike.
    """
    return [
        Tag(*both) for both in zip(_cut(labels, _SHORT_TAG), _cut(labels, _LONG_TAG), strict=True)
    ]


def _cut(labels: Sequence[str], most: int) -> list[str]:
    cut = [plain(label)[:most].rstrip() for label in labels]
    differ = len({text.casefold() for text in cut}) == len(cut)
    return cut if differ and all(cut) else [f"r{number}" for number in range(1, len(cut) + 1)]


def labels_of(
    markers: Sequence[Marker], word: str = "probability", tags: Sequence[Tag] = ()
) -> list[Labels]:
    """Labels of all tracks of a hub, in the order of the markers.

    A short label leads with the target, as what is searched for; where it would stand twice,
    the marker's number stands behind it. A long label has the marker's name.

    Parameters
    ----------
    word
        What the values are.
    tags
        Of several runs, that of each marker's: it ends the labels.
    """
    short_ends = [f" {tag.short}" for tag in tags] or [""] * len(markers)
    long_ends = [f", {tag.long}" for tag in tags] or [""] * len(markers)
    numbers = [marker.index for marker in markers]
    short = [_short(marker) for marker in markers]
    names = [plain(marker.name) for marker in markers]
    shorts: set[str] = set()
    longs: set[str] = set()
    columns = (
        _unlike(short, numbers, SHORT, short_ends, shorts),
        _unlike(names, numbers, LONG, [f": predicted {word}{end}" for end in long_ends], longs),
        _unlike(short, numbers, SHORT, [f"{end} pk" for end in short_ends], shorts),
        _unlike(names, numbers, LONG, [f": predicted peaks{end}" for end in long_ends], longs),
    )
    return [Labels(*row) for row in zip(*columns, strict=True)]


def _short(marker: Marker) -> str:
    """`CTCF K562`, `GR A549 DEX_(500pM)`: to be cut at its end."""
    words = [plain(word) for word in (marker.target, marker.cell, marker.treatment)]
    target, *others = [word for word in words if word and word != "None"] or [plain(marker.name)]
    text = " ".join((target, *others))
    return (
        text if len(text) <= SHORT or not others else " ".join((target[:_TARGET].rstrip(), *others))
    )


def _unlike(
    texts: Sequence[str], numbers: Sequence[int], limit: int, tails: Sequence[str], taken: set[str]
) -> list[str]:
    """Texts cut to a length, each with its tail, and with a number where several are alike.

    Upper and lower case count as alike; what is in `taken` is avoided and added to.
    """
    whole = [
        (text[: limit - len(tail)].rstrip().lower(), tail)
        for text, tail in zip(texts, tails, strict=True)
    ]
    alike = Counter(whole)
    distinct = []
    for text, number, tail, label in zip(texts, numbers, tails, whole, strict=True):
        room = limit - len(tail)
        unique = text and alike[label] == 1
        ends = itertools.chain(
            [""] if unique else [],
            [f" #{number}"],
            (f" #{number}.{more}" for more in itertools.count(2)),
        )
        labels = (f"{text[: room - len(end)].rstrip()}{end}{tail}".strip() for end in ends)
        found = next(label for label in labels if label.lower() not in taken)
        taken.add(found.lower())
        distinct.append(found)
    return distinct
