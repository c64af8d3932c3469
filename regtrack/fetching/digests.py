"""Checksums of files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_PIECE = 1 << 20


@dataclass(frozen=True)
class Digests:
    """Size and checksums of a file."""

    size: int
    sha256: str
    md5: str


def digests(path: Path, md5: bool = False) -> Digests:
    """Read a file once; its MD5 is left empty unless asked for."""
    sha256, other, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            size += len(piece)
            sha256.update(piece)
            if md5:
                other.update(piece)
    return Digests(size, sha256.hexdigest(), other.hexdigest() if md5 else "")
