"""Searches: what is tried, stored, continued and refused."""

from __future__ import annotations

import csv
import itertools
import math
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from builders import make_tiny_world
from training_helpers import Killed, assert_same_weights, killed_before

from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import PrepareSettings
from regtrack.errors import ArgumentError, InputError, RegtrackError
from regtrack.models.checkpoint import read_checkpoint
from regtrack.observer import Event, Unwatched
from regtrack.search import run as search
from regtrack.search.events import SearchStarted, TrialAdvanced, TrialsEnded
from regtrack.search.run import SearchRequest, SearchResult, run_search
from regtrack.search.settings import SearchSettings
from regtrack.search.study import Study
from regtrack.search.trial import (
    COMPLETE,
    FAILED,
    RUNNING,
    Trial,
    Trials,
    read_outcome,
    trials_table,
)
from regtrack.training.settings import TrainingSettings
from regtrack.training.state import HistoryRow, history_table

SMALL = "f1 = [2, 3]\nhidden = [4, 5, 6]\n"
TRAINING = TrainingSettings(steps=2, norm_batches=1)
# Adam goes that far in one step, so that the loss of the next one is no number.
DIVERGES = "learning_rate = [1e30]\nf1 = [2, 3]\nhidden = 4\n"


class Recorder(Unwatched):
    """Writes down what it is told; raises `error` in a trial, after a share of it."""

    def __init__(self, error: BaseException | None = None, trial: int = 0) -> None:
        self.error, self.trial = error, trial
        self.combinations: int | None = None
        self.limit = self.goes_on = 0
        self.steps: dict[int, list[float]] = {}
        self.ended: list[int] = []

    def told(self, event: Event) -> None:
        """Write it down; a trial tells at its begin, and after each step."""
        match event:
            case SearchStarted(combinations=combinations, limit=limit, trials=trials):
                self.combinations, self.limit = combinations, limit
                self.goes_on = len(trials.finished)
            case TrialAdvanced(number=number, done=done):
                self.steps.setdefault(number, []).append(done)
                if self.error is not None and number == self.trial and done >= 0.5:
                    raise self.error
            case TrialsEnded(trials=trials):
                self.ended.append(len(trials.finished))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only read here, so one is enough."""
    world = make_tiny_world(tmp_path_factory.mktemp("search") / "world")
    out = world.folder / "dataset"
    prepare(
        PrepareSettings(peaks=world.markers, genome=world.genome, window=2_000),
        out,
        False,
        Unwatched(),
    )
    return out


@pytest.fixture(autouse=True)
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take longer than the tiny trainings; tests/cli/test_search.py has them."""
    monkeypatch.setattr("regtrack.training.run.plot_history", lambda *_: None)
    monkeypatch.setattr(search, "plot_trials", lambda *rest: rest[-1].touch())


@pytest.fixture
def request_(dataset: Path, tmp_path: Path) -> SearchRequest:
    """A grid of six trials."""
    space = tmp_path / "space.toml"
    space.write_text(SMALL)
    return SearchRequest(dataset, None, "cnn1", space, SearchSettings(), TRAINING, "cpu")


def run(
    request: SearchRequest,
    folder: Path,
    observer: Recorder | None = None,
    force: bool = False,
    text: str = "",
    **changes: Any,
) -> SearchResult:
    """Search; `text` is what the space is to be, `changes` are of the search's settings."""
    if text:
        assert request.space is not None
        request.space.write_text(text)
    request = replace(request, search=replace(request.search, **changes))
    return run_search(request, folder, force, observer or Recorder())


def tried(result: SearchResult) -> list[dict[str, Any]]:
    return [dict(trial.values) for trial in result.trials.all]


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_a_grid_tries_every_combination_once(request_: SearchRequest, tmp_path: Path) -> None:
    observer = Recorder()
    result = run(request_, tmp_path / "out", observer)
    assert (observer.combinations, observer.limit, observer.goes_on) == (6, 6, 0)
    assert observer.ended == [1, 2, 3, 4, 5, 6]
    found = [tuple(values.values()) for values in tried(result)]
    assert found != sorted(found)  # so that a part of it is a fair sample
    assert sorted(found) == list(product((2, 3), (4, 5, 6)))
    assert {trial.state for trial in result.trials.all} == {COMPLETE}
    assert result.stopped_by is None


