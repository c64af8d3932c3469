"""Folders: output that is complete or absent, and long runs that a later one goes on with.

Both work in `<out>.partial`, which is locked while a process is at work in it, and touch
nothing in it that is not theirs.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from regtrack.atomic import naming, write_text
from regtrack.errors import InputError

_IDENTITY = "run.json"
_LOCK = "lock"
_WHOLE = "whole"
# What a killed process was writing aside: regtrack's own files, and those of safetensors.
ASIDE = ("*.tmp", ".tmp*")


def partial_path(out: Path) -> Path:
    """Where the work lies while `out` is not finished."""
    return out.with_name(f"{out.name}.partial")


def check_folder(out: Path, force: bool, contents: str, kind: str) -> None:
    """Refuse to touch anything but a folder of one kind, and that only when asked to.

    Parameters
    ----------
    contents
        The file by which such a folder is known.
    kind
        What it is called, such as `a dataset`.

    Raises
    ------
    InputError
        When `out` exists and may not be replaced.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(out, "is a file; expected a folder that does not exist yet")
    if not force:
        raise InputError(out, "exists already; --force replaces it")
    if not (out / contents).exists() and any(out.iterdir()):
        raise InputError(out, f"not replaced: it is not {kind} (no {contents})")


def check_file(path: Path, force: bool, kind: str) -> None:
    """Refuse to write where a folder lies, or, unless asked to, where a file does.

    Parameters
    ----------
    kind
        What is to be written, such as `a session`.

    Raises
    ------
    InputError
        When `path` may not be replaced; a link counts, wherever it leads.
    """
    if path.is_dir():
        raise InputError(path, f"is a folder; expected {kind}, or nothing yet")
    if os.path.lexists(path) and not force:
        raise InputError(path, "exists already; --force replaces it")


def locked(file: IO[str]) -> bool:
    """Lock a file for this process; False where another one holds it.

    Where the file system has no locks, trust that nobody else is here.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP):
            raise
    return True


def move_in(finished: Path, out: Path) -> None:
    """Put a finished folder in place; an older one is moved aside first, then removed."""
    if not out.exists():
        finished.replace(out)
        return
    aside = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    out.replace(aside / "old")
    finished.replace(out)
    shutil.rmtree(aside)


def refuse_foreign(folder: Path, names: Collection[str]) -> None:
    """Refuse a folder in which something lies that is not of these shell-style patterns.

    Raises
    ------
    InputError
        Naming it.
    """
    foreign = [
        entry.name
        for entry in (folder.iterdir() if folder.is_dir() else ())
        if not any(entry.match(name) for name in (*names, _LOCK))
    ]
    if foreign:
        raise InputError(folder, f"is in the way: {min(foreign)} in it is not regtrack's")


@contextmanager
def claimed_folder(folder: Path, names: Collection[str]) -> Iterator[None]:
    """Make a folder, or take it where nobody is at work in it, for as long as the body runs.

    Parameters
    ----------
    names
        What may lie in it, as shell-style patterns.

    Raises
    ------
    InputError
        When something else lies in it, or another process has it.
    """
    refuse_foreign(folder, names)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        if not locked(lock):
            raise InputError(folder, "another run is at work here")
        yield


@contextmanager
def replacing_folder(out: Path) -> Iterator[Path]:
    """Give an empty folder in `<out>.partial` to write to; rename it to `out` on success.

    When the body raises, `<out>.partial` is removed and `out` is as it was. What a killed
    run left there is replaced.

    Raises
    ------
    InputError
        When `<out>.partial` is not regtrack's, or another run is at work in it.
    OSError
        When it cannot be written; it names a file.
    """
    out = out.resolve()  # a link stays a link to the folder that is replaced
    work = partial_path(out)
    with claimed_folder(work, (_WHOLE,)):
        try:
            whole = work / _WHOLE
            if whole.exists():
                shutil.rmtree(whole)
            whole.mkdir()
            with naming(out):
                yield whole
            for path in whole.iterdir():
                with path.open("rb+") as handle:
                    os.fsync(handle.fileno())
            move_in(whole, out)
        finally:
            shutil.rmtree(work)


@contextmanager
def unfinished_run(
    work: Path,
    identity: Mapping[str, Any],
    names: Collection[str],
    force: bool,
    no_work: Collection[str] = (),
) -> Iterator[None]:
    """Make a work folder, or go on in it when it is of the same run; one run at a time.

    What a killed process was writing aside (`ASIDE`) is removed; so is the folder itself,
    when the body ends without having put a file into it.

    Parameters
    ----------
    work
        The folder, as `partial_path` names it.
    identity
        What two runs must share for one to go on with the other's work; JSON.
    names
        What the run itself puts into the folder, as shell-style patterns.
    force
        Drop an unfinished run of another identity.
    no_work
        Names of files that are made again in no time, and so are no work to go on with.

    Raises
    ------
    InputError
        When the folder holds what is not regtrack's, or an unfinished run of another
        identity, or another process is at work in it.
    """
    with claimed_folder(work, (*names, _IDENTITY, *ASIDE)):
        clear([path for name in ASIDE for path in work.rglob(name)])
        wanted = _as_read(identity)
        found = _read_identity(work / _IDENTITY)
        if found is not None and found != wanted:
            if not force and _has_work(work, no_work):
                raise InputError(
                    work,
                    f"holds an unfinished run with another {differences(found, wanted)}; "
                    "--force drops it",
                )
            found = None
        if found is None:
            clear(entry for entry in work.iterdir() if entry.name != _LOCK)
            write_text(work / _IDENTITY, json.dumps(wanted, indent=1) + "\n")
        try:
            yield
        finally:
            if work.exists() and not _has_work(work, no_work):
                shutil.rmtree(work)


def is_of_run(work: Path, identity: Mapping[str, Any]) -> bool:
    """Whether an unfinished run of this identity lies in a folder."""
    return _read_identity(work / _IDENTITY) == _as_read(identity)


def _as_read(identity: Mapping[str, Any]) -> dict[str, object]:
    """An identity as it comes back from a file: with lists for tuples."""
    found: dict[str, object] = json.loads(json.dumps(identity))
    return found


def _has_work(folder: Path, no_work: Collection[str]) -> bool:
    """Whether there is any file but those that say whose the folder is, and what is no work."""
    others = {_IDENTITY, _LOCK, *no_work}
    return any(path.is_file() and path.name not in others for path in folder.rglob("*"))


def clear(entries: Iterable[Path]) -> None:
    """Remove files, and folders with all that is in them."""
    for entry in entries:
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _read_identity(path: Path) -> dict[str, object] | None:
    try:
        found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def differences(found: Mapping[str, object], wanted: Mapping[str, object]) -> str:
    """`max_error (0.003, now 0.01)` for what two runs differ in."""
    names = [name for name in {**wanted, **found} if found.get(name) != wanted.get(name)]
    return ", ".join(
        f"{name} ({found.get(name)}, now {wanted.get(name)})"
        if not isinstance(wanted.get(name), list) and len(str(wanted.get(name))) < 32
        else name
        for name in names
    )
