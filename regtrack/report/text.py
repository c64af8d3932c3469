"""Scores as text for a terminal."""

from __future__ import annotations

import math

from regtrack.listing import counted, names_and_rest
from regtrack.report.numbers import UNDEFINED, chromosomes, number, times
from regtrack.scoring.evaluation import CategorySummary, Evaluation
from regtrack.scoring.metrics import REFERENCE_SCORES, RankingScores
from regtrack.scoring.provenance import SEEN

_SCREENFUL = 30


def text_table(evaluation: Evaluation, each: bool = True) -> str:
    """What `regtrack eval` prints: a line per marker and category, and what was left out.

    Parameters
    ----------
    each
        Not only the categories, but each of the markers.
    """
    header = ("average_precision", "95% interval", "lift", "trapezoid", "auroc", "base_rate")
    lines: list[tuple[str, str, tuple[str, ...]]] = [
        (marker.name, marker.category, _printed(scores.overall, scores.interval))
        for marker, scores in zip(evaluation.markers, evaluation.scores, strict=True)
        if scores.overall.scored and each
    ]
    markers = len(lines)
    for summary in evaluation.categories:
        lines += _printed_summary(summary)
    width = max([len("marker"), *(len(name) for name, _, _ in lines)])
    columns = [max(len(title), 15) if "%" in title else len(title) for title in header]
    titles = (title.rjust(size) for title, size in zip(header, columns, strict=True))
    words = max([len("category"), *(len(category) for _, category, _ in lines)])
    text = [f"{'marker':<{width}}  {'category':<{words}}  {'  '.join(titles)}"]
    for place, (name, category, values) in enumerate(lines):
        if place == markers > _SCREENFUL:
            text += ["", text[0]]  # the first one has scrolled away
        padded = (value.rjust(size) for value, size in zip(values, columns, strict=True))
        text.append(f"{name:<{width}}  {category:<{words}}  {'  '.join(padded)}".rstrip())
    return "\n".join([*text, *_notes(evaluation)])


def reference_table(evaluation: Evaluation) -> str:
    """What `regtrack eval --reference-scores` prints: scikit-learn's scores, and ours less these.

    A line per marker that has scores, and the largest differences.
    """
    pairs = [
        (marker.name, ours, reference)
        for marker, ours, reference in zip(
            evaluation.markers, evaluation.overall, evaluation.reference, strict=True
        )
        if reference.scored
    ]
    width = max([len("largest difference"), *(len(name) for name, _, _ in pairs)])
    titles = "  ".join(f"{name:>17}  difference" for name in REFERENCE_SCORES)
    lines = [f"{'scikit-learn':<{width}}  {titles}"]
    largest = dict.fromkeys(REFERENCE_SCORES, 0.0)
    for marker, ours, reference in pairs:
        cells = []
        for name in REFERENCE_SCORES:
            score = getattr(reference, name)
            difference = getattr(ours, name) - score
            largest[name] = max(largest[name], abs(difference))  # a NaN is passed over
            cells.append(f"{number(score, 6):>17}  {_signed(difference):>10}")
        lines.append(f"{marker:<{width}}  {'  '.join(cells)}")
    totals = "  ".join(f"{'':>17}  {largest[name]:>10.1e}" for name in REFERENCE_SCORES)
    return "\n".join([*lines, f"{'largest difference':<{width}}  {totals}"])


def _signed(difference: float) -> str:
    return UNDEFINED if math.isnan(difference) else f"{difference:+.1e}"


def _printed(score: RankingScores, interval: tuple[float, float]) -> tuple[str, ...]:
    return (
        number(score.average_precision),
        _span(interval),
        times(score.lift),
        number(score.pr_auc_trapezoid),
        number(score.auroc),
        number(score.base_rate),
    )


def _printed_summary(summary: CategorySummary) -> list[tuple[str, str, tuple[str, ...]]]:
    means = summary.means
    mean = (
        number(means.average_precision),
        _span(summary.interval),
        "",
        number(means.pr_auc_trapezoid),
        number(means.auroc),
        number(means.base_rate),
    )
    median = (
        number(summary.median),
        _span(summary.median_interval),
        times(summary.lift),
        "",
        "",
        "",
    )
    return [
        (f"mean of {means.markers}", means.category, mean),
        (f"median of {means.markers}", means.category, median),
    ]


def _notes(evaluation: Evaluation) -> list[str]:
    """Notes below the table, a line each."""
    scored = evaluation.scored
    lines = [f"{scored.bases:,} bases scored in {evaluation.subject}"]
    for reason, bases in scored.left_out.items():
        if bases:
            hint = " (--include-training scores them)" if reason == SEEN else ""
            lines.append(f"left out, {reason}: {bases:,} bases{hint}")
    lines.append(f"{SEEN}: {evaluation.provenance.seen}")
    if evaluation.unknown:
        chroms = dict.fromkeys(chrom for listed in evaluation.unknown.values() for chrom in listed)
        markers = counted(len(evaluation.unknown), "marker")
        lines.append(f"left out, unknown there: {chromosomes(chroms)} for {markers}")
    for reason, names in evaluation.unscored().items():
        if names:
            lines.append(f"not scored, {reason}: {names_and_rest(names)}")
    if evaluation.unskilled:
        names = [marker.name for marker in evaluation.unskilled]
        lines.append(f"no better than chance here, {len(names):,}: {names_and_rest(names)}")
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
                f"{summary.deepsea_markers} markers (published, of 200-bp bins: another task)"
            )
    return lines


def _span(interval: tuple[float, float]) -> str:
    """An interval in ASCII."""
    low, high = map(number, interval)
    return UNDEFINED if low == UNDEFINED else f"{low}-{high}"
