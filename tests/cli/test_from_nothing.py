"""From an empty folder to scored tracks of 919 markers, with no option but the mirror."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from builders import random_sequence
from cli_helpers import rows_of
from fetching_server import Sources, alone, gene_line, packed, path_of, serving

from regtrack.fetching.sources import EXCLUDE, GENOME, gene_source, peak_sources
from regtrack.genome.catalogue import catalogue

SIZES = {"chr1": 40_000, "chr2": 60_000, "chr3": 100_000}
PEAKS = 20  # of each marker, on each chromosome


@pytest.fixture
def mirror() -> Iterator[str]:
    """A small genome that is published as hg19 is, without checksums."""
    random = np.random.default_rng(1)
    genome = (f">{chrom}\n{random_sequence(random, size)}\n" for chrom, size in SIZES.items())
    lengths = "".join(f"{chrom}\t{size}\n" for chrom, size in SIZES.items())
    bodies = {GENOME[0].url: packed("".join(genome)), GENOME[1].url: lengths.encode()}
    bodies |= {source.url: packed("chr3\t0\t30000\n") for source in EXCLUDE}
    bodies[gene_source("hg19", "refGene").url] = packed(gene_line("COMT"))
    for source in peak_sources(catalogue()):
        starts = {chrom: random.integers(0, size - 300, PEAKS) for chrom, size in SIZES.items()}
        lines = (f"{chrom}\t{at}\t{at + 300}\n" for chrom, some in starts.items() for at in some)
        bodies[source.url] = packed("".join(lines))
    sources = Sources()
    sources.files = {path_of(url): body for url, body in bodies.items()}
    with serving(sources):
        yield sources.url


def test_two_commands_get_everything_and_the_others_need_no_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack, mirror: str
) -> None:
    alone(tmp_path, monkeypatch)
    for command in (
        ("fetch", "all", "--mirror", mirror),
        ("init",),
        ("prepare",),
        ("train", "--epochs", "1"),
        ("predict", "chr1", "--out", "tracks"),
        ("eval", "tracks", "--out", "report"),
        ("eval", "tracks", "--region", "COMT+-30kb"),
        ("doctor",),
    ):
        status, out, err = regtrack(*command)
        assert status == 0, (command, err)
    assert out.endswith("nothing is missing\n")
    rows = rows_of(tmp_path / "report")
    assert len(rows) == 919
    assert all(float(row["average_precision"]) > 0 for row in rows)
    ctcf = next(row for row in rows if row["name"] == "GM12878|CTCF|None")
    assert float(ctcf["deepsea_auprc"]) > 0.5
