"""A track against measured peaks, segment by segment: no base is ever looked at alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from regtrack.evaluation.metrics import Scores, score_ranking
from regtrack.genome.intervals import EMPTY, Interval, IntervalSet, Positions
from regtrack.tracks.bigwig import BigWigReader
from regtrack.tracks.segments import Values


def score_track(
    track: BigWigReader, where: Mapping[str, IntervalSet], peaks: Mapping[str, IntervalSet]
) -> Scores:
    """Scores of one track on some bases, equal to those from its values base by base.

    Parameters
    ----------
    track
        The predicted values. A base without a value counts as 0: it was under the floor.
    where
        The bases to score, per chromosome; not empty.
    peaks
        The measured peaks of the marker.
    """
    values: list[Values] = []
    positives: list[Positions] = []
    negatives: list[Positions] = []
    for chrom, asked in where.items():
        inside = asked.intersect(peaks.get(chrom, EMPTY))
        left_positives, left_negatives = inside.bases, asked.bases - inside.bases
        for piece in track.pieces(Interval(chrom, int(asked.starts[0]), int(asked.ends[-1]))):
            covered = asked.bases_before(piece.ends) - asked.bases_before(piece.starts)
            hit = inside.bases_before(piece.ends) - inside.bases_before(piece.starts)
            values.append(piece.values)
            positives.append(hit)
            negatives.append(covered - hit)
            left_positives -= int(hit.sum())
            left_negatives -= int((covered - hit).sum())
        # What no segment covers was under the floor.
        values.append(np.zeros(1, np.float32))
        positives.append(np.array([left_positives]))
        negatives.append(np.array([left_negatives]))
    return score_ranking(
        np.concatenate(values), np.concatenate(positives), np.concatenate(negatives)
    )
