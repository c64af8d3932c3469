"""The study of a search: its trials, which process has which, and their results.

It is an Optuna study in an SQLite file. Every access holds the lock of the folder, so that
several processes, also on several machines with a common folder, never draw a trial twice. A
trial has a lock of its own while it is trained: a running trial whose lock is free was killed,
and is resumed first.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler, GridSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from regtrack.atomic import locked, open_lock
from regtrack.differences import another
from regtrack.documents import parse_json
from regtrack.errors import ArgumentError, InputError
from regtrack.folders import ASIDE, clear
from regtrack.search.settings import SearchSettings
from regtrack.search.space import Choice, Range, Space
from regtrack.search.trial import BEST, COMPLETE, FAILED, RUNNING, TABLE, Outcome, Trial, Trials
from regtrack.work_folders import refuse_foreign

DATABASE = "study.db"
TRIALS = "trials"
# The files of a search in its folder, besides the lock.
OURS = (f"{DATABASE}*", TRIALS, TABLE, "trials.png", BEST)

_LOCK = "lock"
_IDENTITY = "identity"
_MOST_COMBINATIONS = 100_000
# Errors of SQLite, and of Optuna, on a damaged file.
_DAMAGED = (
    SQLAlchemyError,
    sqlite3.Error,
    optuna.exceptions.OptunaError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
)
# Messages of SQLite about the disk or another process, not about the content of the file.
_NOT_DAMAGED = (
    "database or disk is full",
    "disk I/O error",
    "attempt to write a readonly database",
    "unable to open database file",
    "database is locked",
)
_STATES = {TrialState.COMPLETE: COMPLETE, TrialState.FAIL: FAILED}


class Study:
    """The study of a search folder that `begin_study` has made; close it after use.

    Raises
    ------
    InputError
        When the file is damaged, or of another version of Optuna; so do all methods.
    OSError
        When it cannot be read or written.
    """

    def __init__(self, folder: Path, space: Space, settings: SearchSettings) -> None:
        self.folder = folder
        self.limit = trial_limit(space, settings)
        self._space = space
        self._settings = settings
        with self._alone():
            self._storage, self._study = _open(folder)

    def close(self) -> None:
        """Close the file."""
        _close(self._storage)

    @contextmanager
    def claimed(self) -> Iterator[Trial | None]:
        """The next trial, for as long as the body runs; None when there is none to do.

        A trial that another process left unfinished comes first.
        """
        with self._alone():
            trial, lock = self._claim()
        try:
            yield trial
        finally:
            if trial is not None and lock is not None:
                with lock, self._alone():
                    if self._state(trial.number) != RUNNING:
                        self._lock_path(trial.number).unlink(missing_ok=True)

    def complete(self, number: int, outcome: Outcome) -> None:
        """Store the outcome of a claimed trial."""
        with self._alone():
            self._set(number, "outcome", json.dumps(asdict(outcome)))
            self._study.tell(number, outcome.mean)

    def fail(self, number: int, message: str) -> None:
        """Store that a claimed trial failed, and why."""
        with self._alone():
            self._set(number, "message", message)
            self._study.tell(number, state=TrialState.FAIL)

    def trials(self) -> Trials:
        """All trials as they are now."""
        with self._alone():
            return Trials(tuple(map(_trial, self._study.get_trials(deepcopy=False))))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with folder_locked(self.folder), _understood(self.folder / DATABASE):
            yield

    def _claim(self) -> tuple[Trial | None, IO[bytes] | None]:
        numbers = _running(self._study)
        count = len(self._study.get_trials(deepcopy=False))
        if count < self.limit:
            numbers.append(count)
        for number in numbers:
            lock = _try_lock(self._lock_path(number))
            if lock is None:
                continue
            try:
                return self._drawn(number), lock
            except BaseException:
                lock.close()
                raise
        return None, None

    def _drawn(self, number: int) -> Trial:
        """A trial with all its values; it is made when the study does not have it yet."""
        self._study.sampler = _sampler(self._space, self._settings, number)
        trials = self._study.get_trials(deepcopy=False)
        if number < len(trials):
            # Values that are stored already are kept.
            trial = optuna.trial.Trial(self._study, self._trial_id(number))
        else:
            trial = self._study.ask()
        values = {axis.name: _drawn_value(trial, axis) for axis in self._space.axes}
        # Optuna's grid sampler would stop a loop that does not exist when a trial is told.
        self._study.sampler = RandomSampler()
        return Trial(number, RUNNING, values)

    def _state(self, number: int) -> str:
        return _trial(self._study.get_trials(deepcopy=False)[number]).state

    def _set(self, number: int, key: str, value: str) -> None:
        self._storage.set_trial_user_attr(self._trial_id(number), key, value)

    def _trial_id(self, number: int) -> int:
        """The id of a trial in the storage."""
        study = self._storage.get_study_id_from_name(self._study.study_name)
        return self._storage.get_trial_id_from_study_id_trial_number(study, number)

    def _lock_path(self, number: int) -> Path:
        return self.folder / TRIALS / f"{number}.lock"


def begin_study(folder: Path, identity: Mapping[str, Any], force: bool) -> None:
    """Make the study of a search, if there is none yet.

    Parameters
    ----------
    folder
        Made if missing.
    identity
        What two searches must share to be one; JSON.
    force
        Drop a search with another identity.

    Raises
    ------
    InputError
        When the folder holds files that are not a search's or a search with another identity;
        when a search to be dropped is still running.
    OSError
        When the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(folder, "is a file; expected the folder of a search")
    folder.mkdir(parents=True, exist_ok=True)
    refuse_foreign(folder, (*OURS, *ASIDE))
    wanted = json.loads(json.dumps(identity))
    with folder_locked(folder):
        try:
            stored = _read_identity(folder)
        except InputError:
            if not force:
                raise
            stored = {}
        if stored is not None and stored != wanted:
            if not force:
                what = f"a search with {another(stored, wanted)}" if stored else "trials"
                more = "" if stored else f" but no {DATABASE}"
                raise InputError(folder, f"holds {what}{more}; --force drops it")
            _drop(folder)
        (folder / TRIALS).mkdir(exist_ok=True)
        clear([path for name in ASIDE for path in folder.glob(name)])
        with _understood(folder / DATABASE):
            storage, study = _open(folder)
            study.set_user_attr(_IDENTITY, wanted)
            running = [f"{number}.lock" for number in _running(study)]
            clear([path for path in (folder / TRIALS).glob("*.lock") if path.name not in running])
            _close(storage)


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a search folder; waits while another process has it."""
    with os.fdopen(open_lock(folder / _LOCK), "rb") as lock:
        while not locked(lock.fileno()):
            time.sleep(0.02)
        yield


def trial_limit(space: Space, settings: SearchSettings) -> int:
    """Number of trials that a search ends with.

    Raises
    ------
    ArgumentError
        For a grid over a range, or over too many combinations.
    """
    if settings.sampler != "grid":
        assert settings.trials is not None
        return settings.trials
    combinations = space.combinations
    if combinations is None:
        ranges = [axis.name for axis in space.axes if isinstance(axis, Range)]
        raise ArgumentError(
            "sampler",
            f"a grid needs lists of values, and {', '.join(ranges)} is a range; expected random "
            "or tpe",
        )
    if combinations > _MOST_COMBINATIONS:
        raise ArgumentError(
            "sampler", f"{combinations:,} combinations are too many; expected random or tpe"
        )
    return min(combinations, settings.trials or combinations)


def _read_identity(folder: Path) -> dict[str, Any] | None:
    """The identity of the study in a folder; empty for trials without a study, None for neither."""
    if not (folder / DATABASE).exists():
        trials = folder / TRIALS
        return {} if trials.is_dir() and any(trials.iterdir()) else None
    with _understood(folder / DATABASE):
        _check_whole(folder / DATABASE)
        storage, study = _open(folder)
        identity = study.user_attrs.get(_IDENTITY)
        has_trials = bool(list(map(_trial, study.get_trials(deepcopy=False))))
        _close(storage)
        if identity is None and not has_trials:  # a process was killed when it had made the file
            return None
        return parse_json(json.dumps(identity), dict[str, Any], folder / DATABASE)


def _check_whole(database: Path) -> None:
    """Have SQLite check every page, which it does not do by itself."""
    with closing(sqlite3.connect(database)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _drop(folder: Path) -> None:
    """Remove a search that is not running."""
    for path in (folder / TRIALS).glob("*.lock"):
        lock = _try_lock(path)
        if lock is None:
            raise InputError(folder, "another search is running here")
        lock.close()
    clear([entry for name in OURS for entry in folder.glob(name)])


def _try_lock(path: Path) -> IO[bytes] | None:
    """The locked file, or None when another process has it."""
    lock = os.fdopen(open_lock(path), "rb")
    if locked(lock.fileno()):
        return lock
    lock.close()
    return None


def _open(folder: Path) -> tuple[optuna.storages.RDBStorage, optuna.Study]:
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)  # it would print every trial
    path = folder / DATABASE
    storage = optuna.storages.RDBStorage(
        "sqlite://",
        # Not by its address: a `?`, `%` or `{` in the folder's name would be misread.
        engine_kwargs={"creator": lambda: sqlite3.connect(path), "poolclass": NullPool},
    )
    study = optuna.create_study(
        storage=storage,
        study_name="regtrack search",
        direction="maximize",
        sampler=RandomSampler(),
        load_if_exists=True,
    )
    return storage, study


def _running(study: optuna.Study) -> list[int]:
    trials = study.get_trials(deepcopy=False)
    return [trial.number for trial in trials if trial.state == TrialState.RUNNING]


def _close(storage: optuna.storages.RDBStorage) -> None:
    storage.remove_session()
    storage.engine.dispose()


@contextmanager
def _understood(database: Path) -> Iterator[None]:
    """Silence warnings of Optuna, and raise its errors as errors of the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    except InputError as error:
        raise InputError(database, f"{error.problem}; --force drops the search") from error
    except _DAMAGED as error:
        known = str(error.__cause__ or error).partition("\n")[0]
        of_the_disk = next((words for words in _NOT_DAMAGED if words in known), None)
        if of_the_disk is not None:
            raise OSError(errno.EIO, of_the_disk, str(database)) from error
        raise InputError(
            database,
            f"cannot be used as the study of a search: {known}; --force drops the search",
        ) from error


