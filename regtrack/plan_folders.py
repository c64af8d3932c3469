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

    It is removed when the body leaves no plan in it. What killed processes were writing aside is
    removed, for nobody is at work.

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
    refuse_holders(partial / LEASES)
    with claimed_folder(partial, (*RUN_NAMES, *PLAN_NAMES, *names)):
        settle(partial, out)
        clear([path for name in ASIDE for path in partial.rglob(name)])
        try:
            yield partial
        finally:
            if partial.exists() and not (partial / PLAN).exists():
                remove_claimed(partial)


@contextmanager
def shared_plan(partial: Path) -> Iterator[None]:
    """Take the folder of a plan together with others who work on shares of it."""
    with claimed_folder(partial, ("*",), shared=True):
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
        what = "another plan" if (partial / PLAN).exists() else "an unfinished run"
        raise InputError(partial, f"holds {what}; --force drops it")
    clear(there)


def see_anew(folder: Path) -> None:
    """Let a network file system look again for what was not there a moment ago.

    It may remember that for half a minute, until this machine changes the folder itself.
    """
    with tempfile.NamedTemporaryFile(dir=folder):
        pass
