"""Tables of the page: what a column shows, and by what it is sorted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from regtrack.genome.markers import Marker
from regtrack.report.numbers import count_and_share, number, span, times, width
from regtrack.report.page.plots import Scored, address
from regtrack.scoring.evaluation import Evaluation, deepsea_figure
from regtrack.scoring.marker_scores import BaseCalls

_NO_POINT = BaseCalls(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Column:
    """A column of numbers.

    Parameters
    ----------
    title, explanation
        Its header, and what that means.
    shown
        Text of a cell.
    value
        What the cell is sorted by; NaN where it is not defined.
    """

    title: str
    explanation: str
    shown: Callable[[Scored], str]
    value: Callable[[Scored], float]

    def td(self, pair: Scored) -> str:
        """The `<td>` of a marker; its `data-v` is empty where nothing is defined."""
        value = self.value(pair)
        key = "" if math.isnan(value) else f"{value:.6g}"
        return f'<td data-v="{key}">{escape(self.shown(pair))}</td>'

    @property
    def header(self) -> str:
        """The `<th>`."""
        return (
            f'<th scope="col" class="number" title="{escape(self.explanation)}">{self.title}</th>'
        )


def _scores(
    title: str,
    explanation: str,
    value: Callable[[Scored], float],
    form: Callable[[float], str] = number,
) -> Column:
    return Column(title, explanation, lambda pair: form(value(pair)), value)


def _three(value: float) -> str:
    return number(value, 3)


AVERAGE_PRECISION = _scores(
    "AP", "average precision", lambda pair: pair[1].overall.average_precision
)
INTERVAL = Column(
    "95% interval",
    "of the average precision; sorted by its lower end",
    lambda pair: span(pair[1].interval),
    lambda pair: pair[1].interval[0],
)
LIFT = _scores("lift", "average precision over base rate", lambda pair: pair[1].overall.lift, times)
AUROC = _scores("AUROC", "area under the ROC curve", lambda pair: pair[1].overall.auroc, _three)
BASE_RATE = _scores(
    "base rate",
    "share of the scored bases inside of measured peaks",
    lambda pair: pair[1].overall.base_rate,
)
_COLUMNS = (
    AVERAGE_PRECISION,
    INTERVAL,
    LIFT,
    AUROC,
    BASE_RATE,
    _scores(
        "precision",
        "share of the called bases inside of measured peaks, at the marker's threshold",
        lambda pair: (pair[1].at_threshold or _NO_POINT).precision,
        _three,
    ),
    _scores(
        "recall",
        "share of the bases of measured peaks that is called, at the marker's threshold",
        lambda pair: (pair[1].at_threshold or _NO_POINT).recall,
        _three,
    ),
    _scores(
        "best F1",
        "the best F1 of bases that a threshold can have",
        lambda pair: (pair[1].best or _NO_POINT).f1,
        _three,
    ),
    _scores(
        "calibration error",
        "mean over all bases of |predicted - observed|",
        lambda pair: pair[1].calibration.error,
    ),
    Column(
        "called peaks",
        "and the share of them that overlap a measured one",
        lambda pair: count_and_share(pair[1].peaks.called, pair[1].peaks.called_hit),
        lambda pair: pair[1].peaks.called,
    ),
    Column(
        "measured peaks",
        "and the share of them that overlap a called one",
        lambda pair: count_and_share(pair[1].peaks.measured, pair[1].peaks.measured_hit),
        lambda pair: pair[1].peaks.measured,
    ),
    Column(
        "peak width",
        "median bases of called peaks, and of measured ones",
        lambda pair: f"{width(pair[1].peaks.called_width)} / {width(pair[1].peaks.measured_width)}",
        lambda pair: pair[1].peaks.called_width,
    ),
)
_DEEPSEA = _scores(
    "DeepSEA PR AUC", "as published, of 200-bp bins: another task", lambda pair: deepsea(pair[0])
)


def deepsea(marker: Marker) -> float:
    """PR AUC that DeepSEA published for a marker; NaN where there is none."""
    figure = deepsea_figure(marker, "auprc")
    return math.nan if figure is None else figure


def markers_table(evaluation: Evaluation) -> str:
    """A row for each marker, in the order of the subject, scored or not."""
    pairs = list(zip(evaluation.markers, evaluation.scores, strict=True))
    columns = list(_COLUMNS)
    if any(not math.isnan(deepsea(marker)) for marker in evaluation.markers):
        columns.append(_DEEPSEA)
    head = "".join(column.header for column in columns)
    rows = "\n".join(_row(pair, columns) for pair in pairs)
    return (
        '<table id="markers">\n<thead><tr><th scope="col">marker</th><th scope="col">category</th>'
        f"{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    )


def _row(pair: Scored, columns: Iterable[Column]) -> str:
    marker = pair[0]
    words = " ".join((marker.name, marker.cell, marker.target, marker.treatment)).lower()
    values = "".join(column.td(pair) for column in columns)
    return (
        f'<tr id="{address(marker)[1:]}" data-category="{escape(marker.category)}" '
        f'data-words="{escape(words)}"><th scope="row">{escape(marker.name)}</th>'
        f"<td>{escape(marker.category)}</td>{values}</tr>"
    )


def ranked_table(title: str, pairs: Sequence[Scored]) -> str:
    """Some markers as a short table, each with a link to its row in the long one."""
    columns = (LIFT, AVERAGE_PRECISION, INTERVAL, AUROC, BASE_RATE)
    head = "".join(column.header for column in columns)
    rows = "\n".join(
        f'<tr><th scope="row">{link(pair[0])}</th>'
        f"{''.join(column.td(pair) for column in columns)}</tr>"
        for pair in pairs
    )
    return (
        f'<div class="scroll"><table><thead><tr><th scope="col">{escape(title)}</th>{head}</tr>'
        f"</thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def link(marker: Marker) -> str:
    """Name of a marker that leads to its row in the table of all."""
    return f'<a href="{address(marker)}">{escape(marker.name)}</a>'
