"""`regtrack search` as a user meets it: what it says, leaves, goes on with, and refuses."""

from __future__ import annotations

import csv
import re
import signal
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from builders import TinyWorld, make_tiny_world
from forking import COMMAND, Forked, forked
from waiting import wait_until

from regtrack.cli.main import run
from regtrack.training.events import StepDone

SPACE = "f1 = [2, 3]\nhidden = [4, 5]\n"

# In the middle of the second trial.
KILLED_IN_THE_SECOND = """
import os, signal, sys
from regtrack.cli.main import run
from regtrack.training.state import TrainingState
whole = TrainingState.save
def save(state, path, *given):
    whole(state, path, *given)
    if path.parent.name == "1.safetensors.partial":
        os.kill(os.getpid(), signal.SIGKILL)
TrainingState.save = save
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """The tiny world with a dataset, which is only read."""
    world = make_tiny_world(tmp_path_factory.mktemp("search") / "world")
    options = ["--genome", world.genome, "--peaks", world.markers, "--window", 2_000]
    assert run([str(one) for one in ("prepare", *options, "--out", world.folder / "dataset")]) == 0
    return world


@pytest.fixture
def space(tmp_path: Path) -> Path:
    path = tmp_path / "space.toml"
    path.write_text(SPACE)
    return path


def arguments(world: TinyWorld, out: Path, *more: object, steps: int = 2) -> list[str]:
    """A whole command line; `more` goes before what it says itself."""
    options = ["--out", out, "--model", "cnn1", "--steps", steps, "--device", "cpu", *more]
    return [str(one) for one in ("search", world.folder / "dataset", *options)]


def table(out: Path) -> list[dict[str, str]]:
    with (out / "trials.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def combinations(out: Path) -> list[tuple[int, int]]:
    return sorted((int(row["f1"]), int(row["hidden"])) for row in table(out))


def test_it_says_what_it_tries_and_which_is_best(
    prepared: TinyWorld, tmp_path: Path, space: Path, regtrack
) -> None:
    out = tmp_path / "out"
    status, said, err = regtrack(*arguments(prepared, out, "--space", space))
    assert status == 0, err
    assert "4 combinations, trying 4\n" in err
    assert len(re.findall(r"trial \d: 0\.\d{4}  \(f1 \d, hidden \d\)", err)) == 4
    best = max(table(out), key=lambda row: float(row["average_precision"]))
    first, second, last = said.splitlines()
    assert first.startswith(f"{out / 'best.safetensors'}: trial {best['number']}, average")
    assert first.endswith(f"with f1 {best['f1']}, hidden {best['hidden']}")
    assert second == f"4 of 4 trials done: {out / 'trials.tsv'}, {out / 'trials.png'}"
    assert last == (
        f"predict with it: regtrack predict REGION --model {out / 'best.safetensors'} --out tracks/"
    )
    assert (out / "trials.png").read_bytes().startswith(b"\x89PNG")
    assert run(["info", str(out / "best.safetensors")]) == 0


def test_without_a_space_it_searches_the_papers_grid(
    prepared: TinyWorld, tmp_path: Path, regtrack
) -> None:
    out = tmp_path / "out"
    status, _, err = regtrack(*arguments(prepared, out, "--trials", 1))
    assert status == 0, err
    assert "24 combinations, trying 1\n" in err
    (row,) = table(out)
    assert row["learning_rate"] in {"0.001", "0.01", "0.1"}
    assert (row["f1"], row["hidden"]) in set(product(("64", "128"), ("125", "200")))


def test_it_is_said_when_every_trial_fails(
    prepared: TinyWorld, tmp_path: Path, space: Path, regtrack
) -> None:
    space.write_text("learning_rate = 1e30\n")
    status, said, err = regtrack(*arguments(prepared, tmp_path / "out", "--space", space))
    assert status == 1
    assert said == ""
    assert "trial 0: failed, the loss is nan at step 2" in err
    assert err.splitlines()[-1].startswith(f"regtrack: {tmp_path / 'out'}: every trial failed")


def test_several_workers_and_commands_share_one_search(
    prepared: TinyWorld, tmp_path: Path, space: Path
) -> None:
    out = tmp_path / "out"
    commands = [
        Forked(COMMAND, *arguments(prepared, out, "--space", space, "--workers", workers))
        for workers in (1, 2)
    ]
    for command in commands:
        said, err = command.communicate()
        assert command.returncode == 0, err
        assert "best.safetensors" in said
    assert combinations(out) == sorted(product((2, 3), (4, 5)))
    assert {row["state"] for row in table(out)} == {"complete"}
    left = {path.name for path in (out / "trials").iterdir()}
    assert not any(name.endswith((".lock", ".partial", ".tmp")) for name in left)


def test_a_killed_search_goes_on_and_loses_nothing(
    prepared: TinyWorld, tmp_path: Path, space: Path, regtrack
) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    options = ["--space", space, "--trials", 2, "--save-minutes", 0]
    given = arguments(prepared, out, *options, steps=60)
    done = forked(KILLED_IN_THE_SECOND, *given)
    assert done.returncode == -signal.SIGKILL
    assert not (out / "trials" / "1.safetensors").exists()
    first = (out / "trials" / "0.safetensors").stat()
    status, _, err = regtrack(*arguments(prepared, out, *options, steps=60))
    assert status == 0, err
    assert "4 combinations, trying 2, going on with 1 done and 1 begun\n" in err
    assert (out / "trials" / "0.safetensors").stat().st_mtime_ns == first.st_mtime_ns
    assert regtrack(*arguments(prepared, whole, *options, steps=60))[0] == 0
    names = ("number", "state", "f1", "hidden", "average_precision", "steps")
    for row, expected in zip(table(out), table(whole), strict=True):
        assert [row[name] for name in names] == [expected[name] for name in names]


@pytest.mark.parametrize(
    ("workers", "number", "status", "word"),
    [(1, signal.SIGINT, 130, "interrupted"), (2, signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_keeps_what_was_done_and_says_how_to_go_on(
    prepared: TinyWorld,
    tmp_path: Path,
    space: Path,
    workers: int,
    number: signal.Signals,
    status: int,
    word: str,
) -> None:
    out = tmp_path / "out"
    options = ("--space", space, "--workers", workers, "--save-minutes", 0)
    command = Forked(COMMAND, *arguments(prepared, out, *options, steps=1_000_000))
    works = [out / "trials" / f"{trial}.safetensors.partial" for trial in range(workers)]
    states = [work / "state.safetensors" for work in works]
    wait_until(lambda: all(state.exists() for state in states), command)
    command.send_signal(number)
    said, err = command.communicate()
    assert command.returncode == status, err
    assert said == ""
    assert err.splitlines()[-1] == (
        f"regtrack: {word} with 0 of 4 trials done; run the same command again to continue"
    )
    assert "Traceback" not in err
    assert [row["state"] for row in table(out)] == ["running"] * workers


def test_sigterm_in_a_trial_of_this_process_ends_with_143(
    prepared: TinyWorld, tmp_path: Path, space: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "regtrack.search.run.TrialObserver.told",
        lambda _, event: isinstance(event, StepDone) and signal.raise_signal(signal.SIGTERM),
    )
    status, said, err = regtrack(*arguments(prepared, tmp_path / "out", "--space", space))
    assert status == 143, err
    assert said == ""
    assert err.splitlines()[-1] == (
        "regtrack: terminated with 0 of 4 trials done; run the same command again to continue"
    )


Edit = Callable[[Path], object]


def write(text: str) -> Edit:
    return lambda space: space.write_text(text)


@pytest.mark.parametrize(
    ("edit", "more", "status", "problem"),
    [
        (write("f1 = [1"), [], 1, "space.toml: not TOML: "),
        (write("f9 = [1]"), [], 1, "space.toml: unknown key 'f9'; cnn1 has the settings f1, hid"),
        (write("f1 = []"), [], 1, "space.toml: f1 is an empty list; expected whole numbers"),
        (write("f1 = ['a']"), [], 1, "space.toml: expected whole numbers as f1, got 'a'"),
        (Path.unlink, [], 1, "space.toml: No such file or directory"),
        (write("f1 = {low = 1, high = 3}"), [], 2, "--sampler: a grid needs lists of values"),
        (
            write(SPACE),
            ["--sampler", "tpe"],
            2,
            "--trials: expected a number of trials with sampler tpe",
        ),
        (write(SPACE), ["--model", "cnn9"], 2, "--model: no network 'cnn9' for the dense task"),
        (write(SPACE), ["--batch-size", 999], 2, "--batch-size: 999 is more than the"),
        (write("batch_size = [1, 2]"), ["--batch-size", 2], 2, "--batch-size: is varied by the"),
        (write(SPACE), ["--device", "abacus"], 2, "--device: "),
        (write(SPACE), ["--genome", "gone.fa"], 1, "made with gone.fa, which is missing"),
    ],
)
def test_bad_input_ends_with_one_line(
    prepared: TinyWorld,
    tmp_path: Path,
    space: Path,
    regtrack,
    edit: Edit,
    more: list[object],
    status: int,
    problem: str,
) -> None:
    edit(space)
    found, said, err = regtrack(*arguments(prepared, tmp_path / "out", "--space", space, *more))
    assert found == status, err
    assert said == ""
    last = err.splitlines()[-1]
    assert last.startswith("regtrack: ")
    assert problem in last
    assert "Traceback" not in err


def test_learning_rate_is_no_option_but_a_part_of_the_space(
    prepared: TinyWorld, tmp_path: Path, regtrack
) -> None:
    status, _, err = regtrack(*arguments(prepared, tmp_path / "out", "--learning-rate", 0.1))
    assert status == 2
    assert "No such option: --learning-rate" in err or "No such option '--learning-rate'" in err
