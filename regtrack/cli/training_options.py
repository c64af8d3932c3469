"""How to train, as options: declared once, for every command that trains."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import click

from regtrack.cli import options, suggestions
from regtrack.cli.kinds import Count
from regtrack.training.settings import PRECISIONS, SCHEDULES, TrainingSettings

C = TypeVar("C", bound=Callable[..., Any])

_COUNT = Count()
_ABOVE_ZERO = click.FloatRange(min=0, min_open=True)
_OPTIONS = {
    "steps": click.option("--steps", type=_COUNT, help="Stop after so many steps."),
    "epochs": click.option(
        "--epochs",
        type=_ABOVE_ZERO,
        show_default="20, or no limit with --steps or --minutes",
        help="Stop after so many epochs.",
    ),
    "minutes": click.option(
        "--minutes",
        type=_ABOVE_ZERO,
        help="Stop after so many minutes. The last validation takes extra time.",
    ),
    "patience": click.option(
        "--patience",
        type=_COUNT,
        help="Stop after so many validations without a gain.",
    ),
    "batch_size": click.option(
        "--batch-size",
        type=_COUNT,
        show_default="2 windows, or 128 inputs of the short task",
        help="Windows per step, over all processes.",
    ),
    "learning_rate": click.option(
        "--learning-rate",
        type=_ABOVE_ZERO,
        show_default="0.001; 0.002 for residual, u-net and hybrid",
        help="Learning rate of the optimizer (Adam).",
    ),
    "schedule": click.option(
        "--schedule",
        type=click.Choice(SCHEDULES),
        default=TrainingSettings.schedule,
        show_default=True,
        help="Let the learning rate fall to 0 towards the end, or keep it constant.",
    ),
    "warmup": click.option(
        "--warmup",
        type=click.FloatRange(0, 1),
        show_default="0; 0.03 for residual, u-net and hybrid",
        help="Share of the training in which the learning rate rises from 0.",
    ),
    "positive_weight": click.option(
        "--positive-weight",
        type=_ABOVE_ZERO,
        default=TrainingSettings.positive_weight,
        show_default=True,
        help="Weight in the loss of a base inside a peak. If it is not 1, the output is no longer "
        "a probability, only a ranking.",
    ),
    "loss_step": click.option(
        "--loss-step",
        type=_COUNT,
        show_default="1; 8 for residual, u-net and hybrid",
        help="Compute the loss at every so many bases, from another one on in each step (dense "
        "task). With 8, a step takes .56 (u-net) to .68 (dilated) of the time on a CPU.",
    ),
    "repeats": click.option(
        "--repeats",
        type=click.FloatRange(0, 1),
        show_default="0; 0.5 for residual, u-net and hybrid",
        help="Share of the windows that get a made-up tandem repeat without peaks, so that real "
        "ones are not called for all markers (dense task).",
    ),
    "reverse_complement": click.option(
        "--reverse-complement/--forward-only",
        default=TrainingSettings.reverse_complement,
        show_default=True,
        help="Read half of the windows on the other strand, or none.",
    ),
    "shift": click.option(
        "--shift",
        type=Count(0),
        show_default="half a window, or 0 in the short task",
        help="Move windows by up to so many bases at random, inside the training windows; inputs "
        "of the short task by at most 100.",
    ),
    "precision": click.option(
        "--precision",
        type=click.Choice(PRECISIONS),
        default=TrainingSettings.precision,
        show_default=True,
        help="What to compute in; auto takes bfloat16 where the device has units for it.",
    ),
    "validate_every": click.option(
        "--validate-every",
        type=_COUNT,
        show_default="an epoch",
        help="Steps between two validations.",
    ),
    "norm_batches": click.option(
        "--norm-batches",
        type=Count(0),
        show_default="50, or 10 in the short task",
        help="Batches from which batch-norm statistics are taken before a validation; 0 leaves "
        "the running ones, which follow --norm-decay.",
    ),
    "save_minutes": click.option(
        "--save-minutes",
        type=click.FloatRange(min=0),
        default=TrainingSettings.save_minutes,
        show_default=True,
        help="Save the state every so many minutes, so that a killed training continues from it.",
    ),
    "seed": options.seed(
        TrainingSettings.seed, "Same seed, same steps, same network (on one device)."
    ),
}

architecture = click.option(
    "--model",
    "architecture",
    show_default="dilated, or dilated6 for the short task",
    metavar="NAME",
    shell_complete=suggestions.networks,
    help="Network of the dataset's task; regtrack models lists them. Or one of your own: "
    "FILE.py:CLASS, or CLASS of a file that --networks names (docs/own-network.md).",
)

trainings_at_once = click.option(
    "--workers",
    type=_COUNT,
    default=1,
    show_default=True,
    help="Trainings at the same time. They are processes, which share the cores.",
)


def training_settings(*, without: Collection[str] = ()) -> Callable[[C], C]:
    """Add an option per training setting but those named, which a command has its own way of."""

    def added(command: C) -> C:
        for name, option in reversed(_OPTIONS.items()):
            if name not in without:
                command = option(command)
        return command

    return added


def read_settings(values: Mapping[str, Any]) -> TrainingSettings:
    """The training settings among a command's values; what was not given is as usual.

    Raises
    ------
    ArgumentError
        As `regtrack.training.settings.TrainingSettings`.
    """
    return TrainingSettings(
        **{name: values[name] for name in _OPTIONS if values.get(name) is not None}
    )
