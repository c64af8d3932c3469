"""What a search tries: values or a range of each setting, of the paper or from a TOML file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regtrack.documents import read_toml
from regtrack.errors import ArgumentError, InputError
from regtrack.models.architecture import Architecture
from regtrack.training.settings import TrainingSettings

# Settings of the training that may be searched, and the type of their values.
TRAINING: Mapping[str, type] = {
    "learning_rate": float,
    "batch_size": int,
    "positive_weight": float,
    "shift": int,
    "schedule": str,
}
_EXPECTED = {int: "whole numbers", float: "numbers", str: "texts", bool: "true or false"}
# No setting makes sense beyond these; sums and steps of larger ones would overflow.
_LARGEST = {int: 1 << 53, float: 1e100, str: 0, bool: 1}
_MOST_STEPS = 1e9
_RANGE = {"low", "high", "log", "step"}


@dataclass(frozen=True)
class Choice:
    """A setting of which a list of values is tried."""

    name: str
    values: tuple[Any, ...]

    def __str__(self) -> str:
        return ", ".join(str(value) for value in self.values)


@dataclass(frozen=True)
class Range:
    """A setting that is drawn between two values.

    Parameters
    ----------
    low, high
        Both ends can be drawn. Both are int, or both float.
    log
        Draw evenly on a logarithmic scale.
    step
        Draw only `low`, `low + step`, ...; None draws any value (any whole one).
    """

    name: str
    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __str__(self) -> str:
        how = ", log" * self.log + (f", step {self.step}" if self.step is not None else "")
        return f"{self.low} to {self.high}{how}"


@dataclass(frozen=True)
class Space:
    """The settings that a search varies; every other one is fixed."""

    axes: tuple[Choice | Range, ...]

    @property
    def combinations(self) -> int | None:
        """Number of different trials; None with a range, which has no such number."""
        if not all(isinstance(axis, Choice) for axis in self.axes):
            return None
        return math.prod(len(axis.values) for axis in self.axes if isinstance(axis, Choice))

    @property
    def names(self) -> list[str]:
        """Of the settings."""
        return [axis.name for axis in self.axes]


def split_values(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of a trial as settings of the network and of the training."""
    return (
        {name: value for name, value in values.items() if name not in TRAINING},
        {name: value for name, value in values.items() if name in TRAINING},
    )


def paper_space(architecture: Architecture, running_norms: bool = True) -> Space:
    """The grid that the paper searched, for the settings that a network has.

    Parameters
    ----------
    running_norms
        Whether networks are scored with running batch-norm statistics; otherwise their decay
        changes nothing and is left out.
    """
    return Space(
        tuple(
            Choice(name, tuple(values))
            for name, values in architecture.paper_grid().items()
            if running_norms or name != "norm_decay"
        )
    )


def read_space(path: Path, architecture: Architecture) -> Space:
    """Read a search space from a TOML file.

    A key is a setting of the network, or one of `TRAINING`. Its value is a list, a single
    value, or a range: `{low = 1e-4, high = 1e-1, log = true}`, `{low = 32, high = 256,
    step = 32}`.

    Raises
    ------
    InputError
        When the file is not TOML, or has a key or value that is not of a setting; the message
        names the key.
    OSError
        When it cannot be read.
    """
    table = read_toml(path)
    if not table:
        raise InputError(path, "is empty; expected a line such as f1 = [64, 128]")
    own = architecture.default_settings()
    for key in table:
        if key not in own and key not in TRAINING:
            raise InputError(
                path,
                f"unknown key {key!r}; {architecture.name} has the settings "
                f"{', '.join(own) or 'none'}, and a training {', '.join(TRAINING)}",
            )
    return Space(tuple(_axis(path, key, value, architecture) for key, value in table.items()))


def _axis(path: Path, key: str, value: Any, architecture: Architecture) -> Choice | Range:
    """The values or the range in one line of the file."""
    default = architecture.default_settings().get(key)
    kind = TRAINING[key] if default is None else type(default)
    axis: Choice | Range
    tried: tuple[Any, ...]
    if isinstance(value, dict):
        axis = _range(path, key, value, kind)
        tried = axis.low, axis.high
    else:
        axis = _choice(path, key, value if isinstance(value, list) else [value], kind)
        tried = axis.values
    for candidate in tried:
        try:
            if key in TRAINING:
                TrainingSettings(**{key: candidate})
            else:
                architecture.check({key: candidate})
        except ArgumentError as error:
            raise InputError(path, f"{key}: {error.problem}, got {candidate}") from None
        except ValueError as error:
            raise InputError(path, str(error)) from None
    return axis


def _choice(path: Path, key: str, values: list[Any], kind: type) -> Choice:
    if not values:
        raise InputError(path, f"{key} is an empty list; expected {_EXPECTED[kind]}")
    checked = tuple(_typed(path, key, value, kind) for value in values)
    twice = [value for value in checked if checked.count(value) > 1]
    if twice:
        raise InputError(path, f"{key} holds {twice[0]} twice")
    return Choice(key, checked)


def _range(path: Path, key: str, table: Mapping[str, Any], kind: type) -> Range:
    is_listed = kind in (str, bool)
    if is_listed or not {"low", "high"} <= set(table) <= _RANGE:
        form = "a list" if is_listed else "{low = ..., high = ...}, and log = true or step = ..."
        raise InputError(path, f"expected {form} as {key}, got {_toml(table)}")
    low, high = (_typed(path, key, table[name], kind) for name in ("low", "high"))
    log = table.get("log", False)
    if type(log) is not bool:
        raise InputError(path, f"expected true or false as log of {key}, got {log!r}")
    step = _typed(path, key, table["step"], kind) if "step" in table else None
    problem = ""
    if not low < high:
        problem = f"low is {low}, not under high, {high}"
    elif log and (low <= 0 or step is not None):
        problem = "with log = true, low must be above 0 and there is no step"
    elif step is not None and not 0 < step <= high - low:
        problem = f"step is {step}, not above 0 and at most high - low"
    elif step is not None and high - low > _MOST_STEPS * step:
        problem = f"step is {step}, which makes too many steps from {low} to {high}"
    if problem:
        raise InputError(path, f"{key}: {problem}")
    if step is not None:
        # The last value that steps from `low` reach; 0.1 * 3 is slightly more than 0.3.
        high = round(low + step * math.floor((high - low) / step + 1e-9), 12)
    return Range(key, low, high, log, step)


def _typed(path: Path, key: str, value: Any, kind: type) -> Any:
    """A value of the wanted type; a whole number is also accepted as a float."""
    fits = not isinstance(value, int | float) or abs(value) <= _LARGEST[kind]
    if kind is float and type(value) is int and fits:
        value = float(value)
    if type(value) is not kind or not fits:
        raise InputError(path, f"expected {_EXPECTED[kind]} as {key}, got {value!r:.60}")
    return value


def _toml(table: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{key} = {value!r}" for key, value in table.items()) + "}"
