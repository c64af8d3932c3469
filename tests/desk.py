"""What a reader of the docs has at hand, in small: `hg19.fa.gz`, `peaks/`, `dataset/`, `tracks/`.

Everything that the pages take for granted is there under the name that they use, so that what they
say can be typed as it stands. Chromosomes are as long as regions on the pages want them, and N but
for a few thousand bases; networks have some hundred weights.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import TINY_SETTINGS, a_marker, write_checkpoint, write_mats
from fetching_server import Sources, packed, path_of
from own_networks import EXAMPLES, own_network

from regtrack.fetching import sources as published
from regtrack.fetching.sources import exclude_sources, gene_source, genome_sources, peak_sources
from regtrack.genome import assemblies, catalogue
from regtrack.genome.bgzip import writing_bgzip
from regtrack.genome.markers import COLUMNS, Marker
from regtrack.models.architecture import Architecture
from regtrack.models.catalog import ARCHITECTURES
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.workspace import fetched_network

SIZES = {"chr1": 40_000, "chr7": 10_000, "chr8": 21_361_000, "chr9": 10_000, "chr22": 21_361_000}
# What is not N.
KNOWN = {
    "chr1": [(0, 40_000)],
    "chr7": [(0, 10_000)],
    "chr8": [(21_330_000, 21_340_000)],
    "chr9": [(0, 10_000)],
    "chr22": [(21_330_000, 21_361_000)],
}
GENES = {"COMT": ("chr22", 21_340_000), "MYC": ("chr8", 21_335_000)}
# Markers that pages name: of the 919, and of the reader's own.
CATALOGUE = (
    "GM12878|DNase|None",
    "K562|DNase|None",
    "GM12878|CTCF|None",
    "K562|CTCF|None",
    "K562|H3K4me3|None",
)
OWN = (*CATALOGUE, "gm12878|H3K4me3|None")
WEIGHTS = b"DeepSEA's weights"
# How much, not what: a step is enough.
SMALL = {
    **{
        f"REGTRACK_{command}_{name}": value
        for command in ("TRAIN", "COMPARE", "CROSSVAL", "SEARCH")
        for name, value in {"STEPS": "1", "NORM_BATCHES": "1", "PRECISION": "float32"}.items()
    },
    "REGTRACK_SEARCH_TRIALS": "1",
    "REGTRACK_CROSSVAL_FOLDS": "2",
    "REGTRACK_CROSSVAL_SEEDS": "1",
    "REGTRACK_PREPARE_WINDOW": "5000",
}


def stand_in(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let small things pass for large ones: networks, five markers for 919, a genome for hg19."""
    table = folder / "catalogue.tsv"
    if not table.exists():
        named = [one for one in catalogue.catalogue() if one.name in CATALOGUE]
        markers = [replace(one, index=index) for index, one in enumerate(named)]
        table.write_text(f"{catalogue.markers_tsv(markers)}\n")
    patch.setattr(catalogue, "_TABLE", table)
    longer = {chrom: size + 1 for chrom, size in SIZES.items()}
    known = {"hg19": ("human", SIZES), "hg38": ("human", longer)}
    patch.setattr(assemblies, "_known", lambda: known)
    found = replace(published.MODELS["deepsea"], md5=hashlib.md5(WEIGHTS).hexdigest())
    patch.setitem(published.MODELS, "deepsea", found)
    small = folder / "deepsea.safetensors"
    patch.setattr(
        fetched_network,
        "read_deepsea",
        lambda _: (read_checkpoint(small), load_network(small, torch.device("cpu"))),
    )
    usual, build = Architecture.default_settings, Architecture.build

    def default_settings(network: Architecture) -> dict[str, Any]:
        return {name: TINY_SETTINGS.get(name, value) for name, value in usual(network).items()}

    def built(
        network: Architecture, markers: int, settings: Mapping[str, Any] | None = None
    ) -> Any:
        return build(network, markers, {**default_settings(network), **(settings or {})})

    patch.setattr(Architecture, "default_settings", default_settings)
    patch.setattr(Architecture, "build", built)
    patch.setattr(Architecture, "paper_grid", lambda _: {"learning_rate": [0.001, 0.01]})
    for name, value in SMALL.items():
        patch.setenv(name, value)


def the_web() -> Sources:
    """What `fetch` finds, at the addresses of the real files."""
    bodies = {published.MODELS["deepsea"].url: WEIGHTS}
    for assembly, more in {"hg19": "", "hg38": "N", "mm39": "NN"}.items():
        genome = "".join(f">{chrom}\n{_sequence(chrom)}{more}\n" for chrom in SIZES)
        lengths = "".join(f"{chrom}\t{size + len(more)}\n" for chrom, size in SIZES.items())
        sequence, sizes = genome_sources(assembly)
        bodies |= {sequence.url: packed(genome), sizes.url: lengths.encode()}
    for assembly in "hg19", "hg38":
        bodies[gene_source(assembly, "refGene").url] = packed(_genes())
    for assembly in "hg19", "hg38", "mm10":
        bodies |= {one.url: packed("chr1\t0\t200\n") for one in exclude_sources(assembly)}
    listed = peak_sources(catalogue.catalogue())
    bodies |= {one.url: packed(_peaks(seed)) for seed, one in enumerate(listed)}
    sources = Sources()
    sources.files = {path_of(url): body for url, body in bodies.items()}
    return sources


