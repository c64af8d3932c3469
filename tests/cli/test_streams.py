"""The standard streams as shells and machines leave them: the work does not depend on them."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import TinyDatasets, TinyWorld
from cli_helpers import predict_arguments
from fetching_server import alone, miniature, serving

from regtrack.cli.main import cli, run
from regtrack.cli.streams import Forgiving, Plain, guard_streams
from regtrack.errors import DeviceMemoryError, InputError
from regtrack.models.checkpoint import read_checkpoint, save_checkpoint


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


def training(dataset: Path, out: Path) -> list[object]:
    """The command line of a short training of a tiny network."""
    network = ["--model", "cnn3", "--f1", 6, "--f2", 6, "--f3", 6, "--hidden", 8]
    return ["train", dataset, "--out", out, *network, "--steps", 2, "--device", "cpu"]


def test_a_training_goes_on_when_nobody_reads_its_progress(
    datasets: TinyDatasets, tmp_path: Path
) -> None:
    out = tmp_path / "m.safetensors"
    status, text = shell(training(datasets.dense, out), "2>&1 | head -n 1")
    assert (status, out.is_file()) == (0, True), text


def test_scores_are_written_when_progress_cannot_be(
    predicted: tuple[TinyWorld, Path], tmp_path: Path
) -> None:
    world, tracks = predicted
    command = ["eval", tracks, "--peaks", world.markers, "--out", tmp_path / "report"]
    status, text = shell(command, "2>/dev/full")
    assert status == 0
    assert "mean of 1" in text  # the table is on stdout
    assert (tmp_path / "report" / "report.html").is_file()


def test_files_are_fetched_when_nobody_reads_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = alone(tmp_path, monkeypatch)
    with serving(miniature([])) as sources:
        status, text = shell(["fetch", "genome", "--mirror", sources.url], "2>&1 | head -n 1")
    assert (status, (cache / "hg19.fa.gz").is_file()) == (0, True), text


LOST = ["full", "nobody reads", "closed"]


@contextmanager
def lost(kind: str) -> Iterator[Forgiving]:
    """Let progress and errors go where they cannot be written, and see that some did."""
    if kind == "nobody reads":
        reading, number = os.pipe()
        os.close(reading)
    else:
        # As `streams` has it, something that cannot be written stands in for a closed one.
        full = kind == "full"
        number = os.open("/dev/full" if full else os.devnull, os.O_WRONLY if full else os.O_RDONLY)
    raw = Forgiving(number, "w")
    with (
        io.TextIOWrapper(io.BufferedWriter(raw), line_buffering=True) as stream,
        pytest.MonkeyPatch.context() as patched,  # pytest puts its own back after a fixture
    ):
        patched.setattr(sys, "stderr", stream)
        yield raw
    assert raw.failure is not None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("train", "full"),
        ("train", "closed"),
        ("eval TRACKS", "nobody reads"),
        ("eval MODEL", "closed"),
        ("fetch", "full"),
        ("fetch", "closed"),
    ],
)
def test_no_command_needs_its_stderr(
    name: str,
    kind: str,
    datasets: TinyDatasets,
    predicted: tuple[TinyWorld, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, tracks = predicted
    cache, out = alone(tmp_path, monkeypatch), tmp_path / "out"
    given = ["--peaks", world.markers, "--out", out]
    of_model = ["--genome", world.genome, "--region", "chr2", "--device", "cpu"]
    with serving(miniature([])) as sources, lost(kind):
        command, made = {
            "train": (training(datasets.dense, tmp_path / "m.safetensors"), "m.safetensors"),
            "eval TRACKS": (["eval", tracks, *given], "out/report.tsv"),
            "eval MODEL": (["eval", world.model, *of_model, *given], "out/report.tsv"),
            "fetch": (["fetch", "exclude", "--mirror", sources.url], cache / "fetched.json"),
        }[name]
        assert run([str(one) for one in command]) == 0
    assert (tmp_path / made).is_file()


@pytest.mark.parametrize("kind", LOST)
def test_what_went_wrong_is_told_by_the_status_without_stderr(kind: str) -> None:
    with lost(kind):
        assert run(["info", "nothing"]) == 1
        assert run(["models", "--nothing"]) == 2


def test_a_stream_forgives_every_write_after_the_first_that_failed() -> None:
    raw = Forgiving("/dev/full", "w")
    with io.TextIOWrapper(io.BufferedWriter(raw)) as stream:
        for _ in range(2):
            stream.write("lost")
            stream.flush()
        assert raw.failure is not None
        assert raw.failure.errno == errno.ENOSPC


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("K562|CTCF|None\tTFBS\n", "K562|CTCF|None\tTFBS\n"),
        ("caf\u00e9\u00a0\u4e2d\n", "caf\u00e9\u00a0\u4e2d\n"),
        ("\x1b[2Jhg19\r\x9b\x07\x7f\u202e", r"\x1b[2Jhg19\r\x9b\x07\x7f\u202e"),
    ],
)
def test_nothing_that_is_printed_moves_the_cursor(text: str, shown: str) -> None:
    raw = io.BytesIO()
    stream = Plain(raw, encoding="utf-8")
    stream.write(text)
    stream.flush()
    assert raw.getvalue().decode() == shown


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


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        (
            ["predict", "chr1", "--out", "t", "--model", "m", "--genome", "g"],
            "; try a smaller --batch-size or a smaller --window or --device cpu",
        ),
        (["eval", "m", "--genome", "g"], "; try --device cpu"),
        (["models"], ""),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_where_a_gpu_has_too_little_memory_only_options_of_the_command_are_named(
    command: list[str],
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    remedies = {"batch_size": "a smaller {}", "window": "a smaller {}", "device": "{} cpu"}

    def fail(*_: object, **__: object) -> None:
        raise DeviceMemoryError(remedies)

    monkeypatch.setattr(cli.commands[command[0]], "callback", fail)
    assert run(command) == 1
    assert capsys.readouterr().err == f"regtrack: the GPU ran out of memory{advice}\n"


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


def test_what_others_files_say_is_printed_without_moving_the_cursor(
    tiny: TinyWorld, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    checkpoint = read_checkpoint(tiny.model)
    network = checkpoint.build()
    save_checkpoint(tiny.model, replace(checkpoint, assembly="hg19\x9b2J\x07"), network)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    guard_streams()
    assert run(["info", str(tiny.model)]) == 0
    text = capfd.readouterr().out
    assert r"hg19\x9b2J\x07: 3 chromosomes" in text


def test_names_that_are_no_text_can_be_printed(tiny: TinyWorld) -> None:
    odd = tiny.folder / "caf\udce9"
    odd.write_bytes(b"\0\1")
    status, text = shell(["info", odd], "2>&1")
    assert status == 1
    assert r"caf\udce9: nothing that regtrack made or reads" in text
