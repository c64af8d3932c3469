"""From an empty folder to scored tracks of 919 markers, with no option but the mirror."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from builders import random_sequence
from cli_helpers import rows_of
from fetching_server import Sources, alone, gene_line, packed, path_of, serving

from regtrack.fetching.sources import (
    exclude_sources,
    gene_source,
    genome_sources,
    peak_sources,
)
from regtrack.genome import assemblies
from regtrack.genome.catalogue import catalogue

SIZES = {"chr1": 40_000, "chr2": 60_000, "chr3": 100_000}
PEAKS = 20  # of each marker, on each chromosome


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A small genome that is published as hg19 is, without checksums, and passes for it."""
    monkeypatch.setattr(assemblies, "_known", lambda: {"hg19": ("human", SIZES)})
    random = np.random.default_rng(1)
    genome = (f">{chrom}\n{random_sequence(random, size)}\n" for chrom, size in SIZES.items())
    lengths = "".join(f"{chrom}\t{size}\n" for chrom, size in SIZES.items())
    bodies = dict(
        zip(
            (source.url for source in genome_sources("hg19")),
            (packed("".join(genome)), lengths.encode()),
            strict=True,
        )
    )
    bodies |= {source.url: packed("chr3\t0\t30000\n") for source in exclude_sources("hg19")}
    bodies[gene_source("hg19", "refGene").url] = packed(gene_line("COMT"))
    for source in peak_sources(catalogue()):
        starts = {chrom: random.integers(0, size - 300, PEAKS) for chrom, size in SIZES.items()}
        lines = (f"{chrom}\t{at}\t{at + 300}\n" for chrom, some in starts.items() for at in some)
        bodies[source.url] = packed("".join(lines))
    sources = Sources()
    sources.files = {path_of(url): body for url, body in bodies.items()}
    with serving(sources):
        yield sources.url


@pytest.fixture
def hg38(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A genome of 200,000 bases where hg38 is published, which passes for it; nothing else."""
    monkeypatch.setattr(assemblies, "_known", lambda: {"hg38": ("human", SIZES)})
    random = np.random.default_rng(2)
    genome = (f">{chrom}\n{random_sequence(random, size)}\n" for chrom, size in SIZES.items())
    lengths = "".join(f"{chrom}\t{size}\n" for chrom, size in SIZES.items())
    bodies = (packed("".join(genome)), lengths.encode())
    urls = (path_of(source.url) for source in genome_sources("hg38"))
    sources = Sources()
    sources.files = dict(zip(urls, bodies, strict=True))
    with serving(sources):
        yield sources.url


def test_hg38_from_nothing_with_peaks_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regtrack, hg38: str
) -> None:
    alone(tmp_path, monkeypatch)
    (tmp_path / "peaks").mkdir()
    random = np.random.default_rng(3)
    for name in ("liver_CTCF.narrowPeak", "liver_ATAC.narrowPeak"):
        starts = {chrom: random.integers(0, size - 300, PEAKS) for chrom, size in SIZES.items()}
        lines = (
            f"{chrom}\t{at}\t{at + 300}\t.\t0\t.\t5.0\t-1\t-1\t150\n"
            for chrom, some in starts.items()
            for at in some
        )
        (tmp_path / "peaks" / name).write_text("".join(lines))
    where = ("--url", "https://example.org/tracks", "--email", "me@example.org")
    told = {}
    for command in (
        ("fetch", "genome", "hg38", "--mirror", hg38),
        ("init", "--peaks", "peaks/*.narrowPeak"),
        ("prepare",),
        ("train", "--epochs", "1"),
        ("predict", "chr1", "--out", "tracks"),
        ("eval", "tracks", "--out", "report"),
        ("eval", "tracks", "--peaks", "peaks"),
        ("hub", "tracks", *where),
        ("hub", "tracks", "--check"),
        ("doctor",),
    ):
        status, out, err = regtrack(*command)
        assert status == 0, (command, err)
        told[command[0]] = out
    assert told["init"].startswith("wrote markers.tsv: 2 markers (1 TFBS, 1 ATAC)\n")
    assert told["doctor"].endswith("nothing is missing\n")
    assert "genome hg38\n" in (tmp_path / "tracks" / "hub.txt").read_text()
    assert (tmp_path / "model.log.tsv").read_text().splitlines()[0].count("_ATAC") == 2
    rows = rows_of(tmp_path / "report")
    assert [(row["name"], row["category"]) for row in rows] == [
        ("liver_ATAC", "ATAC"),
        ("liver_CTCF", "TFBS"),
    ]
    assert all(float(row["average_precision"]) > 0 for row in rows)


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
