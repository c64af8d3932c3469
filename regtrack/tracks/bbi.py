"""What BigWig and bigBed files have in common: a header that says where things lie."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from regtrack.errors import InputError

BIGWIG_MAGIC = 0x888FFC26
BIGBED_MAGIC = 0x8789F2EB

# The formats count bases in 32 bits.
LONGEST_CHROM = 2**32 - 1

_KINDS = {BIGWIG_MAGIC: "BigWig", BIGBED_MAGIC: "bigBed"}


def not_bbi(path: Path, magic: int) -> InputError:
    """The error for a file that is not of the kind of which `magic` is the mark."""
    return InputError(path, f"not a {_KINDS[magic]} file, or a truncated one")


def check_header(path: Path, magic: int) -> None:
    """Refuse a file whose header points past its end: pyBigWig crashes on it.

    Raises
    ------
    InputError
        When it is not of the kind of which `magic` is the mark, or is truncated.
    OSError
        When it cannot be read.
    """
    with path.open("rb") as file:  # an OSError that names the file, where pyBigWig has none
        header = file.read(64)
        size = file.seek(0, os.SEEK_END)
    for order in "<>":
        if len(header) == 64 and header.startswith(struct.pack(f"{order}I", magic)):
            version, zooms, *offsets = struct.unpack_from(f"{order}HHQQQ", header, 4)
            if version <= 5 and 64 + 24 * zooms <= size and max(offsets) < size:
                return
    raise not_bbi(path, magic)
