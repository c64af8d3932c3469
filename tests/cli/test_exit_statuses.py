"""The exit status of every command is what docs/cluster.md says, whatever ended it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from regtrack.cli.main import cli, run
from regtrack.errors import (
    ArgumentError,
    BusyError,
    DeviceMemoryError,
    InputError,
    RegtrackError,
    TerminatedError,
)

PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"
ENDS = {
    InputError("a.bed", "no BED file"): 1,
    RegtrackError("it diverged"): 1,
    DeviceMemoryError({}): 1,
    FileNotFoundError(2, "No such file or directory", "a.fa"): 1,
    OSError(28, "No space left on device", "out"): 1,
    MemoryError(): 1,
    ArgumentError("model", "no such network"): 2,
    BusyError("tracks.partial", "another run is at work here"): 75,
    KeyboardInterrupt(): 130,
    TerminatedError(): 143,
}


@pytest.mark.parametrize("name", list(cli.commands))
def test_what_ends_a_command_decides_its_exit_status(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for error, status in ENDS.items():

        def end(*_: object, error: BaseException = error, **__: object) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(cli.commands[name], "make_context", end)
            assert run([name]) == status
        said = capsys.readouterr().err.splitlines()
        assert [line for line in said if line.startswith("regtrack: ")] == said != []
    assert run([name, "--no-such-option"]) == 2
    assert run([name, "--help"]) == 0


def test_the_table_of_exit_statuses_has_them_all() -> None:
    section = (
        PAGE.read_text(encoding="utf-8").partition("## Exit statuses\n")[2].partition("\n## ")[0]
    )
    assert {int(status) for status in re.findall(r"^\| (\d+) \|", section, re.M)} == {
        0,
        *ENDS.values(),
        137,  # of the shell, for SIGKILL
    }