def test_it_leaves_a_table_a_plot_and_the_best_checkpoint(
    request_: SearchRequest, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run(request_, out)
    names = {"study.db", "lock", "trials", "trials.tsv", "trials.png", "best.safetensors"}
    assert {path.name for path in out.iterdir()} == names
    assert {path.suffix for path in (out / "trials").iterdir()} == {".safetensors", ".tsv"}
    rows = table(out)
    assert [int(row["number"]) for row in rows] == list(range(6))
    best = max(rows, key=lambda row: float(row["average_precision"]))
    checkpoint = out / best["checkpoint"]
    assert (out / "best.safetensors").read_bytes() == checkpoint.read_bytes()
    assert f"trial {best['number']}, average precision" in result.describe()
    for row in rows:
        settings = read_checkpoint(out / row["checkpoint"]).settings
        assert {"f1": int(row["f1"]), "hidden": int(row["hidden"])}.items() <= settings.items()
        parts = [float(row[f"average_precision_{name}"] or "nan") for name in ("TFBS", "DNase")]
        assert all(0 < part <= 1 for part in parts if not math.isnan(part))
        assert row["steps"] == "2"


def test_a_part_of_a_grid_is_a_sample_and_more_go_on(
    request_: SearchRequest, tmp_path: Path
) -> None:
    first = run(request_, tmp_path / "out", trials=2)
    assert len(first.trials.all) == 2
    observer = Recorder()
    more = run(request_, tmp_path / "out", observer, trials=99)
    assert (observer.goes_on, observer.limit) == (2, 6)
    assert tried(more)[:2] == tried(first)
    assert len({tuple(values.values()) for values in tried(more)}) == 6
    assert set(observer.steps) == {2, 3, 4, 5}


def test_a_finished_search_trains_nothing(request_: SearchRequest, tmp_path: Path) -> None:
    run(request_, tmp_path / "out", trials=1)
    (tmp_path / "out" / "best.safetensors").unlink()
    observer = Recorder()
    result = run(request_, tmp_path / "out", observer, trials=1, force=True)
    assert observer.steps == {}
    assert len(result.trials.all) == 1
    assert (tmp_path / "out" / "best.safetensors").exists()


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_what_is_sampled_lies_in_the_space_and_follows_from_the_seed(
    request_: SearchRequest, tmp_path: Path, sampler: str
) -> None:
    text = (
        "f1 = {low = 2, high = 10, step = 4}\nlearning_rate = {low = 1e-4, high = 1e-2, log = true}"
    )
    options = {"sampler": sampler, "text": text + '\nschedule = ["cosine", "constant"]\nhidden = 4'}
    # A search that goes on draws what an uninterrupted one would.
    run(request_, tmp_path / "one", trials=1, **options)
    one = tried(run(request_, tmp_path / "one", trials=3, **options))
    assert one == tried(run(request_, tmp_path / "two", trials=3, **options))
    assert one[:1] != tried(run(request_, tmp_path / "three", trials=1, seed=1, **options))
    assert len(one) == len({values["learning_rate"] for values in one}) == 3
    for values in one:
        assert values["f1"] in {2, 6, 10}
        assert type(values["f1"]) is int
        assert 1e-4 <= values["learning_rate"] <= 1e-2
        assert values["schedule"] in {"cosine", "constant"}


def test_a_trial_that_fails_is_noted_and_the_search_goes_on(
    request_: SearchRequest, tmp_path: Path
) -> None:
    result = run(request_, tmp_path / "out", text=DIVERGES.replace("[1e30]", "[0.001, 1e30]"))
    failed = {trial.number for trial in result.trials.of(FAILED)}
    assert failed == {
        trial.number for trial in result.trials.all if trial.values["learning_rate"] == 1e30
    }
    assert len(failed) == 2
    assert "4 of 4 trials done (2 failed)" in result.describe()
    for row in table(tmp_path / "out"):
        if int(row["number"]) in failed:
            assert row["state"] == "failed"
            assert row["message"] == "the loss is nan at step 2"
            assert row["checkpoint"] == row["average_precision"] == ""
    assert not list((tmp_path / "out" / "trials").glob("*.partial"))


def test_values_that_the_dataset_refuses_are_their_trials_fault(
    request_: SearchRequest, tmp_path: Path
) -> None:
    result = run(request_, tmp_path / "out", text="batch_size = [1, 9999]\nf1 = 2\nhidden = 4")
    (failed,) = result.trials.of(FAILED)
    assert failed.values["batch_size"] == 9999
    assert failed.message.startswith("batch_size: 9999 is more than the")


def test_when_every_trial_fails_it_says_so(request_: SearchRequest, tmp_path: Path) -> None:
    for _ in range(2):  # the second time, nothing is left to do
        with pytest.raises(RegtrackError, match="every trial failed, the last one with: the loss"):
            run(request_, tmp_path / "out", text=DIVERGES)
    assert len(table(tmp_path / "out")) == 2
    assert not (tmp_path / "out" / "best.safetensors").exists()


def test_a_batch_that_no_trial_can_have_stops_the_search(
    request_: SearchRequest, tmp_path: Path
) -> None:
    request = replace(request_, training=replace(TRAINING, batch_size=9999))
    with pytest.raises(ArgumentError, match="batch_size: 9999 is more than"):
        run(request, tmp_path / "out")


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), InputError("genome.fa", "is gone"), Killed()]
)
def test_what_is_no_trials_fault_stops_the_search_which_then_goes_on(
    request_: SearchRequest, tmp_path: Path, error: BaseException
) -> None:
    out = tmp_path / "out"
    request = replace(request_, training=replace(TRAINING, steps=6, save_minutes=0))
    whole = run(request, tmp_path / "whole", trials=2)
    with pytest.raises(type(error)):
        run(request, out, Recorder(error, trial=1), trials=2)
    assert (out / "trials" / "1.safetensors.partial" / "state.safetensors").exists()
    observer = Recorder()
    result = run(request, out, observer, trials=2)
    assert observer.goes_on == 1
    assert set(observer.steps) == {1}
    # Two steps were saved when the third was done, and raised.
    assert observer.steps[1] == pytest.approx([0, 3 / 6, 4 / 6, 5 / 6, 1])
    assert tried(result) == tried(whole)
    for one, other in zip(result.trials.all, whole.trials.all, strict=True):
        assert one.outcome is not None
        assert other.outcome is not None
        assert one.outcome.mean == other.outcome.mean


