"""Work folders that several processes share, on any machines that see them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from regtrack.errors import InputError
from regtrack.folders import ASIDE, RUN_NAMES, clear, settle
from regtrack.leases import refuse_holders
from regtrack.work_folders import (
    LEASES,
    LOCK,
    PLAN,
    PLAN_NAMES,
    claimed_folder,
    partial_path,
    remove_claimed,
)


@contextmanager
def plan_folder(out: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """Take the work folder of `out` for this process alone, to plan in it or to finish there.

    What killed processes were writing aside is removed, for nobody is at work.

    Parameters
    ----------
    names
        What unfinished runs may have left there, as shell-style patterns.

    Raises
    ------
    InputError
        As `claimed_folder`; or when somebody is at work on a share, also on another machine.
    """
    partial = partial_path(out)
    refuse_holders(partial / LEASES)  # who have the folder, too: this names them
    with claimed_folder(partial, (*RUN_NAMES, *PLAN_NAMES, *names)):
        refuse_holders(partial / LEASES)
        settle(partial, out)
        clear([path for name in ASIDE for path in partial.rglob(name)])
        yield partial


@contextmanager
def removed_unless_planned(partial: Path) -> Iterator[None]:
    """Leave no work folder behind where the body fails before it has written a plan."""
    try:
        yield
    finally:
        if not (partial / PLAN).exists():
            remove_claimed(partial)


@contextmanager
def shared_plan(partial: Path) -> Iterator[None]:
    """Take the folder of a plan together with others who work on shares of it.

    Raises
    ------
    InputError
        When the plan was finished or dropped since it was read.
    """
    with claimed_folder(partial, ("*",), shared=True):
        if not (partial / PLAN).exists():
            if all(entry.name == LOCK for entry in partial.iterdir()):
                remove_claimed(partial)  # which was made to be locked
            raise InputError(partial, "the plan was finished, or dropped, just now")
        yield


def drop_work(partial: Path, force: bool) -> None:
    """Empty a work folder that this process has taken.

    Raises
    ------
    InputError
        When work lies there, and `force` is not set.
    """
    there = [entry for entry in partial.iterdir() if entry.name != LOCK]
    if there and not force:
        what = "an unfinished run, which goes on without --shards"
        if (partial / PLAN).exists():  # of another job it was named before
            what = "a plan that cannot be read"
        raise InputError(partial, f"holds {what}; --force drops it")
    clear(there)


def see_anew(folder: Path) -> None:
    """Let a network file system look again for what was not there a moment ago.

    It may remember that for half a minute, until this machine changes the folder itself.
    """
    with tempfile.NamedTemporaryFile(dir=folder):
        pass
