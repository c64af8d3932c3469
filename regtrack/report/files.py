"""Scores as `report.tsv`, `report.json` and `report.html`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from regtrack.atomic import write_texts
from regtrack.errors import InputError
from regtrack.genome.markers import Marker
from regtrack.report.numbers import defined, tsv_field
from regtrack.report.scores_table import PAGE, TABLE
from regtrack.report.trust import verdict
from regtrack.run_summary import LeftOut, RunSummary
from regtrack.scoring.evaluation import CategorySummary, Evaluation, deepsea_figure
from regtrack.scoring.marker_scores import BaseCalls, MarkerScores
from regtrack.scoring.metrics import REFERENCE_SCORES
from regtrack.scoring.resampling import LEVEL, REPLICATES
from regtrack.scoring.trust import shown_of
from regtrack.work_folders import check_writable

FORMAT_VERSION = 2
DATA = "report.json"
FILES = (TABLE, DATA, PAGE)


Row = dict[str, Any]


def rows(evaluation: Evaluation) -> list[Row]:
    """A row per marker: what `report.tsv` has, docs/report.md says what each column is."""
    table = [
        _row(marker, scores, evaluation.unknown.get(marker.index, ()))
        for marker, scores in zip(evaluation.markers, evaluation.scores, strict=True)
    ]
    for row, scores in zip(table, evaluation.reference, strict=bool(evaluation.reference)):
        row |= {f"reference_{name}": getattr(scores, name) for name in REFERENCE_SCORES}
    return table


def _row(marker: Marker, scores: MarkerScores, unknown: Sequence[str]) -> Row:
    overall, peaks = scores.overall, scores.peaks
    undefined = BaseCalls(math.nan, math.nan, math.nan)
    here, best = scores.at_threshold or undefined, scores.best or undefined
    return {
        **{
            name: getattr(marker, name)
            for name in ("index", "name", "category", "cell", "target", "treatment")
        },
        "bases": overall.bases,
        "positives": overall.positives,
        "base_rate": overall.base_rate,
        "average_precision": overall.average_precision,
        "average_precision_low": scores.interval[0],
        "average_precision_high": scores.interval[1],
        "lift": overall.lift,
        "pr_auc_trapezoid": overall.pr_auc_trapezoid,
        "auroc": overall.auroc,
        "threshold": here.threshold,
        "precision": here.precision,
        "recall": here.recall,
        "f1": here.f1,
        "best_f1": best.f1,
        "best_f1_threshold": best.threshold,
        "calibration_error": scores.calibration.error,
        "called_peaks": peaks.called,
        "called_peaks_hit": peaks.called_hit,
        "called_peak_width": peaks.called_width,
        "measured_peaks": peaks.measured,
        "measured_peaks_hit": peaks.measured_hit,
        "measured_peak_width": peaks.measured_width,
        "peak_precision": peaks.precision,
        "peak_recall": peaks.recall,
        "peak_f1": peaks.f1,
        **{
            f"deepsea_{name}": deepsea_figure(marker, name)
            for name in ("auprc", "auroc", "base_rate")
        },
        "unknown_chromosomes": ",".join(unknown),
        "verdict": shown_of(scores) or "",
    }


def check_report_folder(folder: Path, force: bool) -> None:
    """Refuse a folder for the report that is in use, before anything is scored.

    Raises
    ------
    InputError
        When it is a file, or holds a report and `force` is not set.
    OSError
        When nothing can be written there.
    """
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise InputError(path, "is a file; expected a folder")
    if not force and any((folder / name).exists() for name in FILES):
        raise InputError(folder, "holds a report already; --force replaces it")
    check_writable(folder)


def report_files(folder: Path) -> list[Path]:
    """Where the files of a report lie."""
    return [folder / name for name in FILES]


def summarise_evaluation(evaluation: Evaluation, text: str, written: Sequence[Path]) -> RunSummary:
    """What scoring came to, with the text that says so, and the files that hold it."""
    return RunSummary(
        text,
        written=written,
        counts={
            "bases": evaluation.scored.bases,
            "chromosomes": len(evaluation.scored.where),
            "markers": sum(scores.scored for scores in evaluation.overall),
            "called_peaks": sum(scores.peaks.called for scores in evaluation.scores),
            "measured_peaks": sum(scores.peaks.measured for scores in evaluation.scores),
        },
        scores={row["category"]: row["mean"] for row in map(_category, evaluation.categories)},
        left_out=[
            *(LeftOut("bases", why, bases) for why, bases in evaluation.scored.left_out.items()),
            *(LeftOut.named("markers", why, names) for why, names in evaluation.unscored().items()),
        ],
        more={"verdict": verdict(evaluation)},
    )


def write_report(evaluation: Evaluation, folder: Path) -> None:
    """Write `report.tsv` (a row per marker), `report.json` and `report.html`.

    The folder is made where it is missing. Scores that are not defined are empty in the
    table and null in JSON.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    # Loading matplotlib takes most of a second, which not every `predict` needs.
    from regtrack.report.page.write import page  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    table = rows(evaluation)
    columns = list(table[0])
    lines = [columns, *([tsv_field(row[column]) for column in columns] for row in table)]
    texts = (
        "\n".join("\t".join(line) for line in lines) + "\n",
        json.dumps(record(evaluation), indent=1, allow_nan=False) + "\n",
        page(evaluation),
    )
    write_texts(dict(zip(report_files(folder), texts, strict=True)))