def _sampler(space: Space, settings: SearchSettings, number: int) -> BaseSampler:
    """The sampler of one trial.

    What it draws is a function of seed and number (and, for `tpe`, of the results so far),
    however many processes share the study.
    """
    if settings.sampler == "grid":
        values = {axis.name: axis.values for axis in space.axes if isinstance(axis, Choice)}
        return GridSampler(values, seed=settings.seed)
    seed = int(np.random.SeedSequence((settings.seed, number)).generate_state(1)[0])
    if settings.sampler == "random":
        return RandomSampler(seed=seed)
    # Running trials count as bad ones, so that several workers do not try the same.
    return TPESampler(seed=seed, constant_liar=True)


def _drawn_value(trial: optuna.trial.Trial, axis: Choice | Range) -> Any:
    if isinstance(axis, Choice):
        return trial.suggest_categorical(axis.name, axis.values)
    if isinstance(axis.low, int) and isinstance(axis.high, int):
        step = int(axis.step or 1)
        return trial.suggest_int(axis.name, axis.low, axis.high, step=step, log=axis.log)
    return trial.suggest_float(axis.name, axis.low, axis.high, step=axis.step, log=axis.log)


def _trial(frozen: FrozenTrial) -> Trial:
    record = frozen.user_attrs.get("outcome")
    complete = frozen.state == TrialState.COMPLETE
    return Trial(
        number=frozen.number,
        state=_STATES.get(frozen.state, RUNNING),
        values=frozen.params,
        outcome=parse_json(record, Outcome, DATABASE) if record and complete else None,
        message=str(frozen.user_attrs.get("message", "")),
    )
