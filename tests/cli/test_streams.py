"""The standard streams as shells and machines leave them: the work does not depend on them."""

from __future__ import annotations

import errno
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from builders import TinyWorld
from cli_helpers import predict_arguments

from regtrack.cli.main import cli, run
from regtrack.cli.streams import Forgiving
from regtrack.errors import InputError


def shell(arguments: list[object], ending: str) -> tuple[int, str]:
    """Exit status of a command line in a shell, and what comes out of the shell."""
    script = f'{{ "$@"; echo "status $?" >&3; }} {ending}'
    done = subprocess.run(
        ["sh", "-c", f"exec 3>&1; {script}", "sh", sys.executable, "-m", "regtrack"]
        + [str(one) for one in arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    text = done.stdout + done.stderr
    status = next(line for line in text.splitlines() if line.startswith("status "))
    return int(status.split()[1]), text


def test_work_goes_on_when_nobody_reads_its_progress(tiny: TinyWorld) -> None:
    out = tiny.folder / "tracks"
    status, _ = shell(predict_arguments(tiny, out, "--workers", 1), "2>&1 | head -n 1")
    assert status == 0
    assert (out / "tracks.json").is_file()


def test_work_goes_on_when_its_progress_cannot_be_written(tiny: TinyWorld) -> None:
    out = tiny.folder / "set"
    command = ["prepare", "--genome", tiny.genome, "--peaks", tiny.markers, "--out", out]
    status, _ = shell([*command, "--window", 2000], "2>&-")
    assert status == 0
    assert (out / "dataset.json").is_file()


@pytest.mark.parametrize("ending", [">/dev/full", ">&-"])
def test_a_result_that_is_lost_is_an_error(ending: str) -> None:
    status, text = shell(["markers", "CTCF"], ending)
    assert status == 1
    assert "regtrack: standard output: " in text
    assert "Traceback" not in text


def test_a_reader_who_has_seen_enough_is_no_error() -> None:
    status, text = shell(["markers", "--tsv"], "| head -n 1")
    assert status == 0
    assert len(text.splitlines()) == 3  # the head, how many were found, and the status


def test_a_failure_is_told_by_the_status_though_nobody_reads_it(tmp_path: Path) -> None:
    status, _ = shell(["info", tmp_path / "nothing"], ">&- 2>&-")
    assert status == 1


def test_a_stream_forgives_every_write_after_the_first_that_failed() -> None:
    raw = Forgiving("/dev/full", "w")
    with io.TextIOWrapper(io.BufferedWriter(raw)) as stream:
        for _ in range(2):
            stream.write("lost")
            stream.flush()
        assert raw.failure is not None
        assert raw.failure.errno == errno.ENOSPC


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let `regtrack models` fail in a way of our own."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(cli.commands["models"], "callback", fail)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "[Errno 32] Broken pipe"),
        (MemoryError(), "memory ran out"),
        (
            np._core._exceptions._ArrayMemoryError((10**12,), np.dtype("u1")),
            "memory ran out (Unable to allocate 931. GiB for an array with shape (1000000000000,) "
            "and data type uint8)",
        ),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory"),
            "memory ran out (DefaultCPUAllocator: can't allocate memory)",
        ),
        (InputError("a\x1b[2J\udce9", "bad\nname\t"), r"a\x1b[2J\udce9: bad name\t"),
        (FileNotFoundError(2, "No such file", "b\n\udce9"), r"b\n\udce9: No such file"),
    ],
)
def test_an_error_is_one_line_of_letters(
    error: Exception,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing(monkeypatch, error)
    assert run(["models"]) == 1
    assert capsys.readouterr().err == f"regtrack: {line}\n"
    with pytest.raises(type(error)):
        run(["--debug", "models"])


@pytest.mark.parametrize("error", [RuntimeError("a bug"), RecursionError("a bug")])
def test_a_bug_keeps_its_traceback(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, error)
    with pytest.raises(type(error)):
        run(["models"])


def test_a_wrong_option_is_told_without_moving_the_cursor(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["models", "--\x1b[2J\udce9"]) == 2
    assert r"--\x1b[2J\udce9" in capsys.readouterr().err


def test_names_that_are_no_text_can_be_printed(tiny: TinyWorld) -> None:
    odd = tiny.folder / "caf\udce9"
    tiny.genome.parent.joinpath("markers.tsv").rename(odd)
    status, text = shell(["info", odd], "2>&1")
    assert status == 1
    assert r"caf\udce9: truncated, or not a .safetensors file" in text
