"""Progress: in place on a terminal, a line a minute in a log, nothing with `--quiet`."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest
import tqdm as tqdm_module
from builders import TinyWorld
from cli_helpers import predict_arguments

from regtrack.api.progress import Bar
from regtrack.training.events import StepDone


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time, as `time.time`."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(tqdm_module.std, "time", made)
    monkeypatch.setattr(tqdm_module.tqdm, "monitor_interval", 0)
    return made


def work(clock: Clock, minutes: int, per_minute: int) -> None:
    with Bar() as bar:
        bar.stage("training", "step", minutes * per_minute, 0)
        for _ in range(minutes * per_minute):
            clock.now += 60 / per_minute
            bar.advanced(1)


def test_a_log_gets_a_line_a_minute_and_the_last_state(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    work(clock, minutes=12, per_minute=480)
    err = capsys.readouterr().err
    assert "\r" not in err
    lines = err.splitlines()
    assert 12 <= len(lines) <= 13
    assert lines[0].startswith("training:   8% 480/5760 [01:00<11:00,  8.00step/s")
    assert lines[-1].startswith("training: 100% 5760/5760")
    assert len(err) < 2_000


def test_what_takes_less_than_a_minute_is_one_line(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Bar() as bar:
        bar.stage("predicting", "bp", 2_000_000, 0)
        clock.now += 10
        bar.advanced(2_000_000)
    assert capsys.readouterr().err.splitlines() == [
        "predicting: 100% 2.00M/2.00M [00:10<00:00, 200kbp/s]"
    ]


def test_a_log_hears_once_a_minute_also_while_nothing_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("regtrack.api.progress._LOG_SECONDS", 0.02)
    said = ""

    def hear(line: str) -> None:
        nonlocal said
        until = time.monotonic() + 60
        while line not in said and time.monotonic() < until:
            time.sleep(0.01)
            said += capsys.readouterr().err
        assert line in said

    with Bar() as bar:
        hear("still at work [00:00]\n")  # it opens what it needs
        bar.stage("training", "step", 0, 0)
        hear("training: no step done yet [00:00]\n")
        bar.advanced(1)
        said = ""
        hear("still at work [00:0")
        bar.stage("predicting", "bp", 10, 4)  # which an earlier run has done
        hear("predicting: no further bp done yet [00:0")
    threads = [one for one in threading.enumerate() if one.name.startswith("progress")]
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


def test_a_terminal_gets_a_bar_that_is_drawn_in_place(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    work(clock, minutes=1, per_minute=10)
    err = capsys.readouterr().err
    assert err.count("\r") >= 10
    assert "█" in err or "#" in err


@pytest.mark.parametrize("variable", ["", "NO_COLOR", "CLICOLOR_FORCE"])
def test_nothing_is_coloured_on_a_terminal_whatever_is_asked_for(
    variable: str, tiny: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    if variable:
        monkeypatch.setenv(variable, "1")
    out = tmp_path / "tracks"
    answers = [
        regtrack(*predict_arguments(tiny, out)),
        regtrack(*predict_arguments(tiny, out)),
        regtrack("info", out),
        regtrack("predict", "--help"),
        regtrack("predict", "--nothing"),
    ]
    assert [status for status, _, _ in answers] == [0, 1, 0, 0, 2]
    assert "\r" in answers[0][2]
    assert "\x1b[" not in "".join(out + err for _, out, err in answers)


def test_quiet_shows_no_progress_wherever_it_stands(
    tiny: TinyWorld, tmp_path: Path, regtrack
) -> None:
    words = predict_arguments(tiny, tmp_path / "loud", "--workers", 1)
    status, loud, err = regtrack(*words)
    assert status == 0
    assert "predicting: 100%" in err
    for number, place in enumerate((0, len(words))):
        out = tmp_path / f"quiet{number}"
        quiet = predict_arguments(tiny, out, "--workers", 1)
        quiet.insert(place, "--quiet")
        status, said, err = regtrack(*quiet)
        result, *_ = loud.replace(str(tmp_path / "loud"), "").splitlines()
        assert (status, said.replace(str(out), "")) == (0, f"{result}\n")  # and not what is next
        assert err == ""


def test_quiet_still_tells_errors_and_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack
) -> None:
    monkeypatch.setenv("REGTRACK_GENOM", "x")
    status, _, err = regtrack("--quiet", "info", tmp_path / "nothing")
    assert status == 1
    assert "note: REGTRACK_GENOM" in err
    assert "nothing" in err.splitlines()[-1]


def test_a_training_in_a_log_tells_its_loss(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    from regtrack.cli.progress import Progress

    with Progress() as progress:
        progress.stage("training", "step", 100, 0)
        for step in range(1, 101):
            clock.now += 1.2
            progress.told(StepDone(step=step, loss=0.5, done=step / 100))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) <= 3
    assert all("loss 0.50000" in line for line in lines)
