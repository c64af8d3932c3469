"""Which arithmetic a processor computes in, as blocks of a run must share it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from regtrack.errors import ArgumentError
from regtrack.models.arithmetic import arithmetic_of, torch_version
from regtrack.models.device import has_bfloat16
from regtrack.models.instructions import AVX2, NATIVE, instructions_in_use, use_instructions

PROGRAM = """
from regtrack.models.instructions import use_instructions
use_instructions({name!r})
import torch
from regtrack.models.arithmetic import arithmetic_of
from regtrack.models.device import has_bfloat16
print(arithmetic_of("cpu"), has_bfloat16(torch.device("cpu")), sep="; ")
"""


def said_with(name: str) -> str:
    """What a fresh process with such instructions says of its arithmetic, and of bfloat16."""
    command = [sys.executable, "-c", PROGRAM.format(name=name)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_arithmetic_names_instructions_and_maker() -> None:
    units, maker = arithmetic_of("cpu").split(", ")
    assert units.split("+")[0] == torch.backends.cpu.get_cpu_capability().replace(" ", "")
    assert maker


def test_a_process_with_the_processors_own_instructions_has_the_same_arithmetic() -> None:
    has = has_bfloat16(torch.device("cpu"))
    assert said_with(NATIVE) == f"{arithmetic_of('cpu')}; {has}"


@pytest.mark.skipif(
    not torch.backends.cpu.get_cpu_capability().startswith("AVX"), reason="no AVX2 here"
)
def test_limited_to_avx2_all_processors_of_one_maker_have_the_same_arithmetic() -> None:
    _, maker = arithmetic_of("cpu").split(", ")
    assert said_with(AVX2) == f"AVX2, {maker}; False"


@pytest.mark.parametrize("name", ["ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR"])
def test_a_limit_of_the_users_own_is_another_arithmetic(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    usual = arithmetic_of("cpu")
    monkeypatch.setenv(name, "AVX2")
    assert f", {name}=AVX2, " in arithmetic_of("cpu") != usual
    assert instructions_in_use() == NATIVE


def test_a_gpu_is_named_with_its_capability(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H100")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    assert arithmetic_of("cuda:1") == arithmetic_of("cuda:0,1") == "NVIDIA H100, 9.0"


def test_what_torch_was_built_for_is_no_part_of_its_version() -> None:
    assert torch.__version__.startswith(torch_version())
    assert "+" not in torch_version()


def test_instructions_are_chosen_before_torch_is_loaded() -> None:
    with pytest.raises(ArgumentError, match="isa: avx2 comes too late: torch is loaded already"):
        use_instructions(AVX2)
