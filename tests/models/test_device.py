"""Which processor computes. Whether this machine has a GPU must not matter here."""

from __future__ import annotations

import pytest
import torch

from regtrack.errors import ArgumentError, DeviceMemoryError
from regtrack.models.device import (
    available_cores,
    choose_device,
    choose_devices,
    describe_arithmetic,
    describe_device,
    device_name,
    devices_of,
    kind_of,
    memory_advice,
    plain_float32,
)
from regtrack.notes import heard


def pretend(monkeypatch: pytest.MonkeyPatch, gpus: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    models = {"cuda:0": ("GPU A", (8, 0)), "cuda:1": ("GPU B", (8, 1)), "cuda:2": ("GPU A", (8, 0))}
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda gpu: models[str(gpu)][0])
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda gpu: models[str(gpu)][1])


@pytest.mark.parametrize(
    ("name", "gpus", "device"),
    [
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda"),
        ("cpu", 0, "cpu"),
        ("cpu", 2, "cpu"),
        ("cuda", 1, "cuda"),
        ("cuda:0", 1, "cuda:0"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_a_device_that_is_there_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, gpus: int, device: str
) -> None:
    pretend(monkeypatch, gpus)
    assert choose_device(name) == torch.device(device)


@pytest.mark.parametrize(
    "name", ["gpu", "", "CPU", "cpu:0", "cuda:", "cuda:x", "cuda:-1", "mps", f"cuda:{'1' * 5_000}"]
)
@pytest.mark.parametrize("gpus", [0, 1])
def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, gpus: int) -> None:
    pretend(monkeypatch, gpus)
    with pytest.raises(ArgumentError, match="device: expected auto, cpu, cuda or cuda:NUMBER, got"):
        choose_device(name)


@pytest.mark.parametrize(("name", "gpus"), [("cuda", 0), ("cuda:0", 0), ("cuda:1", 1)])
def test_a_gpu_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, gpus: int
) -> None:
    pretend(monkeypatch, gpus)
    with pytest.raises(ArgumentError, match=f"no {name} here: PyTorch .* sees {gpus} GPU"):
        choose_device(name)


@pytest.mark.parametrize(
    ("name", "gpus", "chosen"),
    [
        ("auto", 0, "cpu"),
        ("cpu", 2, "cpu"),
        ("auto", 1, "cuda:0"),
        ("cuda", 1, "cuda:0"),
        ("cuda:1", 2, "cuda:1"),
        ("cuda:0,2", 3, "cuda:0,2"),
        ("cuda:2,0", 3, "cuda:0,2"),
    ],
)
def test_several_gpus_may_share_a_job(
    monkeypatch: pytest.MonkeyPatch, name: str, gpus: int, chosen: str
) -> None:
    pretend(monkeypatch, gpus)
    told: list[str] = []
    with heard(told.append):
        devices = choose_devices(name)
    assert device_name(devices) == chosen
    assert devices_of(chosen) == devices
    assert told == []


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_gpus_of_another_model_than_the_first_one_are_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pretend(monkeypatch, 3)
    told: list[str] = []
    with heard(told.append):
        assert device_name(choose_devices(name)) == "cuda:0,2"
    assert told == [
        "computing on cuda:0,2 (GPU A, 8.0), not on cuda:1 (GPU B, 8.1), whose results differ in "
        "the last digits; --device chooses others"
    ]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("cuda:0,1", r"cuda:0 \(GPU A, 8.0\) and cuda:1 \(GPU B, 8.1\) round differently"),
        ("cuda:0,0", "cuda:0 is named twice in 'cuda:0,0'"),
        ("cuda:9", "no cuda:9 here: PyTorch .* sees 3 GPUs"),
        ("cuda:0,9", "no cuda:9 here: PyTorch .* sees 3 GPUs"),
        ("cpu,cuda:0", "expected auto, cpu, cuda, cuda:NUMBER or cuda:NUMBER,NUMBER,..., got"),
        ("cuda:0,cpu", "expected auto, cpu, cuda, "),
        ("cuda:0,", "expected auto, cpu, cuda, "),
        ("cuda,cuda", "expected auto, cpu, cuda, "),
        (f"cuda:0,{'1' * 5_000}", "expected auto, cpu, cuda, "),
    ],
)
def test_gpus_that_cannot_share_a_job_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, problem: str
) -> None:
    pretend(monkeypatch, 3)
    with pytest.raises(ArgumentError, match=f"^device: {problem}") as refused:
        choose_devices(name)
    assert "\n" not in str(refused.value)


