"""Published weights as checkpoints of regtrack's: DeepSEA as Kipoi published it.

The file is a pickle of tensors by name, read by nothing that could run code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from regtrack.errors import InputError
from regtrack.folders import check_file
from regtrack.genome.catalogue import catalogue
from regtrack.genome.fasta import BASES
from regtrack.genome.markers import Marker
from regtrack.models.checkpoint import Checkpoint, save_checkpoint
from regtrack.models.network import Network
from regtrack.models.short import DeepSea
from regtrack.models.tensors import read_state
from regtrack.models.validated import Validated

# Order of the four channels of its input.
_PUBLISHED_BASES = "AGCT"

# Its layers and those of `DeepSea`. Kipoi's variants have one or two more layers around the
# network, so that a number stands before each of its names.
_LAYERS = {
    "0": "trunk.0",
    "4": "trunk.4",
    "8": "trunk.8",
    "12.1": "head.0",
    "14.1": "head.2",
}

_LARGEST = 1_000_000_000  # bytes; the published one has 211 million
_MARKERS = 919

SOURCE = {
    "source": "Kipoi, DeepSEA/predict (https://zenodo.org/record/1466993)",
    "licence": "CC BY 3.0",
    "citation": "Zhou & Troyanskaya 2015, Predicting effects of noncoding variants with deep "
    "learning-based sequence model, Nature Methods 12:931-934",
}


def read_deepsea(path: Path) -> tuple[Checkpoint, Network]:
    """DeepSEA's published weights: of `deepsea_predict.pth` and its kin.

    Returns
    -------
    Checkpoint, Network
        Of the short task, for the 919 markers of the catalogue in their published order.

    Raises
    ------
    InputError
        For a file that is anything else; code that stands in a pickle is not run.
    OSError
        When it cannot be read.
    """
    if path.stat().st_size > _LARGEST:
        raise InputError(path, f"larger than {_LARGEST:,} bytes: not DeepSEA's weights")
    tensors = _plain(path, read_state(path))
    with torch.device("meta"):
        expected = {name: part.shape for name, part in DeepSea(_MARKERS).weights().items()}
    for name, part in tensors.items():
        shape = expected[name]
        if part.shape != shape:
            size = "x".join(map(str, part.shape)) or "a number"
            raise InputError(
                path,
                f"its layer {name} is {size}; expected {'x'.join(map(str, shape))}, as in "
                "DeepSEA of 919 markers",
            )
        if not bool(torch.isfinite(part).all()):
            raise InputError(path, f"damaged: its layer {name} has a weight that is no number")
    network = DeepSea(_MARKERS)
    with torch.no_grad():
        for name, part in network.weights().items():
            part.copy_(tensors[name])
    # Of a network whose probabilities are right, the threshold of the best F1 is half of that
    # F1, for which the published average precision stands.
    validated = tuple(map(_published_scores, catalogue()))
    checkpoint = Checkpoint(
        task="short",
        architecture="deepsea",
        settings={},
        markers=catalogue(),
        assembly="hg19",
        chrom_sizes={},
        thresholds=tuple(marker.average_precision / 2 if marker else 0.5 for marker in validated),
        training=dict(SOURCE),
        validated=validated,
        thresholds_from="scores",
    )
    return checkpoint, network.eval()


def import_deepsea(weights: Path, out: Path, force: bool) -> None:
    """Write a checkpoint of DeepSEA's published weights.

    Raises
    ------
    InputError
        As `read_deepsea`, and when `out` is there and may not be replaced.
    OSError
        When a file cannot be read or written.
    """
    check_file(out, force, "a checkpoint")
    checkpoint, network = read_deepsea(weights)
    save_checkpoint(out, checkpoint, network)


def _published_scores(marker: Marker) -> Validated | None:
    """DeepSEA's own figures of a marker; None of the one that had no peak on its test set."""
    try:
        base_rate, precision = (
            float(marker.extra[f"deepsea_{key}"]) for key in ("base_rate", "auprc")
        )
    except ValueError:
        return None
    return Validated(base_rate, precision) if base_rate else None


def _plain(path: Path, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights under our names and in our order of bases."""
    first = sorted(name for name in state if name.endswith("0.weight"))
    prefix = first[0].removesuffix("0.weight") if first else ""
    names = {
        f"{prefix}{theirs}.{kind}": f"{ours}.{kind}"
        for theirs, ours in _LAYERS.items()
        for kind in ("weight", "bias")
    }
    if set(state) != set(names):
        missing = sorted(set(names) - set(state))
        odd = missing[0] if missing else min(set(state) - set(names))
        raise InputError(
            path, f"not DeepSEA's layers: {odd} is {'missing' if missing else 'not one of them'}"
        )
    tensors = {
        ours: state[theirs].float().squeeze(2)
        if state[theirs].dim() == 4
        else state[theirs].float()
        for theirs, ours in names.items()
    }
    order = [_PUBLISHED_BASES.index(base) for base in BASES if base in _PUBLISHED_BASES]
    if tensors["trunk.0.weight"].dim() == 3 and tensors["trunk.0.weight"].shape[1] == len(order):
        tensors["trunk.0.weight"] = tensors["trunk.0.weight"][:, order]
    return tensors
