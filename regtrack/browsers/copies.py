"""Files of tracks folders in other folders: links where the disk can, else copies."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from regtrack.atomic import errors_naming
from regtrack.errors import InputError
from regtrack.folders import free_bytes, size_text
from regtrack.observer import Observer

_PIECE = 1 << 20  # bytes that are copied at once


def check_room(out: Path, sources: Collection[Path], linked: bool = False) -> int:
    """Bytes that copies of some files will take.

    Parameters
    ----------
    out
        Where they will lie.
    linked
        Whether `link_or_copy` makes them: what it links takes nothing.

    Raises
    ------
    InputError
        When the disk has not that much room.
    OSError
        When a file cannot be looked at.
    """
    place = out.absolute()
    disk = next(folder for folder in place.parents if folder.exists()).stat().st_dev
    copied = [path for path in sources if not (linked and _can_be_linked(path, disk))]
    size = sum(path.stat().st_size for path in copied)
    if size > (free := free_bytes(out)):
        raise InputError(
            out,
            f"the tracks take {size_text(size)}, {size_text(free)} are free; fewer markers "
            "(--markers) take less",
        )
    return size


def link_or_copy(source: Path, target: Path, observer: Observer) -> None:
    """Put a file to a second place: it is not copied where both lie on one disk.

    The observer is told of its bytes. A link (a second name, not a symbolic one) stays what it is
    when the first name is removed or given to another file.

    Raises
    ------
    OSError
        When it can be read not, or written neither way.
    """
    if _can_be_linked(source, target.parent.stat().st_dev):
        try:
            os.link(source, target)
        except OSError:  # a file system that has no links, or no more of this file
            copy_file(source, target, observer)
        else:
            observer.advanced(source.stat().st_size)
        return
    copy_file(source, target, observer)


def copy_file(source: Path, target: Path, observer: Observer) -> None:
    """Copy a file to where none is; the observer is told of the bytes.

    Raises
    ------
    OSError
        When it cannot be read or written.
    """
    with source.open("rb") as original, errors_naming(target), target.open("xb") as copy:
        while piece := original.read(_PIECE):
            copy.write(piece)
            observer.advanced(len(piece))


def _can_be_linked(path: Path, disk: int) -> bool:
    """Whether a file lies on a disk, and is this user's to write: others' cannot be linked."""
    return path.stat().st_dev == disk and os.access(path, os.W_OK)