def test_gpus_are_described_by_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, 3)
    assert describe_device("cuda:1") == "cuda:1 (GPU B)"
    assert describe_device("cuda:0,2") == "cuda:0,2 (2 x GPU A)"


@pytest.mark.parametrize(("cores", "text"), [(1, "cpu (1 core)"), (4, "cpu (4 cores)")])
def test_a_cpu_is_described_by_its_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int, text: str
) -> None:
    monkeypatch.setattr("regtrack.models.device.available_cores", lambda: cores)
    assert describe_device("cpu") == text


def test_only_the_cores_that_this_process_may_use_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert available_cores() == 2


def test_a_full_gpu_says_what_to_do() -> None:
    expected = "the GPU ran out of memory; try a smaller window or device cpu"
    with pytest.raises(DeviceMemoryError, match=expected), memory_advice(window="a smaller {}"):
        raise torch.OutOfMemoryError("CUDA out of memory")


@pytest.mark.parametrize("code", ["CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"])
def test_libraries_that_have_no_class_for_it_run_out_of_memory_too(code: str) -> None:
    with pytest.raises(DeviceMemoryError), memory_advice(window="a smaller {}"):
        raise RuntimeError(f"CUDA error: {code} when calling `cublasCreate(handle)`")


def test_another_error_of_a_gpu_stays_what_it_is() -> None:
    error = RuntimeError("CUDA error: an illegal memory access was encountered")
    with pytest.raises(RuntimeError) as raised, memory_advice(window="a smaller {}"):
        raise error
    assert raised.value is error


def precisions() -> list[str]:
    parts = (torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn.rnn)
    return [part.fp32_precision for part in parts]


@pytest.mark.skipif(
    not hasattr(torch.backends.cudnn, "conv"), reason="this PyTorch has the older flags alone"
)
@pytest.mark.parametrize("where", ["everywhere", "products"])
def test_tf32_is_off_while_predicting_and_as_it_was_afterwards_however_it_was_set(
    where: str,
) -> None:
    part = torch.backends if where == "everywhere" else torch.backends.cuda.matmul
    unset = part.fp32_precision
    part.fp32_precision = "tf32"
    try:
        before = precisions()
        assert "tf32" in before
        with plain_float32():
            assert precisions() == ["ieee", "ieee", "ieee"]
            assert torch.backends.cudnn.deterministic
        assert precisions() == before
        assert not torch.backends.cudnn.deterministic
    finally:
        part.fp32_precision = unset
        torch.backends.cuda.matmul.fp32_precision = unset


@pytest.mark.parametrize(
    ("capability", "flags", "override", "said"),
    [
        ((8, 0), {}, None, "float32 (convolutions in TF32)"),  # PyTorch's default
        ((7, 5), {}, None, "float32"),  # has no such units
        ((9, 0), {"conv": "ieee"}, None, "float32"),
        ((9, 0), {"conv": "ieee"}, "1", "float32 (convolutions in TF32)"),
        ((9, 0), {}, "0", "float32"),
        ((9, 0), {"conv": "none"}, None, "float32"),
        ((9, 0), {"conv": "none", "all": "tf32"}, None, "float32 (convolutions in TF32)"),
    ],
)
def test_a_training_says_whether_its_float32_is_that_of_the_convolutions_too(
    monkeypatch: pytest.MonkeyPatch,
    capability: tuple[int, int],
    flags: dict[str, str],
    override: str | None,
    said: str,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    if override is not None:
        monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", override)
    if flags and not hasattr(torch.backends.cudnn, "conv"):
        pytest.skip("this PyTorch has the older flags alone")
    parts = {"conv": getattr(torch.backends.cudnn, "conv", None), "all": torch.backends}
    before = {name: parts[name].fp32_precision for name in flags}
    gpu = torch.device("cuda", 0)
    try:
        for name, value in flags.items():
            parts[name].fp32_precision = value
        assert describe_arithmetic(torch.float32, gpu) == said
    finally:
        for name, value in before.items():
            parts[name].fp32_precision = value
    assert describe_arithmetic(torch.bfloat16, gpu) == "bfloat16"
    assert describe_arithmetic(torch.float32, torch.device("cpu")) == "float32"


def test_all_gpus_are_of_one_kind() -> None:
    assert [kind_of(name) for name in ("cpu", "cuda:1", "cuda:0,2")] == ["cpu", "cuda", "cuda"]
