"""What tests are made of: small files with known content."""

from __future__ import annotations

import copy
import functools
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
import torch

from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import PrepareSettings
from regtrack.genome.markers import COLUMNS, Marker
from regtrack.genome.seen import Seen
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.checkpoint import Checkpoint, save_checkpoint
from regtrack.models.network import Network
from regtrack.models.validated import Validated
from regtrack.observer import Unwatched

# Task and name of every network.
NETWORKS = [(task, name) for task, networks in ARCHITECTURES.items() for name in networks]
# Those whose predictions depend on a bounded number of bases.
EXACT_DENSE = [name for name in ARCHITECTURES["dense"] if name != "bi-lstm"]

TINY_SETTINGS = {"f1": 6, "f2": 6, "f3": 6, "hidden": 8, "dropout": 0.0}
TINY_SIZES = {"chr1": 45_000, "chr2": 7_003, "chrM": 16}
TINY_THRESHOLD = 0.25  # exact in float32, as tracks keep it
TINY_GAPS = {"chr1": [(0, 1_000), (20_000, 20_137), (30_001, 30_002)]}


def write_fasta(path: Path, sequences: Mapping[str, str], width: int = 60) -> Path:
    with path.open("w") as file:
        for name, text in sequences.items():
            file.write(f">{name} a comment\n")
            file.writelines(f"{text[i : i + width]}\n" for i in range(0, len(text), width))
    return path


def random_sequence(random: np.random.Generator, length: int, gaps: Sequence = ()) -> str:
    letters = random.choice(list("ACGT"), size=length)
    for start, end in gaps:
        letters[start:end] = "N"
    return "".join(letters)


def a_marker(index: int = 0, name: str = "K562|CTCF|None", category: str = "TFBS") -> Marker:
    cell, target, treatment = (*name.split("|"), "None", "None")[:3]
    return Marker(index, name, category, cell, target, treatment)


def write_markers(path: Path, markers: Sequence[Marker]) -> Path:
    rows = ["\t".join(COLUMNS)]
    rows += ["\t".join(str(getattr(one, column)) for column in COLUMNS) for one in markers]
    path.write_text("\n".join(rows) + "\n")
    return path


def tiny_settings(task: str, architecture: str) -> dict[str, Any]:
    """Those of `TINY_SETTINGS` that a network has."""
    own = ARCHITECTURES[task][architecture].default_settings()
    return {name: value for name, value in TINY_SETTINGS.items() if name in own}


def a_network(task: str, architecture: str, markers: int = 4, **settings: Any) -> Network:
    """An untrained tiny network in evaluation mode, the same every time."""
    return copy.deepcopy(_network(task, architecture, markers, tuple(settings.items())))


@functools.cache
def _network(task: str, architecture: str, markers: int, settings: tuple) -> Network:
    torch.manual_seed(0)
    chosen = ARCHITECTURES[task][architecture]
    return spread_out(
        chosen.build(markers, {**tiny_settings(task, architecture), **dict(settings)})
    )


def spread_out(network: Network) -> Network:
    """Make an untrained network's probabilities spread over the whole range."""
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm1d):
            layer.momentum = 1.0  # one pass sets the statistics that training would
    codes = torch.randint(1, 5, (1, 40_000), dtype=torch.int32)
    with torch.no_grad():
        network.train()(codes)
        logits = network.eval()(codes)[0]
        scale = 2 / logits.std(dim=1)
        network.output.weight.mul_(scale[:, None])
        network.output.bias.sub_(logits.mean(dim=1)).mul_(scale).sub_(2)
    return network


def write_checkpoint(
    path: Path,
    markers: Sequence[Marker],
    chrom_sizes: Mapping[str, int],
    seed: int = 0,
    *,
    task: str = "dense",
    architecture: str = "dilated",
    settings: Mapping[str, Any] | None = None,
    seen: Seen | None = None,
    assembly: str = "tiny",
) -> Path:
    """An untrained network whose probabilities spread over the whole range.

    Its settings are tiny where none are given.
    """
    torch.manual_seed(seed)
    chosen = ARCHITECTURES[task][architecture]
    settings = tiny_settings(task, architecture) if settings is None else settings
    network = spread_out(chosen.build(len(markers), settings))
    checkpoint = Checkpoint(
        task=task,
        architecture=architecture,
        settings={**chosen.default_settings(), **settings},
        markers=tuple(markers),
        assembly=assembly,
        chrom_sizes=dict(chrom_sizes),
        thresholds=(TINY_THRESHOLD,) * len(markers),
        seen=seen,
        validated=(Validated(0.01, 0.3, 0.2, 0.4),) * len(markers),
    )
    save_checkpoint(path, checkpoint, network)
    return path


