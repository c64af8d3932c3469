"""Kernels for GPUs, run in Triton's interpreter, which needs no GPU.

In a process of its own: the interpreter has to be asked for before Triton is imported.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None,
    reason="the kernel for GPUs is tested where Triton is there (pip install triton)",
)


def interpret(task: str, *arguments: str, module: str = "device_tasks") -> None:
    """Run a function of `device_tasks`, or of another module, in an interpreter of its own."""
    words = [sys.executable, "-c", f"import {module}, sys; {module}.{task}(*sys.argv[1:])"]
    done = subprocess.run(
        [*words, *arguments],
        env={**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
