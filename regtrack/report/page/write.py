"""The report as one page that needs nothing else: no network, no program but a browser."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template

from regtrack.genome.markers import categories_of
from regtrack.report.numbers import number
from regtrack.report.page.details import details_json
from regtrack.report.page.plots import (
    DASHES,
    FEW_BASES,
    Scored,
    calibration_svg,
    chance_svg,
    curves_svg,
    lowest_precision,
    peaks_svg,
    picked,
    scored_markers,
)
from regtrack.report.page.summary import (
    definitions,
    flattened,
    headline,
    kind_words,
    left_out,
    rankings,
    subject_name,
    swatch,
    verdicts,
)
from regtrack.report.page.table import link, markers_table
from regtrack.report.palette import Look, css, looks_of
from regtrack.scoring.evaluation import Evaluation
from regtrack.scoring.resampling import LEAST_BLOCKS, LEVEL, REPLICATES

_NOTHING_TO_DRAW = "<p>No marker has scores, so that there is nothing to draw.</p>"


def page(evaluation: Evaluation) -> str:
    """The report for people: one HTML file, the same for the same evaluation.

    Without JavaScript it is the same text, figures and table; with it, the table can be
    sorted and filtered and its rows opened.
    """
    summaries = evaluation.categories
    categories = categories_of(evaluation.markers)
    script = _part("page.js")
    return Template(_part("page.html")).substitute(
        script_hash=_hash(script),
        css=css(categories) + _part("page.css"),
        script=script,
        subject=escape(subject_name(evaluation)),
        kind=escape(kind_words(evaluation)),
        verdicts=verdicts(evaluation),
        headline=headline(summaries),
        left_out=left_out(evaluation),
        figures=figures(scored_markers(evaluation), looks_of(categories)),
        rankings=rankings(evaluation),
        categories="\n".join(
            f'<label><input type="checkbox" value="{escape(category)}" checked>{swatch(category)}'
            f"{escape(category)}</label>"
            for category in categories
        ),
        table=markers_table(evaluation),
        details=details_json(evaluation),
        level=f"{LEVEL:.0%}",
        resamples=f"{REPLICATES:,}",
        least_blocks=LEAST_BLOCKS,
        blocks=f"{len(evaluation.blocks):,}",
        block_length=f"{evaluation.blocks.length:,}",
        settings=definitions(
            [("scored", evaluation.subject), *flattened(evaluation.provenance.to_json())]
        ),
    )


def _part(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """As a browser compares it before it runs a script: no other one can run on the page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def figures(pairs: Sequence[Scored], looks: Mapping[str, Look]) -> str:
    """The figures of some scored markers, each with how to read it."""
    if not pairs:
        return _NOTHING_TO_DRAW
    by_category = {
        category: [pair for pair in pairs if pair[0].category == category] for category in looks
    }
    lowest = lowest_precision(pairs)
    parts = [
        _figure(
            "curves",
            curves_svg(some, lowest, looks[category].colour),
            _curves_caption(category, some),
        )
        for category, some in by_category.items()
        if some
    ]
    parts.append(_figure("chance", chance_svg(pairs, looks), _CHANCE_CAPTION))
    if any(scores.calibration.bases for _, scores in pairs):  # those of signals have none
        parts.append(_figure("calibration", calibration_svg(pairs, looks), _CALIBRATION_CAPTION))
    if any(scores.peaks.called for _, scores in pairs):
        parts.append(_figure("peaks", peaks_svg(pairs, looks), _PEAKS_CAPTION))
    return "\n".join([_CURVES_NOTE, '<div class="figures">', *parts, "</div>"])


def _figure(name: str, svg: str, caption: str) -> str:
    return f'<figure class="{name}">\n{svg}\n<figcaption>{caption}</figcaption>\n</figure>'


def _curves_caption(category: str, pairs: Sequence[Scored]) -> str:
    rows = [
        f"<li>{_stroke(name)}{name if len(pairs) > 1 else 'the only one'}: {link(marker)}, "
        f"AP&nbsp;{number(scores.overall.average_precision)}</li>"
        for name, (marker, scores) in picked(pairs).items()
    ]
    rows.append(f"<li>{_stroke('base rate')}mean base rate</li>")
    return f"{swatch(category)}<b>{escape(category)}</b><ul>{''.join(rows)}</ul>"


def _stroke(name: str) -> str:
    """The line of a curve, to stand before its name."""
    dashes = " ".join(map(str, DASHES[name]))
    return (
        '<svg class="stroke" width="26" height="8" aria-hidden="true">'
        f'<path d="M0 4H26" stroke-dasharray="{dashes}"/></svg>'
    )


_CURVES_NOTE = (
    '<p class="note">Precision against recall, a thin line for each marker. Precision is on a '
    "logarithmic axis, the same for all categories: most markers cover less than one base in a "
    "hundred, so that even a useful prediction is seldom precise.</p>"
)
_CHANCE_CAPTION = (
    "<b>Average precision against base rate</b>, a point for each marker; thin bars are 95% "
    "intervals. On the dotted line a marker is no better than chance; ten times higher is a "
    'lift of ten. <span class="on-screen">Point at a marker for its name, click for its row in '
    "the table.</span>"
)
_CALIBRATION_CAPTION = (
    "<b>Calibration</b>, all markers of a category together. On the dotted line, of the bases "
    "predicted with a probability of 0.1 one in ten lies inside of a measured peak; below it "
    "the predictions are too high, above it too low. Each point is an octave; "
    f"hollow ones hold fewer than {FEW_BASES:,} bases, and octaves without any base in a peak "
    "cannot be drawn."
)
_PEAKS_CAPTION = (
    "<b>Peaks against peaks</b>, called at each marker&rsquo;s own threshold: the further to the "
    "right, the more of the measured peaks overlap a called one; the higher up, the more of the "
    "called ones overlap a measured one."
)
