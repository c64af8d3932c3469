"""What a folder is that holds no tracks, and where its tracks are."""

from __future__ import annotations

from pathlib import Path

from regtrack.errors import InputError
from regtrack.listing import names_and_rest
from regtrack.paths import is_there, nearest, shell_word
from regtrack.unfinished import refuse_unfinished

CONTENTS = "tracks.json"

# Other folders of ours, by a file that only they have.
_OTHERS = {
    "report.html": (
        "a report, no tracks: open its report.html, or name it beside its tracks: browse TRACKS "
        "--report {word}"
    ),
    "explain.tsv": (
        "what regtrack explain wrote, no tracks: look at its explain.png, load its *.bw and *.bed "
        "in IGV"
    ),
    "context.tsv": "what regtrack explain wrote, no tracks: look at its context.png",
    "dataset.json": "a dataset, no tracks: regtrack predict makes them",
}


def refuse_trackless(folder: Path) -> None:
    """Say what a folder without tracks is, or where the tracks are.

    Raises
    ------
    InputError
        When it holds no tracks: its run is not finished, it is a file or not there, it is a part
        of a tracks folder, holds some, or is another folder of regtrack's.
    """
    if (folder / CONTENTS).is_file():
        return
    if folder.is_file():
        raise InputError(folder, "is a file; expected a tracks folder")
    refuse_unfinished(folder)
    if not is_there(folder):
        raise InputError(folder, f"no such folder; regtrack predict makes one{nearest(folder)}")
    for name, what in _OTHERS.items():
        if (folder / name).is_file():
            raise InputError(folder, what.format(word=shell_word(folder)))
    above = folder.parent if folder.name else folder.resolve().parent
    if (above / CONTENTS).is_file():
        raise InputError(folder, f"a part of the tracks folder {above}; name that")
    inner = sorted(path.parent.name for path in folder.glob(f"*/{CONTENTS}"))
    if inner:
        raise InputError(
            folder, f"not a tracks folder, but holds some: {names_and_rest(inner)}; name these"
        )
    raise InputError(folder, f"not a tracks folder (no {CONTENTS}); regtrack predict makes one")
