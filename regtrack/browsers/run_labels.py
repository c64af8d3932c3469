"""What runs are called, and whose a report is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regtrack.browsers.hub_labels import field
from regtrack.errors import ArgumentError
from regtrack.paths import Labelled, named

_LONGEST = 40  # letters of a label


def labels_of_runs(folders: Sequence[Labelled]) -> list[str]:
    """A label for each folder.

    Raises
    ------
    ArgumentError
        When a folder stands twice, or a label is not one, or looks like another one.
    """
    places: dict[Path, Path] = {}
    taken: dict[str, Path] = {}
    labels = []
    for path, label in folders:
        if (other := places.get(path.resolve())) is not None:
            same = f"{path} is named twice" if other == path else f"{path} is {other}"
            raise ArgumentError("tracks", f"{same}; expected each folder once")
        if label is not None and not (label.isprintable() and 0 < len(label.strip()) <= _LONGEST):
            raise ArgumentError(
                "tracks",
                f"{label!r} is no label; expected 1 to {_LONGEST} letters that can be printed",
            )
        text = named(path.resolve()) if label is None else label.strip()
        shown = field(text).casefold()  # as UCSC's browser tells it
        if shown in taken:
            raise ArgumentError(
                "tracks",
                f"{taken[shown]} and {path} would both be called {text!r}; call them apart: "
                f"LABEL={taken[shown]} LABEL={path}",
            )
        places[path.resolve()] = taken[shown] = path
        labels.append(text)
    return labels


def reports_of_runs(reports: Sequence[Labelled], labels: Sequence[str]) -> dict[str, Path]:
    """Folder of the report by the label of its run.

    Raises
    ------
    ArgumentError
        When it is not clear whose a report is.
    """
    found: dict[str, Path] = {}
    for path, label in reports:
        name = (labels[0] if len(labels) == 1 else "") if label is None else label
        if name not in labels:
            whose = "the report" if label is None else repr(label)
            raise ArgumentError(
                "report",
                f"{whose} is of no run that is named; expected LABEL={path}, LABEL one of "
                f"{', '.join(labels)}",
            )
        if name in found:
            raise ArgumentError("report", f"given twice for {name}: {found[name]} and {path}")
        found[name] = path
    return found
