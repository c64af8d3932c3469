"""Options that say what computes, and how many of it; none changes what is promised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from regtrack.cli import suggestions
from regtrack.cli.kinds import Count
from regtrack.cli.teller import Teller
from regtrack.models.instructions import AVX2, NATIVE, use_instructions

F = TypeVar("F", bound=Callable[..., Any])


def _count_cores(_: click.Context, __: click.Parameter, processes: int | None) -> int:
    """As many as there are cores, where no number is given."""
    from regtrack.workers import available_cores

    return processes or available_cores()


def _workers(what: str) -> Callable[[F], F]:
    return click.option(
        "--workers", type=Count(), show_default="one per core", callback=_count_cores, help=what
    )


workers = _workers("Number of processes. Changes the time, not the results.")
workers_predicting = _workers(
    "Number of processes. With a GPU, they pack and save what it predicts. Changes the time, not a "
    "byte of the tracks."
)


def _device(what: str) -> Callable[[F], F]:
    return click.option(
        "--device",
        default="auto",
        show_default=True,
        metavar="NAME",
        shell_complete=suggestions.devices,
        help=what,
    )


device = _device("Where: auto, cpu, cuda, cuda:1.")
devices = _device(
    "Where: auto, cpu, cuda, cuda:0,2. cuda: all GPUs of one model, which share the work; cuda:1: "
    "the second one; cuda:0,2: two of them. The bytes are the same on any number of GPUs of one "
    "model.",
)


def _use_instructions(_: click.Context, __: click.Parameter, name: str) -> str:
    """Limit what torch will use, before it is loaded."""
    use_instructions(name)
    return name


isa = click.option(
    "--isa",
    type=click.Choice([NATIVE, AVX2]),
    default=NATIVE,
    show_default=True,
    is_eager=True,
    expose_value=False,
    callback=_use_instructions,
    help="Instructions of the processor to use. avx2 gives machines of different age the same "
    "bytes, and is slower on the newer ones.",
)
any_cpu = click.option(
    "--any-cpu",
    is_flag=True,
    help="Go on with what a processor, or a GPU, of another kind computed. Without it, that is "
    "refused: all values keep the promise, but they differ a little from one kind to another. A "
    "CPU and a GPU never share a job.",
)


def chosen_device(name: str, *, tell: bool = True) -> str:
    """Where to predict, by `--device`; says which it is where asked to `tell`."""
    from regtrack.models.device import describe_device
    from regtrack.prediction.gpu_probe import prediction_device

    device = prediction_device(name)
    if tell:
        Teller.current().say_progress(f"device: {describe_device(device)}")
    return device
