"""The check that is run where a GPU is goes through without one, and its clocks find stages."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from builders import TinyWorld
from interpreting import needs_triton

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def check(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_triton
def test_without_a_gpu_the_checks_pass_on_very_little(tiny: TinyWorld) -> None:
    done = check(tiny.model, tiny.genome, "--cpu", "--only", "probe,arithmetic,stages,long")
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = done.stdout.rpartition("outcomes\n")[2].splitlines()
    assert [line.partition(" - ")[0] for line in outcomes[:-1]] == [
        "PASS the probe of cpu",
        "PASS float32 in full, ieee outside",
        "PASS float32 in full, tf32 outside",
        "PASS the long run ends well",
    ]
    assert outcomes[-1].startswith("4 PASS, 0 FAIL")
    assert "kernels: convolutions" in done.stdout
    for stage in "reading and checking", "predicting, in all", "writing tracks":
        assert re.search(rf"{stage} +[0-9.]+ s +1 times", done.stdout), stage


@needs_triton
def test_a_check_that_fails_is_told_and_the_next_one_is_done(
    tiny: TinyWorld, tmp_path: Path
) -> None:
    broken = tmp_path / "genome.fa"
    broken.write_text("no FASTA\n")
    done = check(tiny.model, broken, "--cpu", "--only", "stages,probe")
    assert done.returncode == 1
    assert "FAIL stages - InputError" in done.stdout
    assert "1 PASS, 1 FAIL" in done.stdout


@needs_triton
def test_an_unknown_check_is_refused_with_those_that_there_are(tiny: TinyWorld) -> None:
    done = check(tiny.model, tiny.genome, "--only", "kernels,speed")
    assert done.returncode == 2
    assert "no check 'speed'; expected machine, imports, probe, kernels" in done.stderr
