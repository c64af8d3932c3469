"""Why a file was not fetched: refused, not available now, or damaged."""

from __future__ import annotations

from regtrack.errors import RegtrackError

TRY_AGAIN = (408, 425, 429)  # answers that may soon be different


class FetchError(RegtrackError):
    """A file that cannot be fetched; others may still be.

    Parameters
    ----------
    url
        The address that was requested.
    problem
        What went wrong.
    status
        The server's answer, when it was that.
    is_silence
        Whether there was no answer at all: no connection was made.
    """

    def __init__(
        self, url: str, problem: str, status: int | None = None, *, is_silence: bool = False
    ) -> None:
        super().__init__(url, problem)
        self.status = status
        self.is_silence = is_silence

    def __str__(self) -> str:
        url, problem = self.args
        return f"{url}: {problem}"

    @property
    def is_refusal(self) -> bool:
        """Whether the server will refuse it again: no such file, or no right to it."""
        return self.status is not None and 400 <= self.status < 500 and self.status not in TRY_AGAIN


class PassingError(FetchError):
    """A failure that the next try may not have.

    Parameters
    ----------
    after
        Seconds that the server asks to wait.
    """

    def __init__(
        self,
        url: str,
        problem: str,
        status: int | None = None,
        after: float = 0.0,
        *,
        is_silence: bool = False,
    ) -> None:
        super().__init__(url, problem, status, is_silence=is_silence)
        self.after = after


class DamagedError(FetchError):
    """What was downloaded is not what was expected."""


class StoppedError(RegtrackError):
    """The run ends, because of Ctrl-C or because another file's failure ends it."""
