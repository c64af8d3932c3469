"""Whether scores are to be trusted, in a sentence each: what a report says first."""

from __future__ import annotations

from typing import Any

from regtrack.listing import counted
from regtrack.scoring.evaluation import Evaluation
from regtrack.scoring.trust import BETTER, CHANCE, NOT_SHOWN

# Where the markers are named.
HERE = {CHANCE: f"{CHANCE} here", NOT_SHOWN: "with too few peaks here to tell"}


def too_few(evaluation: Evaluation) -> str:
    """That there are too few bases to judge most markers, and how many would do; or nothing."""
    enough = evaluation.enough_bases
    if enough is None:
        return ""
    names = evaluation.shown()
    unclear, scored = len(names[NOT_SHOWN]), sum(map(len, names.values()))
    which = "the only marker" if scored == 1 else f"{unclear:,} of {scored:,} markers"
    return (
        f"too few bases to judge {which}: score {_megabases(enough)} or more that was not trained "
        "on, or all there is; best a whole chromosome"
    )


def against_chance(evaluation: Evaluation) -> str:
    """How many markers are better than chance, how many not, and how many nobody can tell."""
    counts = {what: len(names) for what, names in evaluation.shown().items()}
    if not any(counts.values()):
        return "no marker has scores"
    parts = [f"{counts[BETTER]:,} of {counted(sum(counts.values()), 'marker')} {BETTER}"]
    parts += [f"{counts[what]:,} {words}" for what, words in HERE.items() if counts[what]]
    return ", ".join(parts)


def verdict(evaluation: Evaluation) -> dict[str, Any]:
    """The same for programs: `verdict` of `report.json`."""
    return {
        "seen_in_training": evaluation.provenance.was_seen,
        "enough_bases": evaluation.enough_bases,
        "markers": {what: len(names) for what, names in evaluation.shown().items()},
    }


def sentence(words: str) -> str:
    """With a capital and a full stop; of nothing, nothing."""
    return f"{words[0].upper()}{words[1:]}." if words else ""


def _megabases(bases: int) -> str:
    return f"{bases / 1_000_000:,g} Mb"
