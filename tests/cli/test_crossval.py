"""`regtrack crossval` as a user meets it: what it prints, leaves, and refuses."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from builders import TinyWorld

from regtrack.report.crossval_files import FILES
from regtrack.training.events import StepDone

SMALL = "f1=6,f2=6,f3=6,hidden=8"
BRIEF = ("--steps", 2, "--folds", 2, "--seeds", "1,2", "--threads", 1, "--device", "cpu")


@pytest.fixture
def dataset(tiny: TinyWorld, regtrack) -> Path:
    out = tiny.folder / "set"
    status, _, err = regtrack(
        *("prepare", "--genome", tiny.genome, "--peaks", tiny.markers, "--out", out),
        *("--window", 1_000),
    )
    assert status == 0, err
    return out


def test_it_prints_tables_of_80_columns_and_says_what_it_wrote(
    tiny: TinyWorld, dataset: Path, regtrack
) -> None:
    out = tiny.folder / "out"
    long = f"cnn3:{SMALL},learning_rate=.01"
    command = ("crossval", dataset, "cnn1:f1=6,hidden=8", long, "--out", out, *BRIEF)
    status, printed, err = regtrack(*command)
    assert status == 0, err
    lines = printed.splitlines()
    assert max(map(len, lines[: lines.index("(1) cnn1:f1=6,hidden=8")])) <= 80
    tables = [line for line in lines if ": mean of " in line]
    assert [line.partition(":")[0] for line in tables] == ["TFBS", "DNase", "Histone"]
    assert tables[0].endswith("; difference to (1)")
    assert [line.split()[0] for line in lines[3:5]] == ["(1)", "(2)"]
    assert f"(2) {long}" in lines
    assert lines[-1] == "wrote " + ", ".join(str(out / name) for name in FILES)
    assert "fold 1, seed 1, 1 of 8" in err
    again = regtrack(*command)
    assert again[:2] == (0, printed)
    status, told, _ = regtrack("info", out)
    assert status == 0
    assert told.splitlines()[-1] == "8 of 8 trainings done"


def test_ctrl_c_says_how_many_trainings_are_done_and_the_same_command_goes_on(
    tiny: TinyWorld, dataset: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("crossval", dataset, "cnn1:f1=6,hidden=8", "--out", tiny.folder / "out", *BRIEF)
    with monkeypatch.context() as patched:
        patched.setattr(
            "regtrack.cli.progress.Progress.told",
            lambda _, event: isinstance(event, StepDone) and signal.raise_signal(signal.SIGINT),
        )
        status, printed, err = regtrack(*command)
    assert (status, printed) == (130, "")
    assert err.splitlines()[-1] == (
        "regtrack: interrupted with 0 of 4 trainings done; run the same command again to continue"
    )
    assert regtrack(*command)[0] == 0


def test_a_plan_says_folds_and_steps_and_trains_nothing(
    tiny: TinyWorld, dataset: Path, regtrack
) -> None:
    out = tiny.folder / "out"
    command = ("crossval", dataset, f"mine=cnn3:{SMALL}", "--out", out)
    status, printed, err = regtrack(*command, *BRIEF, "--plan")
    assert status == 0, err
    rows = [line.split() for line in printed.splitlines()]
    assert ["mine", "2", "-", "0.001", "0", "1", "0"] in rows
    assert printed.splitlines()[-2:] == [
        "4 trainings to do of 1 network x 2 folds x 2 seeds;",
        "how long they take is known when one of each network is done",
    ]
    assert not (out / "trainings").exists()
    for words in ((*command, *BRIEF, "--plan"), ("info", out)):
        counts = json.loads(regtrack(*words, "--json")[1])["counts"]
        of_plan = {"networks": 1, "folds": 2, "seeds": 2, "trainings": 4, "done": 0}
        assert counts == {**of_plan, "steps": {"mine": 2}}
    status, _, err = regtrack(*command, "--steps", 3, "--folds", 2)
    assert status == 1
    assert err.splitlines()[-1] == (
        f"regtrack: {out}: holds a cross-validation that differs in steps; --force starts over"
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["dilatd"],
            "NETWORK: no network 'dilatd' for the dense task (did you mean dilated?); expected",
        ),
        (
            ["dilated:f11=3"],
            "NETWORK: dilated:f11=3: neither dilated nor a training has a setting f11 (did you",
        ),
        (["dilated", "--seeds", "1,x"], "--seeds: expected whole numbers such as 1,2, got '1,x'"),
        (
            ["dilated", "--folds", "no.bed"],
            "--folds: expected a number or a BED file, and 'no.bed'",
        ),
        (["dilated", "--folds", "1"], "--folds: expected 2 or more, got 1"),
        (["dilated", "--folds", "30"], "--folds: 30 are too many for "),
        (["dilated", "--shard", "3/2"], "--shard: expected 1/2 to 2/2"),
        (["dilated", "--minutes", 1, "--epochs", 2], "--minutes: goes without steps and epochs"),
        (["dilated", "--against", "cnn1"], "--against: expected one of dilated, got 'cnn1'"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    tiny: TinyWorld, dataset: Path, regtrack, words: list[object], problem: str
) -> None:
    status, _, err = regtrack("crossval", dataset, *words, "--out", tiny.folder / "out")
    assert status == 2
    assert err.splitlines()[-1].startswith(f"regtrack: {problem}")
    assert not (tiny.folder / "out" / "crossval.plan.json").exists()
