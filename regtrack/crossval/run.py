"""A cross-validation: trainings of networks on folds, by any number of processes, and its report.

Its folder holds the plan, the folds, a folder for each training and, when all are done, the tables
and the picture. A killed run goes on when the same command is given again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regtrack.crossval.describe import (
    count_crossval,
    count_done,
    describe_plan,
    describe_progress,
)
from regtrack.crossval.entries import TASK, networks_in, read_entries
from regtrack.crossval.held_out import CHECKPOINT, count_fold, dataset_of, read_folds_counts
from regtrack.crossval.pace import torch_threads
from regtrack.crossval.plan import FOLDS, PLAN, Plan, Training
from regtrack.crossval.planning import Asked, check_limits, entry_of, plan_crossval
from regtrack.crossval.tested import read_tested
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.folds import read_folds, windows_of
from regtrack.errors import ArgumentError, InputError
from regtrack.leases import leased
from regtrack.models.checkpoint import read_checkpoint
from regtrack.models.device import choose_device
from regtrack.models.named_code import allowed_code, allowing_code, files_in
from regtrack.observer import Observer, Unwatched, staged
from regtrack.report.crossval import text_report
from regtrack.report.crossval_files import write_crossval
from regtrack.run_summary import RunSummary
from regtrack.scoring.cross_scores import POOLED, CrossNetwork, CrossScores, score_folds
from regtrack.shares import Share
from regtrack.training.events import NetworkStarted, ScoringStarted
from regtrack.training.processes import Processes, torchrun_processes
from regtrack.training.result import Stop
from regtrack.training.run import train, was_interrupted_at_the_end
from regtrack.work_folders import LEASES
from regtrack.workers import in_processes


@dataclass(frozen=True)
class CrossvalRequest:
    """What to compare, on what.

    Parameters
    ----------
    dataset, genome
        As `regtrack.datasets.folder.open_dataset`.
    networks
        As `regtrack.crossval.entries.read_entries`; none are those of the plan that is there.
    asked
        Folds, recipe and seeds.
    reference
        Label of the network that the others are held against; None is the first.
    share
        The trainings to do; None is all.
    only_plan
        Plan, and train nothing.
    device
        As `regtrack.models.device.choose_device`; all workers share it.
    """

    dataset: Path
    genome: Path | None
    networks: tuple[str, ...]
    asked: Asked
    reference: str | None = None
    share: Share | None = None
    only_plan: bool = False
    device: str = "auto"


@dataclass(frozen=True)
class CrossvalResult:
    """How far a cross-validation came.

    Parameters
    ----------
    text
        For people, in some lines; empty where it was interrupted.
    scores, written
        When all trainings are done; and the files that hold them.
    counts
        Of what is planned and done, until then.
    stopped_by
        As `regtrack.training.result.TrainingResult`.
    reached
        How far it came, as it follows "interrupted".
    """

    text: str
    scores: CrossScores | None = None
    written: Sequence[Path] = ()
    stopped_by: Stop | None = None
    reached: str = ""
    counts: Mapping[str, Any] = field(default_factory=dict)

    def summary(self) -> RunSummary:
        """The same for programs, with the text for people."""
        scores = self.scores
        if scores is None:
            return RunSummary(self.text, counts=self.counts)
        pooled = {
            network.name: {
                category: sampled.score
                for category in scores.categories
                if (sampled := network.sampled(POOLED, category))
            }
            for network in scores.networks
        }
        counts = {
            "networks": len(scores.networks),
            "seeds": len(scores.seeds),
            "windows": dict(zip(scores.folds, scores.windows, strict=True)),
        }
        return RunSummary(self.text, self.written, counts, pooled)


def run_crossval(
    request: CrossvalRequest, out: Path, force: bool, observer: Observer
) -> CrossvalResult:
    """Train and test what is not done yet; write the report when all is.

    Parameters
    ----------
    force
        Drop a cross-validation with other settings that lies in `out`.

    Raises
    ------
    ArgumentError, InputError
        For settings that do not fit together, or a file that cannot be read.
    RegtrackError
        When a loss is not a number any more, or a worker process was killed.
    OSError
        When a file cannot be written; the same call goes on.
    """
    if torchrun_processes() > 1:
        raise ArgumentError("workers", "torchrun cannot share the trainings; --workers N does")
    check_limits(request.asked.settings)
    with allowing_code(files_in(networks_in(request.networks))):
        bench = _Bench(request, out)
        plan = bench.planned(force, observer)
        if request.only_plan:
            text = describe_plan(plan, out, request.asked.workers)
            return CrossvalResult(text, counts=count_crossval(out))
        stopped_by = _train(bench, request, out, observer)
        if stopped_by is not None:
            reached = f"with {count_done(plan, out, bench.labels, bench.seeds)}"
            return CrossvalResult("", stopped_by=stopped_by, reached=reached)
        if any(bench.left(plan.trainings(bench.labels, bench.seeds))):
            text = describe_progress(plan, out, bench.labels, bench.seeds)
            return CrossvalResult(text, counts=count_crossval(out))
        scores = bench.scores(observer)
        written = write_crossval(scores, out)
    text = f"{text_report(scores)}\nwrote {', '.join(map(str, written))}"
    return CrossvalResult(text, scores, written)


def _train(bench: _Bench, request: CrossvalRequest, out: Path, observer: Observer) -> Stop | None:
    """Do the trainings of this process's share; returns the signal that stopped it, or None."""
    trainings = bench.plan.trainings(bench.labels, bench.seeds)
    share = request.share or Share(1, 1)
    own = [trainings[number] for number in share.of([1] * len(trainings))]
    left = bench.left(own)
    try:
        if request.asked.workers == 1:
            for number, training in enumerate(left, start=len(own) - len(left) + 1):
                observer.told(NetworkStarted(str(training), number, len(own)))
                stopped_by = bench.do(training, observer)
                if stopped_by is not None:
                    return stopped_by
            return None
        work = functools.partial(_do, request, out, allowed_code())
        with staged(observer, "training", "trainings", len(own), len(own) - len(left)) as advance:
            for _ in in_processes(work, left, request.asked.workers):
                advance(1)
    except KeyboardInterrupt as error:
        return type(error)
    return None


