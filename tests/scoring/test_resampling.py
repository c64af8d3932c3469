"""Blocks of the genome, and intervals from resampling them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.genome.line import Line
from regtrack.scoring.histogram import COARSE, bin_count
from regtrack.scoring.metrics import average_precision
from regtrack.scoring.resampling import (
    LEAST_LENGTH,
    MOST_BLOCKS,
    REPLICATES,
    BootstrapBlocks,
    interval,
    replicate,
)

spans = st.lists(
    st.tuples(st.integers(0, 900_000), st.integers(1, 400_000)), min_size=1, max_size=6
)


def a_set(found: list[tuple[int, int]]) -> IntervalSet:
    return IntervalSet.of([start for start, _ in found], [sum(one) for one in found])


def test_a_block_is_100_kb_where_there_are_not_too_many() -> None:
    blocks = BootstrapBlocks.of(
        {"chr1": IntervalSet.of([50_000], [250_000]), "chr2": a_set([(0, 10)])}
    )
    assert dict(blocks.numbers) == {("chr1", 0): 0, ("chr1", 1): 1, ("chr1", 2): 2, ("chr2", 0): 3}
    assert (len(blocks), blocks.length) == (4, LEAST_LENGTH)


def test_a_long_genome_has_longer_blocks_and_not_more() -> None:
    where = {f"chr{number}": IntervalSet.of([0], [100_000_000]) for number in range(3)}
    blocks = BootstrapBlocks.of(where)
    assert len(blocks) == MOST_BLOCKS
    assert set(blocks.numbers.values()) == set(range(MOST_BLOCKS))
    sizes = np.bincount(list(blocks.numbers.values()))
    assert sizes.max() - sizes.min() <= 1
    assert blocks.length == sizes.max() * LEAST_LENGTH


def test_so_has_one_of_many_small_contigs() -> None:
    blocks = BootstrapBlocks.of({f"contig{number}": a_set([(0, 500)]) for number in range(10_000)})
    assert len(blocks) == MOST_BLOCKS


@given(spans, spans)
def test_strata_say_of_every_base_its_block_and_whether_it_is_in_a_peak(
    asked: list[tuple[int, int]], peaks: list[tuple[int, int]]
) -> None:
    where, measured = a_set(asked), a_set(peaks)
    blocks = BootstrapBlocks.of({"chr1": where})
    edges, strata = blocks.strata(Line({"chr1": 2**31}), where, measured)
    assert edges[0] == 0
    sizes = np.bincount(strata[strata >= 0], np.diff(edges)[strata >= 0], minlength=2 * len(blocks))
    for (_, index), number in blocks.numbers.items():
        here = where.clip(index * LEAST_LENGTH, (index + 1) * LEAST_LENGTH)
        inside = here.intersect(measured).bases
        assert sizes[2 * number : 2 * number + 2].tolist() == [here.bases - inside, inside]


@given(st.integers(0, 800_000), st.integers(1, 300_000))
def test_spans_cut_a_stretch_at_the_ends_of_units(start: int, length: int) -> None:
    blocks = BootstrapBlocks.of({"chr1": IntervalSet.of([start], [start + length])})
    found = list(blocks.spans("chr1", start, start + length))
    assert found[0][1] == start
    assert found[-1][2] == start + length
    assert all(one[2] == other[1] for one, other in itertools.pairwise(found))
    for number, first, last in found:
        assert first // LEAST_LENGTH == (last - 1) // LEAST_LENGTH
        assert blocks.numbers["chr1", first // LEAST_LENGTH] == number


def test_nothing_asked_for_is_no_block() -> None:
    assert len(BootstrapBlocks.of({"chr1": EMPTY})) == 0


def random_blocks(random: np.random.Generator, blocks: int) -> np.ndarray:
    counts = np.zeros((blocks, 2, bin_count(COARSE)), np.int64)
    counts[:, 0, 200:260] = random.integers(0, 900, (blocks, 60))
    counts[:, 1, 210:290] = random.integers(0, 60, (blocks, 80)) * random.integers(
        0, 2, (blocks, 1)
    )
    return counts


def test_resamples_lie_around_the_score_and_are_the_same_every_time() -> None:
    counts = random_blocks(np.random.default_rng(0), 40)
    found = replicate(counts)
    assert found.shape == (REPLICATES,)
    assert abs(found.mean()) < 0.1 * found.std()
    np.testing.assert_array_equal(found, replicate(counts))


def test_equal_blocks_leave_no_doubt() -> None:
    counts = np.repeat(random_blocks(np.random.default_rng(1), 1), 20, axis=0)
    counts[:, 1, 220] = 5
    low, high = interval(0.4, replicate(counts), 20)
    assert (low, high) == pytest.approx((0.4, 0.4), abs=1e-3)


def test_more_blocks_leave_less_doubt() -> None:
    random = np.random.default_rng(2)
    few, many = (
        interval(0.5, replicate(random_blocks(random, blocks)), blocks) for blocks in (10, 120)
    )
    assert few[1] - few[0] > 2 * (many[1] - many[0])


@pytest.mark.parametrize("blocks", [5, 14, 100])
def test_an_interval_is_as_wide_as_students_of_so_many_blocks(blocks: int) -> None:
    # Resamples spread by sqrt((n - 1) / n) of what the score does.
    spread = 0.02
    resamples = stats.norm.ppf((np.arange(REPLICATES) + 0.5) / REPLICATES)
    low, high = interval(0.5, resamples * spread * math.sqrt((blocks - 1) / blocks), blocks)
    half = spread * stats.t.ppf(0.975, blocks - 1)
    assert (low, high) == pytest.approx((0.5 - half, 0.5 + half), abs=0.05 * half)


def test_a_resample_without_a_positive_says_nothing() -> None:
    counts = random_blocks(np.random.default_rng(4), 5)
    counts[:, 1] = 0
    counts[2, 1, 250] = 40
    found = replicate(counts)
    assert np.isfinite(found).all()
    # Block 2 is not drawn in a third of the resamples, (4 / 5) ** 5.
    assert np.mean(found == 0) > 0.3


@pytest.mark.parametrize("blocks", [0, 1, 4])
def test_few_blocks_with_positives_have_no_interval(blocks: int) -> None:
    assert all(map(math.isnan, interval(0.5, np.zeros(REPLICATES), blocks)))


def test_an_interval_stays_between_0_and_1() -> None:
    assert interval(0.01, np.linspace(-0.5, 0.5, REPLICATES), 9)[0] == 0
    assert interval(0.99, np.linspace(-0.5, 0.5, REPLICATES), 9)[1] == 1


def test_the_interval_mostly_holds_the_truth() -> None:
    # benchmarks/coverage.py has the exact shares, of thousands of trials.
    random = np.random.default_rng(3)
    truth = float(average_precision(*random_blocks(random, 5_000).sum(axis=0), tied=False))
    held = 0
    for _ in range(100):
        counts = random_blocks(random, 20)
        score = float(average_precision(*counts.sum(axis=0), tied=False))
        low, high = interval(score, replicate(counts), int(counts[:, 1].any(axis=1).sum()))
        held += low <= truth <= high
    assert 88 <= held <= 99


def test_blocks_are_100_kb_at_least() -> None:
    assert LEAST_LENGTH == 100_000
