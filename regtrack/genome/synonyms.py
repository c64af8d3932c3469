"""Other names of what markers are about: `Pol2` and `POLR2A` are one protein."""

from __future__ import annotations

import functools
from importlib import resources

_TABLE = "target_synonyms.tsv"


@functools.cache
def synonyms(target: str) -> tuple[str, ...]:
    """What else a target is called: its gene first; empty where no other name is known.

    The table lists those of the targets of the 919 markers. A variant of a target, which is the
    same protein by another antibody, in another state or with a tag (`Pol2-4H8`, `eGFP-FOS`), has
    the target's names, but lends it none.

    Parameters
    ----------
    target
        As a markers table spells it, upper and lower case alike.
    """
    own = target.lower()
    return tuple(name for name in _known().get(own, ()) if name.lower() != own)


@functools.cache
def _known() -> dict[str, tuple[str, ...]]:
    """By target in lower case, the names of its protein."""
    table = resources.files("regtrack.genome") / "data" / _TABLE
    by_spelling: dict[str, tuple[str, ...]] = {}
    for line in table.read_text(encoding="utf-8").splitlines()[1:]:
        gene, others, variants = line.split("\t")
        names = (gene, *filter(None, others.split(",")))
        for spelling in (*names, *filter(None, variants.split(","))):
            by_spelling[spelling.lower()] = names
    return by_spelling
