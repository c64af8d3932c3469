"""Scores against measured peaks, as `regtrack eval` gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from regtrack.api.arguments import (
    PathLike,
    Patterns,
    Regions,
    check_counts,
    naming_arguments,
    optional_path,
    path_of,
    paths_of,
    patterns_of,
    typed_regions,
)
from regtrack.api.frames import frame_of_rows
from regtrack.api.model import Model, load_model
from regtrack.api.progress import observed
from regtrack.api.tracks import Tracks, open_tracks
from regtrack.errors import ArgumentError
from regtrack.listing import counted
from regtrack.models.named_code import allowing_code
from regtrack.observer import Observer
from regtrack.report.files import check_report_folder, report_files, rows, write_report
from regtrack.report.text import text_table
from regtrack.scoring.evaluation import Evaluation
from regtrack.scoring.request import NOT_WITH_A_DATASET, ScoreRequest
from regtrack.scoring.score_tracks import evaluate as evaluate_tracks
from regtrack.workers import available_cores

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """How good predictions are. `print(report)` shows what `regtrack eval` prints.

    Parameters
    ----------
    evaluation
        Scores of every marker, means per category, and what was left out.
    """

    evaluation: Evaluation

    def to_frame(self) -> pd.DataFrame:
        """A row per marker, with the columns of `report.tsv` (docs/report.md).

        Returns
        -------
        pandas.DataFrame
            NaN or None where a score is not defined.

        Raises
        ------
        RegtrackError
            Where pandas is not installed.
        """
        return frame_of_rows(rows(self.evaluation))

    def write(self, folder: PathLike, *, force: bool = False) -> tuple[Path, ...]:
        """Write `report.tsv`, `report.json` and `report.html` into a folder; returns their paths.

        Parameters
        ----------
        force
            Replace a report that is there.

        Raises
        ------
        InputError
            When the folder is a file, or holds a report already.
        OSError
            When a file cannot be written.
        """
        path = path_of(folder)
        with naming_arguments():
            check_report_folder(path, force)
            write_report(self.evaluation, path)
            return tuple(report_files(path))

    def __str__(self) -> str:
        return text_table(self.evaluation)

    def __repr__(self) -> str:
        scored = self.evaluation
        return f"<Report on {scored.subject}: {counted(len(scored.markers), 'marker')}>"


def evaluate(
    subject: Tracks | Model | PathLike,
    peaks: PathLike | None = None,
    *,
    dataset: PathLike | None = None,
    split: str | None = None,
    regions: Regions = (),
    markers: Patterns | None = None,
    exclude: PathLike | Iterable[PathLike] = (),
    unknown: Patterns = (),
    genome: PathLike | None = None,
    step: int | None = None,
    device: str = "auto",
    genes: PathLike | None = None,
    clip: bool = False,
    any_genome: bool = False,
    include_training: bool = False,
    workers: int | None = None,
    progress: bool | Observer = False,
) -> Report:
    """Score tracks, or a model, against measured peaks: of a table, of files, or of a dataset.

    Parameters
    ----------
    subject
        Tracks, which are scored as they are written, where they were predicted (a base that a track
        leaves out counts as 0); or a model, which is scored by its unrounded predictions. Opened,
        or as `open_tracks` or `load_model` takes it.
    peaks
        Measured peaks: a markers table whose column `file` names them, a folder of peak files, a
        pattern (`peaks/*.bed`), or one peak file. They are matched to the predicted markers by
        name, which is a file's own where there is no table. Not with a dataset, which has its own.
    dataset
        Of a model: score a split of this dataset (`regtrack prepare`, dense task), by its own
        peaks, whole, instead of regions.
    split
        Of the dataset: `train`, `valid` or `test`; None for `test`.
    regions
        Score only here, as `predict_tracks` takes regions. None stands for all that was
        predicted or, of a model, for the whole genome.
    markers
        As `predict_tracks`.
    exclude
        BED files: bases that are not scored.
    unknown
        Chromosomes on which nothing was called for some markers, as `*DREAM=chr1,chr8`.
    genome
        Of a model: the sequence that it reads. FASTA, plain or bgzip. With a dataset it only says
        where that genome lies now.
    step
        Of a model, as `Model.predict`.
    device, any_genome
        Of a model, as `predict`.
    genes, clip, include_training, workers, progress
        As `predict_tracks`.

    Returns
    -------
    Report
        `to_frame()` has a row per marker.

    Raises
    ------
    ArgumentError
        For an argument that cannot be used; the message begins with its name.
    InputError
        For a file that cannot be used, or when nothing is left to score.
    OSError
        When a file cannot be read.
    """
    check_counts(step=step, workers=workers)
    scored = _opened(subject)
    processes = workers or available_cores()
    with naming_arguments(), observed(progress) as observer:
        request = ScoreRequest(
            optional_path(peaks),
            typed_regions(regions),
            paths_of(exclude),
            patterns_of(markers),
            patterns_of(unknown),
            clip,
            optional_path(genes),
            include_training,
        )
        if isinstance(scored, Tracks):
            of_a_model = {
                "dataset": dataset,
                "split": split,
                "genome": genome,
                "step": step,
                "any_genome": any_genome,
                "device": device != "auto",
            }
            _refuse(of_a_model, "is for a model; these are tracks")
            return Report(evaluate_tracks(scored.folder, request, processes, observer))
        if dataset is None:
            _refuse({"split": split}, "is of a dataset, and there is none")
        else:
            fields = {name: getattr(request, name) for name in NOT_WITH_A_DATASET}
            _refuse(fields, "does not go with a dataset")
        from regtrack.prediction.score_job import make_score_job
        from regtrack.prediction.score_model import run_scores

        scored.check_unchanged()
        with allowing_code(scored.networks):
            job = make_score_job(
                scored.path,
                request,
                optional_path(dataset),
                split or "test",
                genome=optional_path(genome),
                step=step,
                device=device,
                any_genome=any_genome,
            )
            return Report(run_scores(job, processes, observer))


def _refuse(arguments: Mapping[str, object], why: str) -> None:
    """Refuse the first argument that was given."""
    for name in (name for name, value in arguments.items() if value):
        raise ArgumentError(name, why)


def _opened(subject: Tracks | Model | PathLike) -> Tracks | Model:
    if isinstance(subject, Tracks | Model):
        return subject
    if path_of(subject).is_dir():
        return open_tracks(subject)
    try:
        return load_model(subject)
    except ArgumentError as error:
        raise ArgumentError("subject", error.problem) from None
