"""The errors that regtrack raises on purpose.

The library raises them; only `regtrack.cli.main` turns them into one line and an
exit status.
"""

from __future__ import annotations

from collections.abc import Mapping
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

    @property
    def problem(self) -> str:
        """What is wrong, without where."""
        return str(self.args[1])

    def __str__(self) -> str:
        where, problem, line = self.args
        return f"{where}: {problem}" if line is None else f"{where}:{line}: {problem}"


class BusyError(InputError):
    """Somebody else is at work on this; later the same will do (exit status 75)."""


class ArgumentError(RegtrackError, ValueError):
    """An argument that cannot be used, or not with these others; the message begins with its name.

    On the command line it is that of an option, or of what stands without one (exit status 2).
    """

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(argument, problem)

    @property
    def argument(self) -> str:
        """Its name, as Python functions have it."""
        return str(self.args[0])

    @property
    def problem(self) -> str:
        """What is wrong with it, without its name."""
        return str(self.args[1])

    def __str__(self) -> str:
        argument, problem = self.args
        return f"{argument}: {problem}"


class DeviceMemoryError(RegtrackError):
    """The memory of a GPU ran out.

    Parameters
    ----------
    remedies
        What would need less: names of arguments, as Python functions have them, each with what to
        make of it, as in `{"window": "a smaller {}"}`.
    """

    def __init__(self, remedies: Mapping[str, str]) -> None:
        super().__init__(remedies)

    def advice(self, names: Mapping[str, str]) -> str:
        """The message, of the arguments that there are, by the names that users give them."""
        remedies: Mapping[str, str] = self.args[0]
        tried = [text.format(names[name]) for name, text in remedies.items() if name in names]
        return "the GPU ran out of memory" + (f"; try {' or '.join(tried)}" if tried else "")

    def __str__(self) -> str:
        return self.advice({name: name for name in self.args[0]})


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, which ends all that Ctrl-C ends."""


def printable(text: str) -> str:
    """A text on one line, with escapes for what would move a terminal's cursor or not be shown."""
    return "".join(
        letter
        if letter.isprintable()
        else letter.encode("unicode_escape", "surrogatepass").decode("ascii")
        for letter in text
    )
