"""What stands at the head of a checkpoint, read without torch, which takes seconds to load."""

from __future__ import annotations

import os
import string
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from safetensors import SafetensorError, safe_open

from regtrack.documents import parse_json
from regtrack.errors import InputError
from regtrack.genome.markers import Marker
from regtrack.genome.seen import Seen
from regtrack.paths import is_there, nearest, utf8_path

FORMAT_VERSION = 2

# Under which the text stands among the metadata of a `.safetensors` file.
METADATA_KEY = "regtrack"

# What a file begins with: the bytes of its header, which is JSON.
LENGTH = struct.Struct("<Q")
# 919 markers and 100,000 chromosomes take a tenth of this.
_LONGEST = 50_000_000
# Bytes of which a table's first ones are; the length of a sound header ends in zeros.
_TEXT = string.printable.encode()


@dataclass(frozen=True)
class CheckpointTable:
    """What a checkpoint says of its markers and its genome.

    Parameters
    ----------
    markers
        In the order of the network's outputs.
    assembly, chrom_sizes
        As `regtrack.models.checkpoint.Checkpoint`.
    """

    markers: tuple[Marker, ...]
    assembly: str
    chrom_sizes: dict[str, int]

    def __post_init__(self) -> None:
        if not self.markers:
            raise ValueError("expected one marker at least")
        if not all(size >= 0 for size in self.chrom_sizes.values()):
            raise ValueError("expected lengths of chromosomes")


def read_table(path: Path) -> CheckpointTable:
    """Read what a checkpoint says of its markers and its genome.

    Raises
    ------
    InputError, OSError
        As `read_text_of`; also for a file of a newer format, or a damaged one.
    """
    return parse_json(read_text_of(path), CheckpointTable, f"{path}: metadata", FORMAT_VERSION)


@dataclass(frozen=True)
class SeenRecord:
    """Where a network was trained, as `Seen.to_json` has it."""

    unit: int
    train: dict[str, list[int]]
    valid: dict[str, list[int]]

    def on(self, chrom_sizes: Mapping[str, int]) -> Seen:
        """The bases, on the genome of the training; raises as `Seen.from_json`."""
        return Seen.from_json(self.unit, self.train, self.valid, chrom_sizes)


@dataclass(frozen=True)
class _Trained:
    """Where a checkpoint says that it was trained; older ones do not."""

    chrom_sizes: dict[str, int]
    seen: SeenRecord | None = None


def read_seen(path: Path, sizes: Mapping[str, int]) -> Seen | None:
    """Where a checkpoint was trained, on a file of that genome; None where it does not say so.

    Parameters
    ----------
    sizes
        Lengths of the chromosomes of that file, as `Seen.on` takes them.

    Raises
    ------
    InputError, OSError
        As `read_table`.
    """
    where = f"{path}: metadata"
    record = parse_json(read_text_of(path), _Trained, where, FORMAT_VERSION)
    if record.seen is None:
        return None
    try:
        return record.seen.on(record.chrom_sizes).on(record.chrom_sizes, sizes)
    except ValueError as error:
        raise InputError(where, f"damaged ({error})") from error


def read_text_of(path: Path) -> str:
    """The text of a file, without its tensors.

    Raises
    ------
    InputError
        When there is none; for a file that is truncated, a pickle, or not regtrack's.
    OSError
        When the file cannot be read.
    """
    check_there(path)
    with path.open("rb") as file:
        check_header(file, path)
    try:
        with utf8_path(path) as place, safe_open(place, framework="numpy") as opened:
            metadata: Mapping[str, str] | None = opened.metadata()
    except SafetensorError as error:
        raise unsound(path, error) from error
    return text_in(metadata, path)


def check_there(path: Path) -> None:
    """Refuse a checkpoint that is not there, and say how to come by one.

    Raises
    ------
    InputError
        Then.
    """
    if not is_there(path):
        raise InputError(
            path,
            f"no such checkpoint{nearest(path)}; regtrack train makes one, regtrack fetch model "
            "brings a published network, and demo comes with regtrack",
        )


def text_in(metadata: object, path: Path) -> str:
    """The text among the metadata of a file, which may be another program's."""
    text = metadata.get(METADATA_KEY) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise InputError(path, "a .safetensors file, but not one that regtrack wrote")
    return text


def unsound(path: Path, error: Exception) -> InputError:
    """The error for a file that is not what its name says."""
    return InputError(path, f"truncated, or not a .safetensors file ({error})")


def check_header(file: BinaryIO, path: Path) -> None:
    """Refuse a file whose header is none, before it is read whole.

    Raises
    ------
    InputError
        Saying what it is instead, as far as its first bytes tell.
    """
    head = file.read(LENGTH.size + 1)
    size = file.seek(0, os.SEEK_END)
    length = LENGTH.unpack_from(head)[0] if len(head) > LENGTH.size else 0
    # The length of a sound header may begin as a pickle or a zip file does.
    if head[LENGTH.size :] == b"{":
        if length > size - LENGTH.size:
            raise InputError(
                path, f"truncated, or not a .safetensors file (a header of {length:,} bytes)"
            )
        if length > _LONGEST:
            raise InputError(
                path,
                f"a .safetensors file with a header of {length:,} bytes; expected at most "
                f"{_LONGEST:,}",
            )
        return
    if head.startswith((b"\x80", b"PK")) and not 0 < length <= size:
        raise InputError(
            path, "a pickle, which may run code when it is opened; expected .safetensors"
        )
    if len(head) > LENGTH.size and not head.translate(None, _TEXT):
        raise InputError(
            path,
            "text, and no network: expected a checkpoint (.safetensors); a markers table or peaks "
            "go to --peaks",
        )
    raise InputError(path, "truncated, or not a .safetensors file (it has no header)")
