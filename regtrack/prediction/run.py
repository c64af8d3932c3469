"""The main job: from a checkpoint and a genome to a tracks folder, block by block.

A run works in `<out>.partial`: first blocks, then each marker's files from them in a
folder of their own, which is renamed to `out` when `tracks.json`, its last file, is in
it. A killed run is gone on with from what is complete.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

from regtrack.folders import check_folder, clear, move_in, partial_path, unfinished_run
from regtrack.prediction.blockwork import BlockRecipe, BlockWork, predict_block
from regtrack.prediction.job import Job
from regtrack.prediction.workers import in_processes
from regtrack.tracks.blocks import BlockStore
from regtrack.tracks.folder import CONTENTS, write_predicted
from regtrack.tracks.write import TrackWork, write_track

_BLOCKS = "blocks"
_TRACKS = "tracks"


class PredictionObserver(Protocol):
    """Is told of the progress; what it does with it is its own affair."""

    def stage(self, name: str, unit: str, total: int, done: int) -> None:
        """A stage begins; `done` of its `total` units were done by an earlier run."""

    def advanced(self, units: int) -> None:
        """So many units of the stage are done."""

    def finished(self) -> None:
        """The stage is over."""


def check_out(out: Path, force: bool) -> None:
    """Refuse to touch anything but a tracks folder, and that only when asked to.

    Raises
    ------
    InputError
        When `out` exists and may not be replaced.
    """
    check_folder(out, force, CONTENTS, "a tracks folder")


def run(job: Job, out: Path, workers: int, force: bool, observer: PredictionObserver) -> None:
    """Run a job and leave the finished tracks folder at `out`.

    Parameters
    ----------
    workers
        Processes; changes nothing but the time. With a GPU, one process predicts.
    force
        Replace `out` when it is a tracks folder, and drop an unfinished run that had
        other settings.

    Raises
    ------
    InputError
        When `out` exists, or what lies at `<out>.partial` is not an unfinished run of
        this job.
    OSError
        When a file cannot be written; the same call goes on from there.
    """
    check_out(out, force)
    out = out.resolve()  # a link stays a link to the folder that is replaced
    work = partial_path(out)
    with unfinished_run(work, job.identity(), (_BLOCKS, _TRACKS), force):
        finished = work / _TRACKS
        for folder in work / _BLOCKS, finished / "bigwig", finished / "peaks":
            folder.mkdir(parents=True, exist_ok=True)
        clear((finished / "peaks").glob(".*"))  # what a killed process was writing aside
        if not (finished / CONTENTS).exists():
            _predict_blocks(job, work, workers, observer)
            _write_tracks(job, work, workers, observer)
            write_predicted(finished, job.targets)
            job.trackset.write(finished)
        move_in(finished, out)
        shutil.rmtree(work)


def _predict_blocks(job: Job, work: Path, workers: int, observer: PredictionObserver) -> None:
    """Predict and save the blocks that are not there yet."""
    tasks = job.tasks()
    store = BlockStore(work / _BLOCKS)
    recipe = BlockRecipe(job.model, job.genome, job.rows, job.settings, job.device, work / _BLOCKS)
    blocks = [BlockWork(recipe, task, task is tasks[0]) for task in tasks]
    todo = [one for one in blocks if not store.path(one.task.block).exists()]
    total = sum(task.targets.bases for task in tasks)
    left = sum(one.task.targets.bases for one in todo)
    observer.stage("predicting", "bp", total, total - left)
    processes = workers if job.device == "cpu" else 1
    for done in in_processes(predict_block, todo, processes):
        observer.advanced(done.task.targets.bases)
    observer.finished()


def _write_tracks(job: Job, work: Path, workers: int, observer: PredictionObserver) -> None:
    """Write each marker's files from the saved blocks."""
    order = tuple(task.block for task in job.tasks())
    tracks = job.trackset.tracks
    sizes = job.trackset.chrom_sizes
    files = [
        TrackWork(number, track, sizes, order, work / _BLOCKS, work / _TRACKS)
        for number, track in enumerate(tracks)
    ]
    observer.stage("writing tracks", "markers", len(tracks), 0)
    for _ in in_processes(write_track, files, workers):
        observer.advanced(1)
    observer.finished()
