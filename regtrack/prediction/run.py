"""The main job: from a checkpoint and a genome to a tracks folder, block by block.

A run works in `<out>.partial`: first blocks, then each marker's files from them in a
folder of their own, which is renamed to `out` when `tracks.json`, its last file, is in
it. A killed run is gone on with from what is complete.
"""

from __future__ import annotations

import errno
import fcntl
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from regtrack.atomic import write_text
from regtrack.errors import InputError
from regtrack.prediction.blockwork import BlockRecipe, BlockWork, predict_block
from regtrack.prediction.job import Job
from regtrack.prediction.workers import in_processes
from regtrack.tracks.blocks import BlockStore
from regtrack.tracks.folder import CONTENTS, write_predicted
from regtrack.tracks.write import TrackWork, write_track

_IDENTITY = "run.json"
_BLOCKS = "blocks"
_TRACKS = "tracks"
_LOCK = "lock"
_OURS = {_IDENTITY, _BLOCKS, _TRACKS, _LOCK}


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
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(out, "is a file; expected a folder that does not exist yet")
    if not force:
        raise InputError(out, "exists already; --force replaces it")
    if not (out / CONTENTS).exists() and any(out.iterdir()):
        raise InputError(out, f"not replaced: it is not a tracks folder (no {CONTENTS})")


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
    work = out.with_name(f"{out.name}.partial")
    with _work_folder(work, job, force):
        finished = work / _TRACKS
        if not (finished / CONTENTS).exists():
            _predict_blocks(job, work, workers, observer)
            _write_tracks(job, work, workers, observer)
            write_predicted(finished, job.targets)
            job.trackset.write(finished)
        _move_in(finished, out)
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


@contextmanager
def _work_folder(work: Path, job: Job, force: bool) -> Iterator[None]:
    """Make the work folder, or go on in it when it is of the same job; one run at a time."""
    foreign = {entry.name for entry in work.iterdir()} - _OURS if work.is_dir() else set()
    if foreign:
        raise InputError(work, f"is in the way: {min(foreign)} in it is not regtrack's")
    work.mkdir(parents=True, exist_ok=True)
    with (work / _LOCK).open("w") as lock:
        if not _locked(lock):
            raise InputError(work, "another run is at work here")
        identity = json.loads(json.dumps(job.identity()))
        found = _read_identity(work / _IDENTITY)
        if found is not None and found != identity:
            if not force:
                raise InputError(
                    work,
                    f"holds an unfinished run with another {_differences(found, identity)}; "
                    "--force drops it",
                )
            found = None
        if found is None:
            _clear(entry for entry in work.iterdir() if entry.name != _LOCK)
            write_text(work / _IDENTITY, json.dumps(identity, indent=1) + "\n")
        for folder in work / _BLOCKS, work / _TRACKS / "bigwig", work / _TRACKS / "peaks":
            folder.mkdir(parents=True, exist_ok=True)
        # What a killed process was writing aside.
        _clear([*work.rglob("*.tmp"), *(work / _TRACKS / "peaks").glob(".*")])
        yield


def _locked(lock: IO[str]) -> bool:
    """Lock the file; where the file system has no locks, trust that nobody else is here."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP):
            raise
    return True


def _read_identity(path: Path) -> dict[str, object] | None:
    try:
        found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def _differences(found: dict[str, object], wanted: dict[str, object]) -> str:
    """`max_error (0.003, now 0.01)` for what two runs differ in."""
    names = [name for name in wanted if found.get(name) != wanted[name]]
    return ", ".join(
        f"{name} ({found.get(name)}, now {wanted[name]})"
        if not isinstance(wanted[name], list) and len(str(wanted[name])) < 32
        else name
        for name in names
    )


def _clear(entries: Iterable[Path]) -> None:
    """Remove files, and folders with all that is in them."""
    for entry in entries:
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _move_in(finished: Path, out: Path) -> None:
    """Put the finished folder in place; an older one is moved aside first, then removed."""
    if not out.exists():
        finished.replace(out)
        return
    aside = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    out.replace(aside / "old")
    finished.replace(out)
    shutil.rmtree(aside)
