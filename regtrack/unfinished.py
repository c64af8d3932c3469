"""What a work folder is, as text for people: whose it is, what lies there, and who is at work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.folders import IDENTITY, size_text
from regtrack.listing import counted
from regtrack.paths import shell_word
from regtrack.text_columns import named_lines
from regtrack.work_folders import LOCK, PLAN, is_held, made_by, partial_path

_LONGEST = 40


def refuse_unfinished(folder: Path) -> None:
    """Refuse a folder of tracks that is still to be made, and say what goes on with it.

    Raises
    ------
    InputError
        When a run, or a plan of shards, lies beside it, or is what was named.
    """
    work = folder if folder.name.endswith(".partial") else partial_path(folder)
    if (work / PLAN).exists():
        raise InputError(
            folder, f"not finished yet: regtrack info {shell_word(work)} says what is left"
        )
    if work.is_dir():
        raise InputError(
            folder,
            f"is not finished (its work lies in {work}); the same regtrack predict goes on with it",
        )


def describe_unfinished(work: Path, known: Mapping[str, str] | None = None) -> str:
    """A run that is not finished, in some ten lines.

    Parameters
    ----------
    known
        What else is known of it, by name; goes before what is said here.

    Raises
    ------
    InputError
        When its record is damaged.
    """
    identity = read_json(work / IDENTITY, dict[str, object])
    saved = count_unfinished(work)
    busy = is_held(work / LOCK)
    lines = {
        "unfinished": f"the run that makes {shell_word(made_by(work))}",
        "settings": ", ".join(
            f"{name} {value}"
            for name, value in identity.items()
            if value is not None
            and not isinstance(value, list | dict)
            and len(str(value)) < _LONGEST
        ),
        **(known or {}),
        "saved": f"{counted(saved['files'], 'file')}, {size_text(saved['bytes'])}",
        "at work": "a process is" if busy else "nobody",
        "next": "wait for it" if busy else "give the same command again, and it continues",
    }
    return named_lines(lines)


def count_unfinished(work: Path) -> dict[str, int]:
    """Saved files and their bytes, markers of a prediction or a report, processes at work.

    Raises
    ------
    InputError
        As `describe_unfinished`.
    """
    files = [
        path for path in work.rglob("*") if path.is_file() and path.name not in (LOCK, IDENTITY)
    ]
    markers = read_json(work / IDENTITY, dict[str, object]).get("markers")
    return {
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
        **({"markers": len(markers)} if isinstance(markers, list) else {}),
        "at_work": int(is_held(work / LOCK)),
    }
