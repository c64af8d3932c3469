"""Networks that go by a name: the one that comes with regtrack, and those that were fetched."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from regtrack.errors import ArgumentError
from regtrack.fetching.sources import MODELS_FOLDER
from regtrack.genome.cache import possible_cache_folder
from regtrack.notes import note
from regtrack.workspace.network_names import BUNDLED, FETCHED, NOT_FETCHED


def find_model(text: str, *, or_folder: bool = False) -> Path:
    """The checkpoint that a user names: by its path, or by the name of a network.

    A file of that name goes before the network; so does a folder, where one may be meant.

    Parameters
    ----------
    or_folder
        Whether a folder, such as one of tracks, may be meant.

    Raises
    ------
    ArgumentError
        For a network that is not fetched yet, or cannot be.
    InputError
        As `regtrack.genome.cache.possible_cache_folder`.
    """
    path = Path(text)
    is_taken = os.path.lexists(path) and (or_folder or not path.is_dir())
    if is_taken or path.name != text:
        return path
    if text in BUNDLED:
        return bundled_model()
    if text in NOT_FETCHED:
        raise ArgumentError("model", f"{text} cannot be fetched: {NOT_FETCHED[text]}")
    if text not in FETCHED:
        return path
    there = checkpoint_path(text)
    if not there.is_file():
        raise ArgumentError("model", f"{text} is not there yet: regtrack fetch model {text}")
    return there


def tell_of_bundled(*models: Path) -> None:
    """Note what the network that comes with regtrack is, where it is among some checkpoints."""
    if bundled_model() in models:
        (name,) = BUNDLED
        note(f"model {name} comes with regtrack: {BUNDLED[name]}")


def network_name(model: Path) -> str | None:
    """The name by which a checkpoint goes, if it came with regtrack or was fetched."""
    named = {bundled_model(): next(iter(BUNDLED))} | {
        checkpoint_path(name): name for name in FETCHED
    }
    return named.get(model)


def bundled_model() -> Path:
    """The checkpoint that comes with regtrack."""
    with resources.as_file(resources.files("regtrack") / "demo" / "data") as folder:
        return folder / "model.safetensors"


def checkpoint_path(name: str) -> Path:
    """Where the checkpoint of a fetched network lies."""
    return possible_cache_folder() / MODELS_FOLDER / f"{name}.safetensors"


def list_models() -> str:
    """What can be fetched, what is there, and what cannot be had this way; a line each."""
    lines = [f"{name:<9}{_state(checkpoint_path(name))}" for name in FETCHED]
    return "\n".join(
        [*lines, *(f"{name:<9}not fetched: {why}" for name, why in NOT_FETCHED.items())]
    )


def _state(path: Path) -> str:
    return f"there: {path}" if path.is_file() else "to fetch"
