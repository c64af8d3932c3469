"""A training: what it writes, what it keeps, and when it ends."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import TINY_SIZES, TinyDatasets
from interpreting import interpret, needs_triton
from training_helpers import Recorder, log_of, network_of, train_on

from regtrack.datasets.folder import open_dataset
from regtrack.errors import ArgumentError, InputError
from regtrack.genome.seen import Seen
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.models.validated import Validated
from regtrack.observer import Event
from regtrack.training.events import ValidationDone
from regtrack.training.processes import Processes
from regtrack.training.result import TrainingResult
from regtrack.training.run import check_checkpoint_path
from regtrack.training.state import HistoryRow, TrainingState
from regtrack.training.trainer import start_from_base_rates
from regtrack.training.validation import Validation

pytestmark = pytest.mark.usefixtures("quick_plot")

CPU = torch.device("cpu")


class Watcher(Recorder):
    """Writes down which checkpoints lie in the work folder after each validation."""

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work
        self.kept: list[list[str]] = []

    def told(self, event: Event) -> None:
        """Look after each validation."""
        super().told(event)
        if isinstance(event, ValidationDone):
            self.kept.append(sorted(path.name for path in self.work.glob("best-*")))


def scores_are(monkeypatch: pytest.MonkeyPatch, means: Iterable[float]) -> None:
    """Let the validations find these, one after the other."""
    coming = iter(means)

    def of(dataset: object, histogram: object, step: int) -> Validation:  # noqa: ARG001
        return Validation(step, (), next(coming), (0.5,) * 3)

    monkeypatch.setattr(Validation, "of", of)


def test_the_last_layer_starts_from_the_base_rates() -> None:
    network = ARCHITECTURES["dense"]["cnn3"].build(4, network_of("dense", "cnn3"))
    start_from_base_rates(network, np.array([0.25, 0.001, 0.0, 0.9]))
    rates = network.output.bias.sigmoid()
    # Neither 0, which no finite bias says, nor more than one half.
    torch.testing.assert_close(rates, torch.tensor([0.25, 0.001, 1e-5, 0.5]), rtol=1e-4, atol=0)


@pytest.mark.parametrize(
    ("task", "name"),
    [("dense", "dilated"), ("dense", "id-cnn"), ("short", "lr"), ("short", "dilated6")],
)
def test_it_writes_a_checkpoint_that_predicts_a_log_and_a_plot(
    datasets: TinyDatasets, out: Path, task: str, name: str
) -> None:
    result = train_on(getattr(datasets, task), out, name=name, steps=3)
    assert (result.state.step, result.checkpoint, result.interrupted) == (3, out, False)
    left = sorted(path.name for path in out.parent.iterdir())
    assert left == ["model.log.png", "model.log.tsv", "model.safetensors"]
    assert [row[0] for row in log_of(out)] == ["step", "2", "3"]
    with torch.no_grad():
        logits = load_network(out, CPU)(torch.ones((1, 1_000), dtype=torch.int32))
    assert logits.shape == (1, 3, 1_000)
    assert torch.isfinite(logits).all()


def test_the_checkpoint_says_what_it_was_trained_on(
    datasets: TinyDatasets, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A network that has learned so little calls nearly everything.
    monkeypatch.setattr("regtrack.scoring.overlap.MOST_COVERED", 10)
    observer = Recorder()
    result = train_on(datasets.dense, out, observer, seed=5)
    checkpoint = read_checkpoint(out)
    assert (checkpoint.task, checkpoint.architecture) == ("dense", "cnn3")
    assert (checkpoint.assembly, checkpoint.chrom_sizes) == ("genome", TINY_SIZES)
    # Defaults are written down all the same.
    assert checkpoint.settings == {**network_of("dense", "cnn3"), "stride": 10, "norm_decay": 0.9}
    assert [marker.index for marker in checkpoint.markers] == [0, 1, 2]
    assert checkpoint.thresholds == result.state.best.thresholds
    assert len(set(checkpoint.thresholds)) > 1
    assert checkpoint.validated == result.state.best.validated
    assert checkpoint.validated[0] is not None
    training = checkpoint.training
    assert training["windows"] == {"train": 15, "valid": 9, "test": 0}
    assert training["step"] == result.state.best.step
    best = next(row for row in observer.rows if row.step == training["step"])
    assert training["average_precision"] == best.average_precision
    assert training["settings"]["seed"] == 5
    assert training["settings"]["shift"] == 1_000
    assert "minutes" not in training["settings"]  # no limit is no number
    assert training["dataset"] == open_dataset(datasets.dense).digest


def test_a_network_of_regtracks_own_is_trained_by_its_own_recipe(
    datasets: TinyDatasets, out: Path
) -> None:
    train_on(datasets.dense, out, name="residual", steps=2, learning_rate=None, warmup=0.5)
    settings = read_checkpoint(out).training["settings"]
    recipe = {name: settings[name] for name in ("learning_rate", "warmup", "loss_step", "repeats")}
    assert recipe == {"learning_rate": 0.002, "warmup": 0.5, "loss_step": 8, "repeats": 0.5}


@pytest.mark.parametrize(("task", "name"), [("dense", "cnn3"), ("short", "lr")])
def test_the_checkpoint_keeps_where_it_was_trained_and_validated(
    datasets: TinyDatasets, out: Path, task: str, name: str
) -> None:
    train_on(getattr(datasets, task), out, name=name, steps=2)
    dataset = open_dataset(getattr(datasets, task))
    assert read_checkpoint(out).seen == Seen(dataset.regions("train"), dataset.regions("valid"))


def test_inputs_of_no_known_place_leave_it_unknown_where_it_was_trained(
    datasets: TinyDatasets, out: Path
) -> None:
    train_on(datasets.deepsea, out, name="lr", steps=2)
    assert read_checkpoint(out).seen is None


def test_the_observer_is_told_of_every_step_and_validation(
    datasets: TinyDatasets, out: Path
) -> None:
    observer = Recorder()
    result = train_on(datasets.dense, out, observer, steps=5)
    assert (observer.windows, observer.valid, observer.first_step) == (15, 9, 0)
    assert observer.steps == [1, 2, 3, 4, 5]
    assert observer.done == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert [row.step for row in observer.rows] == [2, 4, 5]
    assert observer.rows == result.state.history
    assert [row.epoch for row in observer.rows] == pytest.approx([4 / 15, 8 / 15, 10 / 15])
    # Of the steps since the validation before.
    expected = [np.mean(observer.losses[part]) for part in (slice(0, 2), slice(2, 4), slice(4, 5))]
    assert [row.loss for row in observer.rows] == pytest.approx(expected)
    rates = [0.0005 * (1 + math.cos(math.pi * done)) for done in (0.2, 0.6, 0.8)]
    assert [row.learning_rate for row in observer.rows] == pytest.approx(rates)
    assert observer.rows[0].average_precision.keys() == {"TFBS", "DNase", "Histone"}


def test_a_training_learns(datasets: TinyDatasets, out: Path) -> None:
    observer = Recorder()
    train_on(
        datasets.dense, out, observer, steps=60, learning_rate=0.02, validate_every=60, shift=0
    )
    assert observer.losses[0] < 0.5  # with a bias of 0 it would be about log(2)
    assert np.mean(observer.losses[-10:]) < np.mean(observer.losses[:10])


def test_in_bfloat16_it_learns_the_same_at_first(datasets: TinyDatasets, tmp_path: Path) -> None:
    losses = []
    for precision in ("float32", "bfloat16"):
        observer = Recorder()
        train_on(
            datasets.dense,
            tmp_path / f"{precision}.safetensors",
            observer,
            steps=2,
            precision=precision,
        )
        losses.append(observer.losses)
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert losses[0] != losses[1]


@pytest.mark.parametrize("task", ["dense", "short"])
def test_the_same_seed_gives_the_same_weights(
    datasets: TinyDatasets, tmp_path: Path, task: str
) -> None:
    found = []
    for name, seed in ("a", 1), ("b", 1), ("c", 2):
        train_on(getattr(datasets, task), tmp_path / f"{name}.safetensors", seed=seed, steps=2)
        found.append(load_network(tmp_path / f"{name}.safetensors", CPU).weights())
    first, same, other = found
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["head.0.weight"], other["head.0.weight"])


def test_the_best_validation_is_kept_and_not_the_last(
    datasets: TinyDatasets, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores_are(monkeypatch, [0.2, 0.4, 0.3, 0.4])
    observer = Watcher(out.with_name("model.safetensors.partial"))
    result = train_on(datasets.dense, out, observer, steps=4, validate_every=1)
    assert [row.best for row in observer.rows] == [True, True, False, False]
    # The best one only; the one before it goes.
    second = ["best-2.safetensors"]
    assert observer.kept == [["best-1.safetensors"], second, second, second]
    assert result.state.best.step == read_checkpoint(out).training["step"] == 2
    assert result.describe() == f"{out}: the best of 4 steps, reached at step 2"


def test_patience_ends_it(
    datasets: TinyDatasets, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores_are(monkeypatch, [0.2, 0.1, 0.4, 0.3, 0.4, 0.9])
    result = train_on(datasets.dense, out, steps=99, validate_every=1, patience=2)
    assert (result.state.step, result.state.best.step) == (5, 3)


@pytest.mark.parametrize(
    ("end", "steps"),
    [
        ({"steps": 3}, 3),
        ({"epochs": 1}, 8),  # of 15 windows, two at a time
        ({"epochs": 0.01}, 1),
        ({"minutes": 1e-9}, 1),
        ({"steps": 9, "epochs": 0.5, "minutes": 99}, 4),
    ],
)
def test_what_comes_first_ends_it(
    datasets: TinyDatasets, out: Path, end: dict[str, float], steps: int
) -> None:
    result = train_on(datasets.dense, out, **{"steps": math.inf, "validate_every": 99, **end})
    assert (result.state.step, result.interrupted) == (steps, False)
    assert [row.step for row in result.state.history] == [steps]


@pytest.mark.parametrize(
    ("batch_size", "validate_every", "steps"), [(2, None, [8, 16, 17]), (2, 5, [5, 10, 15, 17])]
)
def test_it_validates_after_an_epoch_unless_said_otherwise(
    datasets: TinyDatasets, out: Path, batch_size: int, validate_every: int, steps: list[int]
) -> None:
    observer = Recorder()
    changes = {"steps": 17, "batch_size": batch_size, "validate_every": validate_every}
    train_on(datasets.dense, out, observer, **changes)
    assert [row.step for row in observer.rows] == steps


def test_sequence_without_a_genome_is_learned_from(datasets: TinyDatasets, out: Path) -> None:
    train_on(datasets.deepsea, out)
    checkpoint = read_checkpoint(out)
    assert (checkpoint.task, checkpoint.chrom_sizes) == ("short", {})


@pytest.mark.parametrize(("split", "words"), [("train", "training"), ("valid", "validation")])
def test_a_dataset_without_a_peak_to_learn_from_or_be_scored_by_is_refused(
    datasets: TinyDatasets, out: Path, split: str, words: str
) -> None:
    dataset = open_dataset(datasets.deepsea)
    samples = dataset.splits[split]
    without = replace(samples, labels=np.zeros_like(samples.labels))
    dataset = replace(dataset, splits={**dataset.splits, split: without})
    with pytest.raises(InputError, match=rf"deepsea: no marker has a peak in the {words} windows"):
        train_on(dataset, out)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"network": {"kernel": 8}}, r"model: cnn3 has no setting kernel; it has f1, f2, f3"),
        ({"network": {"f1": 0}}, r"model: expected a number from 1 upward as f1, got 0"),
        ({"network": {"stride": 7}}, r"model: this network needs windows of a multiple of 7"),
        ({"batch_size": 16}, r"batch_size: 16 is more than the 15 windows of the training split"),
    ],
)
def test_settings_that_do_not_suit_are_refused(
    datasets: TinyDatasets, out: Path, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ArgumentError, match=problem):
        train_on(datasets.dense, out, **changes)
    assert not out.exists()


def test_a_free_path_is_accepted_and_its_folder_made(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder" / "model.safetensors"
    check_checkpoint_path(out, force=False)
    assert list(out.parent.iterdir()) == []


def test_an_existing_checkpoint_is_replaced_only_when_forced(out: Path) -> None:
    out.write_text("an older one")
    with pytest.raises(InputError, match="exists already, and a finished training"):
        check_checkpoint_path(out, force=False)
    check_checkpoint_path(out, force=True)
    assert out.read_text() == "an older one"  # until there is a better one


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_is_no_checkpoint(tmp_path: Path, force: bool) -> None:
    with pytest.raises(InputError, match="is a folder; expected a file name"):
        check_checkpoint_path(tmp_path, force)


def test_a_file_in_place_of_the_folder_is_an_error_of_the_operating_system(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(OSError, match="file"):
        check_checkpoint_path(tmp_path / "file" / "model.safetensors", force=False)


def test_running_statistics_stay_where_no_batch_is_asked_for(
    datasets: TinyDatasets, tmp_path: Path
) -> None:
    found = {}
    for decay in 0.5, 0.9:
        for norm_batches in 0, 2:
            out = tmp_path / f"{decay}-{norm_batches}.safetensors"
            train_on(
                datasets.dense,
                out,
                network={"f1": 6, "f2": 6, "f3": 6, "hidden": 8, "norm_decay": decay},
                steps=2,
                norm_batches=norm_batches,
            )
            found[decay, norm_batches] = load_network(out, CPU).weights()["trunk.1.running_mean"]
    assert not torch.equal(found[0.5, 0], found[0.9, 0])
    torch.testing.assert_close(found[0.5, 2], found[0.9, 2], atol=0, rtol=0)


def test_machines_that_do_not_share_the_folder_are_refused(
    datasets: TinyDatasets, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a process sees whose folder lacks the state that the first one goes on from.
    monkeypatch.setattr(Processes, "agreed", lambda *_: 7.0)
    with pytest.raises(InputError, match="not seen by all machines; expected a folder that they"):
        train_on(datasets.dense, out, steps=2)


@pytest.mark.parametrize(
    ("lows", "loss", "said"),
    [
        ([0.1, None, 0.2], 0.05, []),
        (
            [0.01, None, 0.2],
            0.05,
            [
                "1 of 3 markers is not clearly better than chance (the 95% interval of the average "
                "precision holds the base rate), and no peaks are called for them; train longer, "
                "on more peaks, or validate on more bases: few cannot tell skill from chance "
                "(docs/peaks.md)"
            ],
        ),
        (
            # Twice the entropy of 0.02, which is 0.098, and of one without peaks, among three.
            [0.2, None, 0.2],
            0.0901,
            [
                "the validation loss, 0.0901 at its best, is above the 0.06536 of base rates "
                "alone: it has diverged, or hardly begun; a lower --learning-rate, or more "
                "steps, may help"
            ],
        ),
    ],
)
def test_a_network_that_has_learned_little_is_said(
    lows: list[float | None], loss: float, said: list[str]
) -> None:
    best = Validation(
        step=2,
        means=(),
        average_precision=0.3,
        thresholds=(0.5,) * 3,
        validated=tuple(one and Validated(0.02, 0.3, one, 0.5) for one in lows),
    )
    rows = [HistoryRow(2, 1, 9, 0.1, 0.1, 0.3, True, validation_loss=one) for one in (9.0, loss)]
    result = TrainingResult(TrainingState(step=2, best=best, history=rows), Path("m.safetensors"))
    first, *lines = result.describe().splitlines()
    assert first == "m.safetensors: the best of 2 steps, reached at step 2"
    assert lines == said


@needs_triton
def test_trained_and_validated_by_kernels_for_gpus_it_is_the_same(
    datasets: TinyDatasets, tmp_path: Path
) -> None:
    interpret(
        *("train_with_kernels", str(datasets.dense), str(tmp_path)), module="training_device_tasks"
    )
