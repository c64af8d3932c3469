"""Scores as text for a terminal."""

from __future__ import annotations

import math

from regtrack.listing import counted, first_and_last, names_and_rest
from regtrack.report.numbers import UNDEFINED, chromosomes, number, times
from regtrack.report.trust import HERE, against_chance, too_few
from regtrack.scoring.evaluation import CategorySummary, Evaluation
from regtrack.scoring.metrics import REFERENCE_SCORES, RankingScores
from regtrack.scoring.provenance import SEEN
from regtrack.text_columns import aligned

_TITLES = (
    *("marker", "category", "average_precision", "95% interval", "lift", "trapezoid", "auroc"),
    "base_rate",
)
_LESS = "difference"
_WORDS = (0, 1)
# On a screen that is too narrow these are left to the report.
_SPARE = tuple(map(_TITLES.index, ("trapezoid", "auroc", "95% interval")))
_Row = tuple[str, ...]
_BLANK: _Row = ("",) * len(_TITLES)


def text_table(
    evaluation: Evaluation,
    *,
    width: int | None = None,
    each: bool = True,
    where: str = "report.tsv",
) -> str:
    """What `regtrack eval` prints: a line per marker and category, and what was left out.

    Of many markers, those of the best and the worst average precision.

    Parameters
    ----------
    width
        Columns of the screen, as `regtrack.text_columns.aligned` takes it.
    each
        Not only the categories, but each of the markers.
    where
        Where all markers are, if not all are here.
    """
    scored = [
        (marker, scores)
        for marker, scores in zip(evaluation.markers, evaluation.scores, strict=True)
        if scores.overall.scored and each
    ]
    best, worst = first_and_last(scored)
    if worst:
        scored.sort(key=lambda pair: -pair[1].overall.average_precision)
        best, worst = first_and_last(scored)
    rows = [
        (marker.name, marker.category, *_printed(scores.overall, scores.interval))
        for marker, scores in (*best, *worst)
    ]
    more = []
    if worst:
        rows.insert(len(best), (f"... {len(scored) - len(best) - len(worst):,} more", *_BLANK[1:]))
        more.append(
            f"the {len(best)} best and the {len(worst)} worst of "
            f"{counted(len(scored), 'marker')}, by "
            f"average precision; all of them: {where}"
        )
    if rows:
        rows.append(_BLANK)
    for summary in evaluation.categories:
        rows += _printed_summary(summary)
    lines = aligned(_TITLES, rows, _WORDS, width=width, spare=_SPARE)
    return "\n".join([*_verdict(evaluation), *lines, *more, *_notes(evaluation)])


def reference_table(evaluation: Evaluation, width: int | None = None) -> str:
    """What `regtrack eval --reference-scores` prints: scikit-learn's scores, and ours less these.

    A line per marker that has scores, of many those that differ most, and the largest differences.
    """
    compared = [
        (marker.name, [_compared(ours, reference, name) for name in REFERENCE_SCORES])
        for marker, ours, reference in zip(
            evaluation.markers, evaluation.overall, evaluation.reference, strict=True
        )
        if reference.scored
    ]
    shown, rest = first_and_last(compared)
    if rest:
        compared.sort(key=lambda pair: -max(_size(difference) for _, difference in pair[1]))
        shown, rest = first_and_last(compared)
    rows = [
        (name, *(cell for score, less in pairs for cell in (number(score, 6), _signed(less))))
        for name, pairs in shown
    ]
    largest = [
        max((_size(pairs[place][1]) for _, pairs in compared), default=0.0)
        for place in range(len(REFERENCE_SCORES))
    ]
    rows.append(("largest difference", *(cell for one in largest for cell in ("", f"{one:.1e}"))))
    titles = ("scikit-learn", *(title for name in REFERENCE_SCORES for title in (name, _LESS)))
    return "\n".join(aligned(titles, rows, width=width))


def _compared(ours: RankingScores, reference: RankingScores, name: str) -> tuple[float, float]:
    score: float = getattr(reference, name)
    return score, getattr(ours, name) - score


def _size(difference: float) -> float:
    """Of a difference; of one that is not defined, nothing."""
    return 0.0 if math.isnan(difference) else abs(difference)


def _signed(difference: float) -> str:
    return UNDEFINED if math.isnan(difference) else f"{difference:+.1e}"


def _printed(score: RankingScores, interval: tuple[float, float]) -> _Row:
    return (
        number(score.average_precision),
        _span(interval),
        times(score.lift),
        number(score.pr_auc_trapezoid),
        number(score.auroc),
        number(score.base_rate),
    )


def _printed_summary(summary: CategorySummary) -> list[_Row]:
    means = summary.means
    return [
        (
            f"mean of {means.markers}",
            means.category,
            number(means.average_precision),
            _span(summary.interval),
            "",
            number(means.pr_auc_trapezoid),
            number(means.auroc),
            number(means.base_rate),
        ),
        (
            f"median of {means.markers}",
            means.category,
            number(summary.median),
            _span(summary.median_interval),
            times(summary.lift),
            "",
            "",
            "",
        ),
    ]


def _verdict(evaluation: Evaluation) -> list[str]:
    """Lines above the table."""
    seen = evaluation.provenance.was_seen
    return [
        *filter(None, [too_few(evaluation)]),
        f"{against_chance(evaluation)}; {SEEN}: {seen}",
        "",
    ]


def _notes(evaluation: Evaluation) -> list[str]:
    """Notes below the table, a line each."""
    scored = evaluation.scored
    lines = [f"{counted(scored.bases, 'base')} scored in {evaluation.subject}"]
    for reason, bases in scored.left_out.items():
        if bases:
            hint = " (--include-training scores them)" if reason == SEEN else ""
            lines.append(f"left out, {reason}: {counted(bases, 'base')}{hint}")
    lines.append(f"{SEEN}: {evaluation.provenance.seen}")
    if evaluation.unknown:
        chroms = dict.fromkeys(chrom for listed in evaluation.unknown.values() for chrom in listed)
        markers = counted(len(evaluation.unknown), "marker")
        lines.append(f"left out, unknown there: {chromosomes(chroms)} for {markers}")
    for reason, names in evaluation.unscored().items():
        if names:
            lines.append(f"not scored, {reason}: {names_and_rest(names)}")
    for what, names in evaluation.shown().items():
        if names and what in HERE:
            lines.append(f"{HERE[what]}, {len(names):,}: {names_and_rest(names)}")
    architecture = evaluation.provenance.predictions.model.get("architecture")
    for summary in evaluation.categories:
        if summary.published is not None:
            lines.append(
                f"the paper's {architecture}, {summary.means.category}: PR AUC "
                f"{summary.published:.3f} (trapezoid, 919 markers, its own split)"
            )
        if summary.deepsea is not None:
            lines.append(
                f"DeepSEA, {summary.means.category}: mean PR AUC {summary.deepsea:.3f} of "
                f"{counted(summary.deepsea_markers, 'marker')} (published, of 200-bp bins: "
                f"another task)"
            )
    return lines


def _span(interval: tuple[float, float]) -> str:
    """An interval in ASCII."""
    low, high = map(number, interval)
    return UNDEFINED if low == UNDEFINED else f"{low}-{high}"
