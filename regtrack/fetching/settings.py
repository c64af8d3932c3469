"""How to fetch."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from regtrack.errors import ArgumentError


@dataclass(frozen=True)
class FetchSettings:
    """How a run of `fetch` works.

    Parameters
    ----------
    mirror
        A URL; https://host/path is requested from mirror/host/path.
    offline
        Ask for nothing; what is missing is an error.
    dry_run
        Write nothing; ask only how large the files are.
    jobs
        Downloads at a time.

    Raises
    ------
    ArgumentError
        When the mirror is no URL.
    """

    mirror: str | None = None
    offline: bool = False
    dry_run: bool = False
    jobs: int = 4

    def __post_init__(self) -> None:
        if self.mirror is None:
            return
        try:
            parts = urlsplit(self.mirror)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            sound = False
        if not sound:
            raise ArgumentError("mirror", f"expected http://... or https://..., got {self.mirror}")
