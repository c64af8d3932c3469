"""The part of the page above the table of markers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from regtrack.genome.markers import categories_of
from regtrack.listing import counted, names_and_rest
from regtrack.report.numbers import chromosomes, number, span, times
from regtrack.report.page.plots import scored_markers
from regtrack.report.page.table import ranked_table
from regtrack.report.palette import word_of
from regtrack.report.trust import against_chance, sentence, too_few
from regtrack.scoring.evaluation import CategorySummary, Evaluation

# Markers at each end of a category.
_RANKED = 5
# Names that are listed.
_NAMED = 8


def subject_name(evaluation: Evaluation) -> str:
    """File or folder that was scored."""
    return Path(evaluation.subject).name or evaluation.subject


def kind_words(evaluation: Evaluation) -> str:
    """Its kind: `a model (dilated, hg19)`."""
    model = evaluation.provenance.predictions.model
    details = [model[name] for name in ("architecture", "assembly") if model.get(name)]
    kind = {"model": "a model", "tracks": "tracks"}.get(evaluation.kind, evaluation.kind)
    return f"{kind} ({', '.join(details)})" if details else kind


def verdicts(evaluation: Evaluation) -> str:
    """Whether the scores are to be trusted, and a sentence per category."""
    seen = f"Was the network trained on these bases? {sentence(evaluation.provenance.seen)}"
    if not evaluation.categories:
        return f"<li>No marker has scores.</li>\n<li>{escape(seen)}</li>"
    few = sentence(too_few(evaluation))
    sentences = [sentence(against_chance(evaluation)), seen, *map(_verdict, evaluation.categories)]
    items = [f"<li>{escape(one)}</li>" for one in sentences]
    return "\n".join([*([f"<li><b>{escape(few)}</b></li>"] if few else []), *items])


def _verdict(summary: CategorySummary) -> str:
    means = summary.means
    score, chance = (number(value, 3) for value in (means.average_precision, means.base_rate))
    if math.isnan(summary.interval[0]):
        markers = "of the only marker" if means.markers == 1 else f"over {means.markers} markers"
        return (
            f"{means.category}: {'' if means.markers == 1 else 'mean '}average precision {score} "
            f"{markers}, where chance reaches {chance}; too few blocks hold peaks to say how sure "
            "this is."
        )
    sure = f"95% interval {span(summary.interval, 3)}"
    if means.markers == 1:
        return (
            f"{means.category}: average precision {score} ({sure}) of the only marker, "
            f"{_about(summary.lift)} times what chance reaches ({chance})."
        )
    return (
        f"{means.category}: mean average precision {score} ({sure}) over {means.markers} markers. "
        f"Chance reaches {chance}; the median marker does {_about(summary.lift)} times as well "
        "as chance."
    )


def _about(lift: float) -> str:
    return format(lift, ".0f" if lift >= 10 else ".1f")


def _calibration(summaries: Sequence[CategorySummary]) -> list[tuple[str, list[str]]]:
    """A column, but for signals, which have none."""
    errors = [summary.calibration_error for summary in summaries]
    if all(map(math.isnan, errors)):
        return []
    return [("mean calibration error", list(map(number, errors)))]


def headline(summaries: Sequence[CategorySummary]) -> str:
    """The table of categories; columns of the paper and of DeepSEA only where there are any."""
    if not summaries:
        return ""
    columns: list[tuple[str, list[str]]] = [
        ("markers", [f"{summary.means.markers:,}" for summary in summaries]),
        ("mean AP", [number(summary.means.average_precision) for summary in summaries]),
        ("95% interval", [span(summary.interval) for summary in summaries]),
        ("median AP", [number(summary.median) for summary in summaries]),
        ("95% interval", [span(summary.median_interval) for summary in summaries]),
        ("mean AUROC", [number(summary.means.auroc, 3) for summary in summaries]),
        ("mean base rate", [number(summary.means.base_rate) for summary in summaries]),
        ("median lift", [times(summary.lift) for summary in summaries]),
        (
            "mean PR AUC, trapezoid",
            [number(summary.means.pr_auc_trapezoid) for summary in summaries],
        ),
        *_calibration(summaries),
    ]
    notes = []
    if any(summary.published is not None for summary in summaries):
        columns.append(
            ("the paper&rsquo;s PR AUC *", [_or_dash(summary.published) for summary in summaries])
        )
        notes.append(
            "* Of this network in Gupta &amp; Rush 2017: by the trapezoid rule, 919 markers, "
            "genome-wide, its own split. Compare it with the trapezoid column, and only roughly."
        )
    if any(summary.deepsea is not None for summary in summaries):
        columns.append(
            ("DeepSEA, mean PR AUC \N{DAGGER}", [_deepsea(summary) for summary in summaries])
        )
        notes.append(
            "\N{DAGGER} Published by Zhou &amp; Troyanskaya 2015 for those of the markers that "
            "it has (their number in brackets), of 200-bp bins: another task."
        )
    head = "".join(f'<th scope="col" class="number">{title}</th>' for title, _ in columns)
    rows = "\n".join(
        f'<tr><th scope="row">{swatch(summary.means.category)}{escape(summary.means.category)}</th>'
        + "".join(f'<td class="number">{values[row]}</td>' for _, values in columns)
        + "</tr>"
        for row, summary in enumerate(summaries)
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Categories">'
        f'<table id="headline"><thead><tr><th scope="col">category</th>{head}'
        f"</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n"
        + "\n".join(f'<p class="note">{note}</p>' for note in notes)
    )


def swatch(category: str) -> str:
    """The colour of a category; its name always stands beside it."""
    return f'<span class="swatch {word_of(category)}" aria-hidden="true"></span>'


def _or_dash(value: float | None) -> str:
    return number(math.nan if value is None else value, 3)


def _deepsea(summary: CategorySummary) -> str:
    shown = _or_dash(summary.deepsea)
    return shown if summary.deepsea is None else f"{shown} ({summary.deepsea_markers})"


def left_out(evaluation: Evaluation) -> str:
    """A definition list of what was scored and what was not."""
    scored = evaluation.scored
    chroms = chromosomes(scored.where)
    rows = [
        (
            "Bases scored",
            f"{scored.bases:,}{f' on {chroms}' if chroms else ''}, in "
            f"{counted(len(evaluation.blocks), 'block')} of {evaluation.blocks.length:,} bases",
        ),
        *((f"Bases left out: {reason}", f"{bases:,}") for reason, bases in scored.left_out.items()),
        ("Chromosomes left out of some markers", _unknown(evaluation)),
        *(
            (f"Markers without scores: {reason}", _names(names))
            for reason, names in evaluation.unscored().items()
        ),
        ("Bases seen in training", evaluation.provenance.seen),
    ]
    return definitions(rows)


def _unknown(evaluation: Evaluation) -> str:
    counts = Counter(chrom for chroms in evaluation.unknown.values() for chrom in chroms)
    if not counts:
        return "none"
    by_count: dict[int, list[str]] = {}
    for chrom, count in counts.items():
        by_count.setdefault(count, []).append(chrom)
    listed = [
        f"{chromosomes(chroms)} for {counted(count, 'marker')}"
        for count, chroms in by_count.items()
    ]
    return f"{'; '.join(listed)}, of which nothing is known there"


def _names(names: Sequence[str]) -> str:
    if not names:
        return "none"
    return f"{len(names):,}: {names_and_rest(names, _NAMED)}"


def definitions(rows: Iterable[tuple[str, str]]) -> str:
    """Terms and what they are, as `<dl>`."""
    parts = (f"<div><dt>{escape(term)}</dt><dd>{escape(what)}</dd></div>" for term, what in rows)
    return "<dl>\n" + "\n".join(parts) + "\n</dl>"


def flattened(settings: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Settings and versions as pairs; those inside of others are named `outer, inner`."""
    pairs: list[tuple[str, str]] = []
    for name, value in settings.items():
        title = f"{above}, {name}" if above else str(name)
        if isinstance(value, Mapping):
            pairs += flattened(value, title)
        elif isinstance(value, list | tuple):
            pairs.append((title, ", ".join(map(str, value)) or "none"))
        else:
            pairs.append((title, "none" if value is None else str(value)))
    return pairs


def rankings(evaluation: Evaluation) -> str:
    """The markers at both ends of each category, by lift; none of them at both.

    A marker with peaks in a few places only may be there by luck: it is left out where there
    are others.
    """
    tables = []
    for category in categories_of(evaluation.markers):
        pairs = [pair for pair in scored_markers(evaluation) if pair[0].category == category]
        sure = [pair for pair in pairs if not math.isnan(pair[1].interval[0])]
        if len(sure) > _RANKED:
            pairs = sure
        pairs.sort(key=lambda pair: -pair[1].overall.lift)
        best, others = pairs[:_RANKED], pairs[_RANKED:]
        for title, chosen in (("best", best), ("worst", others[: -_RANKED - 1 : -1])):
            if chosen:
                tables.append(ranked_table(f"{category}, {title}", chosen))
    if not tables:
        return "<p>No marker has scores.</p>"
    note = (
        "By lift, so that a rare marker is not called bad for being rare; of the markers with an "
        "interval, where there are enough."
    )
    return "\n".join([f'<p class="note">{note}</p>', '<div class="pairs">', *tables, "</div>"])
