"""A cross-validation: each network on each fold and seed once, whoever does it and when."""

from __future__ import annotations

import csv
import json
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import TinyDatasets
from sklearn.metrics import average_precision_score
from training_helpers import ALONE, Killed

from regtrack.crossval import pace, planning
from regtrack.crossval.describe import describe_crossval, describe_measuring
from regtrack.crossval.entries import Entry, read_entries
from regtrack.crossval.held_out import dataset_of
from regtrack.crossval.plan import FOLDS, MEASURING, Plan
from regtrack.crossval.planning import Asked
from regtrack.crossval.run import CrossvalRequest, CrossvalResult, run_crossval
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.folds import read_folds, windows_of
from regtrack.errors import ArgumentError, InputError
from regtrack.leases import leased
from regtrack.models.checkpoint import load_network
from regtrack.observer import Event, Unwatched
from regtrack.report.crossval_files import FILES
from regtrack.scoring.cross_scores import POOLED, Estimate, difference
from regtrack.shares import Share
from regtrack.training.events import NetworkStarted, ScoringStarted, StepDone
from regtrack.training.settings import TrainingSettings

SETTINGS = TrainingSettings(steps=2, norm_batches=2, precision="float32")
ONE, OTHER = "a=cnn1:f1=6,hidden=8", "b=cnn3:f1=6,f2=6,f3=6,hidden=8"
TABLES = [name for name in FILES if name.endswith(".tsv")]


@dataclass
class Told(Unwatched):
    """Writes down what is begun; may stand for a user who stops it."""

    begun: list[str] = field(default_factory=list)
    tested: list[str] = field(default_factory=list)
    at_step: Callable[[], object] = lambda: None

    def told(self, event: Event) -> None:
        """Write it down."""
        match event:
            case NetworkStarted(name=name):
                self.begun.append(name)
            case ScoringStarted(name=name, split=split):
                self.tested.append(f"{name}, {split}")
            case StepDone():
                self.at_step()


def crossval(
    dataset: Path,
    out: Path,
    *networks: str,
    told: Told | None = None,
    force: bool = False,
    folds: str = "2",
    seeds: tuple[int, ...] = (1,),
    workers: int = 1,
    threads: int | None = 1,
    asked: TrainingSettings = SETTINGS,
    **options: Any,
) -> CrossvalResult:
    request = CrossvalRequest(
        dataset, None, networks, Asked(folds, asked, seeds, threads, workers), device="cpu"
    )
    return run_crossval(replace(request, **options), out, force, told or Told())


