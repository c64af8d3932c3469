"""What the name of a marker tells of it, where nothing else does."""

from __future__ import annotations

import functools
import re
from importlib import resources

from regtrack.genome.synonyms import synonyms

NO_TREATMENT = "None"
_TABLE = "markers919.tsv"
_CELL, _TARGET = "cell", "target"
# Of a cell or target: words that it may be written in, and letters that are no chance.
_MOST_WORDS, _LONG = 3, 4
# A histone, and what was done to it: H3K27ac, H2A.Z, H2AFZ, H4ac. Not the cells H1 and H9.
_HISTONE = r"H(?:2A|2B|3|4)(?:[._-]?[KRST]\d|[._-]?F?[ZX3](?![a-z])|(?:pan)?ac|(?![A-Za-z0-9]))"
# By what was measured; whatever is none of these is taken for a protein that binds.
_KINDS = (
    ("DNase", r"DNase|DHS(?![a-z])"),
    ("ATAC", r"sc-?ATAC|ATAC"),
    ("FAIRE", "FAIRE"),
    ("MNase", "MNase"),
    ("CAGE", r"CAGE(?![a-z])"),
    ("PRO-seq", r"(?:PRO|GRO)-?(?:seq|cap)"),
    ("Histone", _HISTONE),
)
# Every category that a name may speak of, as it is written.
KNOWN = ("TFBS", *(category for category, _ in _KINDS))
_PATTERNS = tuple(
    (category, re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})", re.IGNORECASE))
    for category, pattern in _KINDS
)


def category_in(name: str) -> str:
    """The category that a name speaks of: `DNase`, `ATAC`, `Histone` ...; else `TFBS`.

    A guess: `K562_H3K27ac` is `Histone`, `K562_CTCF` and `sample1` are `TFBS`. Of
    `cell|target|treatment` the target tells it.
    """
    parts = _written(name)
    words = parts[1] if parts and parts[1] != NO_TREATMENT else name
    return next((kind for kind, pattern in _PATTERNS if pattern.search(words)), "TFBS")


def parts_in(name: str) -> tuple[str, str, str]:
    """Cell, target and treatment of `cell|target|treatment`.

    Of another name a guess, as far as its words are cells or targets of the 919 markers: `K562`
    and `CTCF` of `CTCF_K562_rep1`; `None` where no word is one, or several are.
    """
    return _written(name) or (
        _only(_meant(name, _CELL)),
        _only(_meant(name, _TARGET)),
        NO_TREATMENT,
    )


def _written(name: str) -> tuple[str, str, str] | None:
    """The parts of `cell|target|treatment`; None of another name."""
    parts = [part.strip() for part in name.split("|")]
    return (parts[0], parts[1], parts[2]) if len(parts) > 2 and all(parts[:3]) else None


def _meant(name: str, column: str) -> set[str]:
    """Cells or targets that some words of a name are, side by side: `H1_hESC` is `H1-hESC`."""
    known = _words()[column]
    words = [word for word in re.split(r"[^A-Za-z0-9+-]+", name) if word]
    spellings = set()
    at = 0
    while at < len(words):
        for many in range(_MOST_WORDS, 0, -1):
            text = "-".join(words[at : at + many])
            spelt = known.get(_plain(text))
            # A short one in other letters may be any word: `max` is not Max.
            if spelt and (len(spelt) >= _LONG or spelt == text):
                spellings.add(spelt)
                at += many - 1
                break
        else:
            if column == _TARGET and words[at] != words[at].lower() and synonyms(words[at]):
                spellings.add(words[at])
        at += 1
    return spellings


def _only(spellings: set[str]) -> str:
    return spellings.pop() if len(spellings) == 1 else NO_TREATMENT


@functools.cache
def _words() -> dict[str, dict[str, str]]:
    """The cells, and the targets, of the 919 markers, by their plain letters."""
    table = resources.files("regtrack.genome") / "data" / _TABLE
    header, *rows = (line.split("\t") for line in table.read_text(encoding="utf-8").splitlines())
    places = {column: header.index(column) for column in (_CELL, _TARGET)}
    return {
        column: {_plain(row[place]): row[place] for row in rows} for column, place in places.items()
    }


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
