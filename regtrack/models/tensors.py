"""`.safetensors` files: tensors by name and one JSON text, never code."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from regtrack.atomic import replacing
from regtrack.errors import InputError

_METADATA_KEY = "regtrack"


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
            save_file(plain, aside, metadata={_METADATA_KEY: text})
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
    with path.open("rb") as handle:
        head = handle.read(8)
    try:
        with safe_open(path, framework="pt") as file:
            text: str | None = (file.metadata() or {}).get(_METADATA_KEY)
    except SafetensorError as error:
        # Asked only now: the length that a good file begins with may look like a pickle's start.
        if head.startswith((b"\x80", b"PK")):
            raise InputError(
                path, "a pickle, which may run code when it is opened; expected .safetensors"
            ) from error
        raise InputError(path, f"truncated, or not a .safetensors file ({error})") from error
    if text is None:
        raise InputError(path, "a .safetensors file, but not one that regtrack wrote")
    return text


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file that `read_text_of` accepts."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
