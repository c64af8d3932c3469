"""Checkpoints: one `.safetensors` file with weights and all that is needed to use them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from regtrack.atomic import replacing
from regtrack.errors import InputError
from regtrack.genome.markers import Marker
from regtrack.genome.names import MITOCHONDRION, resolve_chrom
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.dense import DenseNetwork

FORMAT_VERSION = 1
_METADATA_KEY = "regtrack"


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says beside its weights.

    Parameters
    ----------
    architecture, settings
        Name in `regtrack.models.catalog` and the settings it was built with.
    markers
        The table of markers, in the order of the network's outputs.
    assembly, chrom_sizes
        Name and chromosome lengths of the genome that it was trained on.
    thresholds
        Probability from which each marker's peaks are called.
    training
        Summary of the training, for people: steps, regions, validation scores.

    Raises
    ------
    ValueError
        Unless the architecture is known, has these settings, and there is one threshold
        per marker.
    """

    architecture: str
    settings: Mapping[str, Any]
    markers: tuple[Marker, ...]
    assembly: str
    chrom_sizes: Mapping[str, int]
    thresholds: tuple[float, ...]
    training: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise ValueError(f"unknown architecture {self.architecture!r}")
        ARCHITECTURES[self.architecture].check(self.settings)
        if len(self.thresholds) != len(self.markers):
            raise ValueError("expected one threshold per marker")

    def build(self) -> DenseNetwork:
        """The network with random weights."""
        return ARCHITECTURES[self.architecture].build(len(self.markers), self.settings)

    def to_json(self) -> str:
        """As it stands in the file."""
        record = {
            **vars(self),
            "format": FORMAT_VERSION,
            "markers": [marker.to_json() for marker in self.markers],
        }
        return json.dumps(record, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Checkpoint:
        """Inverse of `to_json`."""
        record = json.loads(text)
        del record["format"]
        record["markers"] = tuple(Marker.from_json(marker) for marker in record["markers"])
        record["thresholds"] = tuple(record["thresholds"])
        return cls(**record)


def save_checkpoint(path: Path, checkpoint: Checkpoint, network: DenseNetwork) -> None:
    """Write weights and metadata to `path`, complete or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    weights = {
        name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()
    }
    with replacing(path) as aside:
        aside.touch()  # an OSError that names the file, where safetensors has its own
        save_file(weights, aside, metadata={_METADATA_KEY: checkpoint.to_json()})


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the metadata of a checkpoint, not its weights.

    Raises
    ------
    InputError
        For a file that is truncated, a pickle, of a newer format, or not regtrack's.
    OSError
        When the file cannot be read.
    """
    with path.open("rb") as handle:
        head = handle.read(8)
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_METADATA_KEY)
    except SafetensorError as error:
        # Asked only now: the length that a good file begins with may look like a pickle's start.
        if head.startswith((b"\x80", b"PK")):
            raise InputError(
                path, "a pickle, which may run code when it is opened; expected .safetensors"
            ) from error
        raise InputError(path, f"truncated, or not a .safetensors file ({error})") from error
    if text is None:
        raise InputError(path, "a .safetensors file, but not one that regtrack wrote")
    try:
        version = json.loads(text)["format"]
        if version > FORMAT_VERSION:
            raise InputError(
                path,
                f"written in format {version}; this regtrack reads up to {FORMAT_VERSION}: "
                "please update it",
            )
        return Checkpoint.from_json(text)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(path, f"damaged metadata ({error!r})") from error


def load_network(path: Path, device: torch.device) -> DenseNetwork:
    """The network of a checkpoint with its weights, ready to predict.

    Raises
    ------
    InputError
        As `read_checkpoint`; also when the weights do not fit the architecture.
    """
    network = read_checkpoint(path).build()
    with safe_open(path, framework="pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(path, "its weights do not fit its architecture") from error
    return network.to(device).eval()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, which names a checkpoint in the tracks made with it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_assembly(
    path: Path, checkpoint: Checkpoint, genome: Path, sizes: Mapping[str, int]
) -> None:
    """Refuse a genome that is not the one that the checkpoint was trained on.

    Chromosomes of one name must have one length; at least one must be in both.

    Raises
    ------
    InputError
        Naming the first chromosome that differs.
    """
    trained_on = f"{path} was trained on {checkpoint.assembly}"
    shared = 0
    for chrom, size in sizes.items():
        known = resolve_chrom(chrom, checkpoint.chrom_sizes)
        # The mitochondrion says nothing: one assembly's files hold different ones.
        if known is None or known in MITOCHONDRION:
            continue
        shared += 1
        if checkpoint.chrom_sizes[known] != size:
            raise InputError(
                genome,
                f"another assembly: {chrom} has {size:,} bases here, but {trained_on}, where it "
                f"has {checkpoint.chrom_sizes[known]:,} (--any-assembly predicts all the same)",
            )
    if not shared:
        raise InputError(
            genome,
            f"another assembly: {trained_on}, which has none of these chromosomes "
            "(--any-assembly predicts all the same)",
        )
