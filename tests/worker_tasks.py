"""What worker processes do in tests; a spawned process must be able to import it."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waiting import wait_until

from regtrack.errors import InputError

if TYPE_CHECKING:  # the other tasks need not wait for torch
    from collections.abc import Sequence

    import torch
    from torch import nn

    from regtrack.training.processes import Processes
    from regtrack.training.run import TrainingRequest

    Network = tuple[str, str, Path]  # task, name, dataset

NORM_CHANNELS = 3
NORM_BATCHES = (2, 3)  # windows of a batch that each process holds; not as many everywhere
NORM_MOMENTA = (0.1, None)


def touch(path: Path) -> str:
    path.touch()
    return path.name


def refuse(number: int) -> None:
    raise InputError("peaks.bed", f"{number} is not a number that I like", line=number)


def fail_with_a_bug(_: int) -> None:
    raise ZeroDivisionError("a bug")


def who(_: int) -> int:
    """The process that does the work."""
    return os.getpid()


def take_too_much(kind: str) -> None:
    """Ask for more memory than there is, of Python, numpy or torch."""
    if kind == "python":
        raise MemoryError
    if kind == "numpy":
        import numpy as np

        np.empty(2**60, np.uint8)
    import torch

    torch.empty(2**60, dtype=torch.uint8)


def die(_: int) -> None:
    """As the kernel does it when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_beside_others(task: tuple[int, Path]) -> None:
    """The first one dies when the second is at work, which has no end; the third is idle then."""
    number, at_work = task
    if number == 0:
        wait_until(at_work.exists)
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 1:
        at_work.touch()
        signal.pause()


def refuse_or_touch(path: Path) -> None:
    """Only the file that is called `bad` is refused."""
    if path.name == "bad":
        raise InputError(path, "refused")
    time.sleep(0.05)
    path.touch()


