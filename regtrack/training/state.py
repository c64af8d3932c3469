"""The state of an unfinished training, from which it resumes, and the log of its validations.

A state is used only when its checksum, over weights and text, is the one it was saved with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from regtrack.documents import parse_json
from regtrack.errors import InputError
from regtrack.genome.markers import CATEGORIES, in_order
from regtrack.models.network import Network
from regtrack.models.tensors import read_tensor_file, save_tensors, tensors_sha256
from regtrack.training.validation import Validation


@dataclass(frozen=True)
class HistoryRow:
    """The scores of one validation, and how far the training was.

    Parameters
    ----------
    step, epoch, seconds
        How far; an epoch is each training window once.
    learning_rate
        Learning rate of the last step.
    loss
        Mean loss over the steps since the validation before.
    average_precision, base_rate
        Mean over the markers of each category, on the validation split.
    mean
        Mean of the categories' average precisions: what "best" goes by.
    best
        Whether it was the best so far.
    validation_loss
        As `loss`, over the validation split, without dropout, and of the last output alone where
        a network has several. None in the state of a training by an older version.
    """

    step: int
    epoch: float
    seconds: float
    learning_rate: float
    loss: float
    mean: float
    best: bool
    average_precision: dict[str, float] = field(default_factory=dict)
    base_rate: dict[str, float] = field(default_factory=dict)
    validation_loss: float | None = None


def history_table(rows: Sequence[HistoryRow]) -> str:
    """Tab-separated, with a header line; empty where a category has no scored marker."""
    scored = (category for row in rows for category in row.average_precision)
    categories = in_order((*CATEGORIES, *scored))
    header = ["step", "epoch", "seconds", "learning_rate", "loss", "validation_loss"]
    header += ["average_precision", "best"]
    header += [f"average_precision_{category}" for category in categories]
    header += [f"base_rate_{category}" for category in categories]
    lines = ["\t".join(header)]
    for row in rows:
        fields = [
            str(row.step),
            f"{row.epoch:.3f}",
            f"{row.seconds:.1f}",
            f"{row.learning_rate:.6g}",
            f"{row.loss:.6f}",
            "" if row.validation_loss is None else f"{row.validation_loss:.6f}",
            f"{row.mean:.6f}",
            str(int(row.best)),
        ]
        for values in row.average_precision, row.base_rate:
            fields += [
                f"{values[category]:.6f}" if category in values else "" for category in categories
            ]
        lines.append("\t".join(fields))
    return "\n".join(lines) + "\n"


FORMAT_VERSION = 1
_ADAM = ("step", "exp_avg", "exp_avg_sq")


@dataclass
class TrainingState:
    """The progress of a training, besides its weights.

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
    best_sha256
        SHA-256 of that file.
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
    best_sha256: str = ""
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
        words = json.dumps(record, allow_nan=False)
        tensors = {f"network.{name}": part for name, part in network.weights().items()}
        for name, parameter in network.named_parameters():
            for key, part in optimizer.state.get(parameter, {}).items():
                tensors[f"adam.{key}.{name}"] = part
        sealed = {"format": FORMAT_VERSION, "sha256": _digest(words, tensors), "state": words}
        save_tensors(path, tensors, json.dumps(sealed))

    @classmethod
    def read(cls, path: Path) -> TrainingState:
        """Read a state without its weights, which are checked.

        Raises
        ------
        InputError
            When the file is damaged.
        OSError
            When it cannot be read.
        """
        return _read(path)[0]

    @classmethod
    def load(cls, path: Path, network: Network, optimizer: torch.optim.Optimizer) -> TrainingState:
        """Read a state back into a network and its optimizer.

        Raises
        ------
        InputError
            When the file is damaged, or of another network.
        """
        state, tensors = _read(path)
        try:
            with torch.no_grad():
                for name, part in network.weights().items():
                    part.copy_(tensors[f"network.{name}"])
            _restore(network, optimizer, tensors)
        except (KeyError, RuntimeError) as error:
            raise InputError(path, f"not a state of this network ({error})") from error
        return state


@dataclass(frozen=True)
class _Sealed:
    """The text of the file: the state as JSON, and the checksum of that and all tensors."""

    format: int
    sha256: str
    state: str


def _read(path: Path) -> tuple[TrainingState, Mapping[str, Tensor]]:
    try:
        return _unsealed(path)
    except InputError as error:
        raise InputError(path, f"{error.problem}; --force starts the training over") from error


def _unsealed(path: Path) -> tuple[TrainingState, Mapping[str, Tensor]]:
    file = read_tensor_file(path)
    sealed = parse_json(file.text, _Sealed, path, FORMAT_VERSION)
    if _digest(sealed.state, file.tensors) != sealed.sha256:
        raise InputError(path, "damaged (its checksum does not match)")
    return parse_json(sealed.state, TrainingState, path), file.tensors


def _digest(words: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of a text and some tensors."""
    both = f"{tensors_sha256(tensors)}\n{words}"
    return hashlib.sha256(both.encode("utf-8", "surrogatepass")).hexdigest()


def _restore(
    network: Network, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]
) -> None:
    """Restore Adam's moments of each weight."""
    for name, parameter in network.named_parameters():
        if f"adam.step.{name}" not in tensors:
            continue
        memory: dict[str, Any] = {key: tensors[f"adam.{key}.{name}"].clone() for key in _ADAM}
        for key in _ADAM[1:]:
            memory[key] = memory[key].to(parameter.device)
        optimizer.state[parameter] = memory
