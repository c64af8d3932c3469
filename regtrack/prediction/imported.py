"""Networks of other programs as checkpoints: a module by its code, and its trained weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from regtrack.errors import ArgumentError, InputError
from regtrack.folders import check_file
from regtrack.genome.assemblies import name_of
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import Marker, read_markers
from regtrack.listing import counted, first_names
from regtrack.models.catalog import find_architecture
from regtrack.models.checkpoint import Checkpoint, save_checkpoint
from regtrack.models.network import Network
from regtrack.models.own_network import OwnNetwork
from regtrack.models.tensors import read_state
from regtrack.observer import Observer
from regtrack.prediction.sampled import sample_values
from regtrack.signals import check_range

# Probability from which peaks are called, or share of a signal's range.
_USUAL = 0.5


@dataclass(frozen=True)
class ImportRequest:
    """Which network is to become a checkpoint.

    Parameters
    ----------
    network
        As `regtrack.models.catalog.find_architecture` takes it.
    markers
        Table of them, one for each output, in order.
    settings
        Those of the network that differ from its own.
    weights
        As `regtrack.models.tensors.read_state`; None for those that the class makes.
    genome
        FASTA of the assembly it was trained on; None fits any.
    threshold
        Probability from which peaks of all markers are called; of a signal, that share of each
        one's range. None for 0.5 or, of a signal that is sampled, the value that one base in a
        hundred exceeds.
    """

    network: str
    markers: Path
    out: Path
    settings: Mapping[str, Any]
    weights: Path | None
    genome: Path | None
    threshold: float | None
    force: bool

    @property
    def called_from(self) -> float:
        """The threshold that was asked for, which may be 0, or else the usual one."""
        return _USUAL if self.threshold is None else self.threshold


def import_network(request: ImportRequest, observer: Observer) -> str:
    """Write a checkpoint of a network of one's own; returns what to say of it.

    Of a network of signals, a sample of the genome is predicted, to know its ranges.

    Parameters
    ----------
    observer
        Is told of bases of the sample.

    Raises
    ------
    ArgumentError
        When there is no such network, or it does not have these settings.
    InputError
        When its code, its weights or the table of markers cannot be used, or `out` is there and
        may not be replaced; when the range of a signal is neither declared nor can be measured.
    OSError
        When a file cannot be read or written.
    """
    check_file(request.out, request.force, "a checkpoint")
    markers = read_markers(request.markers, need_files=False)
    architecture = find_architecture("dense", request.network)
    try:
        network = architecture.build(len(markers), request.settings)
    except ValueError as error:
        raise ArgumentError("set", str(error)) from error
    if request.weights is not None:
        _load(network, request.weights)
    genome = None if request.genome is None else Genome(request.genome)
    sizes = {} if genome is None else dict(genome.chrom_sizes)
    values = _Values((), (request.called_from,) * len(markers))
    if isinstance(network, OwnNetwork) and network.is_signal:
        values = _signal_values(request, network.eval(), markers, genome, observer)
    checkpoint = Checkpoint(
        task="dense",
        architecture=architecture.name,
        settings={**architecture.default_settings(), **request.settings},
        markers=tuple(markers),
        assembly=name_of(sizes, "") if sizes else "not known",
        chrom_sizes=sizes,
        thresholds=values.thresholds,
        thresholds_from="given",
        code=architecture.code_of(network),
        ranges=values.ranges,
    )
    save_checkpoint(request.out, checkpoint, network)
    context = network.context
    kind = " of a signal" if values.ranges else ""
    return (
        f"{request.out}: {architecture.name} of {counted(len(markers), 'marker')}{kind}, "
        f"{network.parameter_count():,} parameters, context -{context.left:,} +{context.right:,}"
    )


class _Values(NamedTuple):
    """Ranges and thresholds of all markers; no range where values are probabilities."""

    ranges: tuple[float, ...]
    thresholds: tuple[float, ...]


def _signal_values(
    request: ImportRequest,
    network: OwnNetwork,
    markers: Sequence[Marker],
    genome: Genome | None,
    observer: Observer,
) -> _Values:
    """Ranges as declared, or else those of a sample; thresholds as they were asked for, or else."""
    try:
        ranges = network.contract.ranges(len(markers))
    except ValueError as error:
        raise InputError(request.network, str(error)) from error
    sampled = None
    if genome is not None and (ranges is None or request.threshold is None):
        sampled = sample_values(network, genome, observer)
    if ranges is None:
        if sampled is None:
            raise InputError(
                request.network,
                "gives a signal and declares no range: --genome is needed, to measure it",
            )
        ranges = sampled.highest
        for marker, marker_range in zip(markers, ranges, strict=True):
            try:
                check_range(marker_range)
            except ValueError:
                raise InputError(
                    request.network,
                    f"its highest value of {marker.name} in a sample of {request.genome} is "
                    f"{marker_range:g}: declare its range",
                ) from None
    if sampled is not None and request.threshold is None:
        return _Values(ranges, sampled.rare)
    return _Values(ranges, tuple(request.called_from * marker_range for marker_range in ranges))


def _load(network: Network, path: Path) -> None:
    """Give a network the weights of a file."""
    module = network.module if isinstance(network, OwnNetwork) else network
    state = read_state(path)
    own: Mapping[str, Tensor] = module.state_dict()
    if problem := _misfit(own, state):
        raise InputError(path, problem)
    if not all(bool(torch.isfinite(part).all()) for part in state.values()):
        raise InputError(path, "one of its weights is not a finite number")
    module.load_state_dict(state)


def _misfit(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> str:
    """Why weights are not those of a module; empty where they are."""
    for longer, shorter, whose in (
        (state, own, "its names begin with {}, those of the module's do not: save them without it"),
        (own, state, "its names lack {} in front, which the module's have: save the module's own"),
    ):
        if prefix := _prefix(longer, shorter):
            return whose.format(repr(prefix))
    if missing := [name for name in own if name not in state]:
        return f"{first_names(missing)} is missing; it has {first_names(state)}"
    if others := [name for name in state if name not in own]:
        return f"{first_names(others)} is none of the module's"
    for name, part in own.items():
        if part.shape != state[name].shape:
            return f"{name} has the shape {_shape(state[name])}, the module's has {_shape(part)}"
    return ""


def _prefix(longer: Mapping[str, Tensor], shorter: Mapping[str, Tensor]) -> str:
    """What stands before every name of the one that is in the other; empty where nothing does."""
    if not longer or not shorter or set(longer) & set(shorter):
        return ""
    name = next(iter(shorter))
    ends = [long.removesuffix(name) for long in longer if long.endswith(f".{name}")]
    return next(
        (start for start in ends if {f"{start}{short}" for short in shorter} == set(longer)), ""
    )


def _shape(part: Tensor) -> str:
    return f"({', '.join(map(str, part.shape))})"
