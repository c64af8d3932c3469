"""All networks by task and name. A new one is added where it is written."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import regtrack.models.smooth  # noqa: F401 - adds its networks to `DENSE`
from regtrack.errors import ArgumentError, InputError
from regtrack.models.architecture import Architecture
from regtrack.models.dense import DENSE
from regtrack.models.named_code import allowed_code, split_reference
from regtrack.models.own_architecture import OwnArchitecture
from regtrack.models.own_code import (
    OwnClass,
    class_in_file,
    classes_in_file,
    offered_class,
    offered_names,
)
from regtrack.models.short import SHORT

PAPER_MARKERS = 919

ARCHITECTURES: Mapping[str, Mapping[str, Architecture]] = {
    catalog.task: catalog.architectures for catalog in (DENSE, SHORT)
}


# The best of the paper's convolutional networks.
_USUAL = {"dense": "dilated", "short": "dilated6"}

# What a user's own networks predict: every base, or bins side by side.
_OWN_TASK = "dense"


def find_architecture(task: str, name: str | None) -> Architecture:
    """The network of this name, or the usual one of the task.

    Parameters
    ----------
    name
        A network of regtrack's, `FILE.py:CLASS`, a class in one of
        `regtrack.models.named_code.allowed_code`, or what an installed package offers.

    Raises
    ------
    ArgumentError
        When the task has none.
    InputError
        When it is a user's own network, and that cannot be used.
    """
    architecture = named_architecture(task, _USUAL[task] if name is None else name)
    if architecture is None:
        own_networks = [
            f"{path}:{class_}" for path in allowed_code() for class_ in classes_in_file(path)
        ]
        offered = [*own_networks, *offered_names()] if task == _OWN_TASK else []
        raise ArgumentError(
            "model",
            f"no network {name!r} for the {task} task; expected "
            f"{', '.join([*ARCHITECTURES[task], *offered])}"
            + (", or FILE.py:CLASS" if task == _OWN_TASK else ""),
        )
    return architecture


def named_architecture(task: str, name: str) -> Architecture | None:
    """The same; None for what is no network of the task.

    Raises
    ------
    ArgumentError
        For a user's own network, which has no such task.
    InputError
        As `find_architecture`.
    """
    if name in ARCHITECTURES[task]:
        return ARCHITECTURES[task][name]
    reference = split_reference(name)
    own_class = class_in_file(*reference) if reference else _own_class(name)
    if own_class is None:
        return None
    if task != _OWN_TASK:
        raise ArgumentError(
            "model", f"{name}: networks of one's own are of the {_OWN_TASK} task, not {task}"
        )
    return _architecture_of(own_class)


def recorded_architecture(name: str, file: str, sha256: str) -> Architecture | None:
    """The user's own network that a checkpoint means; None where nobody has named it.

    Parameters
    ----------
    name
        Of the class, or of the entry point.
    file, sha256
        As `regtrack.models.architecture.Code`. Of several that are named, that with the digest
        goes first, then that with the name of the file.

    Raises
    ------
    InputError
        When a file that was named cannot be used.
    """
    classes = _named_classes(name)
    if not classes and (offered := offered_class(name)):
        classes = [offered]
    if not classes:
        return None
    own_class = max(
        classes, key=lambda own_class: (own_class.sha256 == sha256, own_class.path.name == file)
    )
    return _architecture_of(own_class)


def _own_class(name: str) -> OwnClass | None:
    """A class by its name alone."""
    classes = _named_classes(name)
    if len(classes) > 1:
        raise InputError(
            name, f"is in {classes[0].path} and in {classes[1].path}; expected FILE.py:CLASS"
        )
    return classes[0] if classes else offered_class(name)


def _named_classes(name: str) -> list[OwnClass]:
    """Those of this name in the files that were named."""
    classes = (classes_in_file(path).get(name) for path in allowed_code())
    return [own_class for own_class in classes if own_class is not None]


@functools.cache
def _architecture_of(own_class: OwnClass) -> Architecture:
    """One for each class, which remembers the contexts that were measured."""
    return OwnArchitecture.of(own_class)
