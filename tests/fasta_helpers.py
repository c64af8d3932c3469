"""FASTA files, their indexes and what is read of them."""

from __future__ import annotations

from pathlib import Path

import pysam

from regtrack.genome.fasta import Genome

CODE = {"N": 0, "A": 1, "C": 2, "T": 3, "G": 4}


def bgzip(path: Path) -> Path:
    target = path.with_name(f"{path.name}.gz")
    pysam.tabix_compress(str(path), str(target), force=True)
    return target


def written(path: Path, content: bytes, compressed: bool) -> Path:
    """A FASTA file of some bytes, plain or bgzip; a plain one of the same name always."""
    path.write_bytes(content)
    return bgzip(path) if compressed else path


def index_of(path: Path, suffix: str = ".fai") -> Path:
    return path.with_name(f"{path.name}{suffix}")


def read(path: Path, chrom: str = "chr1") -> list[int]:
    genome = Genome(path)
    return genome.codes(chrom, 0, genome.chrom_sizes[chrom]).tolist()


def read_all(path: Path) -> dict[str, list[int]]:
    genome = Genome(path)
    return {
        chrom: genome.codes(chrom, 0, size).tolist() for chrom, size in genome.chrom_sizes.items()
    }
