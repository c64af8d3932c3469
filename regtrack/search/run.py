"""A search: many trainings of one network, each with other settings, and the best of them.

Its folder holds the study, `trials/<number>.safetensors` with log and plot, `trials.tsv`,
`trials.png` and `best.safetensors`. A killed search resumes when it is started again.
"""

from __future__ import annotations

import filecmp
import functools
import math
import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from regtrack.atomic import replacing, write_text
from regtrack.datasets.folder import open_dataset
from regtrack.errors import ArgumentError, InputError, RegtrackError, printable
from regtrack.folders import clear
from regtrack.listing import counted
from regtrack.models.architecture import Architecture
from regtrack.models.catalog import find_architecture
from regtrack.models.device import choose_device
from regtrack.models.named_code import allowed_code, allowing_code
from regtrack.observer import Event, Observer, Unwatched
from regtrack.paths import shell_word
from regtrack.report.trials_plot import plot_trials
from regtrack.run_summary import RunSummary
from regtrack.search.events import SearchStarted, TrialAdvanced, TrialsEnded
from regtrack.search.settings import SearchSettings
from regtrack.search.space import TRAINING, Range, Space, paper_space, read_space, split_values
from regtrack.search.study import Study, begin_study, folder_locked, trial_limit
from regtrack.search.trial import (
    BEST,
    COMPLETE,
    FAILED,
    RUNNING,
    TABLE,
    Trial,
    Trials,
    checkpoint_path,
    read_outcome,
    trials_table,
)
from regtrack.training.events import StepDone, TrainingStarted
from regtrack.training.processes import Processes, torchrun_processes
from regtrack.training.result import Stop
from regtrack.training.run import train, was_interrupted_at_the_end
from regtrack.training.settings import TrainingSettings
from regtrack.work_folders import partial_path
from regtrack.workers import available_cores, in_processes


@dataclass(frozen=True)
class SearchRequest:
    """What to search, on what.

    Parameters
    ----------
    dataset, genome
        As `regtrack.datasets.folder.open_dataset`.
    architecture
        Name of the network.
    space
        TOML file as `regtrack.search.space.read_space` reads it; None is the paper's grid.
    search
        How to walk through the space.
    training
        How each trial is trained, besides what the space varies.
    device
        As `regtrack.models.device.choose_device`; all workers share it.
    """

    dataset: Path
    genome: Path | None
    architecture: str | None
    space: Path | None
    search: SearchSettings
    training: TrainingSettings
    device: str = "auto"


@dataclass(frozen=True)
class SearchResult:
    """How a search ended.

    Parameters
    ----------
    trials
        All that the study has.
    limit
        Number of trials that it ends with.
    stopped_by
        As `regtrack.training.result.TrainingResult`.
    """

    folder: Path
    trials: Trials
    limit: int
    stopped_by: Stop | None

    def describe(self) -> str:
        """For people, in a line or two."""
        best, done, failed = self.trials.best, self.trials.finished, self.trials.of(FAILED)
        lines = []
        if best is not None and best.outcome is not None:
            lines.append(
                f"{self.folder / BEST}: trial {best.number}, average precision "
                f"{best.outcome.mean:.4f}, with {best.describe_values()}"
            )
        count = f"{len(done):,} of {counted(self.limit, 'trial')} done"
        count += f" ({len(failed):,} failed)" if failed else ""
        running = len(self.trials.of(RUNNING))
        if self.stopped_by is not None:
            return "\n".join(lines)
        if len(done) < self.limit:
            lines.append(f"{count}, {running:,} running elsewhere; the same command joins them")
        else:
            lines.append(f"{count}: {self.folder / TABLE}, {self.folder / 'trials.png'}")
        return "\n".join(lines)

    @property
    def reached(self) -> str:
        """How far it came, as it follows "interrupted"."""
        return f"with {len(self.trials.finished):,} of {counted(self.limit, 'trial')} done"

    def summary(self) -> RunSummary:
        """The same for programs."""
        best = self.trials.best.outcome if self.trials.best is not None else None
        return RunSummary(
            self.describe(),
            written=(self.folder / BEST, self.folder / TABLE, self.folder / "trials.png"),
            counts={
                "trials": len(self.trials.finished),
                "failed": len(self.trials.of(FAILED)),
                "limit": self.limit,
            },
            scores={"mean": best.mean, **best.average_precision} if best is not None else {},
            following=[
                "predict with it: regtrack predict REGION --model "
                f"{shell_word(self.folder / BEST)} --out tracks/"
            ]
            if best is not None
            else [],
        )