def record(evaluation: Evaluation) -> dict[str, Any]:
    """What `report.json` holds."""
    content: dict[str, Any] = _defined(
        {
            "format": FORMAT_VERSION,
            "subject": evaluation.subject,
            "kind": evaluation.kind,
            "about": evaluation.provenance.to_json(),
            "bases": evaluation.scored.bases,
            "chromosomes": {
                chrom: intervals.bases for chrom, intervals in evaluation.scored.where.items()
            },
            "left_out": dict(evaluation.scored.left_out),
            "bootstrap": {
                "block_length": evaluation.blocks.length,
                "blocks": len(evaluation.blocks),
                "resamples": REPLICATES,
                "level": LEVEL,
            },
            "verdict": verdict(evaluation),
            "categories": [_category(summary) for summary in evaluation.categories],
            "not_scored": evaluation.unscored(),
            "markers": [
                row | _details(scores)
                for row, scores in zip(rows(evaluation), evaluation.scores, strict=True)
            ],
        }
    )
    return content


def _category(summary: CategorySummary) -> Row:
    means = asdict(summary.means)
    return {
        "category": means.pop("category"),
        "markers": means.pop("markers"),
        "mean": means,
        "mean_average_precision_interval": summary.interval,
        "median_average_precision": summary.median,
        "median_average_precision_interval": summary.median_interval,
        "median_lift": summary.lift,
        "mean_calibration_error": summary.calibration_error,
        "paper_pr_auc": summary.published,
        "deepsea_auprc": summary.deepsea,
        "deepsea_markers": summary.deepsea_markers,
    }


def _details(scores: MarkerScores) -> Row:
    """The data of a marker that have no column."""
    calibration = scores.calibration
    return {
        "chromosomes": {
            chrom: {**asdict(of_chrom), "base_rate": of_chrom.base_rate}
            for chrom, of_chrom in scores.chroms.items()
        },
        "curve": {
            "recall": [recall for recall, _ in scores.curve],
            "precision": [precision for _, precision in scores.curve],
        },
        "peak_curve": {
            "threshold": [threshold for threshold, _ in scores.peak_curve],
            "called": [peaks.called for _, peaks in scores.peak_curve],
            "precision": [peaks.precision for _, peaks in scores.peak_curve],
            "recall": [peaks.recall for _, peaks in scores.peak_curve],
            "f1": [peaks.f1 for _, peaks in scores.peak_curve],
        },
        "calibration": asdict(calibration),
    }


def _defined(value: Any) -> Any:
    """A value as JSON takes it, with all values inside it."""
    if isinstance(value, Mapping):
        return {key: _defined(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(item) for item in value]
    return defined(value)
