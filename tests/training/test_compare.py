"""A comparison: what is trained, what is taken as it is, and that its scores are exact."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import TINY_SIZES, TinyWorld, make_tiny_world, tiny_settings, write_checkpoint
from sklearn.metrics import average_precision_score

from regtrack.datasets.folder import open_dataset
from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import PrepareSettings
from regtrack.errors import ArgumentError, InputError
from regtrack.genome.markers import read_markers
from regtrack.models.checkpoint import load_network, read_checkpoint, save_checkpoint
from regtrack.observer import Event, Unwatched
from regtrack.training.compare import (
    ComparisonRequest,
    ComparisonResult,
    _unequal,
    run_comparison,
)
from regtrack.training.events import (
    NetworkStarted,
    ScoringStarted,
    StepDone,
    TrainingStarted,
)
from regtrack.training.settings import TrainingSettings

SETTINGS = TrainingSettings(steps=2, norm_batches=2)


@dataclass
class Told(Unwatched):
    """Writes down what it is told; may stand for a user who stops a training."""

    trained: list[tuple[str, int]] = field(default_factory=list)
    scored: list[tuple[str, str]] = field(default_factory=list)
    turns: list[tuple[str, int, int]] = field(default_factory=list)
    at_step: Callable[[int], object] = lambda _: None

    def told(self, event: Event) -> None:
        """Write it down."""
        match event:
            case NetworkStarted(name=name, number=number, total=total):
                self.turns.append((name, number, total))
            case ScoringStarted(name=name, split=split):
                self.scored.append((name, split))
            case TrainingStarted(step=step):
                self.trained.append((self.turns[-1][0], step))
            case StepDone(step=step):
                self.at_step(step)


def make_dataset(world: TinyWorld, name: str, **settings: Any) -> Path:
    defaults: dict[str, Any] = {"peaks": world.markers, "genome": world.genome, "window": 2_000}
    prepare(PrepareSettings(**{**defaults, **settings}), world.folder / name, False, Unwatched())
    return world.folder / name


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """Only read here, so one is enough; its datasets: `set`, `other`, `untested`, `short`."""
    made = make_tiny_world(tmp_path_factory.mktemp("compare") / "world")
    make_dataset(made, "set")
    make_dataset(made, "other", seed=9)
    make_dataset(made, "untested", valid=["chr2"])
    make_dataset(made, "odd", window=2_010)
    make_dataset(made, "short", task="short")
    return made


@pytest.fixture(scope="module")
def finished(world: TinyWorld) -> Path:
    """The folder of a finished comparison of `cnn1` and `cnn3`. To be copied, not changed."""
    out = world.folder / "finished"
    compare(world, ["cnn1", "cnn3"], out)
    return out


def compare(
    world: TinyWorld,
    networks: list[Any],
    out: Path,
    told: Told | None = None,
    *,
    dataset: str = "set",
    force: bool = False,
    **settings: Any,
) -> ComparisonResult:
    request = ComparisonRequest(
        world.folder / dataset, None, list(map(str, networks)), replace(SETTINGS, **settings), "cpu"
    )
    return run_comparison(request, out, force, told or Told())


def test_named_networks_are_trained_alike_and_scored_on_both_splits(
    world: TinyWorld, tmp_path: Path
) -> None:
    told = Told()
    result = compare(world, ["cnn1", "cnn3"], tmp_path / "out", told)
    assert told.turns == [("cnn1", 1, 2), ("cnn3", 2, 2)]
    assert told.trained == [("cnn1", 0), ("cnn3", 0)]
    splits = ("valid", "test")
    assert told.scored == [(name, split) for name in ("cnn1", "cnn3") for split in splits]
    assert result.comparison is not None
    for one in result.comparison.networks:
        assert (one.steps, one.best_step, one.remarks) == (2, 2, ())
        network = load_network(tmp_path / "out" / f"{one.name}.safetensors", torch.device("cpu"))
        assert one.parameters == network.parameter_count()
    assert result.comparison.networks[0].published_parameters == 137_187
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *(f"comparison.{kind}" for kind in ("tsv", "json", "md", "png")),
        *(
            f"{name}.{kind}"
            for name in ("cnn1", "cnn3")
            for kind in ("safetensors", "log.tsv", "log.png", "scores.tsv", "scores.json")
        ),
    }


def test_scores_equal_those_of_every_base_by_itself(world: TinyWorld, finished: Path) -> None:
    dataset = open_dataset(world.folder / "set")
    network = load_network(finished / "cnn3.safetensors", torch.device("cpu"))
    found, labels = [], []
    for window in (dataset.windows("test")[i] for i in range(len(dataset.windows("test")))):
        # The whole chromosome at once, so that no window's edge is near.
        length = dataset.chrom_sizes[window.chrom] // 10 * 10
        codes = dataset.genome.codes(window.chrom, 0, length)
        with torch.inference_mode():
            logits = network(torch.from_numpy(codes[None]).int())[0].numpy()
        known = codes[window.start : window.end] > 0
        found.append(logits[:, window.start : window.end][:, known])
        labels.append(dataset.labels.spread(window.chrom, window.start, window.end)[:, known])
    truth, logits = np.concatenate(labels, axis=1), np.concatenate(found, axis=1)
    rows = [line.split("\t") for line in (finished / "cnn3.scores.tsv").read_text().splitlines()]
    column = {name: rows[0].index(f"test_{name}") for name in ("bases", "average_precision")}
    scored = 0
    for marker, row in enumerate(rows[1:]):
        assert row[column["bases"]] == str(truth.shape[1])
        if truth[marker].any():
            expected = average_precision_score(truth[marker], logits[marker])
            # Of a few thousand bases, the order inside of a bin counts.
            assert float(row[column["average_precision"]]) == pytest.approx(expected, abs=1e-3)
            scored += 1
        else:
            assert row[column["average_precision"]] == ""
    assert scored


def test_again_trains_and_scores_nothing_and_leaves_the_same_bytes(
    world: TinyWorld, finished: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(finished, tmp_path / "out")
    tables = ("comparison.tsv", "comparison.json", "comparison.md", "cnn1.scores.tsv")
    before = {name: (out / name).read_bytes() for name in tables}
    told = Told()
    compare(world, ["cnn1", "cnn3"], out, told)
    assert (told.trained, told.scored) == ([], [])
    assert {name: (out / name).read_bytes() for name in tables} == before


def test_what_was_trained_by_its_own_recipe_is_not_trained_again(
    world: TinyWorld, tmp_path: Path
) -> None:
    compare(world, ["residual"], tmp_path / "out")
    told = Told()
    compare(world, ["residual"], tmp_path / "out", told)
    assert told.trained == []
    with pytest.raises(InputError, match=r"other settings \(loss_step 8, not 1\)"):
        compare(world, ["residual"], tmp_path / "out", loss_step=1)


@pytest.mark.parametrize("damage", ["", "[]", '{"scores": {"valid": [{"x": 1}]}}', '{"scores": 3}'])
def test_damaged_scores_are_taken_anew(
    world: TinyWorld, finished: Path, tmp_path: Path, damage: str
) -> None:
    out = shutil.copytree(finished, tmp_path / "out")
    (out / "cnn1.scores.json").write_text(damage)
    told = Told()
    compare(world, ["cnn1"], out, told)
    assert told.scored == [("cnn1", "valid"), ("cnn1", "test")]
    assert (out / "cnn1.scores.json").read_text() == (finished / "cnn1.scores.json").read_text()


def test_a_split_that_was_scored_before_a_stop_is_not_scored_again(
    world: TinyWorld, finished: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(finished, tmp_path / "out")
    record = json.loads((out / "cnn1.scores.json").read_text())
    del record["scores"]["test"]
    (out / "cnn1.scores.json").write_text(json.dumps(record))
    told = Told()
    compare(world, ["cnn1"], out, told)
    assert told.scored == [("cnn1", "test")]


def test_scores_of_another_checkpoint_or_dataset_are_not_taken(
    world: TinyWorld, finished: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(finished, tmp_path / "out")
    given = shutil.copy(finished / "cnn3.safetensors", tmp_path / "cnn1.safetensors")
    told = Told()
    compare(world, [given], out, told)
    compare(world, [given], out, told, dataset="other")
    splits = ("valid", "test")
    assert told.scored == 2 * [("cnn1", split) for split in splits]


def test_a_stopped_training_is_continued(world: TinyWorld, tmp_path: Path) -> None:
    import signal

    out = tmp_path / "out"
    told = Told(at_step=lambda step: step == 2 and signal.raise_signal(signal.SIGINT))
    result = compare(world, ["cnn1", "cnn3"], out, told, steps=3)
    assert (result.comparison, result.stopped) == (None, ("cnn1", 2))
    assert (result.describe(), result.reached) == ("", "after step 2 of cnn1")
    assert not (out / "comparison.tsv").exists()
    told = Told()
    result = compare(world, ["cnn1", "cnn3"], out, told, steps=3)
    assert told.trained == [("cnn1", 2), ("cnn3", 0)]
    assert [one.steps for one in result.comparison.networks] == [3, 3]


def test_a_checkpoint_is_taken_as_it_is_and_marked_where_it_is_not_on_equal_terms(
    world: TinyWorld, finished: Path, tmp_path: Path
) -> None:
    told = Told()
    result = compare(
        world, ["cnn3", world.model, finished / "cnn1.safetensors"], finished, told, dataset="set"
    )
    assert told.trained == []
    same, model, given = result.comparison.networks
    assert (same.remarks, given.remarks) == ((), ())
    assert (model.name, model.architecture, model.steps) == ("model", "dilated", None)
    # It is no checkpoint of a training, and a tiny network.
    assert "does not say what dataset" in model.remarks[0]
    assert model.remarks[1] == (
        "dilated with other settings: f1 6, f2 6, f3 6, hidden 8, dropout 0.0"
    )
    result = compare(world, [finished / "cnn1.safetensors"], tmp_path, told, dataset="other")
    trained = open_dataset(world.folder / "set").windows("train")
    other = open_dataset(world.folder / "other")
    mine = {(one.chrom, one.start) for one in trained}
    shared = [
        one for split in ("valid", "test") for one in other.windows(split)
        if (one.chrom, one.start) in mine
    ]  # fmt: skip
    assert shared
    assert result.comparison.networks[0].remarks[0] == (
        f"trained on another dataset (genome): {2_000 * len(shared):,} bases of the windows scored "
        "here were trained on"
    )
    assert "(1) trained on another dataset" in result.describe()


def test_checkpoints_that_were_trained_unlike_each_other_are_marked(
    world: TinyWorld, tmp_path: Path
) -> None:
    markers = read_markers(world.markers)
    common = {"seed": 3, "steps": 9}
    paths = []
    for name, settings in (
        ("a", {**common, "learning_rate": 0.01}),
        ("b", {**common, "learning_rate": 0.001, "minutes": 5}),
        ("c", None),  # imported: nobody knows
    ):
        path = write_checkpoint(tmp_path / f"{name}.safetensors", markers, TINY_SIZES)
        checkpoint = replace(
            read_checkpoint(path), training={} if settings is None else {"settings": settings}
        )
        save_checkpoint(path, checkpoint, load_network(path, torch.device("cpu")))
        paths.append(path)
    assert _unequal(paths) == [
        ["trained with learning_rate 0.01, no minutes"],
        ["trained with learning_rate 0.001, minutes 5"],
        [],
    ]
    assert _unequal([paths[0], paths[0]]) == [[], []]


def test_what_was_trained_otherwise_is_refused_and_trained_anew_by_force(
    world: TinyWorld, finished: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(finished, tmp_path / "out")
    with pytest.raises(
        InputError, match=r"cnn1\.safetensors: was trained with other settings \(steps 2, not"
    ):
        compare(world, ["cnn1"], out, steps=1)
    with pytest.raises(InputError, match=r"trained with other settings \(on another dataset\)"):
        compare(world, ["cnn1"], out, dataset="other")
    # How often the state is saved makes no other network.
    told = Told()
    compare(world, ["cnn1"], out, told, save_minutes=1.0, force=True)
    assert told.trained == []
    compare(world, ["cnn1"], out, told, steps=1, force=True)
    assert told.trained == [("cnn1", 0)]
    assert told.scored == [("cnn1", "valid"), ("cnn1", "test")]


def test_without_names_all_networks_of_the_task_are_compared(
    world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regtrack.models.catalog import ARCHITECTURES
    from regtrack.training import compared_networks

    few = {"short": {name: ARCHITECTURES["short"][name] for name in ("lr", "dilated6")}}
    monkeypatch.setattr(compared_networks, "ARCHITECTURES", few)
    result = compare(world, [], tmp_path, dataset="short", batch_size=2)
    assert [one.name for one in result.comparison.networks] == ["lr", "dilated6"]
    assert result.comparison.task == "short"
    assert "short task, inputs: valid " in result.describe()


def test_an_empty_test_split_is_left_out(world: TinyWorld, tmp_path: Path) -> None:
    told = Told()
    result = compare(world, ["cnn1"], tmp_path, told, dataset="untested")
    assert told.scored == [("cnn1", "valid")]
    assert "no test columns" in result.describe()


def test_what_does_not_go_together_is_refused_before_any_training(
    world: TinyWorld, finished: Path, tmp_path: Path
) -> None:
    markers = read_markers(world.markers)
    other = replace(markers[1], name="A549|DNase|None")
    few = write_checkpoint(tmp_path / "few.safetensors", markers[:2], TINY_SIZES)
    else_ = write_checkpoint(
        tmp_path / "else.safetensors", (markers[0], other, markers[2]), TINY_SIZES
    )
    short = write_checkpoint(
        tmp_path / "short.safetensors",
        markers,
        {},
        task="short",
        architecture="lr",
        settings=tiny_settings("short", "lr"),
    )
    copy = shutil.copy(finished / "cnn1.safetensors", tmp_path / "cnn3.safetensors")
    cases: list[tuple[list[Any], type[Exception], str]] = [
        (
            ["cnn1", "resnet"],
            ArgumentError,
            r"'resnet' is neither a network of the dense task \(cnn1",
        ),
        (
            ["cnn1", "fast=cnn3:loss_step=8"],
            ArgumentError,
            r"'fast=cnn3:loss_step=8' is cnn3 with settings of its own; .* regtrack crossval takes",
        ),
        (["cnn1", few], InputError, r"few\.safetensors: predicts 2 markers, but .*set has .* of 3"),
        (["cnn1", else_], InputError, r"else\..*predicts A549\|DNase\|None as marker 2, but"),
        (["cnn1", short], InputError, r"short\.safetensors: is of the short task, but .* dense"),
        (["cnn1", world.markers], InputError, r"markers\.tsv: text, and no network: expected"),
        (
            ["cnn1", "no.safetensors"],
            InputError,
            r"no\.safetensors: no such checkpoint; regtrack tra",
        ),
        (["cnn1", "cnn1"], InputError, r"cnn1\.safetensors: is named 2 times"),
        (["cnn3", copy], InputError, r"out/cnn3\..* and .*: would both be called cnn3; rename one"),
    ]
    for networks, error, message in cases:
        with pytest.raises(error, match=message):
            compare(world, networks, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    with pytest.raises(
        ArgumentError, match=r"id-cnn needs windows of a multiple of 20 bases; .*2,010"
    ):
        compare(world, ["cnn1", "id-cnn"], tmp_path / "out", dataset="odd")
    with pytest.raises(InputError, match=r"few\.safetensors: is a file; expected a folder"):
        compare(world, ["cnn1"], few)