def tables(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def finished(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two networks, two folds and two seeds. To be copied, not changed."""
    out = tmp_path_factory.mktemp("finished") / "out"
    crossval(dataset, out, ONE, OTHER, seeds=(1, 2))
    return out


def test_each_network_is_trained_and_tested_once_on_each_fold_and_seed(
    dataset: Path, tmp_path: Path
) -> None:
    told = Told()
    result = crossval(dataset, tmp_path / "out", ONE, OTHER, seeds=(1, 2), told=told)
    assert told.begun == [
        f"{label}, fold {fold}, seed {seed}" for seed in (1, 2) for fold in (1, 2) for label in "ab"
    ]
    assert told.tested == [f"{label}, fold {fold}" for _ in range(2) for fold in (1, 2)
                           for label in "ab"]  # fmt: skip
    assert result.scores is not None
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *FILES, FOLDS, "crossval.plan.json", "trainings", "leases", "lock",
    }  # fmt: skip


def test_scores_are_those_of_the_network_that_did_not_see_the_fold(
    dataset: Path, finished: Path
) -> None:
    whole = open_dataset(dataset)
    assert isinstance(whole, DenseDataset)
    plan = Plan.read(finished)
    folds = read_folds(finished / FOLDS, windows_of(whole), whole.chrom_sizes)
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for training in plan.trainings(["b"], [2]):
        part = dataset_of(whole, folds, training.number, plan.reach)
        network = load_network(training.folder(finished) / "model.safetensors", torch.device("cpu"))
        trained = part.windows("train").regions()
        for window in (part.windows("test")[at] for at in range(part.size("test"))):
            reached = trained.get(window.chrom)
            assert reached is None or not reached.clip(window.start, window.end).bases
            # The whole chromosome at once, so that no window's edge is near.
            length = whole.chrom_sizes[window.chrom] // 10 * 10
            codes = whole.genome.codes(window.chrom, 0, length)
            with torch.inference_mode():
                logits = network(torch.from_numpy(codes[None]).int())[0].numpy()
            inside = slice(window.start, window.end)
            known = codes[inside] > 0
            labels = whole.labels.spread(window.chrom, window.start, window.end)[:, known]
            found.setdefault(training.fold, []).append((logits[:, inside][:, known], labels))
    found[POOLED] = [pair for pairs in list(found.values()) for pair in pairs]
    written = {
        (row["fold"], row["index"]): float(row["average_precision"])
        for row in rows(finished / "markers.tsv")
        if (row["network"], row["seed"]) == ("b", "2")
    }
    for fold, pairs in found.items():
        logits, labels = (np.concatenate(part, axis=1) for part in zip(*pairs, strict=True))
        for marker in range(3):
            if labels[marker].any():
                expected = average_precision_score(labels[marker], logits[marker])
                assert written[fold, str(marker)] == pytest.approx(expected, abs=2e-3)
            else:
                assert (fold, str(marker)) not in written


def test_tables_have_a_row_for_each_network_seed_fold_and_category(finished: Path) -> None:
    scores, pairs = (rows(finished / name) for name in ("crossval.tsv", "pairs.tsv"))
    for row in scores:
        assert row["network"] in "ab"
    keys = [tuple(row[name] for name in ("network", "seed", "fold", "category")) for row in scores]
    assert len(set(keys)) == len(keys) == 2 * 3 * 3 * 3
    assert {row["network"] for row in pairs} == {"b"}
    assert {row["reference"] for row in pairs} == {"a"}
    assert len(pairs) == 3 * 3 * 3
    for row in pairs:
        if row["average_precision"]:
            expected = float(row["average_precision"]) - float(row["of_reference"])
            assert float(row["difference"]) == pytest.approx(expected, abs=1e-6)


def test_again_trains_nothing_and_leaves_the_same_bytes(
    dataset: Path, finished: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(finished, tmp_path / "out")
    told = Told()
    crossval(dataset, out, ONE, OTHER, seeds=(1, 2), told=told)
    assert (told.begun, told.tested) == ([], [])
    assert tables(out) == tables(finished)


def test_a_network_against_itself_does_not_differ(dataset: Path, tmp_path: Path) -> None:
    same = f"c={ONE.partition('=')[2]}"
    result = crossval(dataset, tmp_path / "out", ONE, same)
    assert result.scores is not None
    for category in result.scores.categories:
        pair = result.scores.pair(result.scores.others[0], POOLED, category)
        assert pair is not None
        found = difference(*pair)
        assert found.value == 0
        assert found == Estimate(0, 0, 0) or np.isnan(found.low)


@pytest.mark.parametrize("step", [1, 3, 4, 7])
def test_a_run_that_was_killed_goes_on_where_it_was_and_comes_to_the_same(
    dataset: Path, finished: Path, tmp_path: Path, step: int
) -> None:
    out, steps = tmp_path / "out", []

    def kill() -> None:
        steps.append(1)
        if len(steps) == step:
            raise Killed

    with pytest.raises(Killed):
        crossval(dataset, out, ONE, OTHER, seeds=(1, 2), told=Told(at_step=kill))
    assert not any((out / name).exists() for name in FILES)
    told = Told()
    crossval(dataset, out, ONE, OTHER, seeds=(1, 2), told=told)
    assert len(told.begun) == 8 - (step - 1) // 2
    assert tables(out) == tables(finished)


def test_a_kill_between_training_and_test_trains_nothing_again(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("regtrack.crossval.held_out.count_blocks", killed)
        with pytest.raises(Killed):
            crossval(dataset, tmp_path / "out", ONE)
    steps: list[int] = []
    told = Told(at_step=lambda: steps.append(1))
    crossval(dataset, tmp_path / "out", ONE, told=told)
    assert told.tested == ["a, fold 1", "a, fold 2"]
    assert len(steps) == 2  # those of the second fold


def test_ctrl_c_saves_and_the_same_command_goes_on(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = Told(at_step=lambda: signal.raise_signal(signal.SIGINT))
    result = crossval(dataset, out, ONE, told=told)
    assert (result.stopped_by, result.scores) == (KeyboardInterrupt, None)
    assert (result.text, result.reached) == ("", "with 0 of 2 trainings done")
    assert crossval(dataset, out, ONE).scores is not None


def test_shards_come_to_the_same_bytes_and_the_last_one_writes_them(
    dataset: Path, finished: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first, second = Told(), Told()
    result = crossval(dataset, out, ONE, OTHER, seeds=(1, 2), told=second, share=Share(2, 2))
    assert result.scores is None
    assert result.text.startswith("4 of 8 trainings done")
    assert not (out / "crossval.tsv").exists()
    crossval(dataset, out, ONE, OTHER, seeds=(1, 2), told=first, share=Share(1, 2))
    assert len(first.begun) == len(second.begun) == 4
    assert not set(first.begun) & set(second.begun)
    assert tables(out) == tables(finished)


def test_workers_come_to_the_same_bytes(dataset: Path, finished: Path, tmp_path: Path) -> None:
    crossval(dataset, tmp_path / "out", ONE, OTHER, seeds=(1, 2), workers=2)
    assert tables(tmp_path / "out") == tables(finished)


def test_a_network_is_trained_by_its_own_recipe_but_for_what_was_asked(
    dataset: Path, tmp_path: Path
) -> None:
    asked = replace(SETTINGS, warmup=0.0)
    own = "own=residual:blocks=1,repeats=.25"
    crossval(dataset, tmp_path / "out", ONE, own, asked=asked, only_plan=True)
    plan = Plan.read(tmp_path / "out")
    recipe = plan.recipe("own", seed=1, save_minutes=10)
    assert (recipe.learning_rate, recipe.warmup) == (0.002, 0)
    assert (recipe.loss_step, recipe.repeats) == (8, 0.25)
    other = plan.recipe("a", seed=1, save_minutes=10)
    assert other == replace(asked, seed=1, learning_rate=0.001, loss_step=1, repeats=0.0)
    told = describe_crossval(tmp_path / "out").splitlines()
    assert [line.split() for line in told if line.startswith(("a ", "own "))] == [
        ["a", "2", "-", "0.001", "0", "1", "0"],
        ["own", "2", "-", "0.002", "0", "8", "0.25"],
    ]
    # Nothing differs when it is asked again.
    crossval(dataset, tmp_path / "out", ONE, own, asked=asked, only_plan=True)


def test_what_another_process_is_at_is_left_to_it(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    crossval(dataset, out, ONE, only_plan=True)
    told = Told()
    with leased(out / "leases", "a.fold 1.seed 1"):
        result = crossval(dataset, out, ONE, told=told)
        assert told.tested == ["a, fold 2"]
        assert result.text.startswith("1 of 2 trainings done\nat work: a.fold 1.seed 1, process")
        assert "at work: a.fold 1.seed 1" in describe_crossval(out)
    assert crossval(dataset, out, ONE).scores is not None


def test_networks_and_seeds_may_be_added_later(
    dataset: Path, finished: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    crossval(dataset, out, ONE)
    told = Told()
    crossval(dataset, out, ONE, OTHER, seeds=(1, 2), told=told)
    assert len(told.begun) == 6
    assert tables(out) == tables(finished)
    # Without names, those of the plan.
    assert [one.name for one in crossval(dataset, out).scores.networks] == ["a", "b"]
    scores = crossval(dataset, out, ONE, OTHER, reference="b").scores
    assert [one.name for one in scores.others] == ["a"]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"folds": "3"}, "holds a cross-validation that differs in folds"),
        ({"threads": 2}, "differs in threads"),
        ({"asked": replace(SETTINGS, steps=3)}, "differs in steps"),
        ({"asked": replace(SETTINGS, learning_rate=0.1)}, "differs in learning_rate"),
        ({"asked": replace(SETTINGS, steps=float("inf"), minutes=1)}, "differs in minutes, steps"),
    ],
)
def test_another_recipe_or_other_folds_are_refused_in_the_same_folder(
    dataset: Path, finished: Path, changed: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InputError, match=f"{problem}; --force starts over"):
        crossval(dataset, finished, ONE, **changed)


def test_a_label_means_one_network_in_a_folder(
    dataset: Path, finished: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="holds a with other settings or code; LABEL=cnn1 adds it"):
        crossval(dataset, finished, "a=cnn1:f1=7,hidden=8")
    out = shutil.copytree(finished, tmp_path / "out")
    told = Told()
    crossval(dataset, out, "a=cnn1:f1=7,hidden=8", told=told, force=True)
    assert len(told.begun) == 2
    assert [entry.label for entry in Plan.read(out).entries] == ["a"]


def test_another_dataset_a_foreign_folder_and_another_task_are_refused(
    dataset: Path, finished: Path, datasets: TinyDatasets, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="differs in dataset"):
        crossval(datasets.dense, finished, ONE)
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds thesis\.txt, and no cross-validation"):
        crossval(dataset, tmp_path, ONE)
    with pytest.raises(InputError, match="is of the short task"):
        crossval(datasets.short, tmp_path / "out", ONE)
    with pytest.raises(InputError, match="is a file; expected a folder"):
        crossval(dataset, tmp_path / "thesis.txt", ONE)
    with pytest.raises(ArgumentError, match="expected one of a, got 'z'"):
        crossval(dataset, tmp_path / "out", ONE, reference="z")


def test_torchrun_is_refused_and_told_what_shares_the_work(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"MASTER_ADDR": "localhost", "RANK": "0", "WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ArgumentError, match="torchrun cannot share the trainings; --workers N"):
        crossval(dataset, tmp_path / "out", ONE)


def test_damaged_counts_are_counted_again_by_the_next_run(
    dataset: Path, finished: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(finished, tmp_path / "out")
    path = out / "trainings" / "a" / "fold-1-seed-1" / "counts" / "0.counts"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged after it was written; run the same command"):
        crossval(dataset, out, ONE)
    told = Told()
    crossval(dataset, out, ONE, told=told)
    assert told.tested == ["a, fold 1"]


def test_folds_of_a_file_are_taken_as_they_are(dataset: Path, tmp_path: Path) -> None:
    given = tmp_path / "given.bed"
    given.write_text("chr1\t0\t15000\tleft\nchr1\t25000\t45000\tright\n")
    out = tmp_path / "out"
    result = crossval(dataset, out, ONE, folds=str(given))
    assert result.scores is not None
    assert result.scores.folds == ("left", "right")
    plan = Plan.read(out)
    assert [fold.windows for fold in plan.folds] == [14, 20]  # the first kilobase is N
    given.write_text("chr1\t0\t15000\tleft\nchr1\t26000\t45000\tright\n")
    with pytest.raises(InputError, match="differs in folds"):
        crossval(dataset, out, ONE, folds=str(given))


def test_minutes_become_steps_of_each_network_which_later_ones_are_measured_against(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = {"a": 0.5, "b": 2.0, "c": 1.0}
    measured: list[list[str]] = []

    def measure(_: object, entries: list[Any], *__: object) -> list[float]:
        measured.append([entry.label for entry in entries])
        # A machine that has become three times as slow since.
        return [3 ** (len(measured) - 1) * seconds[entry.label] for entry in entries]

    monkeypatch.setattr(planning, "measure_pace", measure)
    out, third = tmp_path / "out", "c=cnn1:f1=7,hidden=8"
    timed = replace(SETTINGS, steps=float("inf"), minutes=0.1)
    crossval(dataset, out, ONE, OTHER, asked=timed, only_plan=True)
    assert [entry.steps for entry in Plan.read(out).entries] == [12, 3]
    result = crossval(dataset, out, ONE, OTHER, third, asked=timed, only_plan=True)
    assert measured == [["a", "b"], ["a", "c"]]
    assert [entry.steps for entry in Plan.read(out).entries] == [12, 3, 6]
    said = "6 trainings to do of 3 networks x 2 folds x 1 seed, 0.1 minutes each on a quiet machine"
    assert said in result.text
    with pytest.raises(ArgumentError, match="goes without steps and epochs"):
        crossval(dataset, out, ONE, asked=replace(SETTINGS, minutes=1))


def test_how_long_steps_take_is_told_by_the_trainings_that_are_done(
    finished: Path, dataset: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "out"))
    for network, took in (("a", 300.0), ("b", 60.0)):
        for fold, seed in ((1, 1), (2, 1), (1, 2), (2, 2)):
            path = out / "trainings" / network / f"fold-{fold}-seed-{seed}" / "tested.json"
            path.write_text(json.dumps({**json.loads(path.read_text()), "seconds": took}))
            if (fold, seed) == (2, 2):
                path.unlink()
    lines = crossval(dataset, out, ONE, OTHER, seeds=(1, 2), only_plan=True).text.splitlines()
    assert lines[-2:] == [
        "2 trainings to do of 2 networks x 2 folds x 2 seeds:",
        "6 min 0 s in all, as long as those took that are done",
    ]
    third = "c=cnn1:f1=7,hidden=8"
    lines = crossval(dataset, out, ONE, OTHER, third, only_plan=True).text.splitlines()
    assert lines[-1] == "how long they take is known when one of each network is done"


def test_a_busy_while_makes_no_network_look_slower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = iter([1, 1, 9, 9, 5, 4, 1, 1, 1, 7, 2, 2, 30, 30])
    own = {"a": 1.0, "b": 1.5}
    told: list[str] = []

    def seconds(_: object, entry: Entry, *__: object) -> float:
        told.append(describe_measuring(tmp_path).splitlines()[1])
        return own[entry.label] * next(busy)

    monkeypatch.setattr(pace, "_seconds_per_step", seconds)
    found = pace.measure_pace(
        *(None, read_entries([ONE, OTHER]), SETTINGS, ALONE, Unwatched()), tmp_path / MEASURING
    )
    assert found == pytest.approx([1.0, 1.5])
    # Meanwhile `info` says how far it is.
    words = ["measuring", "seconds", "per", "step:"]
    assert told[0].split() == [*words, "0", "of", "14", "turns", "done"]
    assert told[-1].split() == [*words, "13", "of", "14", "turns", "done"]


def test_the_pace_is_measured_by_steps_of_the_training_itself(dataset: Path) -> None:
    whole = open_dataset(dataset)
    (entry,) = read_entries([ONE])
    assert 0 < pace._seconds_per_step(whole, entry, SETTINGS, ALONE) < 60


def test_a_description_says_folds_networks_and_what_is_done(finished: Path, dataset: Path) -> None:
    text = describe_crossval(finished)
    assert "2 folds, 2 networks, seeds 1, 2" in text
    assert text.splitlines()[-1] == "8 of 8 trainings done"
    with pytest.raises(InputError, match="holds no cross-validation"):
        describe_crossval(dataset)
