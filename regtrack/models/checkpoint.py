"""Checkpoints: one `.safetensors` file with weights and all that is needed to use them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import torch

from regtrack.documents import parse_json
from regtrack.errors import InputError, RegtrackError
from regtrack.genome.markers import Marker
from regtrack.genome.seen import Seen
from regtrack.models.architecture import Architecture, Code
from regtrack.models.catalog import ARCHITECTURES, recorded_architecture
from regtrack.models.header import (
    FORMAT_VERSION,
    CheckpointTable,
    SeenRecord,
    check_there,
    read_text_of,
)
from regtrack.models.network import Context, Network
from regtrack.models.own_architecture import OwnArchitecture
from regtrack.models.tensors import read_tensor_file, save_tensors, tensors_sha256
from regtrack.models.validated import Validated
from regtrack.notes import note
from regtrack.signals import MOST, check_range

# Of all but signals, which the first format does not know.
_FORMAT_OF_PROBABILITIES = 1

# Of the summary of a training, where the weights were published elsewhere.
CREDITS = ("source", "licence", "citation")

ThresholdsFrom = Literal["peaks", "bases", "scores", "given"]


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
        Probability, or signal, from which each marker's peaks are called.
    training
        Summary of the training, for people: steps, regions, validation scores.
    seen
        Where it was trained, as `chrom_sizes` spells it; None where that is not known, as of older
        checkpoints.
    validated
        Per marker, or None where it had no peak to be scored by; empty for older checkpoints.
    thresholds_from
        What all thresholds, or each, were chosen by: `peaks` or `bases` of the validation windows,
        `scores` that were published with the weights; `given` where somebody chose them.
    code
        Of a user's own network, which code it is; None for one of regtrack's.
    ranges
        Of a network whose values are signals, the range of each marker: what `max_error` and
        `floor` are shares of. Empty where they are probabilities.

    Raises
    ------
    ValueError
        Unless the architecture is known, has these settings, and there is one threshold
        per marker, of one origin. Of a user's own, only its task is checked.
    """

    task: str
    architecture: str
    settings: Mapping[str, Any]
    markers: tuple[Marker, ...]
    assembly: str
    chrom_sizes: Mapping[str, int]
    thresholds: tuple[float, ...]
    training: Mapping[str, Any] = field(default_factory=dict)
    seen: Seen | None = None
    validated: tuple[Validated | None, ...] = ()
    thresholds_from: ThresholdsFrom | tuple[ThresholdsFrom, ...] | None = None
    code: Code | None = None
    ranges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.code is not None:
            if self.task != "dense":
                raise ValueError(f"a network of one's own of task {self.task!r}")
        elif self.architecture not in ARCHITECTURES.get(self.task, {}):
            raise ValueError(f"unknown architecture {self.architecture!r} of task {self.task!r}")
        else:
            ARCHITECTURES[self.task][self.architecture].check(self.settings)
        if len(self.thresholds) != len(self.markers):
            raise ValueError("expected one threshold per marker")
        if len(self.validated) not in {0, len(self.markers)}:
            raise ValueError("expected the validation of every marker, or of none")
        if len(self.ranges) not in {0, len(self.markers)}:
            raise ValueError("expected the range of every marker, or of none")
        origins = self.thresholds_from
        if isinstance(origins, tuple) and len(origins) != len(self.markers):
            raise ValueError("expected one origin of thresholds per marker")

    def threshold_from(self, row: int) -> ThresholdsFrom:
        """What the threshold of one marker was chosen by; older checkpoints do not say."""
        origins = self.thresholds_from or ("peaks" if self.validated else "bases")
        return origins if isinstance(origins, str) else origins[row]

    @property
    def is_signal(self) -> bool:
        """Whether its values are signals from 0 upward, and no probabilities."""
        return bool(self.ranges)

    def range_of(self, row: int) -> float | None:
        """Of one marker; None where values are probabilities."""
        return self.ranges[row] if self.ranges else None

    def validation_of(self, row: int) -> Validated | None:
        """What is known of one marker."""
        return self.validated[row] if self.validated else None

    def is_skilled(self, row: int) -> bool:
        """False where a marker was not predicted clearly better than by chance."""
        validated = self.validation_of(row)
        return validated is None or validated.is_skilled

    @property
    def unskilled(self) -> tuple[Marker, ...]:
        """Markers that were not predicted clearly better than by chance."""
        return tuple(marker for row, marker in enumerate(self.markers) if not self.is_skilled(row))

    def identified(self, sha256: str) -> dict[str, str]:
        """What is said of it in whatever is made with it: which file it is, and of what origin."""
        credits_ = {
            name: text for name in CREDITS if isinstance(text := self.training.get(name), str)
        }
        return {
            "sha256": sha256,
            "architecture": self.architecture,
            "assembly": self.assembly,
            **credits_,
        }

    @property
    def is_named(self) -> bool:
        """Whether its network can be had: regtrack's own, or of code that the user has named."""
        code = self.code
        return (
            code is None
            or recorded_architecture(self.architecture, code.file, code.sha256) is not None
        )

    @property
    def network(self) -> Architecture:
        """What its network is. Code is run for it only if that was named by the user.

        Raises
        ------
        RegtrackError
            When it is a user's own network and its code is not named, or cannot be used.
        """
        code = self.code
        if code is None:
            return ARCHITECTURES[self.task][self.architecture]
        architecture = recorded_architecture(self.architecture, code.file, code.sha256)
        if architecture is None:
            raise RegtrackError(
                f"its network is {self.architecture} of {code.file} (SHA-256 {code.sha256}), whose "
                f"code only runs when you name it: --networks {code.file}"
            )
        if architecture.sha256 == code.sha256 and isinstance(architecture, OwnArchitecture):
            known = Context(left=code.left, right=code.right, exact=code.exact)
            return replace(architecture, context=known)
        return architecture

    def build(self) -> Network:
        """The network with random weights.

        Raises
        ------
        RegtrackError
            As `network`.
        """
        return self.network.build(len(self.markers), self.settings)

    def sketch(self, step: int | None = None) -> Network:
        """The network without weights, to be asked what it is; takes no time.

        Parameters
        ----------
        step
            As `Network.set_step`; None for its own.

        Raises
        ------
        ValueError
            When it has no such step.
        """
        with torch.device("meta"):
            network = self.build()
        if step is not None:
            network.set_step(step)
        return network

    def to_json(self, weights: str) -> str:
        """As it stands in the file; `weights` is the SHA-256 of its weights."""
        record = {
            **vars(self),
            "format": FORMAT_VERSION if self.ranges else _FORMAT_OF_PROBABILITIES,
            "markers": [marker.to_json() for marker in self.markers],
            "validated": [marker and asdict(marker) for marker in self.validated],
            # Where a regtrack that does not know it passes it over.
            "training": {**self.training, _WEIGHTS: weights},
            "seen": None if self.seen is None else self.seen.to_json(),
            "code": self.code and asdict(self.code),
        }
        if not self.ranges:
            del record["ranges"]
        # Without blanks: of a whole genome, what was seen is 80,000 numbers.
        return json.dumps(record, allow_nan=False, separators=(",", ":"))