def run_search(
    request: SearchRequest, folder: Path, force: bool, observer: Observer
) -> SearchResult:
    """Search, or join the search that runs in a folder, until its trials are done.

    Parameters
    ----------
    force
        Drop a search with other settings that lies in `folder`.

    Raises
    ------
    ArgumentError, InputError
        For settings that do not fit together, or a file that cannot be read.
    RegtrackError
        When every trial failed, or a worker process was killed.
    OSError
        When a file cannot be written; the same call continues.
    """
    if torchrun_processes() > 1:
        raise ArgumentError("workers", "torchrun cannot share a search; --workers N does")
    bench = _Bench(request, folder)
    begin_study(folder, bench.identity(), force)
    with closing(bench):
        trials = bench.study.trials()
        observer.told(SearchStarted(bench.space.combinations, bench.study.limit, trials))
        stopped_by: Stop | None = None
        try:
            if request.search.workers == 1:
                while stopped_by is None and bench.do_next(observer):
                    observer.told(TrialsEnded(bench.study.trials()))
                    stopped_by = bench.stopped_by
            else:
                left = bench.study.limit - len(trials.finished)
                work = functools.partial(_do_next, request, folder, allowed_code())
                for _ in in_processes(work, range(left), request.search.workers):
                    observer.told(TrialsEnded(bench.study.trials()))
        except KeyboardInterrupt as error:
            stopped_by = type(error)
        bench.report()
        trials = bench.study.trials()
    result = SearchResult(folder, trials, bench.study.limit, stopped_by)
    failed = trials.of(FAILED)
    if len(failed) == result.limit:
        raise RegtrackError(
            f"{folder}: every trial failed, the last one with: {failed[-1].message}. trials.tsv "
            "has them all; --force starts over with other settings"
        )
    return result


