"""Bases that were trained on: left out of scores, or named beside them."""

from __future__ import annotations

from pathlib import Path

from regtrack.errors import InputError
from regtrack.genome.intervals import Regions, subtract, total_bases
from regtrack.genome.seen import NOT_STORED, Seen
from regtrack.listing import counted
from regtrack.notes import note
from regtrack.scoring.evaluation import ScoredRegions
from regtrack.scoring.provenance import SEEN

# A share that leaves less than one expects.
_MUCH = 0.5


def without_training(regions: ScoredRegions, seen: Seen | None, subject: Path) -> ScoredRegions:
    """The bases to score but those that were trained on, where these are known.

    Validation windows stay: nothing was learned from them, and `seen_words` tells of them.

    Parameters
    ----------
    subject
        For messages.

    Raises
    ------
    InputError
        When nothing is left.
    """
    if seen is None:
        return regions
    kept = subtract(regions.where, seen.train)
    if not kept:
        raise InputError(
            subject, "all that was asked for was seen in training; --include-training scores it"
        )
    share = 1 - total_bases(kept) / regions.bases
    if share >= _MUCH:
        note(
            f"{subject} was trained on {share:.0%} of what was asked for: only the other "
            f"{counted(total_bases(kept), 'base')} are scored"
        )
    left_out = {**regions.left_out, SEEN: regions.bases - total_bases(kept)}
    return ScoredRegions(kept, left_out)


def seen_words(seen: Seen | None, where: Regions) -> str:
    """Whether a training has seen the scored bases, and which, for people: `no: none of ...`."""
    if seen is None:
        return NOT_STORED
    trained, validated = seen.inside(where).bases.values()
    words = "no: none of the scored bases"
    if trained:
        words = f"yes: {trained:,} of the scored bases, whose scores are too good"
    if validated:
        words += (
            f"; {validated:,} scored bases were not trained on, but the best step and the "
            "thresholds were chosen by them"
        )
    return words
