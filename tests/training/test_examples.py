"""Examples: sequence and labels belong together, on either strand."""

from __future__ import annotations

import numpy as np
import pytest
from builders import TinyWorld, make_tiny_world

from regtrack.genome.fasta import Genome, reverse_complement
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import read_markers
from regtrack.training.examples import Examples
from regtrack.training.labels import PeakLabels
from regtrack.training.windows import RandomWindows

LENGTH = 2_000
REGION = {"chr1": IntervalSet.of([1_000], [19_000])}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    return make_tiny_world(tmp_path_factory.mktemp("examples") / "world")


def draw(world: TinyWorld, *, both_strands: bool, seed: int = 0, size: int = 40):
    genome = Genome(world.genome)
    labels = PeakLabels.read(read_markers(world.markers), genome.chrom_sizes)
    windows = RandomWindows(REGION, REGION, LENGTH, 10)
    examples = Examples(genome, labels, windows, both_strands=both_strands, seed=seed)
    return examples.batch(size), genome.codes("chr1", 0, 45_000), labels.spread("chr1", 0, 45_000)


def place_of(window: np.ndarray, chrom: np.ndarray) -> int | None:
    """Where a window comes from on the forward strand."""
    start = chrom.tobytes().find(window.tobytes())
    return None if start < 0 else start


def test_labels_are_those_of_the_windows_own_place(world: TinyWorld) -> None:
    (codes, labels), chrom, truth = draw(world, both_strands=False)
    assert codes.shape == (40, LENGTH)
    assert labels.shape == (40, 3, LENGTH)
    for window, label in zip(codes, labels, strict=True):
        start = place_of(window, chrom)
        assert start is not None
        np.testing.assert_array_equal(label, truth[:, start : start + LENGTH])


def test_on_the_other_strand_sequence_and_labels_turn_round_together(world: TinyWorld) -> None:
    (codes, labels), chrom, truth = draw(world, both_strands=True)
    turned = 0
    for window, label in zip(codes, labels, strict=True):
        start = place_of(window, chrom)
        if start is not None:
            np.testing.assert_array_equal(label, truth[:, start : start + LENGTH])
            continue
        turned += 1
        start = place_of(reverse_complement(window), chrom)
        assert start is not None
        np.testing.assert_array_equal(label[:, ::-1], truth[:, start : start + LENGTH])
    assert 5 < turned < 35  # 40 flips of a coin


def test_the_same_seed_draws_the_same_examples(world: TinyWorld) -> None:
    first, again, other = (draw(world, both_strands=True, seed=seed)[0][0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_reverse_complement_of_the_reverse_complement_is_the_sequence() -> None:
    codes = np.array([[0, 1, 2, 3, 4, 4]], dtype=np.uint8)  # NACTGG
    np.testing.assert_array_equal(reverse_complement(codes), [[2, 2, 1, 4, 3, 0]])  # CCAGTN
    np.testing.assert_array_equal(reverse_complement(reverse_complement(codes)), codes)


def test_batches_keep_the_markers_of_a_base_together(world: TinyWorld) -> None:
    (_, labels), _, _ = draw(world, both_strands=True, size=2)
    assert labels.transpose(0, 2, 1).flags.c_contiguous
