"""What a run that is not finished is, as text for people, and how far a training is; no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from regtrack.documents import parse_json, read_json
from regtrack.folders import IDENTITY
from regtrack.listing import counted, duration_text
from regtrack.models.header import read_text_of
from regtrack.training.settings import USUAL_RECIPE, TrainingSettings
from regtrack.unfinished import describe_unfinished
from regtrack.work_folders import STATE

_OF_THE_NETWORK = " of the network"


@dataclass(frozen=True)
class _Row:
    """A validation, as far as it is shown."""

    step: int
    mean: float


@dataclass(frozen=True)
class _Reached:
    """What is shown of a `TrainingState`."""

    step: int
    seconds: float
    history: list[_Row]


def describe_run(work: Path) -> str:
    """A run that is not finished, in some ten lines; of a training also how far it is.

    Raises
    ------
    InputError
        When its state or its record is damaged.
    """
    identity = read_json(work / IDENTITY, dict[str, object])
    if "loss_step" not in identity:
        return describe_unfinished(work)
    trained = _trained(work / STATE) if (work / STATE).exists() else "no step is saved yet"
    return describe_unfinished(work, {**_settings(identity), "trained": trained})


def _trained(state: Path) -> str:
    """The step that is saved, and the best validation before it."""
    text = json.loads(read_text_of(state)).get("state", "")
    reached = parse_json(text, _Reached, state)
    saved = f"step {reached.step:,}, after {duration_text(reached.seconds)}, is saved"
    if not reached.history:
        return saved
    best = max(reached.history, key=lambda row: row.mean)
    return (
        f"{saved}; best of {counted(len(reached.history), 'validation')}: step {best.step:,}, "
        f"average precision {best.mean:.4f}"
    )


def _settings(identity: Mapping[str, Any]) -> dict[str, str]:
    """The training's recipe, and what else is not as usual; the network, and its own."""
    usual = asdict(TrainingSettings())
    other = [
        f"{name} {identity[name]}"
        for name in usual
        if name in identity
        and (name in USUAL_RECIPE or (usual[name] is not None and identity[name] != usual[name]))
    ]
    own = [
        f"{name.removesuffix(_OF_THE_NETWORK)} {value}"
        for name, value in identity.items()
        if name.endswith(_OF_THE_NETWORK)
    ]
    return {
        "network": ", ".join([str(identity.get("model")), *own]),
        "settings": ", ".join(
            [*(f"{name} {identity.get(name)}" for name in ("device", "batch_size")), *other]
        ),
    }
