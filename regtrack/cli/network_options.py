"""The settings of the networks as options: those of the paper's grids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from regtrack.cli.kinds import Count
from regtrack.models.setting_text import typed_setting

C = TypeVar("C", bound=Callable[..., Any])

_COUNT = Count()
_SETTINGS = {
    "kernel": (_COUNT, "Width of the convolutions (short task)."),
    "f1": (_COUNT, "Channels of the first layer."),
    "f2": (_COUNT, "Channels of the second layer; of the bi-lstm, the size of its memory."),
    "f3": (_COUNT, "Channels of the further layers."),
    "hidden": (_COUNT, "Width of the last hidden layer."),
    "stride": (_COUNT, "Bases per step (dense task)."),
    "dropout": (click.FloatRange(0, 1, max_open=True), "Share of activations dropped."),
    "norm_decay": (
        click.FloatRange(0, 1),
        "Share of the running batch-norm statistics that a step keeps; they count with "
        "--norm-batches 0 only.",
    ),
}


def _read_settings(
    _: click.Context, option: click.Parameter, texts: tuple[str, ...]
) -> dict[str, Any]:
    """Each `width=64` as a name and a value."""
    try:
        return dict(map(typed_setting, texts))
    except ValueError as error:
        raise click.BadParameter(str(error), param=option) from None


own_settings = click.option(
    "--set",
    "own_settings",
    multiple=True,
    callback=_read_settings,
    metavar="NAME=VALUE",
    help="A setting of a network by its name: those without an option, or of a network of your "
    "own.",
)


def network_settings(command: C) -> C:
    """Add an option per setting; what is not given is the network's own."""
    command = own_settings(command)
    for name, (kind, text) in reversed(_SETTINGS.items()):
        command = click.option(
            f"--{name.replace('_', '-')}", name, type=kind, show_default="the network's", help=text
        )(command)
    return command


def split_settings(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of a command as those of the network that were given, and all others."""
    network = {
        name: values[name] for name in _SETTINGS if name in values and values[name] is not None
    }
    rest = {name: value for name, value in values.items() if name not in _SETTINGS}
    return {**network, **rest.pop("own_settings")}, rest