class _Bench:
    """The dataset, network, space and study of a search, opened once per process.

    Parameters
    ----------
    checked
        Whether the dataset was checked by the process that started this one.

    Raises
    ------
    ArgumentError, InputError
        As `run_search`.
    """

    def __init__(self, request: SearchRequest, folder: Path, *, checked: bool = False) -> None:
        self.stopped_by: Stop | None = None  # the signal that stopped a trial
        self._request = request
        self._folder = folder
        self._device = choose_device(request.device)
        self._dataset = open_dataset(request.dataset, request.genome, checked=checked)
        self._architecture: Architecture = find_architecture(
            self._dataset.task, request.architecture
        )
        self.space: Space = paper_space(
            self._architecture, running_norms=request.training.norm_batches == 0
        )
        if request.space is not None:
            self.space = read_space(request.space, self._architecture)
        trial_limit(self.space, request.search)
        for name in set(self.space.names) & set(TRAINING):
            if getattr(request.training, name) != getattr(TrainingSettings, name):
                raise ArgumentError(
                    name, "is varied by the search space; give it in one place only"
                )

    @functools.cached_property
    def study(self) -> Study:
        """The study of the folder."""
        return Study(self._folder, self.space, self._request.search)

    def close(self) -> None:
        """Close the study."""
        self.study.close()

    def identity(self) -> dict[str, Any]:
        """What two runs must share to be one search, whose trials can be compared."""
        dataset = self._dataset
        fitted = self._request.training.fitted(
            dataset.task, dataset.window, dataset.size("train"), self._architecture.recipe
        )
        training = asdict(fitted)
        return {
            "dataset": self._dataset.digest,
            "task": self._dataset.task,
            "model": self._architecture.name,
            **({"code": self._architecture.sha256} if self._architecture.sha256 else {}),
            "sampler": self._request.search.sampler,
            **{f"space of {axis.name}": str(axis) for axis in self.space.axes},
            **{
                name: value
                for name, value in training.items()
                if name not in {"save_minutes", *self.space.names} and value != math.inf
            },
        }

    def do_next(self, observer: Observer) -> bool:
        """Train the next trial; False when there is none to do.

        Raises
        ------
        RegtrackError, OSError
            Errors that are not caused by the drawn values; the trial stays unfinished.
        """
        if self.stopped_by is not None:
            return False
        with self.study.claimed() as trial:
            if trial is None:
                return False
            within = TrialObserver(trial.number, observer)
            try:
                out = checkpoint_path(self._folder, trial.number)
                # Otherwise a process was killed before it could note that the trial is complete.
                if not out.exists() or was_interrupted_at_the_end(out):
                    self.stopped_by = self._train(trial, out, within)
                if self.stopped_by is None:
                    outcome = read_outcome(out.with_suffix(".log.tsv"))
                    self._clear_work(out)  # of a process killed when all was in place
            except RegtrackError as error:
                if not self._is_of_trial(error, trial.values):
                    raise
                self.study.fail(trial.number, _message(error))
                self._clear_work(out)
            else:
                if self.stopped_by is not None:
                    return True
                self.study.complete(trial.number, outcome)
        self.report()
        return True

    def report(self) -> None:
        """Write the table, the plot and the best checkpoint of the trials so far."""
        trials = self.study.trials()
        with folder_locked(self._folder):
            write_text(self._folder / TABLE, trials_table(trials, self.space.names))
            complete = trials.of(COMPLETE)
            if trials.best is None:
                return
            plot_trials(
                [trial.outcome.mean for trial in complete if trial.outcome],
                {name: [trial.values[name] for trial in complete] for name in self.space.names},
                [axis.name for axis in self.space.axes if isinstance(axis, Range)],
                self._folder / "trials.png",
            )
            source = checkpoint_path(self._folder, trials.best.number)
            best = self._folder / BEST
            if not best.exists() or not filecmp.cmp(source, best, shallow=False):
                with replacing(best) as aside:
                    shutil.copyfile(source, aside)

    def _train(self, trial: Trial, out: Path, observer: Observer) -> Stop | None:
        """Train a trial to its end; returns the signal that stopped it, or None."""
        network, training = split_values(trial.values)
        result = train(
            self._dataset,
            self._architecture,
            network,
            replace(self._request.training, **training),
            Processes(0, 1, self._device),
            out,
            True,  # drop an unfinished training on another device or of another version
            observer,
        )
        if result.checkpoint is None and not result.interrupted:
            raise RegtrackError("it ended before its first step")
        return result.stopped_by

    def _clear_work(self, out: Path) -> None:
        """Remove the work folder of a finished trial that this process has claimed."""
        clear([path for path in (partial_path(out),) if path.exists()])

    def _is_of_trial(self, error: Exception, values: Mapping[str, Any]) -> bool:
        """Whether the drawn values caused an error, so that other values may work."""
        if isinstance(error, ArgumentError):
            network, training = split_values(values)
            return error.argument in {*training, *network} | ({"model"} if network else set())
        return not isinstance(error, InputError)


class TrialObserver(Unwatched):
    """The observer of a trial's training: tells that of the search how much of the trial is done.

    Parameters
    ----------
    number
        Of the trial.
    outer
        That of the search.
    """

    def __init__(self, number: int, outer: Observer) -> None:
        self._number = number
        self._outer = outer

    def told(self, event: Event) -> None:
        """Pass on how much is done."""
        match event:
            case TrainingStarted():
                self._outer.told(TrialAdvanced(self._number, 0.0))
            case StepDone(done=done):
                self._outer.told(TrialAdvanced(self._number, done))


def _do_next(request: SearchRequest, folder: Path, allowed: tuple[Path, ...], _: int) -> None:
    """Do the next trial in a worker process."""
    with allowing_code(allowed):
        _opened(request, folder).do_next(Unwatched())


@functools.lru_cache(maxsize=1)
def _opened(request: SearchRequest, folder: Path) -> _Bench:
    """The bench of a worker process, with its share of the cores."""
    torch.set_num_threads(max(1, available_cores() // request.search.workers))
    return _Bench(request, folder, checked=True)


def _message(error: Exception) -> str:
    """Why a trial failed; without the advice after the colon, which is for `regtrack train`."""
    text = printable(str(error).partition("\n")[0])
    return text.partition(": ")[0] if type(error) is RegtrackError else text