# Of the weights: the SHA-256 of their names, types, shapes and bytes.
_WEIGHTS = "weights_sha256"


@dataclass(frozen=True)
class _Summary:
    """What is used of the summary of a training."""

    step: int | None = None
    dataset: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    windows: dict[str, int] = field(default_factory=dict)
    average_precision: dict[str, float] = field(default_factory=dict)
    weights_sha256: str | None = None


@dataclass(frozen=True)
class _Metadata(CheckpointTable):
    """All that is said of a checkpoint, as it stands in the file."""

    architecture: str
    settings: dict[str, Any]
    thresholds: tuple[float, ...]
    training: dict[str, Any] = field(default_factory=dict)
    validated: tuple[Validated | None, ...] = ()
    task: str = "dense"  # which the first ones all were
    seen: SeenRecord | None = None
    thresholds_from: ThresholdsFrom | tuple[ThresholdsFrom, ...] | None = None
    code: Code | None = None
    ranges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        highest = MOST if self.ranges else 1
        if not all(0 <= value <= highest for value in self.thresholds):
            raise ValueError(f"expected thresholds from 0 to {highest:g}")
        for marker_range in self.ranges:
            check_range(marker_range)


@dataclass(frozen=True)
class _Trained:
    """The part of the metadata that `_Metadata` leaves as it is."""

    training: _Summary = field(default_factory=_Summary)