class _Bench:
    """The dataset, the networks and the plan of a cross-validation, opened once per process.

    Parameters
    ----------
    checked
        Whether the dataset was checked by the process that started this one.

    Raises
    ------
    ArgumentError, InputError
        As `run_crossval`.
    """

    def __init__(self, request: CrossvalRequest, out: Path, *, checked: bool = False) -> None:
        self._request, self._out = request, out
        dataset = open_dataset(request.dataset, request.genome, checked=checked)
        if not isinstance(dataset, DenseDataset):
            raise InputError(
                dataset.path,
                f"is of the {dataset.task} task; networks are cross-validated on the {TASK} one",
            )
        self._dataset = dataset
        self._processes = Processes(0, 1, choose_device(request.device))
        networks = request.networks
        if not networks and (out / PLAN).exists():
            self.plan = Plan.read(out)
            self._entries = [entry_of(planned) for planned in self.plan.entries]
        else:
            self._entries = read_entries(networks)
        self.labels = [entry.label for entry in self._entries]
        self.seeds = request.asked.seeds
        if request.reference not in (None, *self.labels):
            raise ArgumentError(
                "reference", f"expected one of {', '.join(self.labels)}, got {request.reference!r}"
            )

    def planned(self, force: bool, observer: Observer) -> Plan:
        """The plan, which is made or extended first."""
        asked = self._request.asked
        self.plan = plan_crossval(
            asked, self._dataset, self._entries, self._out, force, self._processes, observer
        )
        return self.plan

    def left(self, trainings: Sequence[Training]) -> list[Training]:
        """Those that are not done."""
        return [one for one in trainings if read_tested(one.folder(self._out)) is None]

    def do(self, training: Training, observer: Observer) -> Stop | None:
        """Train and test a network, unless another process is at it.

        Raises
        ------
        RegtrackError, OSError
            As `run_crossval`.
        """
        folder = training.folder(self._out)
        with ExitStack() as stack:
            try:
                stack.enter_context(leased(self._out / LEASES, training.share))
            except InputError:
                return None
            stack.enter_context(torch_threads(self.plan.threads))
            if read_tested(folder) is not None:
                return None
            folder.mkdir(parents=True, exist_ok=True)
            dataset = self._dataset_of(training.number)
            checkpoint = folder / CHECKPOINT
            if not checkpoint.exists() or was_interrupted_at_the_end(checkpoint):
                entry = next(one for one in self._entries if one.label == training.label)
                result = train(
                    dataset,
                    entry.architecture,
                    entry.network,
                    self.plan.recipe(
                        training.label, training.seed, self._request.asked.settings.save_minutes
                    ),
                    self._processes,
                    checkpoint,
                    False,
                    observer,
                )
                if result.interrupted:
                    return result.stopped_by
            observer.told(ScoringStarted(training.label, f"fold {training.fold}"))
            count_fold(dataset, folder, self._processes)
        return None

    @functools.lru_cache(maxsize=2)  # noqa: B019 - a bench lives as long as its process
    def _dataset_of(self, number: int) -> DenseDataset:
        windows = windows_of(self._dataset)
        folds = read_folds(self._out / FOLDS, windows, self._dataset.chrom_sizes)
        return dataset_of(self._dataset, folds, number, self.plan.reach)

    def scores(self, observer: Observer) -> CrossScores:
        """Scores of all that was trained."""
        folds = tuple(fold.name for fold in self.plan.folds)
        runs = len(self.labels) * len(self.seeds)
        with staged(observer, "scoring", "networks", runs) as advance:
            networks = tuple(self._scored(label, folds, advance) for label in self.labels)
        return CrossScores(
            self.plan.dataset,
            self.plan.dataset_sha256,
            self._dataset.markers,
            folds,
            tuple(fold.windows for fold in self.plan.folds),
            self.seeds,
            networks,
            self._request.reference or self.labels[0],
        )

    def _scored(
        self, label: str, folds: Sequence[str], advance: Callable[[int], None]
    ) -> CrossNetwork:
        runs, trained = {}, []
        for seed in self.seeds:
            blocks: dict[Path, int] = {}
            for training in self.plan.trainings([label], [seed]):
                folder = training.folder(self._out)
                tested = read_tested(folder)
                assert tested is not None  # nothing is left to do
                blocks[folder] = tested.blocks
                trained.append(tested.trained(training))
            runs[seed] = score_folds(
                self._dataset.markers, folds, functools.partial(read_folds_counts, blocks)
            )
            advance(1)
        checkpoint = read_checkpoint(next(iter(blocks)) / CHECKPOINT)
        return CrossNetwork(label, checkpoint.sketch().parameter_count(), runs, tuple(trained))


def _do(request: CrossvalRequest, out: Path, allowed: tuple[Path, ...], training: Training) -> None:
    """Do a training in a worker process."""
    with allowing_code(allowed):
        _opened(request, out).do(training, Unwatched())


@functools.lru_cache(maxsize=1)
def _opened(request: CrossvalRequest, out: Path) -> _Bench:
    """The bench of a worker process."""
    bench = _Bench(request, out, checked=True)
    bench.plan = Plan.read(out)
    return bench
