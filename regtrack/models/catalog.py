"""All networks by task and name. A new one is added where it is written."""

from __future__ import annotations

from collections.abc import Mapping

from regtrack.errors import OptionError
from regtrack.models.architecture import Architecture
from regtrack.models.dense import DENSE
from regtrack.models.short import SHORT

PAPER_MARKERS = 919

ARCHITECTURES: Mapping[str, Mapping[str, Architecture]] = {
    catalog.task: catalog.architectures for catalog in (DENSE, SHORT)
}


# The best of the paper's convolutional networks.
_USUAL = {"dense": "dilated", "short": "dilated6"}


def find_architecture(task: str, name: str | None) -> Architecture:
    """The network of this name, or the usual one of the task.

    Raises
    ------
    OptionError
        When the task has none.
    """
    known = ARCHITECTURES[task]
    name = _USUAL[task] if name is None else name
    if name not in known:
        raise OptionError(
            "--model", f"no network {name!r} for the {task} task; expected {', '.join(known)}"
        )
    return known[name]
