"""`regtrack train` as a user meets it: options, what goes wrong, kills and Ctrl-C."""

from __future__ import annotations

import random
import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pyBigWig
import pytest
from builders import TinyDatasets
from forking import forked
from safetensors import SafetensorError
from training_helpers import assert_same_weights, log_of

from regtrack.cli.progress import Progress
from regtrack.models.catalog import ARCHITECTURES
from regtrack.observer import Event
from regtrack.training.events import StepDone, TrainingStarted
from regtrack.training.result import TrainingResult
from regtrack.training.run import TrainingRequest
from regtrack.training.settings import USUAL_RECIPE, TrainingSettings
from regtrack.training.state import TrainingState

TINY = ("--f1", 6, "--f2", 6, "--f3", 6, "--hidden", 8, "--device", "cpu")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "new.safetensors"


def arguments(dataset: Path, out: Path, *more: object, model: str = "cnn3") -> list[str]:
    """A whole command line of a short training of a tiny network."""
    options = ("--model", model, "--out", out, *TINY, "--steps", 4, "--precision", "float32")
    return [str(one) for one in ("train", dataset, *options, *more)]


def test_it_says_on_stdout_what_is_done_and_on_stderr_how_it_went(
    datasets: TinyDatasets, out: Path, regtrack
) -> None:
    status, printed, err = regtrack(*arguments(datasets.dense, out, "--validate-every", 2))
    assert status == 0, err
    best = re.fullmatch(
        rf"{out}: the best of 4 steps, reached at step ([24])\n"
        rf"predict with it: regtrack predict REGION --model {out} --out tracks/\n",
        printed,
    )
    assert best
    lines = re.split(r"[\r\n]+", err)
    assert lines[0] == "training in float32 on 15 windows, validating on 9"
    told = [line for line in lines if line.startswith("step ")]
    assert len(told) == 2
    assert re.match(
        r"step 2, epoch 0\.27: loss 0\.\d+, validation 0\.\d+  average precision "
        r"TFBS 0\.\d+ \(base rate 0\.\d+\)  "
        r"DNase .*  Histone .*  best so far",
        told[0],
    )
    assert out.with_suffix(".log.png").read_bytes()[:4] == b"\x89PNG"
    assert [row[0] for row in log_of(out)] == ["step", "2", "4"]
    status, info, _ = regtrack("info", out)
    assert (status, "cnn3" in info) == (0, True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[TrainingRequest, Path, bool]]:
    """What `regtrack train` asks for, without doing it."""
    found = []

    def run_training(request: TrainingRequest, out: Path, force: bool, _: object) -> Any:
        found.append((request, out, force))
        return TrainingResult(TrainingState(), None)

    monkeypatch.setattr("regtrack.training.run.run_training", run_training)
    return found


def test_what_is_not_given_is_as_usual(asked, regtrack) -> None:
    assert regtrack("train", "data", "--out", "x")[:2] == (0, "")
    usual = TrainingRequest(Path("data"), None, None, {}, TrainingSettings(), "auto", None)
    assert asked == [(usual, Path("x"), False)]


def test_the_help_says_what_suits_which_network(regtrack) -> None:
    _, out, _ = regtrack("train", "--help-all")
    told = " ".join(out.split())
    own = [one for one in ARCHITECTURES["dense"].values() if one.recipe]
    names = "{}, {} and {}".format(*(one.name for one in own))
    for one in own:
        for name, value in USUAL_RECIPE.items():
            assert f"[default: {value:g}; {one.recipe[name]:g} for {names}]" in told


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("--steps 5", "steps", 5),
        ("--epochs 0.5", "epochs", 0.5),
        ("--minutes 1.5", "minutes", 1.5),
        ("--patience 3", "patience", 3),
        ("--batch-size 7", "batch_size", 7),
        ("--learning-rate 0.02", "learning_rate", 0.02),
        ("--schedule constant", "schedule", "constant"),
        ("--positive-weight 2.5", "positive_weight", 2.5),
        ("--warmup 0.03", "warmup", 0.03),
        ("--loss-step 8", "loss_step", 8),
        ("--repeats 0.5", "repeats", 0.5),
        ("--forward-only", "reverse_complement", False),
        ("--reverse-complement", "reverse_complement", True),
        ("--shift 0", "shift", 0),
        ("--precision bfloat16", "precision", "bfloat16"),
        ("--validate-every 9", "validate_every", 9),
        ("--norm-batches 0", "norm_batches", 0),
        ("--save-minutes 0", "save_minutes", 0),
        ("--seed 4", "seed", 4),
    ],
)
def test_every_option_reaches_the_settings(
    asked, regtrack, words: str, name: str, value: object
) -> None:
    status, _, err = regtrack("train", "data", "--out", "x", *words.split())
    assert status == 0, err
    assert asked[0][0].settings == TrainingSettings(**{name: value})


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("--kernel 4", "kernel", 4),
        ("--f1 5", "f1", 5),
        ("--f2 6", "f2", 6),
        ("--f3 7", "f3", 7),
        ("--hidden 8", "hidden", 8),
        ("--stride 20", "stride", 20),
        ("--dropout 0", "dropout", 0.0),
        ("--norm-decay 0.99", "norm_decay", 0.99),
    ],
)
def test_every_setting_of_a_network_reaches_it(
    asked, regtrack, words: str, name: str, value: object
) -> None:
    assert regtrack("train", "data", "--out", "x", *words.split())[0] == 0
    assert asked[0][0].network_settings == {name: value}


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("--model cnn7", {"architecture": "cnn7"}),
        ("--genome hg19.fa", {"genome": Path("hg19.fa")}),
        ("--device cuda:1", {"device": "cuda:1"}),
        ("--tensorboard log", {"tensorboard": Path("log")}),
    ],
)
def test_every_other_option_reaches_the_training(
    asked, regtrack, words: str, changes: dict[str, object]
) -> None:
    assert regtrack("train", "data", "--out", "x", "--force", *words.split())[0] == 0
    request, _, force = asked[0]
    assert force
    assert {name: getattr(request, name) for name in changes} == changes


