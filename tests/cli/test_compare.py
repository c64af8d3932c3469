"""`regtrack compare` as a user meets it: what it prints, leaves, and refuses."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from builders import TinyWorld
from cli_helpers import files_of

from regtrack.training.events import StepDone


@pytest.fixture
def dataset(tiny: TinyWorld, regtrack) -> Path:
    out = tiny.folder / "set"
    status, _, err = regtrack(
        *("prepare", "--genome", tiny.genome, "--peaks", tiny.markers, "--out", out),
        *("--window", 2_000),
    )
    assert status == 0, err
    return out


def test_it_prints_the_tables_and_says_what_it_wrote(
    tiny: TinyWorld, dataset: Path, regtrack
) -> None:
    out = tiny.folder / "out"
    command = (
        "compare",
        dataset,
        "cnn1",
        tiny.model,
        "--out",
        out,
        "--steps",
        2,
        "--device",
        "cpu",
    )
    status, printed, err = regtrack(*command)
    assert status == 0, err
    lines = [line.split() for line in printed.splitlines()]
    assert lines[2][:4] == ["cnn1", "cnn1", "21,771", "137,187"]
    assert lines[3][:4] == ["model", "(1)", "(2)", "dilated"]
    assert ["TFBS,", "mean", "of", "1", "marker"] in lines
    assert printed.splitlines()[-1] == "wrote " + ", ".join(
        str(out / f"comparison.{kind}") for kind in ("tsv", "json", "md", "png")
    )
    assert "cnn1, 1 of 2" in err
    assert "scoring model on test" in err
    before = files_of(out)
    again, printed_again, err = regtrack(*command)
    assert (again, printed_again) == (0, printed)
    assert "scoring" not in err
    assert files_of(out) == before


@pytest.mark.parametrize(
    ("number", "expected", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_it_and_it_says_how_to_go_on(
    tiny: TinyWorld,
    dataset: Path,
    regtrack,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    expected: int,
    word: str,
) -> None:
    command = ("compare", dataset, "cnn1", "--out", tiny.folder / "out", "--steps", 3)
    with monkeypatch.context() as patched:
        patched.setattr(
            "regtrack.cli.progress.Progress.told",
            lambda _, event: isinstance(event, StepDone) and signal.raise_signal(number),
        )
        status, printed, err = regtrack(*command)
    assert (status, printed) == (expected, "")
    assert err.splitlines()[-1] == (
        f"regtrack: {word} after step 1 of cnn1; run the same command again to continue"
    )
    status, printed, err = regtrack(*command)
    assert status == 0, err
    assert "continuing from step 1" in err


def test_names_may_stand_in_the_configuration_file(
    tiny: TinyWorld, dataset: Path, regtrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tiny.folder / "regtrack.toml").write_text(
        '[compare]\ndataset = "set"\nnetworks = ["cnn1"]\nout = "out"\nsteps = 1\n'
    )
    monkeypatch.chdir(tiny.folder)
    status, _, err = regtrack("compare")
    assert status == 0, err
    assert (dataset.parent / "out" / "cnn1.safetensors").exists()


BAD: list[tuple[str, list[str], int, str]] = [
    ("unknown name", ["resnet"], 2, r"^regtrack: NAME\|CHECKPOINT: 'resnet' is neither a network"),
    ("of the other task", ["lr"], 2, r"'lr' is neither a network of the dense task"),
    ("twice", ["cnn1", "cnn1"], 1, r"cnn1\.safetensors: is named 2 times"),
    ("missing", ["no.safetensors"], 1, r"no\.safetensors: no such checkpoint; regtrack train"),
    (
        "not a checkpoint",
        ["genome.fa"],
        1,
        r"genome\.fa: text, and no network: expected",
    ),
    ("no step", ["cnn1", "--steps", "0"], 2, r"--steps"),
    ("batch too large", ["cnn1", "--batch-size", "99"], 2, r"--batch-size: 99 is more than the 20"),
    ("out is a file", ["cnn1", "--out", "genome.fa"], 1, r"genome\.fa: is a file; expected a fold"),
    ("no such device", ["cnn1", "--device", "tpu"], 2, r"--device: expected auto, cpu"),
]


@pytest.mark.parametrize(
    ("arguments", "status", "message"), [pytest.param(*case[1:], id=case[0]) for case in BAD]
)
def test_compare_says_in_one_line(
    tiny: TinyWorld,
    dataset: Path,
    monkeypatch: pytest.MonkeyPatch,
    regtrack,
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(tiny.folder)
    given, out, err = regtrack("compare", dataset, "--out", "out", "--steps", 1, *arguments)
    assert given == status, err
    assert re.search(message, err.strip().splitlines()[-1]), err
    assert out == ""
    assert "Traceback" not in err
    assert not list(tiny.folder.glob("out/*.safetensors"))


def test_no_dataset_is_one_line(tiny: TinyWorld, regtrack) -> None:
    status, _, err = regtrack("compare", tiny.folder, "--out", tiny.folder / "out")
    assert (status, "not a dataset" in err) == (1, True)
