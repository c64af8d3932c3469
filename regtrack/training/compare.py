"""Networks compared on a dataset, as in the paper's Tables 1 and 2: trained and scored."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from regtrack.datasets.dataset import Dataset
from regtrack.datasets.folder import open_dataset
from regtrack.errors import InputError
from regtrack.genome.intervals import intersect, total_bases
from regtrack.listing import counted
from regtrack.models.checkpoint import Checkpoint, read_checkpoint
from regtrack.models.device import choose_device
from regtrack.models.named_code import allowing_code, files_in
from regtrack.models.trained_genome import seen_on
from regtrack.observer import Observer, Unwatched
from regtrack.paths import named
from regtrack.report.comparison import Compared, Comparison, text_report
from regtrack.report.comparison_files import write_comparison
from regtrack.run_summary import RunSummary
from regtrack.scoring.metrics import category_means
from regtrack.training.compared_networks import ComparedNetwork, find_networks
from regtrack.training.events import NetworkStarted, ScoringStarted
from regtrack.training.processes import Processes, first_on_machine, joined
from regtrack.training.result import Stop
from regtrack.training.run import train
from regtrack.training.scorecard import SplitScores, score_checkpoint
from regtrack.training.settings import TrainingSettings

_SCORED = ("valid", "test")
# Settings of a training that make it no better.
_NO_MATTER = {"seed", "save_minutes"}


@dataclass(frozen=True)
class ComparisonRequest:
    """What to compare, on what.

    Parameters
    ----------
    dataset, genome
        As `regtrack.datasets.folder.open_dataset`.
    networks
        As `regtrack.training.compared_networks.find_networks`.
    settings
        Of every training; what is None suits each network.
    device
        As `regtrack.models.device.choose_device`.
    """

    dataset: Path
    genome: Path | None
    networks: Sequence[str]
    settings: TrainingSettings
    device: str = "auto"


@dataclass(frozen=True)
class ComparisonResult:
    """How a comparison ended.

    Parameters
    ----------
    comparison
        None when it was interrupted, and in the processes that are not the first.
    files
        What was written.
    stopped
        Name and last step of the network whose training was stopped, or None.
    stopped_by
        As `regtrack.training.result.TrainingResult`.
    """

    comparison: Comparison | None
    files: Sequence[Path] = ()
    stopped: tuple[str, int] | None = None
    stopped_by: Stop | None = None

    def describe(self, width: int | None = None) -> str:
        """For people, on a screen of a width; empty where it was interrupted, or not the first."""
        if self.comparison is None:
            return ""
        return f"{text_report(self.comparison, width)}\nwrote {', '.join(map(str, self.files))}"

    @property
    def reached(self) -> str:
        """How far it came, as it follows "interrupted"; empty before the first step of one."""
        assert self.stopped is not None
        name, step = self.stopped
        return f"after step {step:,} of {name}" if step else ""

    def summary(self, width: int | None = None) -> RunSummary:
        """The same for programs, with the text for people."""
        networks = self.comparison.networks if self.comparison is not None else ()
        return RunSummary(
            self.describe(width),
            written=self.files,
            counts={
                "networks": len(networks),
                "windows": dict(self.comparison.windows) if self.comparison is not None else {},
            },
            scores={
                network.name: {
                    split: {mean.category: asdict(mean) for mean in means}
                    for split, means in network.means.items()
                }
                for network in networks
            },
        )


def run_comparison(
    request: ComparisonRequest, out: Path, force: bool, observer: Observer
) -> ComparisonResult:
    """Train what is not trained yet, score all, and write the comparison into `out`.

    A network named `cnn1` is trained into `<out>/cnn1.safetensors`, as
    `regtrack.training.run.train` does it. The same call continues what is unfinished
    and repeats nothing. Every process that torchrun or srun started calls this.

    Parameters
    ----------
    force
        Train again what was trained with other settings or on another dataset.

    Raises
    ------
    RegtrackError, OSError
        As `find_networks`, `regtrack.training.run.train` and `score_checkpoint`.
    """
    with allowing_code(files_in(request.networks)):
        return _compare(request, out, force, observer)


def _compare(
    request: ComparisonRequest, out: Path, force: bool, observer: Observer
) -> ComparisonResult:
    # The first process of a machine checks the labels; the others read them after all have joined.
    dataset = open_dataset(request.dataset, request.genome, checked=not first_on_machine())
    request.settings.fitted(dataset.task, dataset.window)  # refuses what the task does not have
    if out.exists() and not out.is_dir():
        raise InputError(out, "is a file; expected a folder")
    networks = find_networks(request.networks, dataset, request.settings, out, force)
    windows = {split: count for split in _SCORED if (count := dataset.size(split))}
    compared = []
    with joined(choose_device(request.device), out) as processes:
        if processes.is_first:
            out.mkdir(parents=True, exist_ok=True)
        else:
            observer = Unwatched()
        for number, network in enumerate(networks, start=1):
            observer.told(NetworkStarted(network.name, number, len(networks)))
            if network.architecture is not None:
                result = train(
                    dataset,
                    network.architecture,
                    {},
                    request.settings,
                    processes,
                    network.path,
                    force,
                    observer,
                )
                if result.interrupted:
                    stopped = network.name, result.state.step
                    return ComparisonResult(None, (), stopped, result.stopped_by)
            processes.wait()  # until the first one has put the checkpoint in place
            compared.append(_compared(network, dataset, list(windows), processes, out, observer))
        if not processes.is_first:
            return ComparisonResult(None)
    unequal = _unequal([network.path for network in networks])
    told = [
        replace(one, remarks=(*one.remarks, *more))
        for one, more in zip(compared, unequal, strict=True)
    ]
    comparison = Comparison(named(dataset.path), dataset.digest, dataset.task, windows, tuple(told))
    return ComparisonResult(comparison, write_comparison(comparison, out))


def _compared(
    network: ComparedNetwork,
    dataset: Dataset,
    splits: Sequence[str],
    processes: Processes,
    out: Path,
    observer: Observer,
) -> Compared:
    """Score a trained network and gather what the tables say of it."""
    scores: SplitScores = score_checkpoint(
        network.path,
        dataset,
        splits,
        processes,
        out / f"{network.name}.scores.json",
        lambda split: observer.told(ScoringStarted(network.name, split)),
    )
    checkpoint = read_checkpoint(network.path)
    architecture = checkpoint.network
    best_step: int | None = checkpoint.training.get("step")
    steps, seconds = spent_on(network.path.with_suffix(".log.tsv"), best_step)
    return Compared(
        name=network.name,
        architecture=architecture.name,
        parameters=checkpoint.sketch().parameter_count(),
        published_parameters=architecture.paper_parameters,
        published=architecture.paper_auc,
        steps=steps,
        minutes=None if seconds is None else seconds / 60,
        best_step=best_step,
        means={
            split: category_means(dataset.markers, of_split) for split, of_split in scores.items()
        },
        remarks=tuple(_remarks(checkpoint, dataset)),
    )


def spent_on(log: Path, best_step: int | None) -> tuple[int | None, float | None]:
    """Steps and seconds of a training, from its log, if that is of this checkpoint."""
    if not log.is_file():
        return None, None
    try:
        with log.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        best = [row["step"] for row in rows if row.get("best") == "1"]
        if not best or best[-1] != str(best_step):
            return None, None
        return int(rows[-1]["step"]), float(rows[-1]["seconds"])
    except (ValueError, LookupError, TypeError, csv.Error):
        return None, None  # a file of this name that is not a log, or damaged


def _remarks(checkpoint: Checkpoint, dataset: Dataset) -> list[str]:
    """What keeps a checkpoint from being compared on equal terms."""
    remarks = []
    trained_on = checkpoint.training.get("dataset")
    if trained_on is None:
        remarks.append(
            f"does not say what dataset it was trained on: {_trained_here(checkpoint, dataset)}"
        )
    elif trained_on != dataset.digest:
        remarks.append(
            f"trained on another dataset ({checkpoint.assembly}): "
            f"{_trained_here(checkpoint, dataset)}"
        )
    usual = checkpoint.network.default_settings()
    own = [f"{name} {value}" for name, value in checkpoint.settings.items() if value != usual[name]]
    if own:
        remarks.append(f"{checkpoint.architecture} with other settings: {', '.join(own)}")
    return remarks


def _unequal(paths: Sequence[Path]) -> list[list[str]]:
    """In which settings the trainings of some checkpoints differ; a remark each, or none."""
    trained = [read_checkpoint(path).training.get("settings") or {} for path in paths]
    known = [settings for settings in trained if settings]
    differing = [
        name
        for name in dict.fromkeys(name for settings in known for name in settings)
        if name not in _NO_MATTER and len({repr(settings.get(name)) for settings in known}) > 1
    ]
    return [
        [
            "trained with "
            + ", ".join(
                f"{name} {settings[name]}" if name in settings else f"no {name}"
                for name in differing
            )
        ]
        if differing and settings
        else []
        for settings in trained
    ]


def _trained_here(checkpoint: Checkpoint, dataset: Dataset) -> str:
    """Whether a network was trained on what is scored here, as far as that is known."""
    seen = seen_on(checkpoint, dataset.chrom_sizes)
    scored = [regions for split in _SCORED if (regions := dataset.regions(split)) is not None]
    if seen is None or not scored:
        return "its training windows may overlap the windows scored here"
    bases = sum(total_bases(intersect(seen.train, regions)) for regions in scored)
    return f"{counted(bases, 'base')} of the windows scored here were trained on"
