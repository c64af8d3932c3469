"""`regtrack.toml`: what a user does not want to type each time."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from regtrack.cli.kinds import LabelledFile, Model, Named
from regtrack.documents import read_toml
from regtrack.errors import InputError
from regtrack.paths import Labelled, expanded, is_there
from regtrack.text_columns import named_lines
from regtrack.workspace.network_names import is_network_name

NAME = "regtrack.toml"
# Under which a context keeps what is wrong with it, where that stops nothing.
PROBLEM = "regtrack.config-problem"
_EXPECTED: tuple[tuple[type, tuple[type, ...], str], ...] = (
    (click.types.BoolParamType, (bool,), "true or false"),
    (click.types.IntParamType, (int,), "a whole number"),
    (click.types.FloatParamType, (int, float), "a number"),
    (click.ParamType, (str,), "text in quotes"),
)
SHARED = ("genome", "model", "peaks", "genes", "exclude", "clip", "networks", "log")


def find_config(start: Path) -> Path | None:
    """The nearest `regtrack.toml`, from `start` upward."""
    paths = (folder / NAME for folder in (start, *start.parents))
    return next((path for path in paths if os.path.lexists(path) and not path.is_dir()), None)


def read_config(path: Path, commands: Mapping[str, click.Command]) -> dict[str, Any]:
    """Defaults for each command's options: `[defaults]`, then the command's own table.

    The commands of a group share the group's table; each takes of it what it knows.
    Relative paths are meant relative to the file.

    Raises
    ------
    InputError
        When it is no file, not TOML, or holds a table or key that no command has.
    OSError
        When it cannot be read.
    """
    if not path.is_file():
        raise InputError(path, "is a broken link; expected a file")
    tables = read_toml(path)
    shared = tables.pop("defaults", {})
    known = {"defaults": SHARED} | {name: _keys(command) for name, command in commands.items()}
    for table, keys in {"defaults": shared, **tables}.items():
        if table not in known or not isinstance(keys, dict):
            expected = ", ".join(known)
            raise InputError(path, f"unknown table [{table}]; expected one of {expected}")
    _check_keys(path, {"defaults": shared, **tables}, known)
    return {
        name: _defaults(path, name, command, shared, tables.get(name, {}))
        for name, command in commands.items()
    }


def describe_config(path: Path) -> str:
    """What a regtrack.toml sets.

    Raises
    ------
    InputError
        When it is not TOML.
    """
    tables = read_toml(path)
    keys = {
        f"  [{table}]": ", ".join(f"{key} {value}" for key, value in values.items())
        for table, values in tables.items()
        if isinstance(values, dict)
    }
    return named_lines({"settings": path, **keys, "next": "regtrack doctor opens what is named"})


def _defaults(
    path: Path, name: str, command: click.Command, shared: dict[str, Any], own: dict[str, Any]
) -> dict[str, Any]:
    """The `default_map` of a command; of a group, one for each of its commands."""
    if isinstance(command, click.Group):
        members = {
            key: _defaults(
                path, name, member, shared, {k: own[k] for k in _keys(member) if k in own}
            )
            for key, member in command.commands.items()
        }
        return {key: values for key, values in members.items() if values}
    options = {_key(option): option for option in command.params}
    values = {key: shared[key] for key in shared if is_shared(key, options.get(key))} | own
    return {
        str(options[key].name): _value(path, name, key, value, options[key])
        for key, value in values.items()
    }


def name_variables(commands: Mapping[str, click.Command]) -> None:
    """Let every option be set by `REGTRACK_<COMMAND>_<OPTION>`, named as users write it.

    Of a group, by `REGTRACK_<GROUP>_<OPTION>` for all of its commands.
    """
    for name, option in _options(commands):
        own = f"REGTRACK_{name}_{_key(option)}".upper().replace("-", "_")
        shared = [option.envvar] if isinstance(option.envvar, str) else []
        option.envvar = [own, *shared]


def variables_of(commands: Mapping[str, click.Command]) -> set[str]:
    """All that `name_variables` named, and where regtrack keeps what it fetches."""
    return {name for _, option in _options(commands) for name in option.envvar or ()} | {
        "REGTRACK_CACHE"
    }


def _options(commands: Mapping[str, click.Command]) -> Iterator[tuple[str, click.Option]]:
    """Every option, with its command; of a group, with the group."""
    for name, command in commands.items():
        members = command.commands.values() if isinstance(command, click.Group) else [command]
        for option in (option for member in members for option in member.params):
            if isinstance(option, click.Option):
                yield name, option


def is_shared(key: str, option: click.Parameter | None) -> bool:
    """Whether an option also goes by REGTRACK_GENOME and the like, and so by `[defaults]`.

    `train --model` does not: it is the name of a network. `predict --peaks` does not, because
    it costs time.
    """
    return option is not None and f"REGTRACK_{key}".upper() in (option.envvar or ())


def _key(option: click.Parameter) -> str:
    """The name of an option as users write it, without dashes at its front."""
    return max(option.opts, key=len).lstrip("-")


def _keys(command: click.Command) -> tuple[str, ...]:
    """The options of a command as users write them; of a group, those of its commands."""
    if isinstance(command, click.Group):
        return tuple(sorted({key for each in command.commands.values() for key in _keys(each)}))
    return tuple(_key(option) for option in command.params)


def _check_keys(
    path: Path, tables: Mapping[str, dict[str, Any]], known: Mapping[str, tuple[str, ...]]
) -> None:
    """Refuse keys that no command has, all of them at once."""
    strange = {
        (key, table): difflib.get_close_matches(key.replace("_", "-"), known[table], 1)
        for table, keys in tables.items()
        for key in keys
        if key not in known[table]
    }
    if len(strange) == 1:
        (((key, table), near),) = strange.items()
        meant = f"is {near[0]} meant? Known are" if near else "expected"
        every = ", ".join(known[table])
        raise InputError(path, f"unknown key {key!r} in [{table}]; {meant} {every}")
    if strange:
        each = (
            f"{key!r} in [{table}]{f' (is {near[0]} meant?)' if near else ''}"
            for (key, table), near in strange.items()
        )
        raise InputError(path, f"unknown keys: {', '.join(each)}")


def _value(path: Path, table: str, key: str, value: Any, option: click.Parameter) -> Any:
    """A value as click takes it: one word stands for a list of one, paths are anchored."""
    several = getattr(option, "multiple", False) or option.nargs != 1
    listed = value if isinstance(value, list) and several else [value]
    kinds, expected = next(
        (kinds, expected) for kind, kinds, expected in _EXPECTED if isinstance(option.type, kind)
    )
    if not all(type(item) in kinds for item in listed):
        raise InputError(path, f"expected {expected} as {key} in [{table}], got {_short(value)}")
    try:
        anchored = [_anchored(item, option, path.parent) for item in listed]
    except InputError as error:
        raise InputError(path, f"{key} in [{table}]: {error}") from error
    return anchored if several else anchored[0]


def _anchored(value: Any, option: click.Parameter, folder: Path) -> Any:
    """Paths relative to the configuration file made so that they work from anywhere."""
    if isinstance(option.type, LabelledFile):
        path, label = Labelled.of(value)
        return Labelled(folder / path, label)
    is_path = isinstance(option.type, click.Path)
    if not is_path and not isinstance(option.type, Named):
        return value
    anchored = folder / expanded(value)
    if isinstance(option.type, Model):
        is_path = not is_network_name(value)
    return str(anchored) if is_path or (is_there(anchored) and anchored.is_file()) else value


def _short(value: Any) -> str:
    """A value for a message; what is nested thousands deep has no end."""
    try:
        text = repr(value)
    except RecursionError:
        return f"a {type(value).__name__}"
    return text if len(text) < 100 else f"{text[:100]}..."
