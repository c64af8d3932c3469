"""Checkpoints: one `.safetensors` file with weights and all that is needed to use them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from regtrack.errors import InputError
from regtrack.genome.assemblies import describe, describe_other, name_of, recognise
from regtrack.genome.markers import Marker
from regtrack.genome.names import MITOCHONDRION, first_names, resolve_chrom
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.network import Network
from regtrack.models.tensors import read_tensors, read_text_of, save_tensors

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says beside its weights.

    Parameters
    ----------
    task, architecture, settings
        Task and name in `regtrack.models.catalog`, and the settings it was built with.
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

    task: str
    architecture: str
    settings: Mapping[str, Any]
    markers: tuple[Marker, ...]
    assembly: str
    chrom_sizes: Mapping[str, int]
    thresholds: tuple[float, ...]
    training: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES.get(self.task, {}):
            raise ValueError(f"unknown architecture {self.architecture!r} of task {self.task!r}")
        ARCHITECTURES[self.task][self.architecture].check(self.settings)
        if len(self.thresholds) != len(self.markers):
            raise ValueError("expected one threshold per marker")

    def build(self) -> Network:
        """The network with random weights."""
        return ARCHITECTURES[self.task][self.architecture].build(len(self.markers), self.settings)

    def sketch(self) -> Network:
        """The network without weights, to be asked what it is; takes no time."""
        with torch.device("meta"):
            return self.build()

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
        record = {"task": "dense", **json.loads(text)}  # which the first ones all were
        del record["format"]
        record["markers"] = tuple(Marker.from_json(marker) for marker in record["markers"])
        record["thresholds"] = tuple(record["thresholds"])
        return cls(**record)


def save_checkpoint(path: Path, checkpoint: Checkpoint, network: Network) -> None:
    """Write weights and metadata to `path`, complete or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    save_tensors(path, network.weights(), checkpoint.to_json())


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the metadata of a checkpoint, not its weights.

    Raises
    ------
    InputError
        For a file that is truncated, a pickle, of a newer format, or not regtrack's.
    OSError
        When the file cannot be read.
    """
    text = read_text_of(path)
    try:
        version = json.loads(text)["format"]
        if version > FORMAT_VERSION:
            raise InputError(
                path,
                f"written in format {version}; this regtrack reads up to {FORMAT_VERSION}: "
                "please update it",
            )
        return Checkpoint.from_json(text)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(path, f"damaged metadata ({error!r})") from error


def load_network(path: Path, device: torch.device) -> Network:
    """The network of a checkpoint with its weights, ready to predict.

    Raises
    ------
    InputError
        As `read_checkpoint`; also when the weights do not fit the architecture.
    """
    network = read_checkpoint(path).build()
    weights = read_tensors(path)
    own = network.weights()
    if {name: part.shape for name, part in weights.items()} != {
        name: part.shape for name, part in own.items()
    }:
        raise InputError(path, "its weights do not fit its architecture")
    with torch.no_grad():
        for name, part in own.items():
            part.copy_(weights[name])
    return network.to(device).eval()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, which names a checkpoint in the tracks made with it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_assembly(
    path: Path, checkpoint: Checkpoint, genome: Path, sizes: Mapping[str, int]
) -> None:
    """Refuse a genome that is not the one that the checkpoint was trained on.

    Chromosomes of one name must have one length; at least one must be in both, or both must be
    parts of one known assembly. A checkpoint that was trained on sequence without a genome knows
    none, and fits any.

    Raises
    ------
    InputError
        Naming both assemblies and the first chromosome that differs.
    """
    known = checkpoint.chrom_sizes
    if not known:
        return
    # The mitochondrion says nothing: one assembly's files hold different ones.
    shared = {
        chrom: own
        for chrom in sizes
        if (own := resolve_chrom(chrom, known)) is not None and own not in MITOCHONDRION
    }
    for chrom, own in shared.items():
        if known[own] != sizes[chrom]:
            there = describe_other(known, own, sizes, checkpoint.assembly)
            raise _other_assembly(genome, describe(sizes, chrom), f"{path} was trained on {there}")
    names = {recognise(sizes), recognise(known)}
    if not shared and (len(names) > 1 or None in names):
        there = f"{name_of(known, checkpoint.assembly)}, whose chromosomes are others"
        raise _other_assembly(
            genome, describe(sizes), f"{path} was trained on {there} ({first_names(known)})"
        )


def _other_assembly(genome: Path, here: str, there: str) -> InputError:
    return InputError(genome, f"is {here}, but {there}; --any-genome predicts all the same")
