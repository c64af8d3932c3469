"""Which networks are to be compared: those to train, and checkpoints taken as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from regtrack.datasets.dataset import Dataset
from regtrack.errors import ArgumentError, InputError
from regtrack.listing import counted
from regtrack.models.architecture import Architecture
from regtrack.models.catalog import ARCHITECTURES, named_architecture
from regtrack.models.checkpoint import Checkpoint, read_checkpoint
from regtrack.models.network import Context
from regtrack.paths import named
from regtrack.training.examples import misfit
from regtrack.training.run import was_interrupted_at_the_end
from regtrack.training.settings import TrainingSettings

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class ComparedNetwork:
    """A network of a comparison.

    Parameters
    ----------
    name
        As the tables and its files are called.
    path
        Of its checkpoint, which need not be there yet.
    architecture
        What to train; None for a checkpoint that is used as it is.
    """

    name: str
    path: Path
    architecture: Architecture | None


def find_networks(
    arguments: Sequence[str],
    dataset: Dataset,
    settings: TrainingSettings,
    out: Path,
    force: bool,
) -> list[ComparedNetwork]:
    """The networks to compare, all checked before the first is trained.

    Parameters
    ----------
    arguments
        Networks as `regtrack.models.catalog.named_architecture`, to be trained into `out`, and
        paths of checkpoints. Without any, all networks of the task.
    settings
        How to train. A network that was trained with these before is not trained again.
    force
        Train again what was trained with other settings.

    Returns
    -------
    list of ComparedNetwork
        Without an `architecture` where it is trained already.

    Raises
    ------
    ArgumentError
        For what is neither name nor file, or a network that the windows do not suit.
    InputError
        For a checkpoint of another task or other markers, one trained with other settings, or
        two networks of one name.
    OSError
        When a checkpoint cannot be read.
    """
    networks = [
        _named(argument, dataset, out) for argument in arguments or ARCHITECTURES[dataset.task]
    ]
    _check_distinct(networks)
    return [_as_it_stands(network, dataset, settings, force) for network in networks]


def _named(argument: str, dataset: Dataset, out: Path) -> ComparedNetwork:
    """A network to be trained, or a checkpoint."""
    architecture = named_architecture(dataset.task, argument)
    if architecture is None:
        return _from_checkpoint(argument, dataset)
    return ComparedNetwork(architecture.name, out / f"{architecture.name}{SUFFIX}", architecture)


def _from_checkpoint(argument: str, dataset: Dataset) -> ComparedNetwork:
    """A checkpoint by its path."""
    path = Path(argument)
    recipe_of = argument.partition(":")[0].rpartition("=")[2]
    if not path.exists() and recipe_of in ARCHITECTURES[dataset.task]:
        raise ArgumentError(
            "networks",
            f"{argument!r} is {recipe_of} with settings of its own; compare trains networks as "
            f"they are, and regtrack crossval takes such recipes",
        )
    if not path.exists() and path.suffix != SUFFIX:
        known = ", ".join(ARCHITECTURES[dataset.task])
        raise ArgumentError(
            "networks",
            f"{argument!r} is neither a network of the {dataset.task} task ({known}) nor a file",
        )
    _check_fits(path, read_checkpoint(path), dataset)
    return ComparedNetwork(named(path).removesuffix(SUFFIX), path, None)


def _check_fits(path: Path, checkpoint: Checkpoint, dataset: Dataset) -> None:
    """Refuse a checkpoint whose outputs are not the dataset's labels."""
    if checkpoint.is_signal:
        raise InputError(path, "gives a signal; only probabilities can be compared")
    if checkpoint.task != dataset.task:
        raise InputError(
            path, f"is of the {checkpoint.task} task, but {dataset.path} of the {dataset.task} task"
        )
    own, wanted = ([marker.name for marker in each.markers] for each in (checkpoint, dataset))
    if len(own) != len(wanted):
        raise InputError(
            path,
            f"predicts {counted(len(own), 'marker')}, but {dataset.path} has labels of "
            f"{len(wanted)}",
        )
    for number, (name, expected) in enumerate(zip(own, wanted, strict=True), start=1):
        if name != expected:
            raise InputError(
                path, f"predicts {name} as marker {number}, but {dataset.path} has {expected} there"
            )


def _check_distinct(networks: Sequence[ComparedNetwork]) -> None:
    for path, count in Counter(network.path.resolve() for network in networks).items():
        if count > 1:
            raise InputError(path, f"is named {count} times; expected once")
    for name, count in Counter(network.name for network in networks).items():
        if count > 1:
            paths = " and ".join(str(network.path) for network in networks if network.name == name)
            raise InputError(paths, f"would both be called {name}; rename one")


def _as_it_stands(
    network: ComparedNetwork,
    dataset: Dataset,
    settings: TrainingSettings,
    force: bool,
) -> ComparedNetwork:
    """The same; without an architecture where it is trained already."""
    if network.architecture is None:
        return network
    fitting_context(network.architecture, {}, dataset)
    if not network.path.exists():
        return network
    fitted = settings.fitted(
        dataset.task, dataset.window, dataset.size("train"), network.architecture.recipe
    )
    differing = _differences(read_checkpoint(network.path), network.architecture, dataset, fitted)
    if not differing:
        if was_interrupted_at_the_end(network.path):
            return network  # `train` puts the rest in place
        return ComparedNetwork(network.name, network.path, None)
    if force:
        return network
    raise InputError(
        network.path,
        f"was trained with other settings ({', '.join(differing)}); --force trains it again; "
        "its path in place of its name uses it as it is",
    )


def fitting_context(
    architecture: Architecture, settings: Mapping[str, Any], dataset: Dataset
) -> Context:
    """The context of a network that the windows of a dataset suit.

    Raises
    ------
    ArgumentError
        When they do not.
    """
    with torch.device("meta"):  # no weights are needed
        context = architecture.build(len(dataset.markers), settings).context
    if dataset.window % context.stride:
        raise ArgumentError("networks", f"{architecture.name} {misfit(dataset, context.stride)}")
    return context


def _differences(
    checkpoint: Checkpoint,
    architecture: Architecture,
    dataset: Dataset,
    settings: TrainingSettings,
) -> list[str]:
    """`minutes 0.5, not 30` for each difference between a checkpoint's training and this one."""
    own: dict[str, Any] = {
        "architecture": checkpoint.architecture,
        "code": checkpoint.code and checkpoint.code.sha256,
        **{f"{name} of the network": value for name, value in checkpoint.settings.items()},
        **checkpoint.training.get("settings", {}),
    }
    wanted: dict[str, Any] = {
        "architecture": architecture.name,
        "code": architecture.sha256,
        **{
            f"{name} of the network": value
            for name, value in architecture.default_settings().items()
        },
        **settings.recorded(),
    }
    names = [
        name
        for name in dict.fromkeys([*wanted, *own])
        if name != "save_minutes" and own.get(name) != wanted.get(name)
    ]
    differing = [
        f"{name} {_text(own.get(name, 'unset'))}, not {_text(wanted.get(name, 'unset'))}"
        for name in names
    ]
    if checkpoint.training.get("dataset") != dataset.digest:
        differing.insert(0, "on another dataset")
    return differing


def _text(setting: Any) -> str:
    return "none" if setting is None else str(setting)
