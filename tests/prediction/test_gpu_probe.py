"""A GPU that cannot predict says why: `auto` is the CPU then, and one that was named is refused."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable, Iterator

import pytest
import torch

from regtrack.errors import RegtrackError
from regtrack.notes import heard
from regtrack.prediction import gpu_probe
from regtrack.prediction.gpu_probe import gpu_problem, prediction_device, usual_device
from regtrack.workspace.doctor import Configured, examine


@pytest.fixture(autouse=True)
def a_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A GPU on which all works, as far as is asked."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "GPU A")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(gpu_probe, "_cuts_as_a_cpu", lambda device: True)
    monkeypatch.setattr(gpu_probe, "_arithmetic_error", lambda device: 3e-7)
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    gpu_problem.cache_clear()
    yield
    gpu_problem.cache_clear()


def raising(error: Exception) -> Callable[[torch.device], bool]:
    def launch(_: torch.device) -> bool:
        raise error

    return launch


def too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (6, 1))


def tf32_by_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "1")


def without_triton(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError("Failed to find C compiler. Please specify via CC.")
    monkeypatch.setattr(gpu_probe, "_cuts_as_a_cpu", raising(error))


def without_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "main.c:5:10: fatal error: Python.h: No such file or directory"
    error = subprocess.CalledProcessError(1, ["gcc", "main.c"], stderr=said)
    monkeypatch.setattr(gpu_probe, "_cuts_as_a_cpu", raising(error))


def with_an_old_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError("CUDA driver version is insufficient\nCompile with TORCH_USE_CUDA_DSA")
    monkeypatch.setattr(gpu_probe, "_cuts_as_a_cpu", raising(error))


def with_other_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_probe, "_cuts_as_a_cpu", lambda device: False)


def with_coarse_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_probe, "_arithmetic_error", lambda device: 4e-4)


PROBLEMS = [
    (too_old, "it has compute capability 6.1, and Triton needs 7.0 or more"),
    (tf32_by_the_driver, "NVIDIA_TF32_OVERRIDE=1 makes it compute in TF32"),
    (without_triton, "predicting there needs Triton, which comes with PyTorch's CUDA builds"),
    (without_a_compiler, "Triton needs a C compiler (apt install gcc, or set CC)"),
    (without_headers, "Triton needs Python's header files (apt install python3-dev)"),
    (with_an_old_driver, "a first launch failed there (CUDA driver version is insufficient)"),
    (with_other_segments, "its kernels make other segments than the CPU"),
    (with_coarse_arithmetic, "its arithmetic in float32 is off by 0.0004: TF32 may be forced"),
]


@pytest.mark.parametrize(("spoil", "problem"), PROBLEMS)
def test_auto_is_the_cpu_with_a_line_that_says_why(
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[pytest.MonkeyPatch], None],
    problem: str,
) -> None:
    spoil(monkeypatch)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    told: list[str] = []
    with heard(told.append):
        assert prediction_device("auto") == "cpu"
    assert len(told) == 1
    assert told[0].startswith(f"predicting on the CPU, not on cuda:0: {problem}")
    assert "\n" not in told[0]


@pytest.mark.parametrize(("spoil", "problem"), PROBLEMS)
def test_a_gpu_that_was_named_is_refused_with_that_line(
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[pytest.MonkeyPatch], None],
    problem: str,
) -> None:
    spoil(monkeypatch)
    with pytest.raises(RegtrackError) as refused:
        prediction_device("cuda:1")
    assert str(refused.value).startswith(f"cannot predict on cuda:1: {problem}")
    assert str(refused.value).endswith("; or use --device cpu")


@pytest.mark.parametrize(
    ("name", "chosen"), [("auto", "cuda:0,1"), ("cuda", "cuda:0,1"), ("cuda:1", "cuda:1")]
)
def test_gpus_on_which_all_works_are_taken(name: str, chosen: str) -> None:
    told: list[str] = []
    with heard(told.append):
        assert prediction_device(name) == chosen
    assert told == []


def test_of_several_gpus_auto_leaves_out_the_one_that_lacks_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gpu_probe, "_cuts_as_a_cpu", lambda device: device.index == 1)
    told: list[str] = []
    with heard(told.append):
        assert prediction_device("auto") == "cuda:1"
    assert told == [
        "predicting on cuda:1, not on cuda:0: its kernels make other segments than the CPU"
    ]
    with pytest.raises(RegtrackError, match="cannot predict on cuda:0: its kernels make other"):
        prediction_device("cuda")
    assert usual_device() == ("cuda:1", None)


def mixed(monkeypatch: pytest.MonkeyPatch, *models: tuple[str, tuple[int, int]]) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(models))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda gpu: models[index_of(gpu)][0])
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda gpu: models[index_of(gpu)][1])


def index_of(gpu: torch.device | str) -> int:
    return torch.device(gpu).index


GTX, H100 = ("GTX 1050", (6, 1)), ("H100", (9, 0))
OLD = "it has compute capability 6.1, and Triton needs 7.0 or more"


def test_auto_is_a_fit_gpu_of_another_model_than_an_unfit_first_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mixed(monkeypatch, GTX, H100)
    told: list[str] = []
    with heard(told.append):
        assert prediction_device("auto") == "cuda:1"
    assert told == [f"predicting on cuda:1, not on cuda:0: {OLD}"]


def test_gpus_like_the_first_fit_one_share_a_job_and_others_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mixed(monkeypatch, GTX, H100, GTX, H100)
    told: list[str] = []
    with heard(told.append):
        assert prediction_device("auto") == "cuda:1,3"
    assert told == [
        "computing on cuda:1,3 (H100, 9.0), not on cuda:2 (GTX 1050, 6.1), whose results differ in "
        "the last digits; --device chooses others",
        f"predicting on cuda:1,3, not on cuda:0: {OLD}",
    ]


def test_where_all_gpus_are_unfit_auto_is_the_cpu_and_a_line_for_each_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mixed(monkeypatch, GTX, GTX)
    told: list[str] = []
    with heard(told.append):
        assert prediction_device("auto") == "cpu"
    assert told == [f"predicting on the CPU, not on cuda:{gpu}: {OLD}" for gpu in range(2)]


def test_gpus_after_the_first_fit_one_are_not_tried_here(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[torch.device] = []

    def launch(gpu: torch.device) -> bool:
        tried.append(gpu)
        return True

    monkeypatch.setattr(gpu_probe, "_cuts_as_a_cpu", launch)
    assert prediction_device("auto") == "cuda:0,1"
    assert tried == [torch.device("cuda:0")]


def test_doctor_names_what_auto_predicts_on_and_tells_once_what_it_leaves_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mixed(monkeypatch, GTX, H100, ("A100", (8, 0)))
    told: list[str] = []
    with heard(told.append):
        device, problem = usual_device()
        lines = examine(Configured(None), device, problem)
    assert next(one for one in lines if one.name == "device").value.startswith("cuda:1 (H100)")
    assert [text for text in told if "A100" in text] == told[:1] == told


def test_doctor_has_the_problem_of_the_gpu_that_auto_would_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert usual_device() == ("cuda:0,1", None)
    gpu_problem.cache_clear()
    too_old(monkeypatch)
    device, problem = usual_device()
    assert problem == "it has compute capability 6.1, and Triton needs 7.0 or more"
    line = next(one for one in examine(Configured(None), device, problem) if one.name == "device")
    assert line.value.startswith("cuda:0 (GPU A)")
    assert line.problem == f"predictions are made on the CPU: {problem}"


def test_a_cpu_is_not_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_probe, "gpu_problem", raising(AssertionError("probed")))
    assert prediction_device("cpu") == "cpu"
