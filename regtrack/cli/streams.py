"""The standard streams: one that cannot be written any more does not end the work."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from typing import Any, TextIO

from regtrack.errors import printable

# What would move a terminal's cursor, or turn the order of letters round.
_MOVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """A text of several lines with escapes for what a terminal is not to obey."""
    return _MOVES.sub(lambda match: printable(match[0]), text)


class Plain(io.TextIOWrapper):
    """A stream of text that is no more than that: files of others have a say in what is printed.

    Progress, which moves the cursor on purpose, does not go here.
    """

    def write(self, text: str, /) -> int:
        """Write, with escapes for what is not to be obeyed."""
        return super().write(harmless(text))


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

    Whatever a name holds can be printed: what an encoding lacks is written as an escape, and on
    stdout so is what a terminal would obey.
    """
    for number in (0, 1, 2):
        _hold(number)
    out = Forgiving(1, "w", closefd=False)
    sys.stdout = _text(out, sys.stdout, Plain)
    sys.stderr = _text(Forgiving(2, "w", closefd=False), sys.stderr, io.TextIOWrapper)
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


def _text(raw: Forgiving, before: TextIO | None, kind: type[io.TextIOWrapper]) -> TextIO:
    """As Python makes its own, but for what an encoding lacks."""
    if before is not None:
        before.flush()
    return kind(
        io.BufferedWriter(raw),
        encoding=before.encoding if before is not None else "utf-8",
        errors="backslashreplace",
        line_buffering=raw.isatty() or raw.fileno() == 2,
    )
