"""bgzip files: whole, or an error, and nothing on stderr."""

from __future__ import annotations

import random
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pysam
import pytest

from regtrack.genome.bgzip import writing_bgzip

DATA = random.Random(1).randbytes(400_000)


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file can have more than 100,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def write(path: Path, size: int) -> None:
    with writing_bgzip(path, 1) as file:
        for start in range(0, size, 1_000):
            file.write(DATA[start : start + 1_000])


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.gz", len(DATA))
    with pysam.BGZFile(str(tmp_path / "a.gz")) as file:
        assert file.read() == DATA


# The error comes as a block is written, or when the last ones are flushed at the end; a failure
# that comes only when memory is given back would be a warning, which is an error here.
@pytest.mark.parametrize("size", [101_000, 130_000, 131_000, 400_000])
@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_an_error_said_once(
    tmp_path: Path, size: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OSError, match="BGZFile"):
        write(tmp_path / "a.gz", size)
    assert capfd.readouterr().err == ""


def test_an_error_of_who_writes_is_that_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing_bgzip(tmp_path / "a.gz", 1):
        raise ZeroDivisionError
