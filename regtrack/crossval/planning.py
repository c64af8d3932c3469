"""How a cross-validation is planned, and how a later command goes on with the same plan."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from regtrack.atomic import locked, open_lock, write_text
from regtrack.crossval.entries import TASK, Entry
from regtrack.crossval.held_out import dataset_of
from regtrack.crossval.pace import measure_pace, torch_threads
from regtrack.crossval.plan import (
    FOLDS,
    FORMAT_VERSION,
    MEASURING,
    PLAN,
    TRAININGS,
    Plan,
    PlannedEntry,
    PlannedFold,
    sha256_of,
)
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folds import (
    Folds,
    count_gc,
    make_folds,
    read_folds,
    split_by_fold,
    windows_of,
)
from regtrack.errors import ArgumentError, InputError
from regtrack.folders import clear
from regtrack.leases import refuse_holders
from regtrack.listing import names_and_rest
from regtrack.models.catalog import find_architecture
from regtrack.observer import Observer
from regtrack.paths import named
from regtrack.report.crossval_files import FILES
from regtrack.training.compared_networks import fitting_context
from regtrack.training.processes import Processes
from regtrack.training.settings import USUAL_RECIPE, TrainingSettings
from regtrack.training.trainer import choose_precision
from regtrack.work_folders import LEASES, LOCK
from regtrack.workers import available_cores

_MOMENT = 0.2
# What two commands may have different.
_FREE = ("seed", "minutes", "save_minutes")


@dataclass(frozen=True)
class Asked:
    """What a command asks of a plan.

    Parameters
    ----------
    folds
        A number of folds to make, or the path of a BED file of folds.
    settings
        Of every training; with `minutes`, each network gets the steps that it does in that time.
    threads
        Of torch in each training; None is as planned, or as suits this machine.
    workers
        Trainings at the same time, which share this machine's cores.
    """

    folds: str
    settings: TrainingSettings
    seeds: tuple[int, ...]
    threads: int | None
    workers: int


@contextmanager
def plan_locked(out: Path) -> Iterator[None]:
    """Hold the lock of a folder; waits while another process plans in it."""
    out.mkdir(parents=True, exist_ok=True)
    with os.fdopen(open_lock(out / LOCK), "rb") as lock:
        while not locked(lock.fileno()):
            time.sleep(_MOMENT)
        yield


def plan_crossval(
    asked: Asked,
    dataset: DenseDataset,
    entries: Sequence[Entry],
    out: Path,
    force: bool,
    processes: Processes,
    observer: Observer,
) -> Plan:
    """The plan of a folder, which is made, or extended by networks and seeds that it has not.

    Parameters
    ----------
    force
        Drop a plan that is another one, and all that was trained by it.

    Raises
    ------
    ArgumentError
        For settings, folds or windows that do not fit together.
    InputError
        When the folder holds another plan, or what is not regtrack's.
    """
    if out.exists() and not out.is_dir():
        raise InputError(out, "is a file; expected a folder")
    with plan_locked(out):
        planner = _Planner(asked, dataset, entries, out, processes, observer)
        plan = planner.begun(force)
        extended = planner.extended(plan)
        if extended != plan or not (out / PLAN).exists():
            extended.write(out)
        (out / MEASURING).unlink(missing_ok=True)
    return extended


class _Planner:
    """Makes a plan."""

    def __init__(
        self,
        asked: Asked,
        dataset: DenseDataset,
        entries: Sequence[Entry],
        out: Path,
        processes: Processes,
        observer: Observer,
    ) -> None:
        self._asked, self._dataset, self._entries = asked, dataset, entries
        self._out, self._processes, self._observer = out, processes, observer
        self._windows = windows_of(dataset)
        contexts = [fitting_context(one.architecture, one.network, dataset) for one in entries]
        widest = max(max(context.left, context.right) for context in contexts)
        # In whole windows, so that a network that is named later mostly needs no other distance.
        self._reach = dataset.window * max(1, -(-widest // dataset.window))

    def begun(self, force: bool) -> Plan:
        """The plan that is there, or the beginning of one."""
        there = {path.name for path in self._out.iterdir()} - {LOCK, MEASURING}
        if PLAN not in there and there - {FOLDS}:
            raise InputError(self._out, f"holds {min(there)}, and no cross-validation")
        folds = self._folds_asked()
        table = folds.table() if folds else None
        if PLAN in there:
            problem = self._problem(table)
            if problem is None:
                return Plan.read(self._out)
            if not force:
                raise InputError(self._out, f"{problem}; --force starts over")
            refuse_holders(self._out / LEASES)
            clear([self._out / name for name in (PLAN, FOLDS, TRAININGS, LEASES, *FILES)])
        if folds is None:
            gc = count_gc(self._dataset, self._windows)
            folds = make_folds(self._windows, gc, int(self._asked.folds))
        return self._new(folds)

    def _folds_asked(self) -> Folds | None:
        """Those of a file; None where they are to be made."""
        text = self._asked.folds
        if text.isdecimal():
            return None
        return read_folds(Path(text), self._windows, self._dataset.chrom_sizes)

    def _folds_of(self, table: str | None) -> str:
        return f"{self._asked.folds} made" if table is None else f"file {sha256_of(table)}"

    def _problem(self, table: str | None) -> str | None:
        """Why the plan that is there is not the one that is asked for; None where it is."""
        try:
            plan = Plan.read(self._out)
        except InputError as error:
            return error.problem
        asked = self._asked
        pairs: dict[str, tuple[Any, Any]] = {
            "dataset": (plan.dataset_sha256, self._dataset.digest),
            "folds": (plan.folds_of, self._folds_of(table)),
            "device": (plan.device, self._processes.device.type),
            "minutes": (plan.minutes, _finite(asked.settings.minutes)),
            "threads": (plan.threads, asked.threads or plan.threads),
        }
        # What a newer regtrack knows besides is as usual in an older plan.
        planned = {**TrainingSettings().recorded(), **plan.settings}
        wanted = self._settings(plan)
        names = (planned.keys() | wanted.keys()) - set(_FREE)
        pairs |= {name: (planned.get(name), wanted.get(name)) for name in sorted(names)}
        other = [name for name, (one, another) in pairs.items() if one != another]
        if other:
            return f"holds a cross-validation that differs in {names_and_rest(other)}"
        if self._reach > plan.reach:
            return "holds a cross-validation of networks that see less far"
        for entry in self._entries:
            there = plan.entry(entry.label)
            if there is not None and not there.is_as(_planned(_suited(entry, plan))):
                return (
                    f"holds {entry.label} with other settings or code; LABEL={entry.name} adds it "
                    "under another name"
                )
        return None

    def _settings(self, plan: Plan | None = None) -> dict[str, Any]:
        """Of every training, as a plan has them; the precision is that of this machine."""
        settings = self._asked.settings
        precision = choose_precision(settings.precision, self._processes.device)
        chosen = str(precision).removeprefix("torch.")
        if plan is not None and settings.precision == "auto":
            chosen = plan.settings["precision"]
        recorded = {**settings.recorded(), "precision": chosen}
        return {name: value for name, value in recorded.items() if name not in _FREE}

    def _new(self, folds: Folds) -> Plan:
        """A plan without networks; its folds are written."""
        text = folds.table()
        from_file = not self._asked.folds.isdecimal()
        write_text(self._out / FOLDS, text)
        return Plan(
            FORMAT_VERSION,
            named(self._dataset.path),
            self._dataset.digest,
            self._folds_of(text if from_file else None),
            sha256_of(text),
            tuple(self._planned_folds(folds)),
            self._reach,
            self._processes.device.type,
            self._asked.threads or self._usual_threads(),
            _finite(self._asked.settings.minutes),
            self._settings(),
            (),
            (),
        )

    def _usual_threads(self) -> int:
        return max(1, available_cores() // self._asked.workers)

    def _planned_folds(self, folds: Folds) -> Iterator[PlannedFold]:
        gc = count_gc(self._dataset, self._windows)
        for number, name in enumerate(folds.names):
            parts = split_by_fold(self._dataset, folds, number, self._reach)
            tested = folds.of_window == number
            yield PlannedFold(
                name,
                len(parts.splits["test"]),
                len(parts.splits["train"]),
                len(parts.splits["valid"]),
                parts.left_out,
                round(float(gc[tested].sum()) / (int(tested.sum()) * self._windows.length), 4),
            )

    def extended(self, plan: Plan) -> Plan:
        """The plan, with the networks and seeds that are asked for."""
        new = [_suited(entry, plan) for entry in self._entries if plan.entry(entry.label) is None]
        planned = [_planned(entry) for entry in new]
        if plan.minutes is not None:
            planned = self._paced(plan, new)
        seeds = tuple(dict.fromkeys((*plan.seeds, *self._asked.seeds)))
        return replace(plan, entries=(*plan.entries, *planned), seeds=seeds)

    def _paced(self, plan: Plan, new: Sequence[Entry]) -> list[PlannedEntry]:
        """New networks with as many steps as they do in the time."""
        assert plan.minutes is not None
        timed = [entry for entry in new if "steps" not in entry.training]
        known = next((one for one in plan.entries if one.seconds_per_step is not None), None)
        beside = [entry_of(known)] if known else []
        seconds: dict[str, float] = {}
        if timed:
            folds = read_folds(self._out / FOLDS, self._windows, self._dataset.chrom_sizes)
            first = dataset_of(self._dataset, folds, 0, plan.reach)
            settings = TrainingSettings(**plan.settings)
            with torch_threads(plan.threads):
                pace = measure_pace(
                    *(first, [*beside, *timed], settings, self._processes, self._observer),
                    self._out / MEASURING,
                )
            scale = known.seconds_per_step / pace[0] if known and known.seconds_per_step else 1.0
            own = (one * scale for one in pace[len(beside) :])
            seconds = dict(zip((entry.label for entry in timed), own, strict=True))
        planned = []
        for entry in new:
            one = _planned(entry)
            if (pace_of := seconds.get(entry.label)) is not None:
                steps = max(1, math.floor(60 * plan.minutes / pace_of))
                one = replace(one, steps=steps, seconds_per_step=float(f"{pace_of:.4g}"))
            planned.append(one)
        return planned


def _suited(entry: Entry, plan: Plan) -> Entry:
    """The same, with what suits the network where nothing else was asked for.

    So a plan holds the whole recipe, and a later regtrack with other defaults trains the same.
    """
    suiting = {**USUAL_RECIPE, **entry.architecture.recipe}
    recipe = {name: value for name, value in suiting.items() if name not in plan.settings}
    return replace(entry, training={**recipe, **entry.training})


def _planned(entry: Entry) -> PlannedEntry:
    """An entry that was not measured, as it comes back from a file."""
    architecture = entry.architecture
    settings, training = (
        json.loads(json.dumps(dict(one))) for one in (entry.network, entry.training)
    )
    return PlannedEntry(entry.label, architecture.name, architecture.sha256, settings, training)


def entry_of(planned: PlannedEntry) -> Entry:
    """A planned network, found again.

    Raises
    ------
    ArgumentError, InputError
        As `find_architecture`.
    """
    return Entry(
        planned.label,
        planned.network,
        find_architecture(TASK, planned.network),
        planned.network_settings,
        planned.training,
    )


def _finite(minutes: float) -> float | None:
    return None if math.isinf(minutes) else minutes


def check_limits(settings: TrainingSettings) -> None:
    """Refuse two limits of which one would decide for some networks, the other for others.

    Raises
    ------
    ArgumentError
        For minutes beside steps or epochs.
    """
    if not math.isinf(settings.minutes) and not math.isinf(min(settings.steps, settings.epochs)):
        raise ArgumentError("minutes", "goes without steps and epochs: it is turned into steps")
