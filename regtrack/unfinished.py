"""What a work folder is, as text for people: whose it is, what lies there, and who is at work."""

from __future__ import annotations

import os
from pathlib import Path

from regtrack.atomic import locked, open_lock
from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.folders import IDENTITY, size_text
from regtrack.listing import counted, duration_text
from regtrack.paths import shell_word
from regtrack.text_columns import named_lines
from regtrack.work_folders import LOCK, LOG, PLAN, made_by, partial_path

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


def describe_unfinished(work: Path) -> str:
    """A run that is not finished, in some ten lines.

    Raises
    ------
    InputError
        When its record is damaged.
    """
    identity = read_json(work / IDENTITY, dict[str, object])
    files = [
        path for path in work.rglob("*") if path.is_file() and path.name not in (LOCK, IDENTITY)
    ]
    size = sum(path.stat().st_size for path in files)
    busy = _is_busy(work)
    lines = {
        "unfinished": f"the run that makes {shell_word(made_by(work))}",
        "settings": ", ".join(
            f"{name} {value}"
            for name, value in identity.items()
            if value is not None
            and not isinstance(value, list | dict)
            and len(str(value)) < _LONGEST
        ),
        **({"trained": trained} if (trained := _trained(work / LOG)) else {}),
        "saved": f"{counted(len(files), 'file')}, {size_text(size)}",
        "at work": "a process is" if busy else "nobody",
        "next": "wait for it" if busy else "give the same command again, and it continues",
    }
    return named_lines(lines)


def _trained(log: Path) -> str:
    """How far a training was at its last validation; empty of what is none, or before the first."""
    try:
        names, *rows = (row.split("\t") for row in log.read_text(encoding="utf-8").splitlines())
    except (FileNotFoundError, ValueError):
        return ""
    if not rows:
        return ""
    last = dict(zip(names, rows[-1], strict=True))
    return (
        f"step {int(last['step']):,}, epoch {float(last['epoch']):.2f}, after "
        f"{duration_text(float(last['seconds']))}, at the last validation"
    )


def _is_busy(work: Path) -> bool:
    """Whether a process has the folder."""
    lock = open_lock(work / LOCK)
    try:
        return not locked(lock)
    finally:
        os.close(lock)