def test_a_trial_that_was_trained_but_not_noted_is_not_trained_again(
    request_: SearchRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_is_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Study, "complete", disk_is_full)
        with pytest.raises(OSError, match="No space"):
            run(request_, tmp_path / "out", trials=1)
    observer = Recorder()
    result = run(request_, tmp_path / "out", observer, trials=1)
    assert observer.steps == {}
    (trial,) = result.trials.of(COMPLETE)
    assert trial.outcome is not None
    assert trial.outcome.steps == 2


def test_a_trial_killed_before_its_values_were_drawn_gets_them(
    request_: SearchRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("regtrack.search.study._drawn_value", kill)
        with pytest.raises(Killed):
            run(request_, tmp_path / "out")
    result = run(request_, tmp_path / "out")
    found = [tuple(values.values()) for values in tried(result)]
    assert sorted(found) == list(product((2, 3), (4, 5, 6)))


def test_a_trial_that_another_process_has_is_left_to_it(
    request_: SearchRequest, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(Killed):
        run(request_, out, Recorder(Killed(), trial=0), trials=2)
    bench = search._Bench(replace(request_, search=SearchSettings(trials=2)), out)
    with bench.study.claimed() as trial:
        assert trial is not None
        assert trial.number == 0
        observer = Recorder()
        result = run(request_, out, observer, trials=2)
        with pytest.raises(InputError, match="another search is running here"):
            run(request_, out, text="f1 = [7]", force=True)
    bench.close()
    assert set(observer.steps) == {1}
    assert [trial.state for trial in result.trials.all] == [RUNNING, COMPLETE]
    assert "1 of 2 trials done, 1 running elsewhere" in result.describe()


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"text": "f1 = [2]\nhidden = [4, 5, 6]"}, r"space of f1 \(2, 3, now 2\)"),
        ({"text": "f1 = [2, 3]"}, r"space of hidden \(4, 5, 6, now none\)"),
        ({"sampler": "random", "trials": 6}, r"sampler \(grid, now random\)"),
    ],
)
def test_a_search_with_other_settings_is_not_continued(
    request_: SearchRequest, tmp_path: Path, changes: dict[str, Any], difference: str
) -> None:
    out = tmp_path / "out"
    run(request_, out, trials=1)
    before = table(out)
    with pytest.raises(InputError, match=f"holds a search with another {difference}; --force"):
        run(request_, out, **changes)
    assert table(out) == before
    run(request_, out, force=True, **{**changes, "trials": 1})
    assert [row["number"] for row in table(out)] == ["0"]