def save_checkpoint(path: Path, checkpoint: Checkpoint, network: Network) -> None:
    """Write weights and metadata to `path`, complete or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    weights = network.weights()
    save_tensors(path, weights, checkpoint.to_json(tensors_sha256(weights)))


def read_checkpoint(path: Path, *, unnamed: bool = False) -> Checkpoint:
    """Read the metadata of a checkpoint, not its weights.

    Parameters
    ----------
    unnamed
        Also that of a user's own network whose code nobody has named: what it says of itself.

    Raises
    ------
    InputError
        For a file that is truncated, a pickle, of a newer format, or not regtrack's.
    OSError
        When the file cannot be read.
    """
    return _parsed(read_text_of(path), path, unnamed=unnamed)[0]


def read_identified(path: Path, *, unnamed: bool = False) -> tuple[Checkpoint, str]:
    """The metadata of a checkpoint, and the SHA-256 of the file, which is read once for both.

    Parameters
    ----------
    unnamed
        As `read_checkpoint`.

    Raises
    ------
    InputError, OSError
        As `read_checkpoint`.
    """
    check_there(path)
    file = read_tensor_file(path)
    return _parsed(file.text, path, unnamed=unnamed)[0], file.sha256


def _parsed(text: str, path: Path, *, unnamed: bool = False) -> tuple[Checkpoint, str | None]:
    """The metadata of a checkpoint, and the SHA-256 of its weights, which older ones lack."""
    where = f"{path}: metadata"
    metadata = parse_json(text, _Metadata, where, FORMAT_VERSION)
    summary = parse_json(text, _Trained, where).training
    metadata.training.pop(_WEIGHTS, None)
    try:
        values = {part.name: getattr(metadata, part.name) for part in fields(metadata)}
        if metadata.seen is not None:
            values["seen"] = metadata.seen.on(metadata.chrom_sizes)
        checkpoint = Checkpoint(**values)
    except (ValueError, TypeError) as error:
        raise InputError(where, f"damaged ({error})") from error
    if checkpoint.code is not None and not (unnamed and not checkpoint.is_named):
        _check_code(path, checkpoint, checkpoint.code)
    return checkpoint, summary.weights_sha256


def _check_code(path: Path, checkpoint: Checkpoint, code: Code) -> None:
    """Refuse a checkpoint whose code is not named, and say so where it is another one's."""
    try:
        network = checkpoint.network
        network.check(checkpoint.settings)
    except ValueError as error:
        raise InputError(path, f"{error}: the code is another one than when it was made") from error
    except InputError:
        raise
    except RegtrackError as error:
        raise InputError(path, str(error)) from error
    if network.sha256 != code.sha256:
        note(
            f"{path} was made with another {code.file} (SHA-256 {code.sha256[:12]}...) than is "
            f"named ({(network.sha256 or '')[:12]}...): what it predicts may be different"
        )


def load_network(path: Path, device: torch.device) -> Network:
    """The network of a checkpoint with its weights, ready to predict.

    Raises
    ------
    InputError
        As `read_checkpoint`; also when the weights do not fit the architecture or their checksum.
    """
    file = read_tensor_file(path)
    checkpoint, digest = _parsed(file.text, path)
    weights = file.tensors
    # Of the sketch: what a damaged file asks for may be larger than memory.
    if {name: part.shape for name, part in weights.items()} != {
        name: part.shape for name, part in checkpoint.sketch().weights().items()
    }:
        raise InputError(path, "its weights do not fit its architecture")
    if digest is not None and tensors_sha256(weights) != digest:
        raise InputError(path, "damaged: its weights do not match their checksum")
    if not all(bool(torch.isfinite(part).all()) for part in weights.values()):
        raise InputError(path, "damaged: one of its weights is not a finite number")
    network = checkpoint.build()
    if network.is_signal != checkpoint.is_signal:
        kinds = ("probabilities", "a signal")
        raise InputError(
            path,
            f"was made with code that gives {kinds[checkpoint.is_signal]}, and that which is named "
            f"gives {kinds[network.is_signal]}: import it anew",
        )
    with torch.no_grad():
        for name, part in network.weights().items():
            part.copy_(weights[name])
    return network.to(device).eval()