@pytest.mark.parametrize(
    ("change", "words", "status", "message"),
    [
        ("", "--model resnet", 2, r"--model: no network 'resnet' for the dense task; .*dilated"),
        ("", "--kernel 4", 2, r"--model: cnn3 has no setting kernel; it has f1, f2, f3, hidden"),
        ("", "--stride 7", 2, r"--model: this network needs windows of a multiple of 7 bases"),
        ("", "--batch-size 99", 2, r"--batch-size: 99 is more than the 15 windows"),
        ("", "--steps 0", 2, r"'--steps'"),
        ("", "--learning-rate 0", 2, r"'--learning-rate'"),
        ("", "--schedule linear", 2, r"'--schedule'"),
        ("", "--device tpu", 2, r"--device: expected auto, cpu"),
        ("", "--learning-rate 1e30", 1, r"(loss|weight) is .*; start over, with a --learning-rate"),
        ("", "--genome nowhere.fa", 1, r"made with nowhere\.fa, which is missing; --genome says"),
        ("no dataset", "", 1, r"nowhere: No such|nowhere: .*not a dataset.*regtrack prepare"),
        ("another folder", "", 1, r"world: not a dataset .*; regtrack prepare makes one"),
        ("a file", "", 1, r"genome\.fa: is a file; expected a dataset folder"),
        (
            "out exists",
            "--minutes 90",
            1,
            r"new\.safetensors: exists already, and a finished training cannot be continued; "
            "--force starts over$",
        ),
        ("out is a folder", "", 1, r"new\.safetensors: is a folder; expected a file name"),
        ("short", "--model dilated", 2, r"--model: no network 'dilated' for the short task; exp"),
        ("short", "--model lr --hidden 8", 2, r"--model: lr has no setting .*; it has none"),
        ("deepsea", "--shift 3", 2, r"--shift: .* holds sequence without its surroundings"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    datasets: TinyDatasets,
    out: Path,
    regtrack,
    change: str,
    words: str,
    status: int,
    message: str,
) -> None:
    dataset = {
        "no dataset": out.parent / "nowhere",
        "another folder": datasets.world.folder,
        "a file": datasets.world.genome,
        "short": datasets.short,
        "deepsea": datasets.deepsea,
    }.get(change, datasets.dense)
    if change == "out exists":
        out.touch()
    if change == "out is a folder":
        out.mkdir()
    before = sorted(out.parent.iterdir())
    given, printed, err = regtrack(*arguments(dataset, out, "--batch-size", 4, *words.split()))
    assert (given, printed) == (status, ""), err
    lines = re.split(r"[\r\n]+", err.strip())
    assert re.search(message, lines[-1]), err
    # Usage errors show the usage as well; a training that had begun, its progress.
    assert len(lines) == 1 or lines[0].startswith(("Usage: ", "training in"))
    left = sorted(out.parent.iterdir())
    assert left == before


# The alarm rings some time after the first saved state, and kills unless it asks to end.
WITH_AN_ALARM = """
import os, signal, sys
from regtrack.cli.main import run
from regtrack.training.state import TrainingState
seconds, kind = float(sys.argv[1]), sys.argv[2]
if kind == "asks":
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGTERM))
whole = TrainingState.save
def save(*given):
    whole(*given)
    TrainingState.save = whole
    signal.setitimer(signal.ITIMER_REAL, seconds)
TrainingState.save = save
sys.exit(run(sys.argv[3:]))
"""


def ended_early(arguments: list[str], seconds: float, kind: str) -> tuple[int, str, str]:
    """A command line in a process of its own, which computes as this one does."""
    done = forked(WITH_AN_ALARM, seconds, kind, *arguments)
    return done.returncode, done.stdout, done.stderr


def test_killed_at_any_moment_it_ends_the_same(
    datasets: TinyDatasets, out: Path, tmp_path: Path, regtrack
) -> None:
    more = ("--steps", 300, "--validate-every", 110, "--dropout", 0.2, "--save-minutes", 0)
    command = arguments(datasets.dense, out, *more)
    work = out.with_name("new.safetensors.partial")
    chance = random.Random(8)
    for kind in ("kills", "asks"):
        status, _, err = ended_early(command, chance.random() / 8, kind)
        assert not out.exists()
        assert status == (143 if kind == "asks" else -signal.SIGALRM), err
    # The last one was asked to end and had time to say so.
    step = re.search(
        r"regtrack: terminated after step (\d+); run the same command again to continue\n$", err
    )[1]
    status, _, err = regtrack(*command)
    assert status == 0, err
    assert f"continuing from step {step}" in err
    assert not work.exists()
    whole = tmp_path / "whole.safetensors"
    assert regtrack(*arguments(datasets.dense, whole, *more))[0] == 0
    assert_same_weights(out, whole)
    assert log_of(out) == log_of(whole)


def test_before_the_first_step_nothing_is_promised_to_continue(
    datasets: TinyDatasets, out: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupting(Progress):
        def told(self, event: Event) -> None:
            super().told(event)
            if isinstance(event, TrainingStarted):
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("regtrack.cli.progress.Progress", Interrupting)
    status, _, err = regtrack(*arguments(datasets.short, out, "--batch-size", 4))
    assert status == 130
    assert err.splitlines()[-1] == "regtrack: interrupted; run the same command again"
    assert "0/0" not in err
    assert "0step" not in err


@pytest.mark.parametrize(
    ("number", "expected", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_saves_and_the_same_command_goes_on(
    datasets: TinyDatasets,
    out: Path,
    regtrack,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    expected: int,
    word: str,
) -> None:
    class Interrupting(Progress):
        def told(self, event: Event) -> None:
            super().told(event)
            if isinstance(event, StepDone) and event.step == 3:
                signal.raise_signal(number)

    command = arguments(datasets.short, out, "--batch-size", 4)
    with monkeypatch.context() as patched:
        patched.setattr("regtrack.cli.progress.Progress", Interrupting)
        status, printed, err = regtrack(*command)
    assert status == expected
    assert printed == ""
    assert err.splitlines()[-1] == (
        f"regtrack: {word} after step 3; run the same command again to continue"
    )
    assert not out.exists()
    status, _, err = regtrack(*command, "--seed", 1)
    assert (status, "another seed (0, now 1); --force drops it" in err) == (1, True)
    status, printed, err = regtrack(*command)
    assert status == 0, err
    assert "continuing from step 3" in err
    assert printed.startswith(f"{out}: the best of 4 steps")


def test_a_full_disk_is_one_line(
    datasets: TinyDatasets, out: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save_file(*_: object, **__: object) -> None:
        # As safetensors says it.
        message = "Error while serializing: I/O error: No space left on device (os error 28)"
        raise SafetensorError(message)

    monkeypatch.setattr("regtrack.models.tensors.save_file", save_file)
    status, printed, err = regtrack(*arguments(datasets.dense, out, "--validate-every", 2))
    assert (status, printed) == (1, "")
    last = re.split(r"[\r\n]+", err.strip())[-1]
    assert re.fullmatch(r"regtrack: .*/best-2\.safetensors: No space left on device", last), err
    assert not out.exists()


def test_what_was_trained_on_the_published_deepsea_files_predicts_any_genome(
    datasets: TinyDatasets, out: Path, tmp_path: Path, regtrack
) -> None:
    status, _, err = regtrack(*arguments(datasets.deepsea, out, "--batch-size", 4))
    assert status == 0, err
    tracks = tmp_path / "tracks"
    status, _, err = regtrack(
        *("predict", "chr2:1-2,000", "--model", out, "--genome", datasets.world.genome),
        *("--out", tracks, "--workers", 1, "--device", "cpu"),
    )
    assert status == 0, err
    paths = sorted((tracks / "bigwig").iterdir())
    assert len(paths) == 3
    with pyBigWig.open(str(paths[0])) as file:
        assert np.isfinite(file.values("chr2", 0, 2_000, numpy=True)).any()
    assert regtrack("info", out)[0] == 0
