"""Thresholds of a checkpoint chosen anew: each marker's best F1 of peaks on measured ones."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch

from regtrack.listing import counted, names_and_rest
from regtrack.models.checkpoint import (
    Checkpoint,
    load_network,
    read_checkpoint,
    save_checkpoint,
)
from regtrack.models.validated import Validated
from regtrack.scoring.evaluation import Evaluation
from regtrack.scoring.marker_scores import MarkerScores

# As `train` has it where no threshold finds a measured peak; of a signal, the share of its range.
_NONE_FOUND = 0.5


def save_with_thresholds(model: Path, evaluation: Evaluation, out: Path) -> str:
    """Write a copy of a checkpoint whose thresholds are those of the best F1 of peaks.

    A marker that was not scored keeps the threshold that it has.

    Parameters
    ----------
    evaluation
        Of this checkpoint.

    Returns
    -------
    str
        What was chosen, for people.

    Raises
    ------
    InputError
        When the checkpoint cannot be read.
    OSError
        When the copy cannot be written.
    """
    checkpoint = read_checkpoint(model)
    scores = dict(
        zip((marker.name for marker in evaluation.markers), evaluation.scores, strict=True)
    )
    chosen = with_thresholds(checkpoint, scores)
    network = load_network(model, torch.device("cpu"))
    save_checkpoint(out, chosen, network)
    return _told(chosen, scores)


def with_thresholds(checkpoint: Checkpoint, scores: dict[str, MarkerScores]) -> Checkpoint:
    """The same checkpoint with the thresholds that scores tell, by name of the marker."""
    thresholds, origins, validated = [], [], []
    for row, marker in enumerate(checkpoint.markers):
        score = scores.get(marker.name)
        if score is None or not _is_scored(score):
            thresholds.append(checkpoint.thresholds[row])
            origins.append(checkpoint.threshold_from(row))
            validated.append(checkpoint.validation_of(row))
            continue
        best = score.best_peaks
        low, high = (None if math.isnan(edge) else edge for edge in score.interval)
        none_found = _NONE_FOUND * (checkpoint.range_of(row) or 1)
        thresholds.append(none_found if best is None else best[0])
        origins.append("peaks")
        validated.append(
            Validated(
                *(score.overall.base_rate, score.overall.average_precision, low, high),
                *((None, None) if best is None else (best[1].precision, best[1].recall)),
            )
        )
    return replace(
        checkpoint,
        thresholds=tuple(thresholds),
        validated=tuple(validated),
        thresholds_from=tuple(origins) if len(set(origins)) > 1 else origins[0],
    )


def _told(chosen: Checkpoint, scores: dict[str, MarkerScores]) -> str:
    best = [
        score.best_peaks[1]
        for score in scores.values()
        if score.overall.scored and score.best_peaks
    ]
    lines = [
        f"thresholds of {len(best):,} of {counted(len(chosen.markers), 'marker')}: mean "
        f"precision of their "
        f"peaks {fmean(overlap.precision for overlap in best):.3f}, recall "
        f"{fmean(overlap.recall for overlap in best):.3f}"
        if best
        else f"thresholds of none of {counted(len(chosen.markers), 'marker')}: no measured "
        f"peak is found"
    ]
    missed = [name for name, score in scores.items() if _is_scored(score) and not score.best_peaks]
    if missed:
        lines.append(
            f"from {_NONE_FOUND}, as no threshold finds a measured peak: {names_and_rest(missed)}"
        )
    unscored = [marker.name for marker in chosen.markers if not _is_scored(scores.get(marker.name))]
    if unscored:
        lines.append(f"kept, without measured peaks there: {names_and_rest(unscored)}")
    chance = [marker.name for marker in chosen.unskilled]
    if chance:
        lines.append(
            "not clearly better than chance, so that predict calls no peaks of them, whatever "
            f"their threshold: {names_and_rest(chance)}"
        )
    return "\n".join(lines)


def _is_scored(score: MarkerScores | None) -> bool:
    return score is not None and bool(score.overall.scored)