@dataclass(frozen=True)
class TinyWorld:
    """Paths of everything that a command needs."""

    folder: Path
    genome: Path
    markers: Path
    model: Path
    sequences: Mapping[str, str]

    def copied(self, folder: Path) -> TinyWorld:
        """The same in a new folder."""
        shutil.copytree(self.folder, folder)
        files = (folder / path.name for path in (self.genome, self.markers, self.model))
        return TinyWorld(folder, *files, self.sequences)


def make_tiny_world(folder: Path) -> TinyWorld:
    (folder / "peaks").mkdir(parents=True)
    random = np.random.default_rng(3)
    sequences = {
        chrom: random_sequence(random, size, TINY_GAPS.get(chrom, ()))
        for chrom, size in TINY_SIZES.items()
    }
    markers = []
    for index, (name, category) in enumerate(
        (
            ("K562|CTCF|None", "TFBS"),
            ("HepG2|DNase|None", "DNase"),
            ("K562|H3K4me3|None", "Histone"),
        )
    ):
        file = f"peaks/{index}.narrowPeak"
        marker = a_marker(index, name, category)
        markers.append(Marker(**{**marker.to_json(), "file": file}))
        starts = random.integers(1_000, 43_000, size=12 + index)
        rows = [f"chr1\t{start}\t{start + 300}\t.\t0\t.\t1\t-1\t-1\t100\n" for start in starts]
        (folder / file).write_text("".join(rows) + "chr2\t100\t400\n")
    return TinyWorld(
        folder=folder,
        genome=write_fasta(folder / "genome.fa", sequences),
        markers=write_markers(folder / "markers.tsv", markers),
        model=write_checkpoint(folder / "model.safetensors", markers, TINY_SIZES),
        sequences=sequences,
    )


@dataclass(frozen=True)
class TinyDatasets:
    """A world and the datasets made of it.

    `dense` has windows of 2,000 bases: 15 to train on (14 in a row on chr1, one on chr2), 9
    to validate on. `short` has the bins of the same windows. Of DNase nothing is known on
    chr2. `deepsea` comes with its sequence.
    """

    world: TinyWorld
    dense: Path
    short: Path
    deepsea: Path


def make_tiny_datasets(folder: Path) -> TinyDatasets:
    world = make_tiny_world(folder / "world")
    with (world.folder / "peaks" / "0.narrowPeak").open("a") as file:
        file.write("chr2\t2000\t2600\nchr2\t4400\t5000\n")
    made = TinyDatasets(world, folder / "dense", folder / "short", folder / "deepsea")
    for task in ("dense", "short"):
        settings = PrepareSettings(
            world.markers,
            world.genome,
            task=task,
            window=2_000,
            valid=["chr1:1-16,000", "chr2:1-4,000"],
            unknown=["DNase=chr2"],
        )
        prepare(settings, getattr(made, task), False, Unwatched())
    mats = folder / "mats"
    write_mats(mats)
    settings = PrepareSettings(world.markers, task="short", deepsea=mats)
    prepare(settings, made.deepsea, False, Unwatched())
    return made


def write_mats(folder: Path, markers: int = 3) -> None:
    """Random inputs and labels of some markers, as DeepSEA published theirs."""
    folder.mkdir()
    random = np.random.default_rng(5)
    for split, size in {"train": 20, "valid": 8, "test": 8}.items():
        bases = random.integers(0, 4, (size, 1_000))
        inputs = (bases[:, None, :] == np.arange(4)[:, None]).astype(np.uint8)
        labels = random.integers(0, 2, (size, markers)).astype(np.uint8)
        if split == "train":
            with h5py.File(folder / "train.mat", "w") as file:
                file["trainxdata"] = inputs.transpose(2, 1, 0)
                file["traindata"] = labels.T
        else:
            scipy.io.savemat(
                folder / f"{split}.mat", {f"{split}xdata": inputs, f"{split}data": labels}
            )
