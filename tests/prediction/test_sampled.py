"""The sample of a genome on which the range of a signal is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import random_sequence, write_fasta
from own_networks import own_network, write_network

from regtrack.errors import InputError
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import total_bases
from regtrack.observer import Unwatched
from regtrack.prediction import sampled
from regtrack.prediction.sampled import sample_of, sample_values

COUNTED = """
from torch import nn
class Counted(nn.Module):
    returns = "signal"
    def __init__(self, markers):
        super().__init__()
        self.values = nn.Embedding.from_pretrained(nn.Embedding(5, markers).weight.detach() * 0)
        for code, reads in enumerate((900., 1.5, 0.25, 2.25, 3.123456)):
            self.values.weight.data[code] = reads
    def forward(self, codes):
        return self.values(codes).transpose(1, 2)
"""


@pytest.fixture
def genome(tmp_path: Path) -> Genome:
    """21,000 bases on three chromosomes, of which 2,000 are N."""
    random = np.random.default_rng(5)
    sequences = {
        "chr1": "N" * 1_000 + random_sequence(random, 8_000) + "N" * 1_000,
        "chr2": random_sequence(random, 10_000),
        "chr3": random_sequence(random, 1_000),
    }
    return Genome(write_fasta(tmp_path / "genome.fa", sequences))


def test_of_a_small_genome_it_is_every_base_that_is_not_n(genome: Genome) -> None:
    assert {chrom: list(bases) for chrom, bases in sample_of(genome).items()} == {
        "chr1": [(1_000, 9_000)],
        "chr2": [(0, 10_000)],
        "chr3": [(0, 1_000)],
    }


def test_of_a_large_one_it_is_stretches_at_even_distances_in_what_is_not_n(
    genome: Genome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampled, "_STRETCHES", 4)
    monkeypatch.setattr(sampled, "_LENGTH", 300)
    # 19,000 known bases, so that one begins at each 4,750th of them.
    assert {chrom: list(bases) for chrom, bases in sample_of(genome).items()} == {
        "chr1": [(1_000, 1_300), (5_750, 6_050)],
        "chr2": [(1_500, 1_800), (6_250, 6_550)],
    }


@pytest.mark.parametrize("kept", [16_384, 100])
def test_the_highest_value_and_that_which_one_base_in_a_hundred_exceeds(
    genome: Genome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(sampled, "_KEPT", kept)
    network = own_network(write_network(tmp_path / "own.py", COUNTED), "Counted", 2)
    found = sample_values(network, genome, Unwatched())
    # N has 900, and no base of it is in the sample; a quarter of the others has 3.123456.
    assert found.highest == (3.123, 3.123)
    assert found.rare == (3.123, 3.123)
    assert total_bases(sample_of(genome)) == 19_000


def test_nothing_but_n_is_no_sample(tmp_path: Path) -> None:
    genome = Genome(write_fasta(tmp_path / "n.fa", {"chr1": "N" * 500}))
    network = own_network(write_network(tmp_path / "own.py", COUNTED), "Counted", 2)
    with pytest.raises(InputError, match="nothing but N: no range can be measured"):
        sample_values(network, genome, Unwatched())
