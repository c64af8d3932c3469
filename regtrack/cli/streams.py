"""The standard streams: one that cannot be written any more does not end the work."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, TextIO


class Forgiving(io.FileIO):
    """A stream's raw end; what cannot be written is dropped, and why it could not is kept.

    Progress into a pipe that nobody reads, or onto a full disk, is no reason to lose a night's
    work. Whether the loss of a result is an error, `lost_output` decides when the work is done.
    """

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write, unless an earlier write failed."""
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


def guard_streams() -> Forgiving:
    """Replace `sys.stdout` and `sys.stderr`; returns the raw end of stdout.

    Whatever a name holds can be printed: what an encoding lacks is written as an escape.
    """
    for number in (0, 1, 2):
        _hold(number)
    out = Forgiving(1, "w", closefd=False)
    sys.stdout = _text(out, sys.stdout)
    sys.stderr = _text(Forgiving(2, "w", closefd=False), sys.stderr)
    return out


def lost_output(out: Forgiving) -> str | None:
    """Why a result did not reach stdout; None where it did, or where nobody reads on.

    `regtrack models | head` is no error.
    """
    sys.stdout.flush()
    if out.failure is None or out.failure.errno == errno.EPIPE:
        return None
    return f"standard output: {out.failure.strerror}"


def _hold(number: int) -> None:
    """Keep a closed stream's number from being given to the next file that is opened.

    What stands in for it cannot be written either.
    """
    try:
        os.fstat(number)
    except OSError:
        stand_in = os.open(os.devnull, os.O_RDONLY)
        if stand_in != number:
            os.dup2(stand_in, number)
            os.close(stand_in)
        os.set_inheritable(number, True)


def _text(raw: Forgiving, before: TextIO | None) -> TextIO:
    """As Python makes its own, but for what an encoding lacks."""
    if before is not None:
        before.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=before.encoding if before is not None else "utf-8",
        errors="backslashreplace",
        line_buffering=raw.isatty() or raw.fileno() == 2,
    )
