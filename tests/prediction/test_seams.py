"""No seams: where the windows lie changes no prediction, whatever the network.

But for the recurrent one of the dense task, which reads on without end: its seams shrink with
the overlap of its windows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from builders import NETWORKS, TINY_GAPS, TINY_SIZES, a_network, make_tiny_world, spread_out
from stretches import predicted_stretches

from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet
from regtrack.models.network import Network

SIZE = TINY_SIZES["chr1"]
EXACT = [network for network in NETWORKS if network != ("dense", "bi-lstm")]
every_exact_network = pytest.mark.parametrize(("task", "name"), EXACT)

# Logits that agree within 1e-4 are probabilities that agree within a quarter of it.
CLOSE = {"atol": 1e-4 / 4, "rtol": 0}


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Genome:
    return Genome(make_tiny_world(tmp_path_factory.mktemp("seams") / "world").genome)


def halos(network: Network) -> tuple[int, int]:
    """Bases that a window reads left and right of its core, in whole strides."""
    context = network.context
    left, right = (-(-side // context.stride) for side in (context.left, context.right))
    return left * context.stride, right * context.stride


@torch.no_grad()
def at_once(network: Network, genome: Genome, chrom: str) -> np.ndarray:
    """Probabilities (markers, bases) from one forward pass, N outside the chromosome."""
    size, stride = genome.chrom_sizes[chrom], network.context.stride
    left, right = halos(network)
    codes = genome.codes(chrom, -left, -(-size // stride) * stride + right)
    logits = network(torch.from_numpy(codes.astype(np.int64))[None])
    return logits.sigmoid()[0, :, left : left + size].numpy()


def in_windows(
    network: Network,
    genome: Genome,
    chrom: str,
    targets: IntervalSet,
    window: int | None = None,
    batch_size: int | None = None,
) -> np.ndarray:
    """Probabilities (markers, bases) stitched from windows, NaN where none was asked for."""
    size = genome.chrom_sizes[chrom]
    result = np.full((4, size), np.nan, dtype=np.float32)
    for one in predicted_stretches(
        network, genome, chrom, targets, window=window, batch_size=batch_size
    ):
        place = result[:, one.start : one.start + one.probabilities.shape[1]]
        assert place.shape == one.probabilities.shape
        assert np.isnan(place).all()
        place[:] = one.probabilities
    return result


def whole(genome: Genome, chrom: str) -> IntervalSet:
    return IntervalSet.of([0], [genome.chrom_sizes[chrom]])


@every_exact_network
def test_predictions_do_not_depend_on_windows_and_batches(
    genome: Genome, task: str, name: str
) -> None:
    network = a_network(task, name)
    expected = at_once(network, genome, "chr1")
    shortest = sum(halos(network)) + network.context.stride
    # Not multiples of the stride either, and batches whose last one is partial.
    for window, batch_size in [(None, None), (shortest + 3_333, 3), (shortest + 12_345, 2)]:
        found = in_windows(network, genome, "chr1", whole(genome, "chr1"), window, batch_size)
        np.testing.assert_allclose(found, expected, **CLOSE)


@every_exact_network
def test_the_shortest_window_has_no_seams(genome: Genome, task: str, name: str) -> None:
    # Each core is a single stride, so that every few bases there is a seam; also at a gap of N.
    network = a_network(task, name)
    stride = network.context.stride
    shortest = sum(halos(network)) + stride
    starts = [17_003, 19_997, 20_137]
    targets = IntervalSet.of(starts, [start + 3 * stride for start in starts])
    found = in_windows(network, genome, "chr1", targets, shortest, 4)
    expected = at_once(network, genome, "chr1")
    for start, end in targets:
        np.testing.assert_allclose(found[:, start:end], expected[:, start:end], **CLOSE)
    assert np.isfinite(found).sum() == 4 * targets.bases


@every_exact_network
@pytest.mark.parametrize("chrom", TINY_SIZES)
def test_the_ends_of_a_chromosome_are_predicted(
    genome: Genome, task: str, name: str, chrom: str
) -> None:
    network, size = a_network(task, name), TINY_SIZES[chrom]
    expected = at_once(network, genome, chrom)
    ends = IntervalSet.of([0, size - 1], [1, size])
    found = in_windows(network, genome, chrom, ends)
    np.testing.assert_allclose(found[:, [0, -1]], expected[:, [0, -1]], **CLOSE)
    assert np.isfinite(found).sum() == 4 * 2


@every_exact_network
def test_a_gap_of_n_gets_no_value_and_its_neighbours_keep_theirs(
    genome: Genome, task: str, name: str
) -> None:
    network = a_network(task, name)
    known = genome.known({"chr1": whole(genome, "chr1")})["chr1"]
    found = in_windows(network, genome, "chr1", known)
    gaps = np.zeros(SIZE, dtype=bool)
    for start, end in TINY_GAPS["chr1"]:
        gaps[start:end] = True
    assert np.isnan(found[:, gaps]).all()
    expected = at_once(network, genome, "chr1")
    np.testing.assert_allclose(found[:, ~gaps], expected[:, ~gaps], **CLOSE)


@pytest.mark.parametrize(("task", "name"), NETWORKS)
def test_the_networks_of_these_tests_tell_bases_apart(genome: Genome, task: str, name: str) -> None:
    # Equal probabilities everywhere would hide every seam.
    probabilities = at_once(a_network(task, name), genome, "chr1")
    assert (probabilities[:, 1_000:].std(axis=1) > 0.05).all()


def a_recurrent_network(forget_bias: float) -> Network:
    """One that keeps about sigmoid(forget_bias) of its memory at every step of 20 bases.

    (With 3 and more an untrained one latches: no overlap makes its seams small.)
    """
    network = a_network("dense", "bi-lstm")
    with torch.no_grad():
        for name, bias in network.named_parameters():
            if "bias_ih" in name:
                size = len(bias) // 4
                bias[size : 2 * size] = forget_bias
    return spread_out(network)


def test_a_recurrent_network_forgets_what_lies_beyond_its_overlap(genome: Genome) -> None:
    network = a_network("dense", "bi-lstm")  # as training begins: the forget gate at 1
    found = in_windows(network, genome, "chr1", whole(genome, "chr1"), 13_000)
    np.testing.assert_allclose(found, at_once(network, genome, "chr1"), **CLOSE)


def test_a_long_memory_shows_at_the_seams_and_less_with_more_overlap(genome: Genome) -> None:
    network = a_recurrent_network(2)
    targets = IntervalSet.of([20_200], [26_000])
    expected = at_once(network, genome, "chr1")[:, 20_200:26_000]
    seams = []
    for overlap in (500, 1_000, 2_000, 5_000):
        network.context = replace(network.context, left=overlap, right=overlap)
        found = in_windows(network, genome, "chr1", targets, 2 * overlap + 2_000)
        seams.append(np.abs(found[:, 20_200:26_000] - expected).max())
    assert seams == sorted(seams, reverse=True)
    assert seams[0] > 0.01  # there are seams: its context is not exact
    assert seams[-1] < 1e-3


def test_a_recurrent_network_gives_the_same_in_the_same_windows(genome: Genome) -> None:
    network = a_recurrent_network(2)
    once, again = (
        in_windows(network, genome, "chr1", whole(genome, "chr1"), 15_000) for _ in range(2)
    )
    np.testing.assert_array_equal(once, again)


def test_the_batch_of_a_recurrent_network_does_not_matter(genome: Genome) -> None:
    network = a_recurrent_network(2)
    found = [
        in_windows(network, genome, "chr1", whole(genome, "chr1"), 15_000, batch_size)
        for batch_size in (1, 3)
    ]
    np.testing.assert_allclose(found[1], found[0], **CLOSE)
