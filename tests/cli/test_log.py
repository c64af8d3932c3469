"""`--log`: all that stderr is told, with times, in a file that grows by whole lines."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import click
import pytest
from builders import TinyDatasets, TinyWorld
from cli_helpers import predict_arguments
from forking import forked

from regtrack import __version__
from regtrack.cli.help_page import Command
from regtrack.cli.main import cli
from regtrack.cli.teller import Log

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d "
LONG_RUNNING = (
    *("predict", "eval", "train", "compare", "search", "prepare", "finish", "explain"),
    *("thresholds", "demo", "hub", "crossval"),
)


def told(log: Path) -> list[str]:
    """The lines of a log without their times, each of which must be whole."""
    text = log.read_text(encoding="utf-8")
    assert text.endswith("\n")
    lines = text.splitlines()
    assert [line for line in lines if not re.match(STAMP, line)] == []
    return [re.sub(f"^{STAMP}", "", line) for line in lines]


def test_every_command_that_takes_long_has_it_and_it_is_declared_once() -> None:
    found = {
        name: option
        for name, command in cli.commands.items()
        for option in command.params
        if "--log" in option.opts
    }
    assert set(found) == set(LONG_RUNNING)
    assert len({option.help for option in found.values()}) == 1
    fetch = cli.commands["fetch"]
    assert isinstance(fetch, click.Group)
    for command in fetch.commands.values():
        assert isinstance(command, Command)
        assert "--log" in [name for option in command.params for name in option.opts]


def test_it_begins_with_version_and_command_line_and_ends_with_the_exit_status(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    log = tmp_path / "run.log"
    words = predict_arguments(tiny, tmp_path / "tracks", "--log", log)
    status, out, err = regtrack(*words)
    assert status == 0
    first, *middle, last = told(log)
    typed = " ".join(str(word) for word in words)
    assert first == f"regtrack {__version__}, process {os.getpid()}: regtrack {typed}"
    assert re.fullmatch(r"ended after (\d+ min )?\d+ s: exit status 0", last)
    assert [line.partition("%")[0] for line in middle] == [
        line.partition("%")[0] for line in (err + out).splitlines()
    ]


def test_the_result_is_in_it_as_a_text_also_where_stdout_has_a_document(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    log, out = tmp_path / "run.log", tmp_path / "tracks"
    words = predict_arguments(tiny, out, "--log", log, "--json", regions=["chrM"])
    assert regtrack(*words)[0] == 0
    lines = told(log)
    assert f"{out}: 3 BigWig files in bigwig/, peaks in peaks/" in lines
    assert [line for line in lines if '"command"' in line] == []


def test_quiet_shows_no_progress_on_the_screen_and_the_log_has_it(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    log = tmp_path / "run.log"
    words = predict_arguments(tiny, tmp_path / "tracks", "--log", log, "--quiet")
    status, _, err = regtrack(*words)
    assert status == 0
    assert "predicting" not in err
    assert any(line.startswith("predicting: 100%") for line in told(log))


def test_a_terminal_has_its_bar_and_the_log_lines_without_a_cursor(
    tiny: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    log = tmp_path / "run.log"
    status, _, err = regtrack(*predict_arguments(tiny, tmp_path / "tracks", "--log", log))
    assert status == 0
    assert "\r" in err
    lines = told(log)
    assert [line for line in lines if not line.isprintable() or "█" in line] == []
    assert sum(line.startswith("predicting: 100%") for line in lines) == 1


def test_a_training_tells_its_losses_and_scores(
    datasets: TinyDatasets, tmp_path: Path, regtrack
) -> None:
    log = tmp_path / "run.log"
    words = ("--model", "cnn1", "--steps", 2, "--precision", "float32", "--device", "cpu")
    out = tmp_path / "new.safetensors"
    status, _, err = regtrack("train", datasets.dense, "--out", out, *words, "--log", log)
    assert status == 0, err
    lines = told(log)
    assert any(line.startswith("training in float32 on 15 windows") for line in lines)
    assert any(line.startswith("step 2, epoch") for line in lines)


def test_notes_and_the_line_of_an_error_are_in_it(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    log, out = tmp_path / "run.log", tmp_path / "tracks"
    assert regtrack(*predict_arguments(tiny, out))[0] == 0
    status, _, err = regtrack(*predict_arguments(tiny, out, "--log", log))
    assert status == 1
    assert told(log)[1:-1] == err.splitlines()
    assert told(log)[-1].endswith("exit status 1")
    status, _, err = regtrack(*predict_arguments(tiny, out, "--log", log, "--max-gap", "many"))
    assert status == 2
    assert told(log)[-2] == err.splitlines()[-1]
    assert told(log)[-1].endswith("exit status 2")
    # Both runs are in it, each with its beginning.
    assert sum(line.startswith("regtrack 0.") for line in told(log)) == 2


def test_warnings_of_python_and_the_traceback_of_a_bug_are_in_it(tmp_path: Path) -> None:
    program = (
        "import sys, warnings\n"
        "import regtrack.cli.main as m, regtrack.demo.real_demo as d\n"
        "def broken(*_):\n"
        "    warnings.warn('torch is old', UserWarning)\n"
        "    raise AssertionError('never')\n"
        "d.run_real = broken\n"
        "m.run(sys.argv[1:])\n"
    )
    log = tmp_path / "run.log"
    done = forked(program, "demo", str(tmp_path / "demo"), "--device", "cpu", "--log", str(log))
    assert done.returncode == 1
    assert "AssertionError: never" in done.stderr
    lines = told(log)
    assert any("UserWarning: torch is old" in line for line in lines)
    assert "AssertionError: never" in lines
    assert lines[-1].endswith("a bug ended it")


def test_a_killed_run_leaves_whole_lines_and_the_next_goes_on_below(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    program = (
        "import os, signal, sys\n"
        "import regtrack.prediction.run as r\n"
        "from regtrack.cli.main import run\n"
        "def killed(*_):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "r.group_size = killed\n"
        "run(sys.argv[1:])\n"
    )
    log = tmp_path / "run.log"
    words = [str(one) for one in predict_arguments(tiny, tmp_path / "tracks", "--log", log)]
    assert forked(program, *words).returncode == -signal.SIGKILL
    killed = told(log)
    assert any(line.startswith("predicting: 100%") for line in killed)
    assert not killed[-1].startswith("ended")
    assert regtrack(*words)[0] == 0
    lines = told(log)
    assert lines[: len(killed)] == killed
    assert lines[-1].endswith("exit status 0")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (".", "is a folder; expected a file for the log"),
        ("missing/run.log", "there is no folder .*missing for the log"),
        ("world/genome.fa", "is there, and no log of regtrack; expected one, or a new file"),
        ("pipe", "is no file; expected one for the log"),
    ],
)
def test_what_cannot_be_a_log_is_refused_in_one_line_before_any_work(
    place: str, message: str, tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    os.mkfifo(tmp_path / "pipe")
    genome = tiny.genome.read_bytes()
    status, out, err = regtrack(
        *predict_arguments(tiny, tmp_path / "tracks", "--log", tmp_path / place)
    )
    assert (status, out) == (1, "")
    assert re.fullmatch(f"regtrack: .*: {message}\n", err)
    assert tiny.genome.read_bytes() == genome
    assert not (tmp_path / "tracks").exists()


def test_a_log_in_the_folder_that_is_written_anew_is_refused(
    predicted: tuple[TinyWorld, Path], tmp_path: Path, regtrack
) -> None:
    world, _ = predicted
    out = tmp_path / "tracks"
    out.mkdir()
    status, _, err = regtrack(*predict_arguments(world, out, "--log", out / "run.log"))
    assert status == 2
    assert err == f"regtrack: --log: lies in {out}, which is written; put it elsewhere\n"


def test_a_variable_or_regtrack_toml_may_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("regtrack.toml").write_text('[defaults]\nlog = "all.log"\n')
    regtrack("predict", "chr1", "--out", "t", "--genome", "missing.fa")
    assert told(Path("all.log"))[-1].endswith("exit status 1")
    monkeypatch.setenv("REGTRACK_LOG", "other.log")
    regtrack("predict", "chr1", "--out", "t", "--genome", "missing.fa")
    assert told(Path("other.log"))[-1].endswith("exit status 1")
    assert sum(line.startswith("ended") for line in told(Path("all.log"))) == 1


def test_what_a_terminal_would_obey_is_written_as_escapes(tmp_path: Path) -> None:
    log = Log(tmp_path / "run.log")
    log.write("a\x1b[31mred\rb")
    log.close()
    assert told(log.path) == ["a\\x1b[31mred", "b"]
