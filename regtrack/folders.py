"""Folders: output that is complete or absent, and long runs that a later one continues.

Both work in a folder beside the output, or in it where it cannot be renamed. It is locked while
a process is at work in it, and nothing in it is touched that is not theirs.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from regtrack.atomic import errors_naming, write_text
from regtrack.differences import another
from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.leases import refuse_holders
from regtrack.work_folders import (
    ASKED,
    INSIDE,
    LEASES,
    LOCK,
    PLAN,
    PLAN_NAMES,
    REMOVING,
    TARGETS,
    check_writable,
    claimed_folder,
    partial_path,
    remove_claimed,
)

IDENTITY = "run.json"
_WHOLE = "whole"
_OLD = "old"
_MOVING = "moving"
# What a killed process was writing aside: regtrack's own files, and those of safetensors.
ASIDE = ("*.tmp", ".tmp*")
# What a work folder may hold whoever works in it.
_OURS = (_OLD, _MOVING, *ASIDE)
RUN_NAMES = (*_OURS, IDENTITY)
# What is in a folder that is empty to its owner: the root of a file system.
_NOTHING = ("lost+found",)
# Bytes of a file that are read at once.
_PIECE = 1 << 24
_OTHER = "with "


def check_folder(out: Path, force: bool, contents: str, kind: str) -> None:
    """Refuse to touch anything but a folder of one kind, and that only when asked to.

    An empty one is taken, and one that was being filled when its process was killed.

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
    OSError
        When nothing can be written where it is to lie.
    """
    check_writable(partial_path(out.resolve()))
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(out, "is a file; expected a folder that does not exist yet")
    if _is_free_for_work(out, contents):
        return
    if not (out / contents).exists():
        raise InputError(out, f"not replaced: it is not {kind} (no {contents})")
    if not force:
        remove_finished(partial_path(out.resolve()))
        raise InputError(out, "exists already; --force replaces it")


def _is_free_for_work(out: Path, contents: str) -> bool:
    """Whether nothing lies in a folder but what a killed run was moving there."""
    present = {entry.name for entry in out.iterdir()} - {INSIDE, *_NOTHING}
    return not present or (contents not in present and present <= _moving(out / INSIDE))


def _moving(work: Path) -> set[str]:
    """Names of what was being moved out of a work folder. Names that lead out of it are ignored."""
    listed = work / _MOVING
    if listed.is_symlink() or not listed.is_file():
        return set()
    names = os.fsdecode(listed.read_bytes()).split("\0")
    return {name for name in names if name not in {"", ".", ".."} and os.sep not in name}


def remove_finished(work: Path) -> None:
    """Remove what is left of a work folder whose process was killed after all was done."""
    if work.is_symlink() or not work.is_dir():
        return
    if not (work / LOCK).is_file() or (work / LOCK).is_symlink():
        with suppress(OSError):
            work.rmdir()  # if it is empty: the lock went last
        return
    left = {entry.name for entry in work.iterdir()}
    ours = {LOCK, _OLD, _MOVING, IDENTITY, PLAN, ASKED, TARGETS, LEASES}
    if REMOVING in left or left <= ours:
        with suppress(InputError), claimed_folder(work, ("*",)):
            remove_claimed(work)


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
    OSError
        When nothing can be written where it is to lie.
    """
    check_writable(path.parent)
    if path.is_dir():
        raise InputError(path, f"is a folder; expected {kind}, or nothing yet")
    if os.path.lexists(path) and not force:
        raise InputError(path, "exists already; --force replaces it")


def move_in(finished: Path, out: Path, contents: str | None) -> None:
    """Put a finished folder in place of `out`, which it lies beside or, a level deeper, in.

    Beside it, an older one is moved into the work folder first. In it, what it held is removed,
    and the entries of the finished one are moved, the file by which it is known as the last:
    until then the folder is not finished, and the next run moves the rest.

    Parameters
    ----------
    finished
        A folder in a work folder.
    contents
        The file by which `out` is known, if there is one.
    """
    work = finished.parent
    if work.parent != out:
        if out.exists():
            out.replace(work / _OLD)
        finished.replace(out)
        return
    names = sorted(entry.name for entry in finished.iterdir())
    if contents is not None:
        (out / contents).unlink(missing_ok=True)  # what is not whole any more must not look so
        names.sort(key=lambda name: name == contents)
    moving = _moving(work)
    if not moving:
        write_text(work / _MOVING, "\0".join(names))
    clear([entry for entry in out.iterdir() if entry.name not in {INSIDE, *_NOTHING, *moving}])
    for name in names:
        (finished / name).replace(out / name)
    finished.rmdir()
    (work / _MOVING).unlink()


def settle(work: Path, out: Path) -> None:
    """Remove what a killed run replaced, or put it back where nothing came in its place.

    This process has the work folder.
    """
    old = work / _OLD
    if old.exists() and not out.exists():
        old.replace(out)
    clear([old])


def _take_back(work: Path, out: Path) -> None:
    """Remove from `out` what was moved there, when the rest will not follow."""
    clear([out / name for name in _moving(work)])
    clear([work / _MOVING])


