"""`.safetensors` files: tensors by name and one JSON text, never code; and what torch saved."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file

from regtrack.atomic import replacing
from regtrack.errors import InputError
from regtrack.models.header import LENGTH, METADATA_KEY, check_header, text_in, unsound
from regtrack.paths import utf8_path

# Under which programs keep the weights in a checkpoint; the first is Lightning's.
_STATES = ("state_dict", "model_state_dict", "model")


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
                save_file(plain, place, metadata={METADATA_KEY: text})
        except SafetensorError as error:
            number = re.search(r"os error (\d+)", str(error))  # a full disk, say
            if number is None:
                raise
            raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


@dataclass(frozen=True)
class TensorFile:
    """A whole file, read once.

    Parameters
    ----------
    text, tensors
        What `save_tensors` was given.
    sha256
        Of the file.
    """

    text: str
    tensors: Mapping[str, torch.Tensor]
    sha256: str


def read_tensor_file(path: Path) -> TensorFile:
    """All of a file; only of one of regtrack's is more than the header read.

    Raises
    ------
    InputError
        As `read_text_of`; also when the tensors are damaged.
    OSError
        When the file cannot be read.
    """
    with path.open("rb") as file:
        check_header(file, path)
        file.seek(0)
        head = file.read(LENGTH.size)
        header = file.read(*LENGTH.unpack(head))
        try:
            described = json.loads(header)
        except (ValueError, RecursionError) as error:
            raise unsound(path, error) from error
        text = text_in(described.get("__metadata__"), path)
        data = head + header + file.read()
    try:
        return TensorFile(text, load(data), hashlib.sha256(data).hexdigest())
    except (SafetensorError, RuntimeError, KeyError) as error:  # the last, for an unknown type
        raise unsound(path, error) from error


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Tensors by name as another program saved them: a state of torch's, or safetensors.

    Code that stands in a pickle is not run.

    Raises
    ------
    InputError
        For a file that holds anything else, or is damaged.
    OSError
        When it cannot be read.
    """
    with path.open("rb") as file:
        is_plain = file.read(LENGTH.size + 1)[LENGTH.size :] == b"{"
    if is_plain:
        try:
            return load(path.read_bytes())
        except (SafetensorError, RuntimeError, KeyError) as error:
            raise unsound(path, error) from error
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError,
        BadZipFile,
        EOFError,
        RuntimeError,
        ValueError,
        KeyError,
    ) as error:
        raise InputError(path, _no_weights(error)) from error
    inside = next((key for key in _STATES if isinstance(state, Mapping) and key in state), None)
    if inside is not None and isinstance(state[inside], Mapping):
        raise InputError(
            path,
            f"a whole checkpoint; expected its weights alone: save its {inside!r}, "
            f"torch.save(checkpoint[{inside!r}], ...)",
        )
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(part, torch.Tensor) for name, part in state.items()
    ):
        raise InputError(path, "expected tensors by name, as torch saves a network's weights")
    return dict(state)


def _no_weights(error: Exception) -> str:
    """What a file holds that torch cannot read as weights; its own words go over many lines."""
    code = re.search(r"GLOBAL ([\w.]+)", str(error))
    if code is not None:
        return (
            f"holds more than weights ({code[1]}), and no code is run; expected what "
            "torch.save(module.state_dict(), ...) writes"
        )
    reason = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).partition("\n")[0][:200]
    return f"not a file of weights alone, or damaged ({reason})"


def tensors_sha256(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of the names, types, shapes and bytes of some tensors, in whatever order."""
    total = hashlib.sha256()
    for name, part in sorted(tensors.items()):
        plain = part.detach().cpu().contiguous()
        total.update(f"{name}\t{plain.dtype}\t{list(plain.shape)}\n".encode())
        total.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
