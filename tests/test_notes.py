"""Notes: heard by who listens, silent otherwise."""

from __future__ import annotations

import logging
import subprocess
import sys

import click
import pytest

from regtrack.cli.main import cli, run
from regtrack.notes import heard, note, told_before


def test_a_listener_hears_each_text_once() -> None:
    told: list[str] = []
    with heard(told.append):
        for text in ("7 rows were passed over", "100% N", "7 rows were passed over"):
            note(text)
    note("after the work")
    assert told == ["7 rows were passed over", "100% N"]


def test_the_next_listener_hears_a_text_again() -> None:
    told: list[str] = []
    for _ in range(2):
        with heard(told.append):
            note("made anew")
    assert told == ["made anew", "made anew"]


def test_what_was_told_before_is_passed_over_and_heard_again_later() -> None:
    told: list[str] = []
    with heard(told.append):
        with told_before(("7 rows were passed over",)):
            note("7 rows were passed over")
            note("8 rows were passed over")
        assert told == ["8 rows were passed over"]
        note("7 rows were passed over")
    assert told[1:] == ["7 rows were passed over"]


def test_the_library_itself_prints_no_note() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from regtrack.notes import note; note('made anew')"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_logging_of_ones_own_hears_notes(caplog: pytest.LogCaptureFixture) -> None:
    note("made anew")
    assert caplog.record_tuples == [("regtrack", logging.WARNING, "made anew")]


def test_the_command_prints_each_note_once_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def noting() -> None:
        note("made anew")
        note("made anew")
        click.echo("result")

    monkeypatch.setitem(cli.commands, "noting", noting)
    assert run(["noting"]) == 0
    assert capsys.readouterr() == ("result\n", "regtrack: note: made anew\n")
