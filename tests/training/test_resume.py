"""A training that was interrupted goes on as if it had not been; what is not its own it leaves."""

from __future__ import annotations

import fcntl
import itertools
import json
import math
import re
import resource
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import TinyDatasets
from training_helpers import (
    ALONE,
    Killed,
    Recorder,
    assert_same_weights,
    killed_before,
    log_of,
    train_on,
)

from regtrack import __version__
from regtrack.datasets.folder import open_dataset
from regtrack.errors import InputError, RegtrackError
from regtrack.models.checkpoint import read_checkpoint
from regtrack.models.tensors import read_tensor_file
from regtrack.observer import Event
from regtrack.training import run as module
from regtrack.training.events import StepDone, ValidationDone
from regtrack.training.run import stop_asked
from regtrack.training.state import HistoryRow, TrainingState
from regtrack.training.step import Stepper
from regtrack.training.validation import count_split
from regtrack.work_folders import STATE

pytestmark = pytest.mark.usefixtures("quick_plot")

# Two validations on the way, and one in the end.
SETTINGS = {"steps": 7, "validate_every": 3, "learning_rate": 0.01}


class Killer(Recorder):
    """Ends the training after so many steps as a kill would: nothing is saved any more."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def told(self, event: Event) -> None:
        """Die after a step."""
        super().told(event)
        if isinstance(event, StepDone) and len(self.steps) == self.after:
            raise Killed


@pytest.fixture
def work(out: Path) -> Path:
    return out.with_name("model.safetensors.partial")


@pytest.fixture(scope="module")
def uninterrupted(
    datasets: TinyDatasets, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The checkpoint of a training of a task that ran through."""
    folder = tmp_path_factory.mktemp("uninterrupted")

    def trained(task: str) -> Path:
        out = folder / f"{task}.safetensors"
        if not out.exists():
            train_on(getattr(datasets, task), out, **SETTINGS)
        return out

    return trained


def assert_same(out: Path, expected: Path) -> None:
    assert_same_weights(out, expected)
    assert log_of(out) == log_of(expected)
    ours, theirs = ({**vars(read_checkpoint(path)), "training": None} for path in (out, expected))
    assert ours == theirs


@pytest.mark.parametrize("task", ["dense", "short"])
@pytest.mark.parametrize("every", [1, 2, 5])
def test_stopped_again_and_again_it_ends_the_same(
    datasets: TinyDatasets, out: Path, work: Path, uninterrupted, task: str, every: int
) -> None:
    path = getattr(datasets, task)
    for begun in range(0, SETTINGS["steps"], every):
        observer = Recorder(interrupt_after=every)
        result = train_on(path, out, observer, **SETTINGS)
        assert observer.first_step == begun
        # The last step may be the one after which it is stopped: then it just ends.
        assert result.interrupted == (begun + every < SETTINGS["steps"])
        assert out.exists() != result.interrupted
        assert work.exists() == result.interrupted
    assert_same(out, uninterrupted(task))


def test_with_the_loss_at_some_bases_and_repeats_it_ends_the_same_as_well(
    datasets: TinyDatasets, tmp_path: Path
) -> None:
    whole, stopped = tmp_path / "whole.safetensors", tmp_path / "stopped.safetensors"
    recipe = {"loss_step": 8, "repeats": 0.5, **SETTINGS}
    train_on(datasets.dense, whole, Recorder(), **recipe)
    train_on(datasets.dense, stopped, Recorder(interrupt_after=4), **recipe)
    train_on(datasets.dense, stopped, Recorder(), **recipe)
    found, expected = (read_tensor_file(path).tensors for path in (stopped, whole))
    assert all(torch.equal(found[name], part) for name, part in expected.items())


@pytest.mark.parametrize(("task", "save_minutes"), [("dense", 0), ("dense", 60), ("short", 0)])
@pytest.mark.parametrize("after", [1, 3, 4, 7])
def test_killed_it_goes_on_from_the_last_state(
    datasets: TinyDatasets,
    out: Path,
    uninterrupted,
    task: str,
    save_minutes: float,
    after: int,
) -> None:
    path = getattr(datasets, task)
    with pytest.raises(Killed):
        train_on(path, out, Killer(after), save_minutes=save_minutes, **SETTINGS)
    assert not out.exists()
    observer = Recorder()
    train_on(path, out, observer, save_minutes=save_minutes, **SETTINGS)
    # The step that the kill came after was not saved any more.
    saved = after - 1 if save_minutes == 0 else (after - 1) // 3 * 3
    assert observer.first_step == saved
    assert_same(out, uninterrupted(task))