def hold(path: Path) -> None:
    """Lock a file for as long as this process lives, and say so; far longer than any test."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        path.with_suffix(".held").touch()
        signal.pause()


def send_interrupt(path: Path) -> None:
    """What Ctrl-C does to every process of the terminal; a worker leaves it to its parent.

    So does SIGTERM, where all processes of a job are sent it.
    """
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    path.touch()


def a_norm(momentum: float | None) -> nn.BatchNorm1d:
    """A batch norm in the middle of its training."""
    import torch

    from regtrack.models.norm import BatchNorm

    norm = BatchNorm(NORM_CHANNELS, momentum=momentum)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([0.5, 1.0, -2.0]))
        norm.bias.copy_(torch.tensor([0.0, 3.0, -1.0]))
    return norm


def norm_steps(norm: nn.BatchNorm1d, name: str, part: slice) -> dict[str, torch.Tensor]:
    """Two steps on a part of two batches, and all that can be seen of them."""
    import torch

    random = torch.Generator().manual_seed(5)
    found = {}
    for step in range(2):
        shape = (sum(NORM_BATCHES), NORM_CHANNELS, 7)
        # Far from 0, where the mean of squares less the square of the mean would not do.
        batch = 100 + 3 * torch.randn(shape, generator=random)
        factors = torch.randn(shape, generator=random)
        inputs = batch[part].clone().requires_grad_()
        norm.zero_grad()
        outputs = norm.train()(inputs)
        (outputs.square() * factors[part]).sum().backward()
        for key, value in {
            "outputs": outputs,
            "gradient": inputs.grad,
            "weight": norm.weight.grad,
            "bias": norm.bias.grad,
            "mean": norm.running_mean,
            "variance": norm.running_var,
            "batches": norm.num_batches_tracked,
        }.items():
            found[f"{name} {key} {step}"] = value.detach().clone()
    if not part.start:  # a single process
        found[f"{name} quiet"] = norm.eval()(batch).detach()
    return found


def norm_a_part(rank: int, processes: int, folder: Path) -> None:
    """One of several processes that train a norm together."""
    import torch
    import torch.distributed as dist

    torch.set_num_threads(1)
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # not what the host's name leads to
    meeting = f"file://{folder / 'meeting'}"
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes)
    first = sum(NORM_BATCHES[:rank])
    part = slice(first, first + NORM_BATCHES[rank])
    found: dict[str, torch.Tensor] = {}
    for momentum in NORM_MOMENTA:
        found |= norm_steps(a_norm(momentum), f"{momentum}", part)
    torch.save(found, folder / f"{rank}.pt")
    dist.destroy_process_group()


def first_step(task: str, name: str, path: Path, processes: Processes) -> dict[str, torch.Tensor]:
    """Loss and gradients of a first step on four examples, in float64."""
    import numpy as np
    import torch
    from builders import tiny_settings

    from regtrack.datasets.folder import open_dataset
    from regtrack.models.catalog import ARCHITECTURES
    from regtrack.training.batches import Loader
    from regtrack.training.examples import make_examples
    from regtrack.training.settings import TrainingSettings
    from regtrack.training.step import Stepper

    dataset = open_dataset(path)
    settings = TrainingSettings(batch_size=4).fitted(task, dataset.window)
    torch.manual_seed(0)
    network = ARCHITECTURES[task][name].build(len(dataset.markers), tiny_settings(task, name))
    network.double().train()  # rounding in float32 turns ReLUs whose gradient is large
    stepper = Stepper(network, processes, 2.0, torch.float32)
    examples = make_examples(dataset, settings, network.context.stride, 3)
    loader = Loader(processes.device, paints=False)
    batch = loader.pack(examples.batch(processes.share(np.arange(4, 8))))
    loss = stepper.step(loader.load(batch), 0.001)
    gradients = {
        f"{name} {key}": weights.grad.clone()
        for key, weights in network.named_parameters()
        if weights.requires_grad  # one bias of an LSTM is not trained
    }
    return gradients | {f"{name} loss": loss.double()}


def scores_of(path: Path, processes: Processes) -> torch.Tensor:
    """Average precision of an untrained network on a validation split; by marker."""
    import torch
    from builders import a_network

    from regtrack.datasets.folder import open_dataset
    from regtrack.training.validation import score

    dataset = open_dataset(path)
    network = a_network(dataset.task, "cnn3", len(dataset.markers)).double()
    scores = score(network, dataset, "valid", processes).scores()
    return torch.tensor([(one.bases, one.positives, one.average_precision) for one in scores])


def a_request(path: Path, **changes: object) -> TrainingRequest:
    """A short training of a tiny network."""
    from training_helpers import USUAL, network_of

    from regtrack.training.run import TrainingRequest
    from regtrack.training.settings import TrainingSettings

    settings = TrainingSettings(**{**USUAL, "batch_size": 4, **changes})
    network = {**network_of("dense", "cnn3"), "dropout": 0.0}
    return TrainingRequest(path, None, "cnn3", network, settings, "cpu")


def train_a_part(
    rank: int, count: int, port: int, folder: Path, networks: Sequence[Network], dense: Path
) -> None:
    """One of several processes that train together, as `torchrun` starts them."""
    import numpy as np
    import torch
    from training_helpers import Recorder

    from regtrack.errors import ArgumentError
    from regtrack.training.processes import joined
    from regtrack.training.run import run_training

    torch.set_num_threads(1)
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    os.environ |= {
        "RANK": f"{rank}",
        "LOCAL_RANK": f"{rank}",
        "WORLD_SIZE": f"{count}",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": f"{port}",
    }
    found: dict[str, torch.Tensor] = {}
    with joined(torch.device("cpu"), folder) as processes:
        counts = np.array([[1, 2**31], [rank, 2**32 - 1 - rank]], dtype=np.uint32)
        processes.add_up(counts)
        found["added up"] = torch.from_numpy(counts.astype(np.int64))
        numbers = [processes.rank, processes.count, processes.is_first]
        total = processes.total(torch.tensor(rank + 0.5))
        numbers += [float(total), processes.agreed(rank + 0.5)]
        found["numbers"] = torch.tensor(numbers, dtype=torch.float64)
        for task, name, path in networks:
            steps = first_step(task, name, path, processes)
            found |= {f"{task} {key}": value for key, value in steps.items()}
            found[f"{task} scores"] = scores_of(path, processes)
        processes.wait()
    for port_of_its_own, batch_size in enumerate((3, 4), port + 1):
        os.environ["MASTER_PORT"] = f"{port_of_its_own}"
        request = a_request(dense, batch_size=batch_size)
        try:
            result = run_training(request, folder / "model.safetensors", False, Recorder())
            (folder / f"{rank}.says").write_text(result.describe())
        except ArgumentError as error:
            (folder / f"{rank}.refused").write_text(str(error))
    torch.save(found, folder / f"{rank}.pt")


def train_in_a_step(rank: int, count: int, port: int, folder: Path, dense: Path) -> None:
    """One of several processes that train together, as Slurm's srun starts them; the first of two
    trainings writes to several places.
    """
    import torch
    from training_helpers import Recorder

    from regtrack.errors import ArgumentError
    from regtrack.training.run import run_training

    torch.set_num_threads(1)
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    os.environ |= {
        "SLURM_JOB_ID": f"{port - 15_000}",
        "SLURM_LOCALID": f"{rank}",
        "SLURM_NTASKS": f"{count}",
        "SLURM_PROCID": f"{rank}",
        "SLURM_STEP_NODELIST": "localhost",
        "SLURM_STEP_NUM_TASKS": f"{count}",
    }
    request = a_request(dense)
    try:
        run_training(request, folder / f"{rank}.safetensors", False, Recorder())
    except ArgumentError as error:
        (folder / f"{rank}.refused").write_text(str(error))
    os.environ["SLURM_JOB_ID"] = f"{port + 1 - 15_000}"
    result = run_training(request, folder / "model.safetensors", False, Recorder())
    (folder / f"{rank}.says").write_text(result.describe())


def end_by_a_segmentation_fault(sent: Any, folder: Path, *_: object) -> None:
    """As a reader of MATLAB files does on some damaged ones."""
    sent.send(folder / "valid.mat")
    os.kill(os.getpid(), signal.SIGSEGV)


class Shared:
    """What many tasks hold; it counts how often it was packed to be sent."""

    packed = 0

    def __reduce__(self) -> tuple[type[Shared], tuple[()]]:
        Shared.packed += 1
        return Shared, ()


def number_of(task: tuple[Shared, int]) -> int:
    return task[1]
