"""Work folders: where the work on an output lies, and who may be at work there."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from regtrack.atomic import is_at, locked, open_lock
from regtrack.errors import BusyError, InputError

LOCK = "lock"
LOG, STATE = "log.tsv", "state.safetensors"  # of a training
# Is there while a folder is being removed: what is left of it is of no use to anybody.
REMOVING = "removing"
INSIDE = ".regtrack.partial"
# Of a job that several processes share: what it is, where it is asked for, who is at work on which
# share, and how the name of the folder for the work begins.
PLAN, ASKED, TARGETS = "plan.json", "asked.bed", "targets.bed"
LEASES = "leases"
WORK = "work-"
_STILL_OPEN = ".nfs*"  # where NFS keeps what was removed and is still open
# What is finished in a work folder, and still to be moved.
TRACKS, REPORT = "tracks", "report"
PLAN_NAMES = (PLAN, ASKED, TARGETS, LEASES, f"{WORK}*", TRACKS, REPORT)


def partial_path(out: Path) -> Path:
    """Where the work lies while `out` is not finished: beside it, or in it.

    In it where it cannot be renamed: a mount point, as containers have it, the folder that
    somebody works in, or one in a folder that may not be written.
    """
    if out.is_dir() and not out.is_symlink() and not _can_be_renamed(out):
        return out / INSIDE
    return out.with_name(f"{out.name}.partial")


def check_writable(path: Path) -> None:
    """Refuse early what could not be written after minutes of work; leaves nothing behind.

    Parameters
    ----------
    path
        A folder, or what is to be made; then the nearest folder that is there counts.

    Raises
    ------
    OSError
        Naming that folder.
    """
    there = next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(there)) from error


def made_by(work: Path) -> Path:
    """What the work in a folder is on: inverse of `partial_path`; any other path is itself."""
    if work.name == INSIDE:
        return work.parent
    return work.with_suffix("") if work.suffix == ".partial" else work


def _can_be_renamed(folder: Path) -> bool:
    folder = folder.absolute()
    parent = folder.parent
    if folder == parent or folder in (here := _working_folder(), *here.parents):
        return False
    if not os.access(parent, os.W_OK | os.X_OK) or folder in _mount_points():
        return False
    of_parent, own = parent.stat(), folder.stat()
    if own.st_dev != of_parent.st_dev:
        return False
    # In such as /tmp, one renames what is one's own.
    is_sticky = bool(of_parent.st_mode & stat.S_ISVTX)
    return not is_sticky or os.geteuid() in (0, own.st_uid, of_parent.st_uid)


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # it was deleted
        return Path(os.devnull)


def _mount_points() -> set[Path]:
    """Those of the file systems that lie in the folder tree, as Linux lists them.

    Of a folder that is bound to another one of the same file system, nothing else tells.
    """
    listed = Path("/proc/self/mountinfo")
    if not listed.is_file():
        return set()
    fields = (line.split(b" ") for line in listed.read_bytes().splitlines())
    return {
        # `\040` is a space.
        Path(os.fsdecode(field[4].decode("unicode_escape").encode("latin-1")))
        for field in fields
        if len(field) > 4
    }


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
        if not any(entry.match(name) for name in (*names, LOCK, REMOVING, _STILL_OPEN))
    ]
    if foreign:
        raise InputError(folder, f"is in the way: {min(foreign)} in it is not regtrack's")


@contextmanager
def claimed_folder(folder: Path, names: Collection[str], shared: bool = False) -> Iterator[None]:
    """Make a folder, or take it where nobody is at work in it, for as long as the body runs.

    Parameters
    ----------
    names
        What may lie in it, as shell-style patterns.
    shared
        Take it together with others who share it.

    Raises
    ------
    InputError
        When it is a link or another user's, when something else lies in it, or another process
        has it.
    """
    _refuse_others(folder)
    refuse_foreign(folder, names)
    links = [path.name for path in folder.iterdir() if path.is_symlink()] if folder.exists() else []
    if links:
        raise InputError(folder, f"is in the way: {min(links)} in it is a link, not regtrack's")
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)  # nobody else is to put links there
    lock = open_lock(folder / LOCK)
    try:
        # Who was here when it was opened may have finished, and removed the folder with it.
        if not locked(lock, shared) or not is_at(lock, folder / LOCK):
            raise BusyError(folder, "another run is at work here")
        if (folder / REMOVING).exists():  # by a process that was killed
            _empty(folder)
        yield
    finally:
        os.close(lock)
        if not os.path.lexists(folder / LOCK):  # `remove_claimed` was here
            with suppress(OSError):
                folder.rmdir()


def remove_claimed(folder: Path) -> None:
    """Remove a folder that this process has taken, with all in it, the lock last.

    NFS keeps a file that is removed while it is open, under another name, until it is closed. So
    the folder may stay until `claimed_folder` has closed the lock, and removes it.
    """
    _empty(folder)
    (folder / LOCK).unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY):
            raise


def _empty(folder: Path) -> None:
    """Remove all of a folder but its lock."""
    (folder / REMOVING).touch()
    for entry in folder.iterdir():
        if entry.name in (LOCK, REMOVING) or entry.match(_STILL_OPEN):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)
    (folder / REMOVING).unlink()


def _refuse_others(folder: Path) -> None:
    """Refuse to work in what is no folder of this user's: it may lead to others' files."""
    if not os.path.lexists(folder):
        return
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode):
        what = "a link" if stat.S_ISLNK(state.st_mode) else "a file"
        raise InputError(folder, f"is in the way: {what}; expected regtrack's folder, or nothing")
    if state.st_uid != os.geteuid() and state.st_uid != _owner_of_new(folder.parent):
        raise InputError(folder, "is in the way: another user's folder")


def _owner_of_new(folder: Path) -> int:
    """Whose files this process makes in a folder: some file systems give all to one user."""
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_uid


def is_held(lock: Path) -> bool:
    """Whether a process holds a lock, as that of a folder it works in; makes none."""
    if not lock.exists():
        return False
    opened = open_lock(lock)
    try:
        return not locked(opened)
    finally:
        os.close(opened)
