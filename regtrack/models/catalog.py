"""The networks by name, with what the paper says of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from regtrack.errors import OptionError
from regtrack.models.dense import DenseNetwork, Dilated

PAPER_MARKERS = 919


@dataclass(frozen=True)
class Architecture:
    """A network that can be trained: its class and the paper's parameter count.

    `layers` is one line for people; everything that the code needs it asks the network.
    """

    name: str
    task: str
    network: Callable[..., DenseNetwork]
    layers: str
    paper_parameters: int

    def build(self, markers: int, settings: Mapping[str, Any] | None = None) -> DenseNetwork:
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
        """Raise ValueError for a setting that this network does not have, or no number."""
        for name, value in settings.items():
            if name not in self.default_settings():
                raise ValueError(f"{self.name} has no setting {name}")
            if not isinstance(value, (int, float)):
                raise ValueError(f"expected a number as {name}, got {value!r}")  # noqa: TRY004

    def default_settings(self) -> dict[str, Any]:
        """The settings that `build` takes, with their defaults."""
        parameters = inspect.signature(self.network).parameters.values()
        return {
            parameter.name: parameter.default
            for parameter in parameters
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }


ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (
        Architecture(
            name="dilated",
            task="dense",
            network=Dilated,
            layers="conv 10/10, dilated conv 10 (3, 9, 27, 81), transposed conv 10/10",
            # The paper prints 631,263: it counts a 50-wide bias that its code never uses.
            paper_parameters=631_263,
        ),
    )
}


def find_architecture(name: str) -> Architecture:
    """The network of this name.

    Raises
    ------
    OptionError
        When there is none.
    """
    if name not in ARCHITECTURES:
        raise OptionError("--model", f"no network {name!r}; expected {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]
