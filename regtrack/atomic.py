"""Files that are complete or absent: written aside, then renamed.

What lies aside is called `<name>.<host>.<process>.<random>.tmp`, is made by who writes it and by
nobody else, and is locked for as long as it is written. So a later run can tell what a killed
one left, also in a folder that several machines share, and removes it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import re
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from regtrack.errors import InputError

_ASIDE = re.compile(r"\.(?P<host>[\w-]+)\.(?P<process>\d+)\.[0-9a-f]{16}\.tmp\Z", re.ASCII)

# A file system takes names of so many bytes, and what is added to one may take so many of them.
_LONGEST_NAME = 255
_LONGEST_HOST = 32

# What a file system without locks says; the last two are one number on Linux, two on macOS.
_WITHOUT_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}

# What a file system without hard links says.
_WITHOUT_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK}

# Nobody knows from here whether a process of another machine lives. What it is writing is younger.
_OLD = 24 * 60 * 60


@contextmanager
def errors_naming(path: Path, aside: Path | None = None) -> Iterator[None]:
    """Let an `OSError` from the body say which file it is about, should it not do so.

    A full disk comes without a name, and libraries raise an `OSError` of words alone. The name
    of what is written aside tells nobody anything.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None and (aside is None or error.filename != str(aside)):
            raise
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), str(path)) from error


@contextmanager
def replacing(path: Path, tidy: bool = True) -> Iterator[Path]:
    """Give an empty file beside `path` to write to; rename it to `path` on success.

    When the body raises, the file aside is removed and `path` is as it was. A killed
    process leaves at most the file aside, never a `path` that looks finished. Who may read it, the
    umask says, also where the body replaces the file.

    Parameters
    ----------
    tidy
        Remove what killed processes left in the folder. A folder of very many files is tidied
        by who owns it, once.

    Raises
    ------
    OSError
        When the folder cannot be written, or the disk is full; it names `path`.
    """
    aside = path.with_name(_name_aside(path.name))
    with errors_naming(path, aside):
        if tidy:
            remove_left_aside(path.parent)
        # A link that somebody planted there must not lead to another file.
        made = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
    usual = stat.S_IMODE(os.fstat(made).st_mode)
    try:
        locked(made)
        with errors_naming(path, aside):
            yield aside
            with aside.open("rb+") as handle:
                # safetensors puts a file of its own there, which only its owner may read.
                if stat.S_IMODE(os.fstat(handle.fileno()).st_mode) != usual:
                    os.fchmod(handle.fileno(), usual)
                os.fsync(handle.fileno())
            aside.replace(path)
    finally:
        os.close(made)
        aside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, complete or not at all; raises what `write_texts` does."""
    write_texts({path: text})


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write files that belong together as UTF-8: when one cannot be written, none is.

    The last one gets its name last.

    Raises
    ------
    InputError
        When one holds the name of a file that is not UTF-8.
    OSError
        When one cannot be written; it names it.
    """
    with ExitStack() as stack:
        for path, text in reversed(list(texts.items())):
            aside = stack.enter_context(replacing(path))
            try:
                with errors_naming(path, aside):
                    aside.write_text(text, encoding="utf-8")
            except UnicodeEncodeError as error:
                name = text[: error.end].rsplit(maxsplit=1)[-1]
                raise InputError(path, f"cannot hold {name!a}, a name that is not UTF-8") from error


def write_first(path: Path, text: str) -> bool:
    """Write a file unless there is one, complete or not at all; whether it was written.

    Of several processes that try, one does.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    if path.exists():
        return False
    aside = path.with_name(_name_aside(path.name))
    with errors_naming(path, aside):
        try:
            with aside.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            # Unlike renaming, it fails where somebody else was faster.
            path.hardlink_to(aside)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _WITHOUT_LINKS:
                raise
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    return True


def remove_left_aside(folder: Path) -> None:
    """Remove the files that killed processes were writing aside in a folder.

    Of this machine's processes these are files that nobody has locked and whose process is gone;
    of another machine's, those that nobody has written to for a day.
    """
    with os.scandir(folder) as entries:
        paths = [Path(entry) for entry in entries if _ASIDE.search(entry.name)]
    for path in paths:
        with suppress(OSError):  # another's, or somebody else removes it: it is in nobody's way
            if _is_left(path):
                path.unlink()


def open_lock(path: Path) -> int:
    """Open a file to be locked, as `open_own`."""
    return open_own(path, "a lock")


def open_own(path: Path, kind: str) -> int:
    """Open a file of regtrack's under a name that others can foresee, or make it.

    Its content stays as it is.

    Parameters
    ----------
    kind
        What it is called, such as `a lock`.

    Returns
    -------
    int
        A file descriptor, to be closed.

    Raises
    ------
    InputError
        When it is a link, or no plain file: what it leads to is not regtrack's.
    OSError
        When it cannot be opened.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        opened = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise InputError(
                path, f"is a link; expected {kind} of regtrack's, or nothing"
            ) from None
        raise
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise InputError(path, f"is not a regular file; expected {kind} of regtrack's, or nothing")
    return opened


def is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file still has its name: who held its lock before may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def locked(descriptor: int, shared: bool = False) -> bool:
    """Lock an open file for this process; False where another one holds it.

    A shared lock keeps off only those who want the file for themselves. Where the file system
    has no locks, trust that nobody else is here.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise
    return True


def _name_aside(name: str) -> str:
    """A name beside `name` that nobody can foresee."""
    end = f".{host_name()}.{os.getpid()}.{secrets.token_hex(8)}.tmp"
    kept = os.fsencode(name)[: _LONGEST_NAME - len(end)]
    return kept.decode(errors="ignore") + end


def host_name() -> str:
    """Name of the machine, in letters that a file's may hold."""
    return re.sub(r"[^\w-]", "-", platform.node(), flags=re.ASCII)[:_LONGEST_HOST] or "-"


def _is_left(path: Path) -> bool:
    """Whether who wrote a file aside is gone."""
    match = _ASIDE.search(path.name)
    state = path.lstat()
    if match is None or not stat.S_ISREG(state.st_mode):
        return False
    if match["host"] != host_name():
        return time.time() - state.st_mtime > _OLD
    # The lock is asked for as well: a container has the machine's name, and its own numbers.
    return not is_alive(int(match["process"])) and is_free(path)


def is_alive(process: int) -> bool:
    """Whether this machine has a process of that number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return True


def is_free(path: Path) -> bool:
    """Whether nobody of this machine has locked a file."""
    opened = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        return locked(opened)
    finally:
        os.close(opened)
