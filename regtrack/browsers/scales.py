"""What the values of a track are compared with: the marker's base rate, and its high values."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Literal, NamedTuple

from regtrack.browsers.viewable import Viewable
from regtrack.genome.intervals import total_bases
from regtrack.tracks.bbi import BIGWIG_MAGIC, not_bbi
from regtrack.tracks.bigwig_trees import HEADER
from regtrack.tracks.bigwig_writer import SUMMARY
from regtrack.tracks.folder import Track

Whose = Literal["report", "validation", "predictions"]
# The surest first.
_WHOSE: tuple[Whose, ...] = ("report", "validation", "predictions")


class BaseRate(NamedTuple):
    """A base rate, and whose it is; None and None where it is not known."""

    rate: float | None
    of: Whose | None


class Scale(NamedTuple):
    """Values that a track's axis can refer to.

    `base_rate` is the share of bases that a random track would have right, and `base_rate_of`
    whose: the report's, that of the training's validation, or the mean of the predictions; None
    where it is not known, or 0. Of a signal it is the mean. `high` is the value up to which an
    axis shows nearly all; None where the track has no value above 0.
    """

    base_rate: float | None
    high: float | None
    base_rate_of: Whose | None


def scale_of(viewable: Viewable, track: Track) -> Scale:
    """The base rate of a track's marker, and the value that one base in a thousand exceeds.

    The base rate is that of the report or, without one, of the training's validation, or the mean
    of the predictions over all bases that were predicted. Of older folders, which have no summary,
    the high value is the highest.

    Raises
    ------
    InputError
        When the BigWig file is none, or is truncated.
    OSError
        When it cannot be read.
    """
    if track.summary:
        mean, high = track.summary.mean, track.summary.high
    else:
        high, total = _summary(viewable.file(track.bigwig))
        bases = total_bases(viewable.predicted)
        mean = total / bases if bases else 0.0
    highest = high if high > 0 else None
    if track.range is not None:
        return Scale(mean or None, highest, "predictions" if mean else None)
    if reported := viewable.base_rates.get(track.marker.name):
        return Scale(reported, highest, "report")
    if track.base_rate:
        return Scale(track.base_rate, highest, "validation")
    return Scale(mean, highest, "predictions") if mean else Scale(None, highest, None)


def common_base_rate(scales: Sequence[Scale]) -> BaseRate:
    """One base rate for a marker in all runs, so that their lifts can be compared.

    The mean of those that are known best: by reports, by validation, else by predictions.
    """
    for whose in _WHOSE:
        known = [
            scale.base_rate
            for scale in scales
            if scale.base_rate is not None and scale.base_rate_of == whose
        ]
        if known:
            return BaseRate(fmean(known), whose)
    return BaseRate(None, None)


def _summary(path: Path) -> tuple[float, float]:
    """Highest value of a BigWig file, and the sum over its bases."""
    broken = not_bbi(path, BIGWIG_MAGIC)
    with path.open("rb") as file:
        try:
            magic, *_, summary_at, _, _ = HEADER.unpack(file.read(HEADER.size))
            file.seek(summary_at)
            _, _, highest, total, _ = SUMMARY.unpack(file.read(SUMMARY.size))
        except (struct.error, OSError, OverflowError, ValueError) as error:
            raise broken from error
    if magic != BIGWIG_MAGIC or summary_at < HEADER.size:
        raise broken
    return highest, total
