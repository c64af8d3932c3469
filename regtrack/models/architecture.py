"""What is known of a network besides its layers: name, task, the paper's figures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch

from regtrack.models.network import Network

N = TypeVar("N", bound=type[Network])
Grid = Mapping[str, Sequence[Any]]

# What the paper's grids of both tasks have in common; the learning rate is of the training.
_COMMON_GRID: Grid = {
    "learning_rate": (0.001, 0.01, 0.1),
    "norm_decay": (0.9, 0.99),
    "dropout": (0.1, 0.01),
}


@dataclass(frozen=True)
class Code:
    """The code of a user's own network, as a checkpoint keeps it: never the code itself.

    Parameters
    ----------
    file, sha256
        Name of the file, without its folder, and the SHA-256 of what was in it, and in modules
        beside it that it imported.
    left, right, exact
        The context that it led to; see `regtrack.models.network.Context`.

    Raises
    ------
    ValueError
        When these are no bases.
    """

    file: str
    sha256: str
    left: int
    right: int
    exact: bool = True

    def __post_init__(self) -> None:
        if min(self.left, self.right) < 0:
            raise ValueError("expected a context in bases")


@dataclass(frozen=True)
class Architecture:
    """A network that can be trained.

    Parameters
    ----------
    name, task
        Together they name it: `bi-lstm` is another network in each task.
    network
        Its class: takes the number of markers, and its settings by keyword.
    layers
        One line for people; everything that the code needs it asks the network.
    paper_parameters
        The paper's count for 919 markers; None where it is not known.
    paper_auc
        The paper's PR AUC on its test set, per category.
    grid
        The values that the paper's grid of the task has for each setting, or other ones of
        this network's; see `paper_grid`.
    in_paper
        False for a network of regtrack's own.
    recipe
        Settings of `regtrack.training.settings.USUAL_RECIPE` that differ for this network.
    """

    name: str
    task: str
    network: Callable[..., Network]
    layers: str
    paper_parameters: int | None = None
    paper_auc: Mapping[str, float] = field(default_factory=dict)
    grid: Grid = field(default_factory=dict)
    in_paper: bool = True
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def build(self, markers: int, settings: Mapping[str, Any] | None = None) -> Network:
        """An untrained network with random weights.

        Raises
        ------
        ValueError
            As `check`.
        """
        settings = settings or {}
        self.check(settings)
        return self.network(markers, **settings)

    def check(self, settings: Mapping[str, Any]) -> None:
        """Raise ValueError for settings that this network does not have or cannot have.

        Where the default is a whole number it counts something, else it is a share.
        """
        known = self.default_settings()
        for name, value in settings.items():
            if name not in known:
                have = ", ".join(known) or "none"
                raise ValueError(f"{self.name} has no setting {name}; it has {have}")
            if isinstance(known[name], int):
                if type(value) is not int or value < 1:
                    raise ValueError(f"expected a number from 1 upward as {name}, got {value!r}")
            elif type(value) not in (int, float) or not 0 <= value <= 1:
                raise ValueError(f"expected a number from 0 to 1 as {name}, got {value!r}")
        try:
            with torch.device("meta"):  # takes no time, and no memory for weights
                self.network(1, **settings)
        except RuntimeError as error:
            reason = str(error).partition("\n")[0]
            raise ValueError(f"{self.name} cannot be built with {settings}: {reason}") from None

    def code_of(self, network: Network) -> Code | None:  # noqa: ARG002
        """Which code a network is, where that is a user's own; else None."""
        return None

    @property
    def sha256(self) -> str | None:
        """Of that code; None where it is regtrack's."""
        return None

    def default_settings(self) -> dict[str, Any]:
        """The settings that `build` takes, with their defaults."""
        parameters = inspect.signature(self.network).parameters.values()
        return {
            parameter.name: parameter.default
            for parameter in parameters
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }

    def paper_grid(self) -> dict[str, Sequence[Any]]:
        """The paper's values of the learning rate and of every setting that this network has."""
        searched = {"learning_rate", *self.default_settings()}
        return {name: values for name, values in self.grid.items() if name in searched}


class Catalog:
    """The networks of one task, in the order in which they were added.

    Parameters
    ----------
    grid
        The paper's values for the settings of this task's networks.
    """

    def __init__(self, task: str, grid: Grid | None = None) -> None:
        self.task = task
        self.grid = {**_COMMON_GRID, **(grid or {})}
        self.architectures: dict[str, Architecture] = {}

    def add(
        self,
        name: str,
        layers: str,
        *,
        paper_parameters: int | None = None,
        paper_auc: tuple[float, float, float] | None = None,
        grid: Grid | None = None,
        in_paper: bool = True,
        recipe: Mapping[str, Any] | None = None,
    ) -> Callable[[N], N]:
        """Decorate a network's class to add it; `paper_auc` is of TFBS, DNase, Histone.

        `grid` holds what differs from the task's.
        """

        def added(network: N) -> N:
            scores = dict(zip(("TFBS", "DNase", "Histone"), paper_auc or (), strict=False))
            own_grid = {**self.grid, **(grid or {})}
            self.architectures[name] = Architecture(
                *(name, self.task, network, layers, paper_parameters, scores, own_grid, in_paper),
                recipe=recipe or {},
            )
            return network

        return added
