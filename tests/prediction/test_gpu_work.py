"""The kernels for GPUs make the segments and counts that those for CPUs make, byte for byte.

They run in Triton's interpreter, which needs no GPU, in a process of its own: it has to
be asked for before Triton is imported.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None,
    reason="the kernel for GPUs is tested where Triton is there (pip install triton)",
)


def interpret(task: str, *arguments: str) -> None:
    """Run a function of `device_tasks` in an interpreter of its own."""
    words = [sys.executable, "-c", f"import device_tasks, sys; device_tasks.{task}(*sys.argv[1:])"]
    done = subprocess.run(
        [*words, *arguments],
        env={**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@needs_triton
def test_segments_are_those_of_the_cpu() -> None:
    interpret("compare_segments")


@needs_triton
def test_blocks_are_those_of_a_worker_process(tmp_path: Path) -> None:
    interpret("compare_blocks", str(tmp_path))


@needs_triton
def test_counts_are_those_of_a_worker_process(tmp_path: Path) -> None:
    interpret("compare_counts", str(tmp_path))


@needs_triton
def test_labels_counts_and_ranks_are_those_of_the_cpu() -> None:
    interpret("compare_kernels")


@needs_triton
def test_a_device_on_which_all_works_has_no_problem() -> None:
    interpret("probe_a_device")


@needs_triton
def test_a_plan_tells_what_the_gpu_does_from_what_processes_do(tmp_path: Path) -> None:
    interpret("time_stages", str(tmp_path))


@needs_triton
def test_where_memory_runs_out_half_as_much_is_predicted_at_a_time(tmp_path: Path) -> None:
    interpret("run_out_of_memory", str(tmp_path))


def test_without_triton_one_line_says_what_to_do(tmp_path: Path) -> None:
    interpret("expect_advice", str(tmp_path))