def test_ctrl_c_saves_and_says_how_to_go_on(datasets: TinyDatasets, out: Path, work: Path) -> None:
    result = train_on(datasets.dense, out, Recorder(interrupt_after=1), **SETTINGS)
    assert (result.checkpoint, result.interrupted) == (None, True)
    assert (result.describe(), result.reached) == ("", "after step 1")
    result = train_on(datasets.dense, out, Recorder(interrupt_after=3), **SETTINGS)
    best = work / "best-3.safetensors"
    assert (result.checkpoint, result.interrupted) == (best, True)
    assert result.reached == "after step 4"
    assert result.describe() == f"{best}: the best of 4 steps, reached at step 3"
    assert read_checkpoint(best).training["step"] == 3  # whole, should one want it
    assert (work / "log.tsv").read_text().startswith("step\t")


def test_killed_in_the_last_validation_it_has_no_step_left_to_do(
    datasets: TinyDatasets, out: Path, uninterrupted
) -> None:
    calls = []

    def counted(*arguments: Any, **more: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 3:
            raise Killed
        return count_split(*arguments, **more)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("regtrack.training.trainer.count_split", counted)
        with pytest.raises(Killed):
            train_on(datasets.dense, out, save_minutes=0, **SETTINGS)
    observer = Recorder()
    train_on(datasets.dense, out, observer, **SETTINGS)
    assert (observer.first_step, observer.steps) == (7, [])
    assert_same(out, uninterrupted("dense"))  # and the log has the rate of the last step


@pytest.mark.parametrize(
    ("changes", "steps", "rate"),
    [
        ({"learning_rate": 0.002}, 7, 0.001 * (1 + math.cos(math.pi * 6 / 7))),
        ({"schedule": "constant"}, 7, 0.01),
        ({"steps": 5}, 5, 0.005 * (1 + math.cos(math.pi * 4 / 5))),
        ({"steps": 9}, 9, 0.005 * (1 + math.cos(math.pi * 8 / 9))),
        ({"steps": math.inf, "epochs": 1}, 8, 0.005 * (1 + math.cos(math.pi * 14 / 15))),
        ({"minutes": 60, "patience": 9, "save_minutes": 0}, 7, None),
    ],
)
def test_how_long_and_how_fast_may_change(
    datasets: TinyDatasets, out: Path, changes: dict[str, Any], steps: int, rate: float | None
) -> None:
    train_on(datasets.dense, out, Recorder(interrupt_after=4), **SETTINGS)
    observer = Recorder()
    result = train_on(datasets.dense, out, observer, **{**SETTINGS, **changes})
    assert (observer.first_step, result.state.step) == (4, steps)
    assert rate is None or result.state.learning_rate == pytest.approx(rate)
    assert out.exists()


def test_fewer_steps_than_were_done_end_it_at_once(datasets: TinyDatasets, out: Path) -> None:
    train_on(datasets.dense, out, Recorder(interrupt_after=5), **SETTINGS)
    observer = Recorder()
    result = train_on(datasets.dense, out, observer, **{**SETTINGS, "steps": 2})
    assert (observer.steps, result.state.step) == ([], 5)
    assert [row.step for row in result.state.history] == [3, 5]


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"seed": 1}, r"seed \(0, now 1\)"),
        ({"batch_size": 3}, r"batch_size \(2, now 3\)"),
        ({"loss_step": 8}, r"loss_step \(1, now 8\)"),
        ({"repeats": 0.5}, r"repeats \(0\.0, now 0\.5\)"),
        ({"positive_weight": 2.0}, r"positive_weight \(1\.0, now 2\.0\)"),
        ({"reverse_complement": False}, r"reverse_complement \(True, now False\)"),
        ({"shift": 0}, r"shift \(1000, now 0\)"),
        ({"validate_every": 2}, r"validate_every \(3, now 2\)"),
        ({"precision": "bfloat16"}, r"precision \(torch\.float32, now torch\.bfloat16\)"),
        ({"name": "cnn7"}, r"model \(cnn3, now cnn7\)"),
        ({"network": {"f1": 6}}, r"f2 of the network \(6, now 120\)"),
        ({"data": "short"}, r"dataset"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_another_training_begins_only_when_the_first_is_dropped(
    datasets: TinyDatasets,
    out: Path,
    work: Path,
    changes: dict[str, Any],
    difference: str,
    force: bool,
) -> None:
    train_on(datasets.dense, out, Recorder(interrupt_after=4), **SETTINGS)
    state = (work / "state.safetensors").read_bytes()
    observer = Recorder()
    data = getattr(datasets, changes.get("data", "dense"))
    others = {name: value for name, value in changes.items() if name != "data"}
    settings = {**SETTINGS, **others}
    if force:
        train_on(data, out, observer, force=True, **settings)
        assert observer.first_step == 0
        assert not work.exists()
        return
    problem = (
        rf"partial: holds an unfinished run with (an)?other .*{difference}.*; --force drops it"
    )
    with pytest.raises(InputError, match=problem):
        train_on(data, out, observer, **settings)
    assert observer.first_step is None
    assert (work / "state.safetensors").read_bytes() == state
    train_on(datasets.dense, out, observer, **SETTINGS)
    assert observer.first_step == 4


@pytest.mark.parametrize("force", [False, True])
def test_a_training_of_another_version_of_regtrack_is_refused_until_it_is_dropped(
    datasets: TinyDatasets, out: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    with monkeypatch.context() as older:
        older.setattr(module, "__version__", "0.0.1")
        train_on(datasets.dense, out, Recorder(interrupt_after=4), **SETTINGS)
    observer = Recorder()
    if force:
        train_on(datasets.dense, out, observer, force=True, **SETTINGS)
        assert observer.first_step == 0
        return
    problem = rf"an unfinished run with another regtrack \(0\.0\.1, now {re.escape(__version__)}\);"
    with pytest.raises(InputError, match=rf"partial: holds {problem} --force drops it"):
        train_on(datasets.dense, out, observer, **SETTINGS)
    assert observer.first_step is None


def test_a_state_from_before_validation_losses_were_kept_is_continued(
    datasets: TinyDatasets, out: Path, uninterrupted, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr("regtrack.training.state.asdict", without_validation_loss)
        train_on(datasets.dense, out, Recorder(interrupt_after=4), **SETTINGS)
    observer = Recorder()
    result = train_on(datasets.dense, out, observer, **SETTINGS)
    assert observer.first_step == 4
    assert [row.validation_loss is None for row in result.state.history] == [True, False, False]
    assert_same_weights(out, uninterrupted("dense"))


def without_validation_loss(row: HistoryRow) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name != "validation_loss"}


def test_what_is_said_twice_is_the_same_training(datasets: TinyDatasets, out: Path) -> None:
    train_on(datasets.dense, out, Recorder(interrupt_after=4), **SETTINGS)
    observer = Recorder()
    train_on(datasets.dense, out, observer, shift=1_000, **SETTINGS)  # what it was anyway
    assert observer.first_step == 4


def test_another_process_at_work_is_not_disturbed(
    datasets: TinyDatasets, out: Path, work: Path
) -> None:
    train_on(datasets.dense, out, Recorder(interrupt_after=1), **SETTINGS)
    with (work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for force in (False, True):
            with pytest.raises(InputError, match="partial: another run is at work here"):
                train_on(datasets.dense, out, force=force, **SETTINGS)
    assert (work / "state.safetensors").exists()


@pytest.mark.parametrize("force", [False, True])
def test_what_is_not_its_own_is_not_touched(
    datasets: TinyDatasets, out: Path, work: Path, force: bool
) -> None:
    work.mkdir()
    (work / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"is in the way: thesis\.tex in it is not regtrack's"):
        train_on(datasets.dense, out, force=force, **SETTINGS)
    assert [path.name for path in work.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("name", ["state.safetensors.4711.tmp", ".tmpBhhTWI"])
def test_what_a_killed_process_was_writing_is_removed(
    datasets: TinyDatasets, out: Path, work: Path, name: str
) -> None:
    train_on(datasets.dense, out, Recorder(interrupt_after=1), **SETTINGS)
    half = work / name
    half.write_bytes(b"half of it")
    train_on(datasets.dense, out, Recorder(interrupt_after=1), **SETTINGS)
    assert not half.exists()


def steps_fail(
    monkeypatch: pytest.MonkeyPatch, at: int, *, loss: float = 0.1, weight: float = 0.0
) -> None:
    """Let a step give a certain loss, and add something to a weight."""
    step = Stepper.step
    calls = []

    def stepped(stepper: Stepper, *arguments: Any) -> torch.Tensor:
        found = step(stepper, *arguments)
        calls.append(found)
        if len(calls) != at:
            return found
        with torch.no_grad():
            stepper.optimizer.param_groups[0]["params"][0].add_(weight)
        return torch.tensor(loss)

    monkeypatch.setattr(Stepper, "step", stepped)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_leaves_the_last_good_state(
    datasets: TinyDatasets, out: Path, work: Path, uninterrupted, loss: float
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        steps_fail(patched, 5, loss=loss)
        problem = (
            rf"^the loss is {loss} at step 5: the last good state is kept in {work}; the same "
            r"command continues from it, with a --learning-rate under 0\.01$"
        )
        with pytest.raises(RegtrackError, match=problem):
            train_on(datasets.dense, out, **SETTINGS)
    assert not out.exists()
    observer = Recorder()
    train_on(datasets.dense, out, observer, **SETTINGS)
    assert observer.first_step == 3
    assert_same(out, uninterrupted("dense"))


@pytest.mark.parametrize("every", [2, 5, 100])
def test_losses_that_are_read_some_steps_later_are_told_in_order_and_change_nothing(
    datasets: TinyDatasets,
    out: Path,
    work: Path,
    uninterrupted,
    monkeypatch: pytest.MonkeyPatch,
    every: int,
) -> None:
    monkeypatch.setattr("regtrack.training.trainer._TELL_EVERY", {"cpu": every})
    observer = Recorder(interrupt_after=4)
    stopped = train_on(datasets.dense, out, observer, **SETTINGS)
    assert stopped.interrupted
    # All steps that were done are told, and saved, before it stops.
    last = {2: 4, 5: 5, 100: 6}[every]
    assert observer.steps == list(range(1, last + 1))
    assert TrainingState.read(work / STATE).step == last
    continued = Recorder()
    train_on(datasets.dense, out, continued, **SETTINGS)
    assert continued.steps == list(range(last + 1, 8))
    assert_same(out, uninterrupted("dense"))


@pytest.mark.parametrize("every", [2, 100])
def test_a_loss_that_is_no_number_is_found_before_anything_is_scored_or_saved(
    datasets: TinyDatasets, out: Path, work: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    monkeypatch.setattr("regtrack.training.trainer._TELL_EVERY", {"cpu": every})
    steps_fail(monkeypatch, 5, loss=math.nan)
    observer = Recorder()
    with pytest.raises(RegtrackError, match=r"^the loss is nan at step 5: the last good state"):
        train_on(datasets.dense, out, observer, **SETTINGS)
    assert observer.steps == [1, 2, 3, 4]
    assert TrainingState.read(work / STATE).step == 3


def test_before_any_state_it_says_to_begin_anew(
    datasets: TinyDatasets, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps_fail(monkeypatch, 2, loss=math.nan)
    problem = "step 2: no state was saved before it; start over, with a --learning-rate under 0.01"
    with pytest.raises(RegtrackError, match=problem):
        train_on(datasets.dense, out, **SETTINGS)


@pytest.mark.parametrize(
    ("at", "changes", "kept"),
    [
        (6, {"save_minutes": 0}, 5),  # when it validates
        (5, {"save_minutes": 0}, 4),  # when it saves
        (4, {"observer": Recorder(interrupt_after=4)}, 3),  # when it was stopped
    ],
)
def test_weights_that_are_no_numbers_are_not_saved(
    datasets: TinyDatasets, out: Path, at: int, changes: dict[str, Any], kept: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        steps_fail(patched, at, weight=math.nan)
        with pytest.raises(RegtrackError, match=f"a weight is not a number after step {at}: the"):
            train_on(datasets.dense, out, **{**SETTINGS, **changes})
    observer = Recorder()
    train_on(datasets.dense, out, observer, **SETTINGS)
    assert observer.first_step == kept
    assert out.exists()


@contextmanager
def full_disk(size: int = 100) -> Iterator[Callable[[], None]]:
    """No file may grow any further once this is called; it stands for a disk without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("step", "save_minutes", "kept"),
    [(5, 0, 4), (6, 60, 3), (7, 60, 6)],  # when it saves, validates, validates in the end
)
def test_a_full_disk_leaves_the_last_state_and_the_best(
    datasets: TinyDatasets,
    out: Path,
    work: Path,
    uninterrupted,
    step: int,
    save_minutes: float,
    kept: int,
) -> None:
    with full_disk() as fill:

        class Filler(Recorder):
            def told(self, event: Event) -> None:
                super().told(event)
                if isinstance(event, StepDone) and event.step == step:
                    fill()

        with pytest.raises(OSError, match="File too large") as caught:
            train_on(datasets.dense, out, Filler(), save_minutes=save_minutes, **SETTINGS)
    assert Path(caught.value.filename).parent == work
    assert not out.exists()
    assert not list(work.glob("*.tmp"))
    observer = Recorder()
    train_on(datasets.dense, out, observer, **SETTINGS)
    assert observer.first_step == kept
    assert_same(out, uninterrupted("dense"))


def test_a_full_disk_in_the_end_leaves_nothing_half_written(
    datasets: TinyDatasets, out: Path, uninterrupted
) -> None:
    with full_disk() as fill:

        class Filler(Recorder):
            def told(self, event: Event) -> None:
                super().told(event)
                if isinstance(event, ValidationDone) and event.row.step == SETTINGS["steps"]:
                    fill()

        with pytest.raises(OSError, match="File too large"):
            train_on(datasets.dense, out, Filler(), **SETTINGS)
    assert not out.exists()
    observer = Recorder()
    train_on(datasets.dense, out, observer, **SETTINGS)
    assert (observer.first_step, observer.steps) == (7, [])
    assert_same(out, uninterrupted("dense"))


def test_a_finished_training_is_not_done_again(datasets: TinyDatasets, out: Path) -> None:
    train_on(datasets.dense, out, **SETTINGS)
    before = out.read_bytes()
    with pytest.raises(InputError, match="exists already, and a finished training"):
        train_on(datasets.dense, out, **SETTINGS)
    assert out.read_bytes() == before
    observer = Recorder()
    train_on(datasets.dense, out, observer, force=True, **SETTINGS)
    assert (observer.first_step, len(observer.steps)) == (0, 7)


SHORT = {"steps": 4, "validate_every": 2, "learning_rate": 0.01, "schedule": "constant"}


def test_killed_between_any_two_renames_it_goes_on_or_is_finished(
    datasets: TinyDatasets, out: Path, work: Path, tmp_path: Path
) -> None:
    dataset = open_dataset(datasets.dense)
    expected = tmp_path / "expected" / "model.safetensors"
    train_on(dataset, expected, **SHORT)
    beside = sorted(path.name for path in expected.parent.iterdir())
    assert beside == ["model.log.png", "model.log.tsv", "model.safetensors"]
    table = out.with_name("model.log.tsv")
    for number in itertools.count():
        finished = False
        with killed_before(number) as done:
            train_on(dataset, out, save_minutes=0, **SHORT)
            finished = True
        if finished:
            break
        # A log without a model would be taken for another training's ever after.
        assert out.exists() or not table.exists()
        if out.exists() and not (work / "state.safetensors").exists():
            with pytest.raises(InputError, match=r"model.safetensors: exists already"):
                train_on(dataset, out, **SHORT)
        else:
            result = train_on(dataset, out, **SHORT)
            assert (result.checkpoint, result.state.step) == (out, 4)
        assert not work.exists(), done
        assert_same(out, expected)
        for name in beside:
            (out.parent / name).unlink()
    assert done[-9:] == [
        f"replace best-{result.state.best.step}.safetensors",
        "replace log.tsv",
        "replace log.png",
        "unlink state.safetensors",
        "unlink run.json",
        "unlink removing",
        "unlink lock",
        "rmdir model.safetensors.partial",
        "rmdir model.safetensors.partial",
    ]


def end_of(datasets: TinyDatasets, out: Path) -> None:
    """A training that was killed when its checkpoint had its name, and nothing else."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "replace", killed_at("log.tsv", Path.replace))
        with pytest.raises(Killed):
            train_on(datasets.dense, out, **SETTINGS)
    assert out.exists()


def test_killed_before_the_log_had_its_name_it_is_finished_with_or_without_force(
    datasets: TinyDatasets, out: Path, work: Path, uninterrupted
) -> None:
    for force in (False, True):
        end_of(datasets, out)
        before = out.read_bytes()
        observer = Recorder()
        result = train_on(datasets.dense, out, observer, force=force, **SETTINGS)
        assert result.describe().startswith(f"{out}: the best of 7 steps, reached at step ")
        assert observer.first_step is None
        assert out.read_bytes() == before
        assert_same(out, uninterrupted("dense"))
        assert not work.exists()
        shutil.rmtree(out.parent)


def test_another_training_is_not_taken_for_the_finished_one(
    datasets: TinyDatasets, out: Path
) -> None:
    end_of(datasets, out)
    with pytest.raises(InputError, match=r"model\.safetensors: exists already, and a finished"):
        train_on(datasets.dense, out, seed=1, **SETTINGS)
    observer = Recorder()
    train_on(datasets.dense, out, observer, force=True, seed=1, **SETTINGS)
    assert observer.first_step == 0


def test_an_older_checkpoint_is_not_taken_for_the_one_under_way(
    datasets: TinyDatasets, out: Path, work: Path
) -> None:
    train_on(datasets.dense, out, seed=1, **SETTINGS)
    older = out.read_bytes()
    train_on(datasets.dense, out, Recorder(interrupt_after=4), force=True, **SETTINGS)
    with pytest.raises(InputError, match=r"model\.safetensors: exists already, and a finished"):
        train_on(datasets.dense, out, **SETTINGS)
    assert out.read_bytes() == older
    assert (work / "state.safetensors").exists()
    observer = Recorder()
    train_on(datasets.dense, out, observer, force=True, **SETTINGS)
    assert observer.first_step == 4


def test_a_log_without_a_checkpoint_is_not_replaced_unasked(
    datasets: TinyDatasets, out: Path
) -> None:
    table = out.with_name("model.log.tsv")
    table.write_text("of a network that was moved away")
    with pytest.raises(InputError, match=r"model\.log\.tsv: exists already; --force replaces it"):
        train_on(datasets.dense, out, **SETTINGS)
    assert table.read_text() == "of a network that was moved away"


@pytest.mark.parametrize("name", ["state.safetensors", "best-3.safetensors"])
@pytest.mark.parametrize("damage", ["flipped", "empty", "nul", "missing"])
def test_damage_to_what_it_would_go_on_from_is_refused_and_force_begins_anew(
    datasets: TinyDatasets, out: Path, work: Path, uninterrupted, name: str, damage: str
) -> None:
    train_on(datasets.dense, out, Recorder(interrupt_after=4), **SETTINGS)
    path = work / name
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    damaged = {"flipped": bytes(data), "empty": b"", "nul": bytes(len(data))}
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(damaged[damage])
    observer = Recorder()
    if path.name.startswith("state") and damage == "missing":
        train_on(datasets.dense, out, observer, **SETTINGS)  # nothing to go on from
    else:
        with pytest.raises(InputError, match=rf"{name}: .*; --force starts the training over$"):
            train_on(datasets.dense, out, observer, **SETTINGS)
        assert observer.first_step is None
        train_on(datasets.dense, out, observer, force=True, **SETTINGS)
    assert observer.first_step == 0
    assert_same(out, uninterrupted("dense"))


def killed_at(name: str, whole: Callable[..., None]) -> Callable[..., None]:
    def operation(path: Path, *arguments: Any) -> None:
        if path.name == name:
            raise Killed
        whole(path, *arguments)

    return operation


def test_the_folder_says_whose_it_is(datasets: TinyDatasets, out: Path, work: Path) -> None:
    train_on(datasets.dense, out, Recorder(interrupt_after=1), **SETTINGS)
    identity = json.loads((work / "run.json").read_text())
    assert {"dataset", "model", "seed", "f1 of the network", "device"} <= identity.keys()
    assert not {"steps", "epochs", "minutes", "learning_rate"} & identity.keys()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noted_once_and_a_second_one_ends_at_once(number: signal.Signals) -> None:
    def second(*_: object) -> None:
        raise Killed

    before = signal.signal(number, second)
    try:
        with stop_asked(ALONE) as stop:
            assert not stop()
            signal.raise_signal(number)
            assert stop()
            with pytest.raises(Killed):
                signal.raise_signal(number)
        assert signal.getsignal(number) is second
    finally:
        signal.signal(number, before)


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_asked(ALONE) as stop:
            signal.raise_signal(signal.SIGINT)
            assert not stop()
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_plot_is_drawn_beside_the_checkpoint(
    datasets: TinyDatasets, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []

    def draw(rows: Sequence[object], path: Path) -> None:
        drawn.append(len(rows))
        path.write_text("a picture")

    monkeypatch.setattr(module, "plot_history", draw)
    train_on(datasets.dense, out, **SETTINGS)
    assert drawn == [3]
    assert out.with_name("model.log.png").read_text() == "a picture"
