"""The screen: what is printed fits it; lists that are longer go through a pager, as git's do."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress

import click

from regtrack.cli.streams import harmless
from regtrack.text_columns import wrapped

_PAGERS = ("REGTRACK_PAGER", "PAGER")
_USUAL = "less"
# As git sets it: end where all is on the screen, show colours, leave the text there.
_OF_LESS = {"LESS": "FRX"}


def screen_width() -> int | None:
    """Columns of the terminal that stdout is; None where it is a file or a pipe.

    A table for a program, or for a log, is as wide as it is.
    """
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def show(text: str) -> None:
    """Print a text; on a terminal, lines that are too long go on below their beginning."""
    click.echo(_fitted(text))


def page(text: str) -> None:
    """Show a text; on a terminal, one that is longer goes through a pager."""
    text = _fitted(text)
    is_long = text.count("\n") + 1 >= shutil.get_terminal_size().lines
    if not (is_long and sys.stdout.isatty() and _paged(text)):
        click.echo(text)


def _fitted(text: str) -> str:
    width = screen_width()
    return text if width is None else wrapped(text, width)


def _paged(text: str) -> bool:
    """Whether there is a pager; the text was then seen in it, as far as the user wished."""
    named = next((os.environ[name] for name in _PAGERS if name in os.environ), _USUAL)
    words = shlex.split(named)
    if not words or words == ["cat"] or shutil.which(words[0]) is None:
        return False
    sys.stdout.flush()
    with subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        env={**_OF_LESS, **os.environ},
        encoding=sys.stdout.encoding,
        errors="backslashreplace",
    ) as pager:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pager's to obey
        try:
            with suppress(BrokenPipeError):  # who has seen enough ends it
                pager.communicate(harmless(f"{text}\n"))
        finally:
            signal.signal(signal.SIGINT, before)
    return True
