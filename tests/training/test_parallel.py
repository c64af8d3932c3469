"""Two processes train as one would: the same gradients, the same scores, one checkpoint."""

from __future__ import annotations

import csv
import random
import socket
from pathlib import Path

import pytest
import torch
import worker_tasks
from builders import TinyDatasets
from training_helpers import ALONE, Recorder, assert_same_weights

from regtrack.models.checkpoint import read_checkpoint
from regtrack.training.run import run_training

PROCESSES = 2
TRAINED = [
    ("dense", "dilated"),
    ("dense", "id-cnn"),
    ("dense", "bi-lstm"),
    ("short", "lr"),
    ("short", "dilated6"),
]
Found = dict[str, torch.Tensor]


def free_ports(count: int) -> int:
    """The first of some ports in a row that nobody listens at.

    Under those that the system gives to whoever asks for any, as the processes do meanwhile.
    """
    for _ in range(50):
        first = random.randrange(15_000, 30_000)
        try:
            for port in range(first, first + count):
                with socket.socket() as one:
                    one.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    pytest.skip("no free ports")


def log_of(out: Path) -> list[dict[str, str]]:
    """Rows of the log beside a checkpoint."""
    lines = out.with_suffix(".log.tsv").read_text().splitlines()
    return list(csv.DictReader(lines, delimiter="\t"))


@pytest.fixture(scope="module")
def folder(datasets: TinyDatasets, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes left that trained together."""
    path = tmp_path_factory.mktemp("parallel")
    networks = [(task, name, getattr(datasets, task)) for task, name in TRAINED]
    port = free_ports(3)
    torch.multiprocessing.spawn(
        worker_tasks.train_a_part,
        (PROCESSES, port, path, networks, datasets.dense),
        nprocs=PROCESSES,
    )
    return path


@pytest.fixture(scope="module")
def parts(folder: Path) -> list[Found]:
    """What each process found."""
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(PROCESSES)]


@pytest.mark.parametrize(("task", "name"), TRAINED)
def test_loss_and_gradients_of_a_step_are_those_of_one_process(
    parts: list[Found], datasets: TinyDatasets, task: str, name: str
) -> None:
    expected = worker_tasks.first_step(task, name, getattr(datasets, task), ALONE)
    assert any(value.abs().max() > 1e-3 for value in expected.values())
    for part in parts:
        for key, value in expected.items():
            torch.testing.assert_close(part[f"{task} {key}"], value, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("task", ["dense", "short"])
def test_each_process_has_the_scores_of_the_whole_split(
    parts: list[Found], datasets: TinyDatasets, task: str
) -> None:
    expected = worker_tasks.scores_of(getattr(datasets, task), ALONE)
    for part in parts:
        torch.testing.assert_close(part[f"{task} scores"], expected, equal_nan=True)


def test_numbers_are_added_up_and_agreed_upon(parts: list[Found]) -> None:
    assert parts[0]["numbers"].tolist() == [0, 2, 1, 0.5 + 1.5, 0.5]
    assert parts[1]["numbers"].tolist() == [1, 2, 0, 0.5 + 1.5, 0.5]


def test_counts_are_added_up_as_far_as_32_bits_go(parts: list[Found]) -> None:
    for part in parts:
        # 2**32 - 1 + 2**32 - 2 is past the end, and so is 2 x 2**31: they wrap.
        assert part["added up"].tolist() == [[2, 0], [1, 2**32 - 3]]


def test_a_training_gives_the_scores_of_one_process_and_one_checkpoint(
    folder: Path, datasets: TinyDatasets, tmp_path: Path
) -> None:
    out = folder / "model.safetensors"
    alone = tmp_path / "model.safetensors"
    run_training(worker_tasks.a_request(datasets.dense), alone, False, Recorder())
    ours, theirs = map(log_of, (out, alone))
    assert [row["step"] for row in ours] == [row["step"] for row in theirs] == ["2", "4", "6"]
    for row, other in zip(ours, theirs, strict=True):
        for name in ("loss", "average_precision", "average_precision_Histone", "learning_rate"):
            assert float(row[name]) == pytest.approx(float(other[name]), abs=1e-3)
    assert read_checkpoint(out).training["dataset"] == read_checkpoint(alone).training["dataset"]
    assert not (folder / "model.safetensors.partial").exists()
    assert len(list(folder.glob("model.*"))) == 3  # with the log and its plot


def test_processes_that_srun_started_train_as_those_of_torchrun(
    folder: Path, datasets: TinyDatasets, tmp_path: Path
) -> None:
    torch.multiprocessing.spawn(
        worker_tasks.train_in_a_step,
        (PROCESSES, free_ports(2), tmp_path, datasets.dense),
        nprocs=PROCESSES,
    )
    for rank in range(PROCESSES):
        assert (tmp_path / f"{rank}.refused").read_text() == (
            "out: differs between 2 processes that train one network together; to train several, "
            "start each alone (srun --ntasks=1)"
        )
    assert "the best of 6 steps" in (tmp_path / "0.says").read_text()
    assert (tmp_path / "1.says").read_text() == ""
    assert_same_weights(tmp_path / "model.safetensors", folder / "model.safetensors")
    assert [{**row, "seconds": ""} for row in log_of(tmp_path / "model.safetensors")] == [
        {**row, "seconds": ""} for row in log_of(folder / "model.safetensors")
    ]


def test_only_the_first_process_speaks(folder: Path) -> None:
    assert "model.safetensors: the best of 6 steps" in (folder / "0.says").read_text()
    assert (folder / "1.says").read_text() == ""


@pytest.mark.parametrize("rank", range(PROCESSES))
def test_a_batch_that_cannot_be_shared_is_refused(folder: Path, rank: int) -> None:
    assert (folder / f"{rank}.refused").read_text() == (
        "batch_size: 3 cannot be shared by 2 processes; expected a multiple"
    )
