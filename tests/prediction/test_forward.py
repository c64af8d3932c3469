"""The forward pass over stretches of a chromosome, with the paper's best dense network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import TINY_GAPS, TINY_SIZES, TinyWorld, make_tiny_world
from stretches import Stretch, Stretches, predicted_stretches

from regtrack.errors import ArgumentError
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.models.checkpoint import load_network
from regtrack.models.network import Network
from regtrack.prediction.forward import feed

SIZE = TINY_SIZES["chr1"]
# More than the context on either side, and a multiple of the stride.
MARGIN = 6_000
SHORTEST_WINDOW = 10_950


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    return make_tiny_world(tmp_path_factory.mktemp("forward") / "world")


@pytest.fixture(scope="module")
def genome(world: TinyWorld) -> Genome:
    return Genome(world.genome)


@pytest.fixture(scope="module")
def network(world: TinyWorld) -> Network:
    return load_network(world.model, torch.device("cpu"))


@torch.no_grad()
def at_once(network: Network, genome: Genome, chrom: str) -> np.ndarray:
    """Probabilities (markers, bases) from one forward pass, N outside the chromosome."""
    size = genome.chrom_sizes[chrom]
    end = -(-size // 10) * 10 + MARGIN
    codes = torch.from_numpy(genome.codes(chrom, -MARGIN, end).astype(np.int64))[None]
    return network(codes).sigmoid()[0, :, MARGIN : MARGIN + size].numpy()


@pytest.fixture(scope="module")
def expected(network: Network, genome: Genome) -> dict[str, np.ndarray]:
    """The probabilities of every base of every chromosome."""
    return {chrom: at_once(network, genome, chrom) for chrom in genome.chrom_sizes}


def stitched(stretches: list[Stretch], size: int, markers: int = 3) -> np.ndarray:
    """Probabilities (markers, size), NaN where none was given; none may come twice."""
    result = np.full((markers, size), np.nan, dtype=np.float32)
    for one in stretches:
        place = result[:, one.start : one.start + one.probabilities.shape[1]]
        assert place.shape == one.probabilities.shape
        assert np.isnan(place).all()
        place[:] = one.probabilities
    return result


def random_targets(random: np.random.Generator, size: int) -> IntervalSet:
    starts = random.integers(0, size - 1, size=random.integers(1, 6))
    lengths = random.choice([1, 7, 600, 9_000], size=len(starts))
    return IntervalSet.of(starts, np.minimum(starts + lengths, size))


@pytest.mark.parametrize("seed", range(6))
def test_predictions_do_not_depend_on_windows_and_batches(
    network: Network, genome: Genome, expected: dict[str, np.ndarray], seed: int
) -> None:
    random = np.random.default_rng(seed)
    targets = random_targets(random, SIZE)
    found = stitched(
        predicted_stretches(
            network,
            genome,
            "chr1",
            targets,
            window=int(random.choice([13_001, 17_777, 25_000, 60_000])),
            batch_size=[None, 1, 2, 3, 5, 64][seed],
        ),
        SIZE,
    )
    for start, end in targets:
        np.testing.assert_allclose(
            found[:, start:end], expected["chr1"][:, start:end], atol=1e-5, rtol=0
        )
    assert np.isfinite(found).sum() == 3 * targets.bases


def test_the_shortest_window_has_no_seams(
    network: Network, genome: Genome, expected: dict[str, np.ndarray]
) -> None:
    # Each core is a single stride of 10 bases, so nearly every base lies beside a seam.
    targets = IntervalSet.of([17_003], [17_061])
    stretches = predicted_stretches(
        network, genome, "chr1", targets, window=SHORTEST_WINDOW, batch_size=4
    )
    assert len(stretches) == 7
    np.testing.assert_allclose(
        stitched(stretches, SIZE)[:, 17_003:17_061],
        expected["chr1"][:, 17_003:17_061],
        atol=1e-5,
        rtol=0,
    )


def test_the_network_of_these_tests_tells_bases_apart(expected: dict[str, np.ndarray]) -> None:
    # Equal probabilities everywhere would hide every seam.
    assert (expected["chr1"][:, 1_000:].std(axis=1) > 0.01).all()


@pytest.mark.parametrize("chrom", TINY_SIZES)
@pytest.mark.parametrize("base", [0, -1])
def test_the_first_and_the_last_base_are_predicted(
    network: Network,
    genome: Genome,
    expected: dict[str, np.ndarray],
    chrom: str,
    base: int,
) -> None:
    at = base % TINY_SIZES[chrom]
    targets = IntervalSet.of([at], [at + 1])
    (only,) = predicted_stretches(network, genome, chrom, targets, window=12_000)
    assert only.start == at
    np.testing.assert_allclose(only.probabilities[:, 0], expected[chrom][:, at], atol=1e-5, rtol=0)


@pytest.mark.parametrize("chrom", ["chr2", "chrM"])
def test_a_chromosome_shorter_than_a_window_is_predicted_whole(
    network: Network, genome: Genome, expected: dict[str, np.ndarray], chrom: str
) -> None:
    size = TINY_SIZES[chrom]
    whole = IntervalSet.of([0], [size])
    found = stitched(predicted_stretches(network, genome, chrom, whole, window=25_000), size)
    np.testing.assert_allclose(found, expected[chrom], atol=1e-5, rtol=0)


def test_a_gap_of_n_gets_no_value_and_its_neighbours_keep_theirs(
    network: Network, genome: Genome, expected: dict[str, np.ndarray]
) -> None:
    known = genome.known({"chr1": IntervalSet.of([0], [SIZE])})["chr1"]
    found = stitched(predicted_stretches(network, genome, "chr1", known, window=25_000), SIZE)
    unknown = np.zeros(SIZE, dtype=bool)
    for start, end in TINY_GAPS["chr1"]:
        unknown[start:end] = True
    assert np.isnan(found[:, unknown]).all()
    np.testing.assert_allclose(found[:, ~unknown], expected["chr1"][:, ~unknown], atol=1e-5, rtol=0)


def test_stretches_come_in_order_and_never_leave_the_targets(
    network: Network, genome: Genome
) -> None:
    targets = IntervalSet.of([3, 27, 2_005, 9_000], [9, 28, 2_500, 9_001])
    stretches = predicted_stretches(network, genome, "chr1", targets, window=12_000)
    spans = [(one.start, one.start + one.probabilities.shape[1]) for one in stretches]
    assert spans == sorted(spans)
    assert all(targets.clip(start, end).bases == end - start for start, end in spans)
    assert sum(end - start for start, end in spans) == targets.bases


@pytest.mark.parametrize("batch_size", [2, 64])
def test_the_last_batch_may_be_partial(network: Network, genome: Genome, batch_size: int) -> None:
    # 5 windows, the last of them shorter than the others.
    targets = IntervalSet.of([0], [4 * 1_060 + 333])
    found = [
        stitched(
            predicted_stretches(network, genome, "chr1", targets, window=12_000, batch_size=size),
            SIZE,
        )
        for size in (1, batch_size)
    ]
    assert np.isfinite(found[0]).sum() == 3 * targets.bases
    np.testing.assert_allclose(found[1], found[0], atol=1e-5, rtol=0)


def test_the_markers_of_a_base_lie_side_by_side(network: Network, genome: Genome) -> None:
    # The layout that segmentation and histograms are fast with.
    (only,) = predicted_stretches(network, genome, "chr2", IntervalSet.of([0], [99]), window=12_000)
    assert only.probabilities.dtype == np.float32
    assert only.probabilities.strides[0] == 4


def test_the_window_that_suits_a_network_is_taken_where_none_is_asked_for(
    network: Network, genome: Genome
) -> None:
    targets = IntervalSet.of([0], [SIZE])
    asked, unasked, other = (
        [one.start for one in predicted_stretches(network, genome, "chr1", targets, window=window)]
        for window in (110_940, None, 25_000)
    )
    assert asked == unasked != other


def test_all_sinks_get_the_same_stretches_and_a_place_on_the_device_is_filled_with_them(
    network: Network, genome: Genome
) -> None:
    first, second = Stretches(), Stretches()
    held = torch.full((2_500, network.outputs), -1.0)
    targets = IntervalSet.of([3, 2_005], [9, 2_500])
    feed(
        *(network, genome, "chr1", targets, [first, second]),
        place=lambda start, bases: held[start : start + bases],
    )
    assert [stretch.start for stretch in first.finish()] == [3, 2_005]
    for one, other in zip(first.finish(), second.finish(), strict=True):
        assert one.start == other.start
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
        end = one.start + one.probabilities.shape[1]
        np.testing.assert_array_equal(one.probabilities, held[one.start : end].T)
    assert (held >= 0).all(dim=1).sum() == targets.bases


def test_no_target_is_no_stretch(network: Network, genome: Genome) -> None:
    assert predicted_stretches(network, genome, "chr1", EMPTY, window=25_000) == []


def test_a_window_without_room_for_a_core_is_refused(network: Network, genome: Genome) -> None:
    targets = IntervalSet.of([0], [10])
    with pytest.raises(ArgumentError, match="needs at least 10950"):
        predicted_stretches(network, genome, "chr1", targets, window=SHORTEST_WINDOW - 1)
