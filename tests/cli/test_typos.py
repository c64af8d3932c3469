"""What is typed nearly right: understood, or answered with what was meant."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from builders import TinyWorld

from regtrack import __version__
from regtrack.cli.main import cli


@pytest.fixture(autouse=True)
def _nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("words", ["version", "-V", "--version"])
def test_the_version_is_told_however_it_is_asked_for(words: str, regtrack) -> None:
    assert regtrack(words) == (0, f"regtrack, version {__version__}\n", "")


@pytest.mark.parametrize("path", ["", "predict", "fetch", "fetch genome"])
def test_help_before_a_command_is_its_help(path: str, regtrack) -> None:
    assert regtrack("help", *path.split()) == regtrack(*path.split(), "--help")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("train data --out x --lr 0.1", "No such option '--lr'. Did you mean '--learning-rate'?"),
        ("predict chr1 --threads 4", "No such option '--threads'. Did you mean '--workers'?"),
        ("fetch all --threads 4", "No such option '--threads'. Did you mean '--jobs'?"),
        ("predict chr1 -o tracks", "No such option '-o'. Did you mean '--out'?"),
        ("browse tracks -o page.html", "No such option '-o'. Did you mean '--export'?"),
        ("predict chr1 --checkpoint a", "No such option '--checkpoint'. Did you mean '--model'?"),
        ("predict chr1 --windwo 5", "No such option '--windwo'. Did you mean '--window'?"),
        ("models --qqqqq", "No such option '--qqqqq'."),
        ("score tracks", "No such command 'score'. Did you mean 'eval'?"),
        ("view tracks", "No such command 'view'. Did you mean 'browse'?"),
        ("gibberish", "No such command 'gibberish'."),
    ],
)
def test_the_words_of_other_programs_are_answered_with_ours(
    line: str, meant: str, regtrack
) -> None:
    status, out, err = regtrack(*line.split())
    assert (status, out) == (2, "")
    assert err.splitlines()[-1] == f"Error: {meant}"


@pytest.mark.parametrize("command", ["markers CTFC", "fetch peaks --markers CTFC --dry-run"])
def test_the_nearest_markers_are_named(command: str, regtrack) -> None:
    status, _, err = regtrack(*command.split())
    assert status == 2
    assert "no such marker: 'CTFC'" in err
    assert "the nearest are CTCF, CTCFL;" in err


def test_explain_names_the_nearest_word_where_no_whole_name_is_near(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    status, _, err = regtrack(
        *("explain", tiny.model, "chr2:1-500", "--genome", tiny.genome),
        *("--marker", "CTFC", "--out", tmp_path / "out", "--device", "cpu"),
    )
    assert status == 2
    assert err.endswith("the nearest word is 'CTCF'\n")


def test_a_misspelt_variable_is_named_once_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    monkeypatch.setenv("REGTRACK_GENOM", "hg19.fa")
    monkeypatch.setenv("REGTRACK_PREDICT_WINDWO", "5")
    status, out, err = regtrack("models")
    assert status == 0
    assert "dilated" in out
    assert err.splitlines() == [
        "regtrack: note: REGTRACK_GENOM is no variable of regtrack; REGTRACK_GENOME is",
        "regtrack: note: REGTRACK_PREDICT_WINDWO is no variable of regtrack; "
        "REGTRACK_PREDICT_WINDOW is",
    ]


def test_variables_that_are_regtracks_or_like_none_of_its_are_not_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, regtrack
) -> None:
    monkeypatch.setenv("REGTRACK_CACHE", str(tmp_path))
    monkeypatch.setenv("REGTRACK_EVAL_REGION", "chr1")
    monkeypatch.setenv("REGTRACK_FETCH_MIRROR", "http://localhost")
    monkeypatch.setenv("REGTRACK_REAL_DATA", "1")
    monkeypatch.setenv("GENOM", "1")
    assert regtrack("models")[2] == ""


@pytest.mark.parametrize(
    "line",
    [
        *("--help", "--version", "-V", "help", "version", "help predict", "predict --help"),
        *("predict -h", "train --help-all", "fetch genome --help", "completion bash"),
    ],
)
def test_a_broken_configuration_stops_neither_help_nor_version_nor_completion(
    line: str, tmp_path: Path, regtrack
) -> None:
    whole = regtrack(*line.split())
    (tmp_path / "regtrack.toml").write_text("[defaults\n")
    assert regtrack(*line.split()) == whole
    assert whole[0] == 0


def test_a_broken_configuration_stops_all_else(tmp_path: Path, regtrack) -> None:
    (tmp_path / "regtrack.toml").write_text("[defaults\n")
    status, _, err = regtrack("models")
    assert status == 1
    assert "regtrack.toml: not TOML" in err


def test_a_command_knows_its_short_help_whoever_looked_at_its_options_before(regtrack) -> None:
    for command in (cli.commands["predict"], cli.commands["fetch"]):
        command.get_params(click.Context(command))
    assert regtrack("predict", "-h")[0] == 0
    assert regtrack("fetch", "-h")[0] == 0
