"""What browsers fetch by: the web address of a tracks folder, and UCSC's name of a genome."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from regtrack.errors import OptionError

_ADDRESS = re.compile(r"[!-~]+")
_UCSC_NAME = re.compile(r"[a-z]+[A-Z]?[A-Za-z]*[0-9]+|GC[AF]_[0-9]{9}\.[0-9]+")


def folder_address(url: str) -> str:
    """The address of a folder on the web, as `--url` gives it, without a slash at its end.

    It is of printable ASCII, without a query or a fragment: names of files can follow it.

    Raises
    ------
    OptionError
        When it is none.
    """
    if not _is_folder_address(url):
        raise OptionError(
            "--url",
            "expected where the folder will be on the web, such as https://example.org/tracks "
            f"(a space as %20), got {url!r}",
        )
    return url.rstrip("/")


def is_ucsc_name(name: str) -> bool:
    """Whether UCSC could call a genome so: `hg19`, `canFam3`, `GCA_009914755.4`."""
    return _UCSC_NAME.fullmatch(name) is not None


def _is_folder_address(url: str) -> bool:
    if not _ADDRESS.fullmatch(url) or {"?", "#"} & set(url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # such as half an IPv6 address, or a port that is no number
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
