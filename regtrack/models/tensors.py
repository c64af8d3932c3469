"""`.safetensors` files: tensors by name and one JSON text, never code."""

from __future__ import annotations

import hashlib
import os
import re
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from regtrack.atomic import replacing
from regtrack.errors import InputError
from regtrack.paths import utf8_path

_METADATA_KEY = "regtrack"

# What a file begins with: the bytes of its header, which is JSON.
_LENGTH = struct.Struct("<Q")
# 919 markers and 100,000 chromosomes take a tenth of this.
_LONGEST_HEADER = 50_000_000


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor], text: str) -> None:
    """Write tensors and a text to `path`, complete or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    plain = {name: part.detach().cpu().contiguous() for name, part in tensors.items()}
    with replacing(path) as aside:
        aside.touch()  # an OSError that names the file, where safetensors has its own
        try:
            with utf8_path(aside) as place:
                save_file(plain, place, metadata={_METADATA_KEY: text})
        except SafetensorError as error:
            found = re.search(r"os error (\d+)", str(error))  # a full disk, say
            if found is None:
                raise
            raise OSError(int(found[1]), os.strerror(int(found[1]))) from error


def read_text_of(path: Path) -> str:
    """The text of a file, without its tensors.

    Raises
    ------
    InputError
        For a file that is truncated, a pickle, or not regtrack's.
    OSError
        When the file cannot be read.
    """
    _check_header(path)
    try:
        with utf8_path(path) as place, safe_open(place, framework="pt") as file:
            text: str | None = (file.metadata() or {}).get(_METADATA_KEY)
    except SafetensorError as error:
        raise InputError(path, f"truncated, or not a .safetensors file ({error})") from error
    if text is None:
        raise InputError(path, "a .safetensors file, but not one that regtrack wrote")
    return text


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file that `read_text_of` accepts.

    Raises
    ------
    InputError
        For a file that is truncated or damaged.
    OSError
        When the file cannot be read.
    """
    try:
        with utf8_path(path) as place, safe_open(place, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, RuntimeError) as error:
        raise InputError(path, f"truncated, or not a .safetensors file ({error})") from error


def tensors_sha256(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of the names, types, shapes and bytes of some tensors, in whatever order."""
    total = hashlib.sha256()
    for name, part in sorted(tensors.items()):
        plain = part.detach().cpu().contiguous()
        total.update(f"{name}\t{plain.dtype}\t{list(plain.shape)}\n".encode())
        total.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def _check_header(path: Path) -> None:
    """Refuse a file whose header is none, before it is read whole.

    Raises
    ------
    InputError
        Saying what it is instead, as far as its first bytes tell.
    """
    with path.open("rb") as file:
        head = file.read(_LENGTH.size + 1)
        size = file.seek(0, os.SEEK_END)
    length = _LENGTH.unpack_from(head)[0] if len(head) > _LENGTH.size else 0
    # The length of a sound header may begin as a pickle or a zip file does.
    if head[_LENGTH.size :] == b"{":
        if length > size - _LENGTH.size:
            raise InputError(
                path, f"truncated, or not a .safetensors file (a header of {length:,} bytes)"
            )
        if length > _LONGEST_HEADER:
            raise InputError(
                path,
                f"a .safetensors file with a header of {length:,} bytes; expected at most "
                f"{_LONGEST_HEADER:,}",
            )
        return
    if head.startswith((b"\x80", b"PK")) and not 0 < length <= size:
        raise InputError(
            path, "a pickle, which may run code when it is opened; expected .safetensors"
        )
    raise InputError(path, "truncated, or not a .safetensors file (it has no header)")
