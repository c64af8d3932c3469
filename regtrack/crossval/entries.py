"""What is compared: a network, and what differs from its own settings and from the recipe."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, get_args, get_type_hints

from regtrack.crossval.plan import safe
from regtrack.errors import ArgumentError
from regtrack.models.architecture import Architecture
from regtrack.models.catalog import ARCHITECTURES, named_architecture
from regtrack.models.setting_text import typed_setting
from regtrack.training.settings import TrainingSettings

TASK = "dense"

# The colon before the settings: that of `own.py:Mine` is not followed by a `=`.
_SETTINGS = re.compile(r":(?=[A-Za-z_][\w-]*=)")
_LABEL = re.compile(r"[^\W_][\w.+-]*")
# The same for all entries, or of a folder of its own.
_OF_ALL = ("seed", "epochs", "minutes", "save_minutes")


@dataclass(frozen=True)
class Entry:
    """A network to be trained, with a recipe.

    Parameters
    ----------
    label
        As tables and files call it.
    name
        The network, as it was typed.
    architecture
        What it is.
    network, training
        Settings of the network, and of the training, that were typed.
    """

    label: str
    name: str
    architecture: Architecture
    network: Mapping[str, Any]
    training: Mapping[str, Any]

    @property
    def folder(self) -> str:
        """Name of its folder."""
        return safe(self.label)

    def recipe(self, settings: TrainingSettings) -> TrainingSettings:
        """How it is trained, where all are trained with these settings but for its own."""
        return replace(settings, **self.training)


def networks_in(texts: Iterable[str]) -> list[str]:
    """The networks that some entries name, without labels and settings."""
    return [_split(text)[1] for text in texts]


def read_entries(texts: Sequence[str]) -> list[Entry]:
    """Read entries such as `dilated`, `cnn7:f1=64`, `wide=dilated:f1=200,batch_size=4`.

    Parameters
    ----------
    texts
        `[LABEL=]NETWORK[:NAME=VALUE,...]`; none are all networks of the dense task. A name of a
        setting is the network's or, where it has none of this name, the training's.

    Raises
    ------
    ArgumentError
        For a network or setting that is not there, with the nearest one that is; a value that is
        not possible; or two entries that would be called the same.
    InputError
        For a user's own network that cannot be used.
    """
    entries = [_entry(text) for text in texts or ARCHITECTURES[TASK]]
    for what in ("label", "folder"):
        for name, count in Counter(getattr(entry, what) for entry in entries).items():
            if count > 1:
                raise _wrong(
                    f"{count} would be called {name!r}; expected LABEL= before all but one"
                )
    return entries


def _split(text: str) -> tuple[str, str, str]:
    """Label, network and settings; what is not there is empty."""
    before, settings = text, ""
    if found := _SETTINGS.search(text):
        before, settings = text[: found.start()], text[found.end() :]
    label, equals, name = before.partition("=")
    return (label, name, settings) if equals else ("", before, settings)


def _entry(text: str) -> Entry:
    label, name, settings = _split(text)
    if label and not _LABEL.fullmatch(label):
        raise _wrong(f"{label!r} is no label; expected letters, digits and . + - _")
    architecture = named_architecture(TASK, name)
    if architecture is None:
        known = ", ".join(ARCHITECTURES[TASK])
        raise _wrong(
            f"no network {name!r} for the dense task{_nearest(name, ARCHITECTURES[TASK])}; "
            f"expected {known}, or FILE.py:CLASS"
        )
    network: dict[str, Any] = {}
    training: dict[str, Any] = {}
    own = architecture.default_settings()
    for part in settings.split(",") if settings else ():
        try:
            key, value = typed_setting(part)
        except ValueError as error:
            raise _wrong(f"{text}: {error}") from None
        if key in own:
            network[key] = value
        else:
            training[key] = _of_training(text, architecture, key, value)
    _check(text, architecture, network, training)
    usual = f"{architecture.name}:{settings}" if settings else architecture.name
    return Entry(label or usual, name, architecture, network, training)


def _of_training(text: str, architecture: Architecture, key: str, value: Any) -> Any:
    """A setting of the training, of its type."""
    known = {field.name for field in fields(TrainingSettings)} - set(_OF_ALL)
    if key in _OF_ALL:
        option = "seeds" if key == "seed" else key.replace("_", "-")
        raise _wrong(f"{text}: {key} is the same for all; --{option} gives it")
    if key not in known:
        near = _nearest(key, {*known, *architecture.default_settings()})
        raise _wrong(
            f"{text}: neither {architecture.name} nor a training has a setting {key}{near}; "
            f"{architecture.name} has {', '.join(architecture.default_settings()) or 'none'}"
        )
    hint = get_type_hints(TrainingSettings)[key]
    kinds = get_args(hint) or (hint,)
    if type(value) in kinds:
        return value
    if type(value) is int and float in kinds:
        return float(value)
    expected = next(_EXPECTED[kind] for kind in kinds if kind in _EXPECTED)
    raise _wrong(f"{text}: expected {expected} as {key}, got {value!r}")


_EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _check(
    text: str, architecture: Architecture, network: Mapping[str, Any], training: Mapping[str, Any]
) -> None:
    """Refuse values that are not possible."""
    try:
        architecture.check(network)
        TrainingSettings(**training)
    except ArgumentError as error:
        raise _wrong(f"{text}: {error.argument}: {error.problem}") from None
    except ValueError as error:
        raise _wrong(f"{text}: {error}") from None


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), 1)
    return f" (did you mean {near[0]}?)" if near else ""


def _wrong(problem: str) -> ArgumentError:
    return ArgumentError("networks", problem)
