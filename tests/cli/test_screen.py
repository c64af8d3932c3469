"""Results on a terminal: they fit it, and long lists go through a pager, as with git."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios
from pathlib import Path

import pytest

LINES = 24
PAGER = "import sys; print('in a pager'); print(sys.stdin.read().splitlines()[-1])"


def on_terminal(
    *arguments: object, columns: int = 80, **variables: str | None
) -> tuple[int, list[str]]:
    """Exit status of a command line on a terminal, and the lines that are seen there."""
    environment = {**os.environ, "TERM": "xterm", **variables}
    for name in ("COLUMNS", "LINES", "LESS"):
        environment.pop(name, None)
    child, terminal = pty.fork()
    if child == 0:
        command = [sys.executable, "-m", "regtrack", *map(str, arguments)]
        os.execvpe(command[0], command, {k: v for k, v in environment.items() if v is not None})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    seen = b""
    try:
        while part := os.read(terminal, 65536):
            seen += part
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), seen.decode().replace("\r\n", "\n").splitlines()


@pytest.fixture
def pager(tmp_path: Path) -> str:
    """A pager that says so, and shows the last line only."""
    script = tmp_path / "pager.py"
    script.write_text(PAGER)
    return f"{sys.executable} {script}"


@pytest.mark.parametrize(
    "arguments", [["models"], ["markers"], ["markers", "--model", "demo"], ["doctor"]], ids=" ".join
)
def test_lists_fit_eighty_columns(arguments: list[str]) -> None:
    _, lines = on_terminal(*arguments, PAGER="cat", REGTRACK_PAGER=None)
    assert len(lines) > 15
    assert [line for line in lines if len(line) > 80] == []
    assert not any("\x1b" in line or "\\x1b" in line for line in lines)


def test_a_list_that_is_longer_than_the_screen_goes_through_the_pager(pager: str) -> None:
    status, lines = on_terminal("markers", "CTCF", REGTRACK_PAGER=pager, PAGER="false")
    assert status == 0
    assert lines[0] == "in a pager"
    assert "WI-38|CTCF|None" in lines[1]
    assert lines[2:] == ["99 of 919 markers: 99 TFBS"]


def test_a_list_that_the_screen_holds_goes_through_none(pager: str) -> None:
    status, lines = on_terminal("markers", "SK-N-SH", REGTRACK_PAGER=pager)
    assert status == 0
    assert "in a pager" not in lines


@pytest.mark.parametrize("named", ["", "cat", "no-such-pager --really"])
def test_without_a_pager_all_is_printed(named: str) -> None:
    status, lines = on_terminal("markers", "CTCF", PAGER=named, REGTRACK_PAGER=None)
    assert status == 0
    assert len(lines) == 1 + 99 + 1


def test_a_pager_that_ends_early_is_no_error() -> None:
    assert on_terminal("markers", REGTRACK_PAGER="true") == (
        0,
        ["919 of 919 markers: 690 TFBS, 125 DNase, 104 Histone"],
    )


def test_a_pipe_gets_whole_names_and_no_pager(regtrack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGTRACK_PAGER", "false")
    monkeypatch.setenv("COLUMNS", "40")
    status, out, _ = regtrack("markers")
    assert status == 0
    assert max(map(len, out.splitlines())) > 100
    assert "..." not in out
