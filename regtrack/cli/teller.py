"""What a command tells beside its result: on stderr and, with `--log`, in a file."""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
import time
import warnings
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regtrack import __version__
from regtrack.cli import screen
from regtrack.cli.kinds import File
from regtrack.cli.streams import Forgiving
from regtrack.errors import ArgumentError, InputError, printable
from regtrack.listing import duration_text
from regtrack.work_folders import partial_path

if TYPE_CHECKING:
    from typing import TextIO

    from regtrack.run_summary import RunSummary

# How the first line of every run begins, behind its time.
_BEGINNING = "regtrack "
_STAMP = len("2026-01-31T12:00:00+00:00 ")


class Log:
    """A file to which lines are appended, each with its time, each by one write.

    So that a line is there whole or not at all, and several processes may share the file. What
    cannot be written any more is no reason to end the work.

    Parameters
    ----------
    path
        A new file, an empty one, or an earlier log.

    Raises
    ------
    InputError
        When it is another kind of file.
    OSError
        When it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_log(path)
        self._file = Forgiving(path, "a")

    @property
    def failure(self) -> OSError | None:
        """Why lines were lost, if they were."""
        return self._file.failure

    def write(self, text: str) -> None:
        """Append a text's lines."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        for line in text.splitlines():
            self._file.write(f"{now} {printable(line)}\n".encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        """Do nothing: nothing waits."""

    def isatty(self) -> bool:
        """Whether bars can be drawn in place."""
        return False

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Teller:
    """Tells the user, and the log, what goes on."""

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self._arguments = arguments
        self._began = time.monotonic()
        self._shown_warning = warnings.showwarning
        self.log: Log | None = None
        self.goes_on = False  # whether a later run finds this one's work
        self.reached = ""  # how far the work came, as it follows "interrupted"
        self.is_begun = False  # whether a bar has shown that anything is done
        self.is_quiet = False
        self.as_json_of: str | None = None
        self.notes: list[str] = []
        self._summary: RunSummary | None = None

    @classmethod
    def current(cls) -> Teller:
        """That of the running command line; a new one, in a library's user's program."""
        context = click.get_current_context(silent=True)
        found = context.find_object(cls) if context is not None else None
        return found or cls()

    @property
    def seconds(self) -> float:
        """Since the command began."""
        return time.monotonic() - self._began

    def open_log(self, path: Path) -> None:
        """Begin a log, by what was asked for; as `Log`."""
        self.log = Log(path)
        typed = shlex.join(("regtrack", *self._arguments))
        self.log.write(f"regtrack {__version__}, process {os.getpid()}: {typed}")
        warnings.showwarning = self._show_warning

    def say(self, text: str) -> None:
        """Tell some lines, above the bar, if there is one."""
        from tqdm import tqdm  # whose bar must not be torn

        tqdm.write(text, file=sys.stderr)
        self.record(text)

    def note(self, text: str) -> None:
        """Tell what nothing stops for."""
        self.notes.append(text)
        self.say(f"regtrack: note: {text}")

    def say_progress(self, text: str) -> None:
        """The same of what is only progress: the log alone, where nobody wants to see it."""
        if self.is_quiet:
            self.record(text)
        else:
            self.say(text)

    def show(self, summary: RunSummary, *, paged: bool = False) -> None:
        """Print a result, through a pager if need be; as JSON, when the command has ended well."""
        following = () if self.is_quiet else summary.following
        self.record("\n".join((summary.text, *following)))
        if self.as_json_of is not None:
            self._summary = summary
            return
        if paged:
            screen.page(summary.text)
        elif summary.text:
            screen.show(summary.text)
        for line in following:  # to be copied: whole, however long
            click.echo(line)

    def _document(self, summary: RunSummary) -> str:
        content = {
            "command": self.as_json_of,
            "version": __version__,
            **summary.to_json(),
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }
        return json.dumps(content, indent=1, allow_nan=False)

    def record(self, text: str) -> None:
        """Tell the log alone, if there is one."""
        if self.log is not None:
            self.log.write(text)

    def _show_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        """Pass on a warning of Python's, as `warnings.showwarning`."""
        self._shown_warning(message, category, filename, lineno, file, line)
        self.record(warnings.formatwarning(message, category, filename, lineno, line))

    def bars(self) -> list[TextIO | Log]:
        """Where progress is shown."""
        screen = [] if self.is_quiet else [sys.stderr]
        return [*screen, *([self.log] if self.log is not None else [])]

    def end(self, status: int | None) -> None:
        """Print what waits for a good end; close the log with an exit status; None of a bug."""
        if status == 0 and self._summary is not None:
            click.echo(self._document(self._summary))
        if self.log is None:
            return
        warnings.showwarning = self._shown_warning
        how = "a bug ended it" if status is None else f"exit status {status}"
        self.log.write(f"ended after {duration_text(self.seconds)}: {how}")
        self.log.close()
        if self.log.failure is not None:
            problem = f"{self.log.path}: {self.log.failure.strerror}; the log is not whole"
            click.echo(f"regtrack: note: {printable(problem)}", err=True)


def _open_log(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is not None and not context.resilient_parsing:
        Teller.current().open_log(path)


log = click.option(
    "--log",
    type=File(path_type=Path),
    is_eager=True,
    expose_value=False,
    envvar="REGTRACK_LOG",
    callback=_open_log,
    help="Append all that is told to this file, each line with its time: progress (a line a "
    "minute, also with --quiet), notes, errors, and the result as text.",
)


def _print_json(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        Teller.current().as_json_of = context.command_path.partition(" ")[2]


as_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_json,
    help="Print one JSON document at the end, and nothing else: what was written, counts, scores, "
    "what was left out, seconds (docs/formats.md). After an error, nothing.",
)


def not_around_log(_: click.Context, __: click.Parameter, out: Path | None) -> Path | None:
    """Refuse to write a folder anew in which the log lies, or to be the log.

    Raises
    ------
    ArgumentError
        Then.
    """
    log_file = Teller.current().log
    if out is not None and log_file is not None:
        places = log_file.path.absolute()
        if {out.absolute(), partial_path(out).absolute()} & {places, *places.parents}:
            raise ArgumentError("log", f"lies in {out}, which is written; put it elsewhere")
    return out


def _check_log(path: Path) -> None:
    """Refuse to append to what is no log: a mistyped --log is not to damage a genome."""
    if path.is_dir():
        raise InputError(path, "is a folder; expected a file for the log")
    if not path.parent.is_dir():
        raise InputError(path, f"there is no folder {path.parent} for the log")
    if not path.exists():
        return
    if not stat.S_ISREG(path.stat().st_mode):
        if not path.is_char_device():
            raise InputError(path, "is no file; expected one for the log")
        return
    with path.open("rb") as file:
        head = file.read(_STAMP + len(_BEGINNING))
    if head and head[_STAMP:] != _BEGINNING.encode():
        raise InputError(path, "is there, and no log of regtrack; expected one, or a new file")
