"""Fixtures of the command-line tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from builders import TinyWorld, make_tiny_world
from cli_helpers import predict_arguments

from regtrack.cli.main import run

Answer = tuple[int, str, str]
Command = Callable[..., Answer]


@pytest.fixture
def regtrack(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command line in this process: exit status, stdout, stderr."""
    for name in ("GENOME", "MODEL", "PEAKS", "GENES", "EXCLUDE"):
        monkeypatch.delenv(f"REGTRACK_{name}", raising=False)

    def call(*arguments: object) -> Answer:
        capfd.readouterr()
        status = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return status, out, err

    return call


@pytest.fixture
def in_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the job: several workers are processes of their own."""
    monkeypatch.setattr("regtrack.prediction.dispatch._WORTH_A_PROCESS", 0)
    monkeypatch.setattr("regtrack.prediction.run._WORTH_A_PROCESS", 0)


@pytest.fixture(scope="session")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> tuple[TinyWorld, Path]:
    """The tiny world and the finished tracks of its whole genome. Not to be changed."""
    folder = tmp_path_factory.mktemp("predicted")
    world = make_tiny_world(folder / "world")
    out = folder / "tracks"
    assert run([str(one) for one in predict_arguments(world, out, "--workers", 1)]) == 0
    return world, out
