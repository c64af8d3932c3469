"""The job behind `regtrack eval MODEL`: exact scores from unrounded predictions.

Probabilities are counted block by block, in constant memory, and never written. With a folder for
the report, the counts lie in `<out>.partial` until it is written: a killed run resumes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from regtrack.datasets.labels import LABEL_FILES
from regtrack.folders import is_of_run, unfinished_run
from regtrack.models.arithmetic import reported_device
from regtrack.observer import Observer
from regtrack.paths import named
from regtrack.prediction.dispatch import missing, predict_missing
from regtrack.prediction.job import REMEDIES
from regtrack.prediction.score_job import ScoreJob
from regtrack.report.files import check_report_folder, write_report
from regtrack.scoring.counting import gather_scores
from regtrack.scoring.evaluation import Evaluation
from regtrack.scoring.provenance import Predictions
from regtrack.work_folders import partial_path, remove_claimed

# What lies in the folder of a run that counts, as shell-style patterns.
COUNT_FILES = (*LABEL_FILES, "*.cnt")


def run_scores(
    job: ScoreJob, workers: int, observer: Observer, out: Path | None = None, force: bool = False
) -> Evaluation:
    """Predict and count every block, then score marker by marker.

    Parameters
    ----------
    workers
        Processes; changes nothing but the time. With a GPU, this one predicts.
    out
        Folder for the report, which is written there; None for none.
    force
        Replace a report, and drop an unfinished run that scored something else.

    Raises
    ------
    InputError
        When `out` holds a report, or what lies at `<out>.partial` is not an unfinished run of
        this job.
    OSError
        When a file cannot be written; with `out`, the same call resumes.
    """
    if out is None:
        with tempfile.TemporaryDirectory(prefix="regtrack-eval.") as scratch:
            return _scores(job, Path(scratch), workers, observer)
    # A report of this very run, all or half of it, was written when it was stopped.
    begun = is_of_run(partial_path(out.resolve()), job.identity(), job.may_differ)
    check_report_folder(out, force or begun)
    with unfinished_run(
        *(out.resolve(), job.identity(), COUNT_FILES, force),
        no_work=LABEL_FILES,
        may_differ=job.may_differ,
        remedies=REMEDIES,
    ) as work:
        evaluation = _scores(job, work, workers, observer)
        write_report(evaluation, out)
        remove_claimed(work)
    return evaluation


def _scores(job: ScoreJob, folder: Path, workers: int, observer: Observer) -> Evaluation:
    """The same, with the counts in a folder, where some may be already."""
    predict_missing(job.saved_works(folder), workers, observer)
    return evaluate_counts(job, folder, workers, observer, reported_device(job.device))


def evaluate_counts(
    job: ScoreJob, folder: Path, workers: int, observer: Observer, device: str
) -> Evaluation:
    """Score a model marker by marker by what was counted of all blocks.

    Parameters
    ----------
    folder
        Where the counts are.
    device
        What was predicted on, as the report says it.
    """
    labels = job.peak_labels(folder)
    order = [work.tasks[0].block for work in job.works(folder)]
    scores = gather_scores(labels, job.marker_rules, order, workers, observer)
    checkpoint = job.checkpoint
    predictions = Predictions(
        checkpoint.identified(job.sha256), named(job.genome), device, job.step
    )
    return job.truth.evaluation(
        scores, job.model, "model", checkpoint.network.paper_auc, predictions
    )


def left_to_score(job: ScoreJob, out: Path | None) -> int:
    """Bases that `run_scores` would have to predict: not those of a run that it would resume."""
    work = None if out is None else partial_path(out.resolve())
    if work is None or not work.exists() or not is_of_run(work, job.identity(), job.may_differ):
        return job.truth.scope.scored.bases
    return sum(left.bases for left in missing(job.works(work)))
