"""What tests are made of: small files with known content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from regtrack.genome.markers import COLUMNS, Marker
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.checkpoint import Checkpoint, save_checkpoint

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


def write_checkpoint(
    path: Path, markers: Sequence[Marker], chrom_sizes: Mapping[str, int], seed: int = 0
) -> Path:
    """An untrained network whose probabilities spread over the whole range."""
    torch.manual_seed(seed)
    network = ARCHITECTURES["dilated"].build(len(markers), TINY_SETTINGS)
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
    checkpoint = Checkpoint(
        architecture="dilated",
        settings={**ARCHITECTURES["dilated"].default_settings(), **TINY_SETTINGS},
        markers=tuple(markers),
        assembly="tiny",
        chrom_sizes=dict(chrom_sizes),
        thresholds=(TINY_THRESHOLD,) * len(markers),
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