@contextmanager
def replacing_folder(out: Path, contents: str | None = None) -> Iterator[Path]:
    """Give an empty folder to write to; it takes the place of `out` on success.

    When the body raises, the work folder is removed and `out` is as it was. What a killed
    run left there is replaced.

    Parameters
    ----------
    contents
        The file by which `out` is known, if there is one.

    Raises
    ------
    InputError
        When the work folder is not regtrack's, or another run is at work in it.
    OSError
        When it cannot be written; it names a file.
    """
    out = out.resolve()  # a link stays a link to the folder that is replaced
    work = partial_path(out)
    with claimed_folder(work, (*_OURS, _WHOLE)):
        try:
            settle(work, out)
            _take_back(work, out)
            whole = work / _WHOLE
            clear([whole])
            whole.mkdir()
            with errors_naming(out):
                yield whole
            for path in whole.rglob("*"):
                if path.is_dir():
                    continue
                with path.open("rb+") as handle:
                    os.fsync(handle.fileno())
            move_in(whole, out, contents)
        finally:
            settle(work, out)
            _take_back(work, out)
            remove_claimed(work)


@contextmanager
def unfinished_run(
    out: Path,
    identity: Mapping[str, Any],
    names: Collection[str],
    force: bool,
    no_work: Collection[str] = (),
    may_differ: Collection[str] = (),
    remedies: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Path]:
    """Make and give a work folder, or one of the same run to go on with; one run at a time.

    What a killed process was writing aside (`ASIDE`) is removed; so is the folder itself,
    when the body ends without having put a file into it.

    Parameters
    ----------
    out
        What the run makes; a file or a folder.
    identity
        What two runs must share for one to go on with the other's work; JSON.
    names
        What the run itself puts into the folder, as shell-style patterns.
    force
        Drop an unfinished run of another identity.
    no_work
        Names of files that are made again in no time, and so are no work to go on with.
    may_differ
        What of the identity need not be the same.
    remedies
        For some of the identity, what helps where nothing else differs.

    Raises
    ------
    InputError
        When the folder holds what is not regtrack's, or an unfinished run of another
        identity, or another process is at work in it.
    """
    work = partial_path(out)
    with claimed_folder(work, (*RUN_NAMES, *PLAN_NAMES, *names)):
        if (work / PLAN).exists():
            refuse_holders(work / LEASES)
            if not force:
                raise InputError(
                    work,
                    "holds a plan of shards: run them with --shard K/N, then regtrack finish; "
                    "--force drops it",
                )
        settle(work, out)
        clear([path for name in ASIDE for path in work.rglob(name)])
        wanted = _as_read(identity)
        if (problem := _not_of_run(work, wanted, may_differ)) is not None:
            if not force and _has_work(work, no_work):
                remedy = _remedy(work, wanted, remedies)
                if problem.startswith(_OTHER):
                    remedy += ", with the former it continues"
                raise InputError(work, f"holds an unfinished run {problem}; {remedy}")
            _take_back(work, out)
            clear([entry for entry in work.iterdir() if entry.name != LOCK])
            write_text(work / IDENTITY, json.dumps(wanted, indent=1) + "\n")
        try:
            yield work
        finally:
            if work.exists():
                settle(work, out)
                if not _has_work(work, no_work):
                    remove_claimed(work)


def is_of_run(work: Path, identity: Mapping[str, Any], may_differ: Collection[str] = ()) -> bool:
    """Whether an unfinished run of this identity lies in a folder; as `unfinished_run`."""
    return _not_of_run(work, _as_read(identity), may_differ) is None


def _not_of_run(
    work: Path, wanted: Mapping[str, object], may_differ: Collection[str] = ()
) -> str | None:
    """What is wrong with the run in a work folder; None where it is the wanted one."""
    try:
        written = read_json(work / IDENTITY, dict[str, object])
    except FileNotFoundError:
        return f"without {IDENTITY}"
    except InputError as error:
        return f"whose {IDENTITY} is {error.problem}"
    other = another(written, wanted, may_differ)
    return f"{_OTHER}{other}" if other else None


def _remedy(work: Path, wanted: Mapping[str, object], remedies: Mapping[str, str]) -> str:
    """What helps where an unfinished run is another one."""
    for name, remedy in remedies.items():
        if _not_of_run(work, wanted, {name}) is None:
            return f"{remedy}, --force drops it"
    return "--force drops it"


def _as_read(identity: Mapping[str, Any]) -> dict[str, object]:
    """An identity as it comes back from a file: with lists for tuples."""
    plain: dict[str, object] = json.loads(json.dumps(identity))
    return plain


def _has_work(folder: Path, no_work: Collection[str]) -> bool:
    """Whether the folder holds any file besides its identity, lock, list of moves and `no_work`."""
    others = {IDENTITY, LOCK, _MOVING, *no_work}
    return any(path.is_file() and path.name not in others for path in folder.rglob("*"))


def clear(entries: Iterable[Path]) -> None:
    """Remove what is there of some files, and of folders with all in them; links, not behind."""
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, however large; it names a checkpoint in the tracks made with it."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            total.update(piece)
    return total.hexdigest()


def free_bytes(out: Path) -> int:
    """Bytes that are free on the disk where `out` lies, or will lie."""
    path = out.absolute()
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    return shutil.disk_usage(there).free


def size_text(count: float) -> str:
    """Bytes in decimal units, as disks are sold."""
    for unit, scale in ("GB", 1e9), ("MB", 1e6):
        if count >= scale:
            return f"{count / scale:,.1f} {unit}"
    return f"{count / 1e3:,.1f} kB"
