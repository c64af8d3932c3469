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


def labels_of(markers: Sequence[Marker], word: str = "probability") -> list[Labels]:
    """Labels of all tracks of a hub, in the order of the markers.

    A short label leads with the target, as what is searched for; where it would stand twice,
    the marker's number stands behind it. A long label has the marker's name.

    Parameters
    ----------
    word
        What the values are.
    """
    numbers = [marker.index for marker in markers]
    short = [_short(marker) for marker in markers]
    names = [plain(marker.name) for marker in markers]
    shorts: set[str] = set()
    longs: set[str] = set()
    columns = (
        _unlike(short, numbers, SHORT, "", shorts),
        _unlike(names, numbers, LONG, f": predicted {word}", longs),
        _unlike(short, numbers, SHORT, " pk", shorts),
        _unlike(names, numbers, LONG, ": predicted peaks", longs),
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
    texts: Sequence[str], numbers: Sequence[int], limit: int, tail: str, taken: set[str]
) -> list[str]:
    """Texts cut to a length, each with the tail, and with a number where several are alike.

    Upper and lower case count as alike; what is in `taken` is avoided and added to.
    """
    room = limit - len(tail)
    alike = Counter(text[:room].rstrip().lower() for text in texts)
    distinct = []
    for text, number in zip(texts, numbers, strict=True):
        unique = text and alike[text[:room].rstrip().lower()] == 1
        ends = itertools.chain(
            [""] if unique else [],
            [f" #{number}"],
            (f" #{number}.{more}" for more in itertools.count(2)),
        )
        labels = (f"{text[: room - len(end)].rstrip()}{end}{tail}".strip() for end in ends)
        label = next(label for label in labels if label.lower() not in taken)
        taken.add(label.lower())
        distinct.append(label)
    return distinct
