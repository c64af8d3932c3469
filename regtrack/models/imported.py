"""Networks of other programs as checkpoints: a module by its code, and its trained weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from regtrack.errors import InputError, OptionError
from regtrack.folders import check_file
from regtrack.genome.assemblies import name_of
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import read_markers
from regtrack.listing import first_names
from regtrack.models.catalog import find_architecture
from regtrack.models.checkpoint import Checkpoint, save_checkpoint
from regtrack.models.network import Network
from regtrack.models.own_network import OwnNetwork
from regtrack.models.tensors import read_state


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
        Probability from which peaks of all markers are called.
    """

    network: str
    markers: Path
    out: Path
    settings: Mapping[str, Any]
    weights: Path | None
    genome: Path | None
    threshold: float
    force: bool


def import_network(request: ImportRequest) -> str:
    """Write a checkpoint of a network of one's own; returns what to say of it.

    Raises
    ------
    OptionError
        When there is no such network, or it does not have these settings.
    InputError
        When its code, its weights or the table of markers cannot be used, or `out` is there and
        may not be replaced.
    OSError
        When a file cannot be read or written.
    """
    check_file(request.out, request.force, "a checkpoint")
    markers = read_markers(request.markers, need_files=False)
    architecture = find_architecture("dense", request.network)
    try:
        network = architecture.build(len(markers), request.settings)
    except ValueError as error:
        raise OptionError("--set", str(error)) from error
    if request.weights is not None:
        _load(network, request.weights)
    sizes = {} if request.genome is None else dict(Genome(request.genome).chrom_sizes)
    checkpoint = Checkpoint(
        task="dense",
        architecture=architecture.name,
        settings={**architecture.default_settings(), **request.settings},
        markers=tuple(markers),
        assembly=name_of(sizes, "") if sizes else "not known",
        chrom_sizes=sizes,
        thresholds=(request.threshold,) * len(markers),
        thresholds_from="given",
        code=architecture.code_of(network),
    )
    save_checkpoint(request.out, checkpoint, network)
    context = network.context
    return (
        f"{request.out}: {architecture.name} of {len(markers):,} markers, "
        f"{network.parameter_count():,} parameters, context -{context.left:,} +{context.right:,}"
    )


def _load(network: Network, path: Path) -> None:
    """Give a network the weights of a file."""
    module = network.module if isinstance(network, OwnNetwork) else network
    found = read_state(path)
    own: Mapping[str, Tensor] = module.state_dict()
    misfits = [name for name in own if name not in found]
    what = "is missing"
    if not misfits:
        misfits, what = [name for name in found if name not in own], "is none of the module's"
    if not misfits:
        misfits = [name for name in own if own[name].shape != found[name].shape]
        what = "has another shape than the module's"
    if misfits:
        raise InputError(path, f"{first_names(misfits)} {what}")
    if not all(bool(torch.isfinite(part).all()) for part in found.values()):
        raise InputError(path, "one of its weights is not a finite number")
    module.load_state_dict(found)
