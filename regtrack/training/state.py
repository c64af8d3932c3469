"""The state of a training under way: what a killed one goes on from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from regtrack.errors import InputError
from regtrack.models.network import Network
from regtrack.models.tensors import read_tensors, read_text_of, save_tensors
from regtrack.training.history import HistoryRow
from regtrack.training.validation import Validation

_ADAM = ("step", "exp_avg", "exp_avg_sq")


@dataclass
class TrainingState:
    """How far a training has come, besides its weights.

    Attributes
    ----------
    step, seconds
        Steps done, and the time they and the validations took.
    learning_rate
        Of the last step.
    losses
        Of the steps since the last validation.
    best
        The best validation, whose checkpoint lies in the work folder.
    since_best
        Validations since then.
    history
        A row per validation.
    """

    step: int = 0
    seconds: float = 0.0
    learning_rate: float = 0.0
    losses: list[float] = field(default_factory=list)
    best: Validation | None = None
    since_best: int = 0
    history: list[HistoryRow] = field(default_factory=list)

    def save(self, path: Path, network: Network, optimizer: torch.optim.Optimizer) -> None:
        """Write the state with all weights, complete or not at all.

        Raises
        ------
        OSError
            When it cannot be written; what was there stays.
        """
        record = {**vars(self), "history": [asdict(row) for row in self.history]}
        record["best"] = self.best.to_json() if self.best else None
        tensors = {f"network.{name}": part for name, part in network.weights().items()}
        for name, parameter in network.named_parameters():
            for key, part in optimizer.state.get(parameter, {}).items():
                tensors[f"adam.{key}.{name}"] = part
        save_tensors(path, tensors, json.dumps(record))

    @classmethod
    def load(cls, path: Path, network: Network, optimizer: torch.optim.Optimizer) -> TrainingState:
        """Read a state back into a network and its optimizer.

        Raises
        ------
        InputError
            When the file is damaged, or of another network.
        """
        record = json.loads(read_text_of(path))
        tensors = read_tensors(path)
        try:
            with torch.no_grad():
                for name, part in network.weights().items():
                    part.copy_(tensors[f"network.{name}"])
            _restore(network, optimizer, tensors)
        except (KeyError, RuntimeError) as error:
            raise InputError(path, f"not a state of this network ({error})") from error
        record["best"] = Validation.from_json(record["best"]) if record["best"] else None
        record["history"] = [HistoryRow(**row) for row in record["history"]]
        return cls(**record)


def _restore(
    network: Network, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]
) -> None:
    """Give Adam back what it remembered of each weight."""
    for name, parameter in network.named_parameters():
        if f"adam.step.{name}" not in tensors:
            continue
        memory: dict[str, Any] = {key: tensors[f"adam.{key}.{name}"].clone() for key in _ADAM}
        for key in _ADAM[1:]:
            memory[key] = memory[key].to(parameter.device)
        optimizer.state[parameter] = memory