def test_other_networks_and_other_lengths_are_other_searches(
    request_: SearchRequest, tmp_path: Path
) -> None:
    run(request_, tmp_path / "out", trials=1)
    with pytest.raises(InputError, match=r"model \(cnn1, now dilated\)"):
        run(replace(request_, architecture="dilated"), tmp_path / "out")
    with pytest.raises(InputError, match=r"steps \(2, now 3\)"):
        run(replace(request_, training=replace(TRAINING, steps=3)), tmp_path / "out")


def test_only_a_folder_of_its_own_is_written(request_: SearchRequest, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is in the way: space\.toml in it is not regtrack's"):
        run(request_, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file; expected the folder of a search"):
        run(request_, tmp_path / "file")


def test_a_damaged_or_missing_study_is_refused(request_: SearchRequest, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(request_, out, trials=1)
    study = out / "study.db"
    study.write_bytes(b"no study at all" * 100)
    problem = "cannot be used as the study of a search: file is not a .*; --force drops the search"
    with pytest.raises(InputError, match=problem):
        run(request_, out, trials=1)
    run(request_, out, trials=1, force=True)
    study.unlink()
    with pytest.raises(InputError, match=r"holds trials but no study\.db; --force drops it"):
        run(request_, out, trials=1)
    run(request_, out, trials=1, force=True)


@pytest.fixture(scope="module")
def studied(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a search of two trials."""
    folder = tmp_path_factory.mktemp("studied")
    space = folder / "space.toml"
    space.write_text(SMALL)
    request = SearchRequest(dataset, None, "cnn1", space, SearchSettings(trials=2), TRAINING, "cpu")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("regtrack.training.run.plot_history", lambda *_: None)
        patched.setattr(search, "plot_trials", lambda *rest: rest[-1].touch())
        run_search(request, folder / "out", False, Recorder())
    return folder / "out"


def change(statement: str) -> Callable[[Path], object]:
    """SQL on the study."""

    def changed(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(statement)

    return changed


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
        change("UPDATE trial_user_attributes SET value_json = '{' WHERE key = 'outcome'"),
        change("UPDATE trial_user_attributes SET value_json = '5' WHERE key = 'outcome'"),
        change("""UPDATE trial_user_attributes SET value_json = '"{}"' WHERE key = 'outcome'"""),
        change("UPDATE study_user_attributes SET value_json = '5' WHERE key = 'identity'"),
        change("UPDATE trials SET state = 'LOST'"),
        change("UPDATE trial_params SET param_value = 77"),
        change("UPDATE trial_params SET distribution_json = '[]'"),
        change("DELETE FROM study_user_attributes"),
    ],
)
def test_damage_to_the_study_is_one_line_and_force_begins_anew(
    request_: SearchRequest,
    studied: Path,
    tmp_path: Path,
    damage: Callable[[Path], object],
) -> None:
    out = Path(shutil.copytree(studied, tmp_path / "out"))
    damage(out / "study.db")
    observer = Recorder()
    with pytest.raises(InputError, match=r"study\.db: .*--force drops the search$") as caught:
        run(request_, out, observer, trials=2)
    assert "\n" not in str(caught.value)
    assert observer.steps == {}
    result = run(request_, out, observer, force=True, trials=2)
    assert (observer.goes_on, len(result.trials.of(COMPLETE))) == (0, 2)


def test_on_a_full_disk_the_study_is_not_called_damaged(
    request_: SearchRequest, studied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(sqlite3.Connection):
        def __init__(self, *rest: Any, **named: Any) -> None:
            super().__init__(*rest, **named)
            self.execute("PRAGMA max_page_count = 1")  # no page more than there are

    out = Path(shutil.copytree(studied, tmp_path / "out"))
    bench = search._Bench(replace(request_, search=SearchSettings(trials=3)), out)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path: connect(path, factory=Full))
    with bench.study.claimed() as trial:
        assert trial is not None
        with pytest.raises(OSError, match=r"database or disk is full: .*study\.db"):
            bench.study.fail(trial.number, 100_000 * "x")
    monkeypatch.undo()
    with bench.study.claimed() as again:
        assert again == trial
    bench.close()


def test_a_log_tells_what_was_reached_in_any_category(tmp_path: Path) -> None:
    log = tmp_path / "0.log.tsv"
    row = HistoryRow(5, 0.5, 1.25, 0.001, 0.7, 0.2, True, {"ATAC": 0.3, "TFBS": 0.1})
    log.write_text(history_table([row]))
    outcome = read_outcome(log)
    assert outcome.average_precision == {"ATAC": 0.3, "TFBS": 0.1}
    trials = Trials((Trial(0, COMPLETE, {}, outcome),))
    header, values = [line.split("\t") for line in trials_table(trials, []).splitlines()]
    assert dict(zip(header, values, strict=True))["average_precision_ATAC"] == "0.300000"


@pytest.mark.parametrize("text", ["", "step\n1\n", "\xff", "step\tbest\tseconds\n2\t1\tsoon\n"])
def test_a_damaged_log_of_a_trial_is_one_line(tmp_path: Path, text: str) -> None:
    log = tmp_path / "0.log.tsv"
    log.write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"0\.log\.tsv: damaged; remove it and its checkpoint"):
        read_outcome(log)


def test_killed_between_any_two_renames_a_search_ends_the_same(
    request_: SearchRequest, tmp_path: Path
) -> None:
    expected = tmp_path / "expected"
    run(request_, expected, trials=1)
    files = sorted(path.relative_to(expected) for path in expected.rglob("*"))
    finished = False
    for number in itertools.count():
        out = tmp_path / f"killed {number}"
        with killed_before(number):
            run(request_, out, trials=1)
            finished = True
        result = run(request_, out, trials=1)
        assert [trial.state for trial in result.trials.all] == [COMPLETE]
        assert sorted(path.relative_to(out) for path in out.rglob("*")) == files
        assert_same_weights(out / "best.safetensors", expected / "best.safetensors")
        if finished:
            break


def test_a_folder_may_have_any_name(request_: SearchRequest, tmp_path: Path) -> None:
    out = tmp_path / "50%20 of {it}? ü"
    run(request_, out, trials=1)
    assert (out / "study.db").exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"text": "f1 = {low = 2, high = 4}"}, "sampler: a grid needs lists of values, and f1"),
        ({"text": f"f1 = {list(range(1, 400))}\nhidden = {list(range(1, 400))}"}, "159,201 comb"),
    ],
)
def test_a_grid_has_an_end(
    request_: SearchRequest, tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ArgumentError, match=problem):
        run(request_, tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"sampler": "best"}, "sampler: expected one of grid, random, tpe"),
        ({"sampler": "tpe"}, "trials: expected a number of trials with sampler tpe"),
        ({"trials": 0}, "trials: expected a number from 1 upward"),
        ({"workers": 0}, "workers: expected a number from 1 upward"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ArgumentError, match=problem):
        SearchSettings(**settings)


def test_what_the_search_varies_is_not_given_as_well(
    request_: SearchRequest, tmp_path: Path
) -> None:
    request = replace(request_, training=replace(TRAINING, batch_size=1))
    with pytest.raises(ArgumentError, match="batch_size: is varied by the search space"):
        run(request, tmp_path / "out", text="batch_size = [1, 2]")


def test_torchrun_does_not_share_a_search(
    request_: SearchRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ArgumentError, match="workers: torchrun cannot share a search"):
        run_search(request_, tmp_path / "search", False, Recorder())
