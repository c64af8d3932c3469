"""What the name of a marker tells of it, where nothing else does."""

from __future__ import annotations

import re

_NONE = "None"
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
    _, target, _ = parts_in(name)
    words = name if target == _NONE else target
    return next((kind for kind, pattern in _PATTERNS if pattern.search(words)), "TFBS")


def parts_in(name: str) -> tuple[str, str, str]:
    """Cell, target and treatment of `cell|target|treatment`; of another name `None`, each."""
    parts = [part.strip() for part in name.split("|")]
    if len(parts) < 3 or not all(parts[:3]):
        return _NONE, _NONE, _NONE
    return parts[0], parts[1], parts[2]
