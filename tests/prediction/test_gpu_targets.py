"""Whatever is launched on a GPU compiles for every GPU that Triton knows, none of which is here."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None,
    reason="kernels for GPUs are compiled where Triton is there (pip install triton)",
)


def compile_in(cache: Path, task: str, *arguments: str) -> str:
    """Run a function of `kernel_targets` in an interpreter of its own; what it prints."""
    words = [sys.executable, "-c", f"import kernel_targets, sys; kernel_targets.{task}"]
    words[-1] += "(*sys.argv[1:])"
    done = subprocess.run(
        [*words, *arguments],
        env={**os.environ, "TRITON_CACHE_DIR": str(cache), "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_variants_compile_for_hopper_and_no_product_of_a_bound_is_fused_with_a_sum(
    tmp_path: Path,
) -> None:
    out = tmp_path / "ptx"
    out.mkdir()
    compile_in(tmp_path / "cache", "compile_for_hopper", str(out))
    assembly = {path.stem: path.read_text() for path in out.iterdir()}
    scans = [f"_scan SIGNALS={a} WRITE={b}" for a in (False, True) for b in (False, True)]
    others = [f"{name} SIGNALS={a}" for name in ("_put_values", "_count", "_rank") for a in (0, 1)]
    named = {name.replace("=0", "=False").replace("=1", "=True") for name in others}
    assert set(assembly) == {*scans, *named, "_paint"}
    # A fused one would not be rounded in between, as it is on a CPU: bytes would differ.
    cutting = [text for name, text in assembly.items() if name.startswith(("_scan", "_put"))]
    assert len(cutting) == 6
    assert not any("fma." in text for text in cutting)


def test_every_kernel_compiles_for_all_other_gpus(tmp_path: Path) -> None:
    assert compile_in(tmp_path / "cache", "compile_for_others") == "5 for 10"
