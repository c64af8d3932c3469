"""What of a marker is shown when its row is opened, as JSON inside of the page."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from regtrack.report.numbers import chromosomes, defined, number, times, width
from regtrack.report.page.plots import address
from regtrack.report.trust import HERE, sentence
from regtrack.scoring.evaluation import NO_PEAK_HERE, Evaluation
from regtrack.scoring.marker_scores import BaseCalls, MarkerScores
from regtrack.scoring.resampling import LEAST_BLOCKS
from regtrack.scoring.trust import shown_of

# Otherwise a browser could take a marker's name for the end of the script.
_UNSAFE = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


def details_json(evaluation: Evaluation) -> str:
    """By the row's id: curve, scores per chromosome, thresholds, and what is not known."""
    details = {
        address(marker)[1:]: _details(scores, evaluation.unknown.get(marker.index, ()))
        for marker, scores in zip(evaluation.markers, evaluation.scores, strict=True)
    }
    return json.dumps(details, separators=(",", ":"), allow_nan=False).translate(_UNSAFE)


def _details(scores: MarkerScores, unknown: Sequence[str]) -> dict[str, Any]:
    return {
        "notes": _notes(scores, unknown),
        "curve": [[float(f"{value:.4g}") for value in point] for point in scores.curve],
        "peakCurve": [
            [float(f"{value:.4g}") for value in (peaks.recall, peaks.precision)]
            for _, peaks in reversed(scores.peak_curve)
            if any(overlap.paired for _, overlap in scores.peak_curve)
        ],
        "baseRate": defined(scores.overall.base_rate),
        "chromosomes": [
            [
                chrom,
                f"{of_chrom.bases:,}",
                f"{of_chrom.positives:,}",
                number(of_chrom.base_rate),
                number(of_chrom.average_precision),
                times(of_chrom.lift),
                number(of_chrom.auroc, 3),
            ]
            for chrom, of_chrom in scores.chroms.items()
        ],
        "thresholds": [
            _point(name, point)
            for name, point in (("stored", scores.at_threshold), ("best F1", scores.best))
            if point is not None
        ],
        "peaks": _peaks(scores),
    }


def _peaks(scores: MarkerScores) -> list[list[str]]:
    """Rows of the table of peaks; none where none were called."""
    best = scores.best_peaks
    rows = []
    if scores.at_threshold:
        rows.append(("stored", scores.at_threshold.threshold, scores.peaks))
    if best:
        rows.append(("best F1", *best))
    return [
        [
            name,
            number(threshold),
            f"{peaks.called:,}",
            number(peaks.precision, 3),
            number(peaks.recall, 3),
            number(peaks.f1, 3),
            width(peaks.called_width),
            width(peaks.measured_width),
        ]
        for name, threshold, peaks in rows
        if peaks.called
    ]


def _notes(scores: MarkerScores, unknown: Sequence[str]) -> list[str]:
    notes = []
    if not scores.overall.scored:
        notes.append(f"Not scored: {NO_PEAK_HERE}.")
    elif math.isnan(scores.interval[0]):
        notes.append(
            f"Too few peaks here to tell: fewer than {LEAST_BLOCKS} blocks hold some, too few for "
            "an interval."
        )
    elif (shown := HERE.get(shown_of(scores) or "")) is not None:
        notes.append(sentence(f"{shown}: the interval of its lift includes 1"))
    if scores.overall.scored:
        notes.append(f"Dotted: the base rate of bases, {number(scores.overall.base_rate)}.")
    if unknown:
        notes.append(f"Nothing is known of it on {chromosomes(unknown)}: not scored there.")
    return notes


def _point(name: str, point: BaseCalls) -> list[str]:
    return [
        name,
        number(point.threshold),
        number(point.precision, 3),
        number(point.recall, 3),
        number(point.f1, 3),
    ]
