"""The errors that regtrack raises on purpose.

The library raises them; only `regtrack.cli.main` turns them into one line and an
exit status.
"""

from __future__ import annotations

from pathlib import Path


class RegtrackError(Exception):
    """Base of all errors that a user can mend; the message is one line (exit status 1)."""


class InputError(RegtrackError):
    """Bad input: a file, a region or a name that cannot be used (exit status 1).

    Parameters
    ----------
    where
        The file, or what was typed, that is wrong.
    problem
        What is wrong, and what was expected.
    line
        1-based line number inside the file, when there is one.
    """

    def __init__(self, where: str | Path, problem: str, line: int | None = None) -> None:
        super().__init__(where, problem, line)

    def __str__(self) -> str:
        where, problem, line = self.args
        return f"{where}: {problem}" if line is None else f"{where}:{line}: {problem}"


class OptionError(RegtrackError):
    """An option's value that cannot be used with this input (exit status 2)."""

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(option, problem)

    def __str__(self) -> str:
        option, problem = self.args
        return f"{option}: {problem}"


class ArgumentError(RegtrackError, ValueError):
    """An argument of a Python function that cannot be used; the message begins with its name."""

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(argument, problem)

    def __str__(self) -> str:
        argument, problem = self.args
        return f"{argument}: {problem}"


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, which ends all that Ctrl-C ends."""


def printable(text: str) -> str:
    """A text on one line, with escapes for what would move a terminal's cursor or not be shown."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode("ascii")
        for one in text
    )
