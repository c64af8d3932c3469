"""A track against measured peaks, segment by segment: no base is ever looked at alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from regtrack.evaluation.metrics import Scores, score_ranking
from regtrack.genome.intervals import EMPTY, Interval, IntervalSet
from regtrack.tracks.bigwig import BigWigReader


def score_track(
    track: BigWigReader, where: Mapping[str, IntervalSet], peaks: Mapping[str, IntervalSet]
) -> Scores:
    """Scores of one track on some bases, equal to those from its values base by base.

    Parameters
    ----------
    track
        The predicted values. A base without a value counts as 0: it was under the floor.
    where
        The bases to score, per chromosome.
    peaks
        The measured peaks of the marker.
    """
    values, positives, negatives = [np.zeros(0)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    absent_positives = absent_negatives = 0
    for chrom, asked in where.items():
        inside = asked.intersect(peaks.get(chrom, EMPTY))
        segments = track.segments(Interval(chrom, int(asked.starts[0]), int(asked.ends[-1])))
        covered = asked.bases_before(segments.ends) - asked.bases_before(segments.starts)
        hit = inside.bases_before(segments.ends) - inside.bases_before(segments.starts)
        values.append(segments.values.astype(np.float64))
        positives.append(hit)
        negatives.append(covered - hit)
        absent_positives += inside.bases - int(hit.sum())
        absent_negatives += asked.bases - inside.bases - int((covered - hit).sum())
    return score_ranking(
        np.append(np.concatenate(values), 0.0),
        np.append(np.concatenate(positives), absent_positives),
        np.append(np.concatenate(negatives), absent_negatives),
    )
