"""Arrays that another process reads where this one has put them."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from regtrack.prediction.shared_buffers import Shape, SharedBuffer

READ = """
import sys
from pathlib import Path
from regtrack.prediction.shared_buffers import Shape, Shared
shapes = {"few": Shape("uint8", (3,)), "many": Shape("int32", (int(sys.argv[2]), 3))}
with Shared(Path(sys.argv[1]), shapes).open() as arrays:
    print(arrays["few"].tolist(), int(arrays["many"].sum()), arrays["many"].shape)
"""


def read_elsewhere(buffer: SharedBuffer, rows: int) -> str:
    words = [sys.executable, "-c", READ, str(buffer.path), str(rows)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def fill(buffer: SharedBuffer, rows: int) -> bool:
    shapes = {"few": Shape("uint8", (3,)), "many": Shape("int32", (rows, 3))}
    is_new = buffer.reserve(shapes)
    arrays = buffer.arrays(shapes)
    arrays["few"][:] = 7, 8, 9
    arrays["many"][:] = np.arange(3 * rows).reshape(rows, 3)
    return is_new


def test_another_process_reads_them_also_after_the_memory_has_grown() -> None:
    buffer = SharedBuffer()
    for rows, is_new in (10, True), (1_000, False), (2_000_000, True), (5, False):
        assert fill(buffer, rows) == is_new
        total = 3 * rows * (3 * rows - 1) // 2
        assert read_elsewhere(buffer, rows) == f"[7, 8, 9] {total} ({rows}, 3)"
    buffer.close()


def test_where_there_is_no_anonymous_memory_a_file_takes_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    buffer = SharedBuffer()
    fill(buffer, 10)
    assert read_elsewhere(buffer, 10) == "[7, 8, 9] 435 (10, 3)"
    buffer.close()
    assert not buffer.path.exists()


def test_nothing_at_all_is_shared_too() -> None:
    buffer = SharedBuffer()
    shapes = {"none": Shape("int32", (0, 3))}
    assert not buffer.reserve(shapes)
    with buffer.shared(shapes).open() as arrays:
        assert arrays["none"].shape == (0, 3)
    buffer.close()
