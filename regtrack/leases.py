"""Leases: who is at work on a share of a job in a folder that several machines may see.

A lease is a file that its holder makes, locks, and touches while it works. Another process may
take over from a holder that is gone: one of this machine whose process has ended, or anyone who
has not touched the file for minutes by the clock of the file system. Taking over is making the
file of the next number, which only one process can. Leases save work from being done twice;
nothing is wrong where it is, for files are renamed into place whole.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from regtrack.atomic import host_name, is_alive, is_free, locked, open_lock, write_first
from regtrack.documents import read_json
from regtrack.errors import BusyError, InputError
from regtrack.listing import duration_text
from regtrack.notes import note

# Seconds between two touches, and without one until a holder counts as gone: a machine that
# swaps, or a file server that restarts, may be silent for a while.
BEAT = 15
SILENCE = 180
LOOK = 2  # seconds between two looks at the lease of one that may be gone

_TRIES, _MOMENT = 10, 0.05

_FILE = re.compile(r"(?P<share>.+)\.(?P<number>\d{4})\.lease\Z")


@dataclass(frozen=True)
class Holder:
    """Who is at work on a share.

    Parameters
    ----------
    host, process
        Name of the machine, and number of the process there.
    since
        When it began, in seconds since 1970.
    """

    host: str
    process: int
    since: float

    def __str__(self) -> str:
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.since))
        return f"process {self.process} on {self.host}, since {began}"


@contextmanager
def leased(folder: Path, share: str) -> Iterator[bool]:
    """Hold the lease of a share while the body runs; a note says from whom it was taken over.

    Parameters
    ----------
    folder
        Where leases lie; it is made, in a folder that is there.
    share
        Name of the share, which may be part of a file's: `shard 3-of-8`, which people read as 3/8.

    Yields
    ------
    bool
        Whether somebody was at work on it, and is gone.

    Raises
    ------
    BusyError
        When somebody else is at work on it.
    OSError
        When the folder cannot be written.
    """
    folder.mkdir(exist_ok=True)
    wait_for_silent(folder, share)
    before = _of_share(folder, share)
    if before and (holder := _living(before[-1], _clock(folder))):
        raise _taken(folder, share, holder)
    number = _number(before[-1]) + 1 if before else 1
    gone = _holder(before[-1]) if before else None
    path = folder / f"{share}.{number:04d}.lease"
    holder = Holder(host_name(), os.getpid(), time.time())
    if not write_first(path, json.dumps(vars(holder)) + "\n"):  # by who was faster
        raise _taken(folder, share, _holder(path))
    with ExitStack() as stack:
        stack.callback(path.unlink, missing_ok=True)
        stack.callback(os.close, _locked(path))
        for left in before:
            left.unlink(missing_ok=True)
        stack.enter_context(_touched(path))
        if gone:
            note(f"{words_of(share)}: taken over from {gone}, which is gone")
        yield gone is not None


def holders(folder: Path) -> dict[str, Holder]:
    """Who is at work, by the share's name; nobody where there is no folder."""
    if not folder.is_dir():
        return {}
    newest = {_share(path): path for path in _leases(folder)}
    now = _clock(folder) if newest else 0
    living = {share: _living(path, now) for share, path in newest.items()}
    return {share: holder for share, holder in living.items() if holder}


def wait_for_silent(folder: Path, share: str) -> None:
    """Wait while a holder on another machine may be gone, or at work: minutes at most.

    One that lives touches its lease soon. So a job that a scheduler starts anew, because a machine
    died, does not fail by what that one left; a note says how long it may take.

    Parameters
    ----------
    folder, share
        As `leased`.
    """
    if not folder.is_dir() or not (leases := _of_share(folder, share)):
        return
    path = leases[-1]
    first, touched = _living(path, _clock(folder)), _touched_at(path)
    if first is None or touched is None or first.host == host_name():
        return
    silent = max(0, _clock(folder) - touched)
    note(
        f"{words_of(share)}: {first}, has been silent for {duration_text(silent)}; waiting for a "
        f"sign of it, or to take over, for up to {duration_text(SILENCE - silent)}"
    )
    while _living(path, _clock(folder)) and _touched_at(path) == touched:
        time.sleep(LOOK)


def words_of(share: str) -> str:
    """A share as people type it: `shard 3/8` for `shard 3-of-8`."""
    return share.replace("-of-", "/")


def refuse_holders(folder: Path, own: str | None = None) -> None:
    """Refuse to touch what others share while somebody is at work there.

    Parameters
    ----------
    own
        The share of this process, if it has one.

    Raises
    ------
    BusyError
        Naming who, where, and since when.
    """
    for share, holder in holders(folder).items():
        if share != own:
            raise BusyError(
                folder.parent, f"{words_of(share)} is at work: {holder}; wait for it, or stop it"
            )


@contextmanager
def _touched(path: Path) -> Iterator[None]:
    """Touch a lease now and then, until it has been taken over or the body ends."""
    ended = threading.Event()

    def touch() -> None:
        while not ended.wait(BEAT):
            try:
                os.utime(path)
            except FileNotFoundError:
                return
            except OSError:
                continue  # while a server is away, it is tried again

    thread = threading.Thread(target=touch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _locked(path: Path) -> int:
    """A lease's file, opened and locked; who asks whether it is free may have it for a moment."""
    lock = open_lock(path)
    for _ in range(_TRIES):
        if locked(lock):
            break
        time.sleep(_MOMENT)
    return lock


def _leases(folder: Path) -> list[Path]:
    """All leases of a folder, by share and number."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if _FILE.search(entry.name))
    return [folder / name for name in names]


def _of_share(folder: Path, share: str) -> list[Path]:
    return [path for path in _leases(folder) if _share(path) == share]


def _share(path: Path) -> str:
    match = _FILE.search(path.name)
    assert match is not None
    return match["share"]


def _number(path: Path) -> int:
    match = _FILE.search(path.name)
    assert match is not None
    return int(match["number"])


def _clock(folder: Path) -> float:
    """The time by the clock of the file system, which sets the times of files."""
    with tempfile.TemporaryFile(dir=folder) as file:
        os.utime(file.fileno())
        return os.fstat(file.fileno()).st_mtime


def _living(path: Path, now: float) -> Holder | None:
    """Who holds a lease; None where nobody does any more."""
    try:
        touched = path.stat().st_mtime
        holder = _holder(path)
        if holder is None or now - touched > SILENCE:
            return None
        # The lock is asked for as well: a container has the machine's name, and its own numbers.
        if holder.host == host_name() and not is_alive(holder.process) and is_free(path):
            return None
    except FileNotFoundError:
        return None
    return holder


def _holder(path: Path) -> Holder | None:
    """Who made a lease; None where it is gone, or nothing that regtrack wrote."""
    try:
        return read_json(path, Holder)
    except (InputError, FileNotFoundError):
        return None


def _touched_at(path: Path) -> float | None:
    """When a lease was touched, by the file system's clock; None where it is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None


def _taken(folder: Path, share: str, holder: Holder | None) -> BusyError:
    who = f": {holder}" if holder else ""
    return BusyError(folder.parent, f"{words_of(share)} is at work already{who}")