def make_desk(folder: Path, call: Callable[..., None]) -> None:
    """Everything but what `fetch` brings; `call` runs a command of regtrack in the folder."""
    fasta = "".join(f">{chrom}\n{_sequence(chrom)}\n" for chrom in SIZES)
    (folder / "hg19.fa").write_text(fasta)
    with writing_bgzip(folder / "hg19.fa.gz", 1) as file:
        file.write(fasta.encode())
    (folder / "refGene.txt.gz").write_bytes(packed(_genes()))
    for name in "artifacts.bed", "unmappable.bed":
        (folder / name).write_text("chr1\t0\t200\n")
    (folder / "regtrack.toml").write_text(
        '[defaults]\ngenome = "hg19.fa.gz"\npeaks = "markers.tsv"\ngenes = "refGene.txt.gz"\n'
        'model = "model.safetensors"\n'
    )
    _write_networks(folder, _write_peaks(folder))
    write_mats(folder / "deepsea_train", len(OWN))
    held_out = ("--valid", "chr7", "--test", "chr8,chr9")
    call("prepare", "--out", "dataset", *held_out)
    call("prepare", "--task", "short", "--out", "short", *held_out)
    call("predict", "chr8", "chr9", "chr22", "--out", "tracks")
    call("eval", "tracks", "--out", "report")
    for copied in "dense", "demo/dataset":
        same(folder / "dataset", folder / copied)
    for copied in "demo/tracks", "model_a/tracks", "model_b/tracks":
        same(folder / "tracks", folder / copied)
    same(folder / "report", folder / "demo" / "report")
    # As deepTools' page calls them.
    first = next((folder / "tracks" / "bigwig").iterdir())
    os.link(first, first.with_name("57_HeLa-S3_E2F1_DREAM.bw"))
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "activate").touch()


def same(folder: Path, copied: Path) -> None:
    """A second name for each file: what regtrack replaces is another file then."""
    shutil.copytree(folder, copied, copy_function=os.link)


def _write_peaks(folder: Path) -> list[Marker]:
    """Peaks of each of the reader's markers, and the table of them."""
    (folder / "peaks").mkdir()
    rows, markers = ["\t".join(COLUMNS)], []
    for index, name in enumerate(OWN):
        category = "DNase" if "DNase" in name else "Histone" if "H3K" in name else "TFBS"
        file = f"peaks/{'.'.join(name.split('|')[:2])}.narrowPeak.gz"
        markers.append(Marker(**{**a_marker(index, name, category).to_json(), "file": file}))
        rows.append("\t".join(str(getattr(markers[-1], column)) for column in COLUMNS))
        (folder / file).write_bytes(packed(_peaks(index)))
    (folder / "markers.tsv").write_text("\n".join(rows) + "\n")
    return markers


def _write_networks(folder: Path, markers: list[Marker]) -> None:
    """Checkpoints as `train`, `compare` and `search` leave them, and the files of examples."""
    for name in "model", "dilated", "cnn7", "id-cnn", "bi-lstm", "old":
        of = {"architecture": name if name in ARCHITECTURES["dense"] else "dilated"}
        path = write_checkpoint(
            folder / f"{name}.safetensors", markers, SIZES, assembly="hg19", **of
        )
        for copied in f"table1/{name}.safetensors", f"search-{name}/best.safetensors":
            (folder / copied).parent.mkdir(exist_ok=True)
            shutil.copy(path, folder / copied)
    for file, name, weights in (
        ("my_networks.py", "MyNet", "own.pt"),
        ("outside_model.py", "Wrapped", "model.pt"),
        ("outside_signal.py", "Expected", "bpnet.pt"),
    ):
        shutil.copy(EXAMPLES / file, folder)
        torch.manual_seed(1)
        module = own_network(EXAMPLES / file, name, len(OWN)).module
        if name == "Expected":
            module.model.counts.bias.data.fill_(3)  # some 20 reads
        torch.save(module.state_dict(), folder / weights)
    os.link(folder / "hg19.fa", folder / "hg38.fa")


@functools.cache
def _sequence(chrom: str) -> str:
    """N but for what is known, the same every time."""
    random = np.random.default_rng(sum(map(ord, chrom)))
    whole = np.full(SIZES[chrom], ord("N"), np.uint8)
    for start, end in KNOWN[chrom]:
        whole[start:end] = random.choice(np.frombuffer(b"ACGT", np.uint8), size=end - start)
    return whole.tobytes().decode()


def _genes() -> str:
    """As UCSC's refGene: a transcript of 900 bases of each gene."""
    return "".join(
        f"585\tNM_1\t{chrom}\t+\t{at}\t{at + 900}\t{at}\t{at + 900}\t1\t{at},\t{at + 900},\t0"
        f"\t{name}\tcmpl\tcmpl\t0,\n"
        for name, (chrom, at) in GENES.items()
    )


def _peaks(seed: int) -> str:
    """Peaks of a marker, narrowPeak, one for each 1,000 bases that are known."""
    random = np.random.default_rng(seed)
    starts = [
        (chrom, at + int(random.integers(0, 600)))
        for chrom, known in KNOWN.items()
        for start, end in known
        for at in range(start, end, 1_000)
    ]
    return "".join(
        f"{chrom}\t{at}\t{at + 300}\t.\t0\t.\t5.0\t-1\t-1\t150\n" for chrom, at in starts
    )
