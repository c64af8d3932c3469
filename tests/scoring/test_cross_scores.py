"""Scores over folds, and intervals of the difference of two networks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from builders import a_marker
from sklearn.metrics import average_precision_score

from regtrack.scoring.cross_scores import (
    BETTER,
    POOLED,
    UNCLEAR,
    WORSE,
    CrossNetwork,
    Estimate,
    FoldCounts,
    FoldScores,
    Sampled,
    difference,
    ratio,
    score_folds,
    verdict,
)
from regtrack.scoring.histogram import COARSE, UNROUNDED, ScoreHistogram, bin_count, coarser
from regtrack.scoring.resampling import REPLICATES

MARKERS = [a_marker(0), a_marker(1, "A|B"), a_marker(2, "C|D", "Histone")]
BASES = 3_000
Block = tuple[np.ndarray, np.ndarray]


def some_block(
    random: np.random.Generator, skill: float, rate: float = 0.05, noise: float = 1.0
) -> Block:
    """Probabilities of all markers, (markers, bases), and labels."""
    labels = (random.random((len(MARKERS), BASES)) < rate).astype(np.uint8)
    odds = np.exp(skill * labels.astype(float) - 2 + noise * random.normal(size=labels.shape))
    return (odds / (1 + odds)).astype(np.float32), labels


def counted(blocks: Sequence[Block]) -> tuple[np.ndarray, np.ndarray]:
    """As `FoldCounts` has those of a fold."""
    fine = []
    for probabilities, labels in blocks:
        histogram = ScoreHistogram(len(MARKERS))
        histogram.add(probabilities, labels)
        fine.append(histogram.counts.astype(np.int64))
    coarse = np.zeros((len(blocks), len(MARKERS), 2, bin_count(COARSE)), np.int64)
    for block, of_block in enumerate(fine):
        np.add.at(coarse[block], (slice(None), slice(None), coarser(UNROUNDED, COARSE)), of_block)
    return np.sum(fine, axis=0), coarse


def scored(folds: Sequence[Sequence[Block]]) -> dict[str, FoldScores]:
    whole = [counted(blocks) for blocks in folds]

    def read(first: int, last: int) -> FoldCounts:
        return [(total[first:last], by_block[:, first:last]) for total, by_block in whole]

    return score_folds(MARKERS, [str(number) for number in range(len(folds))], read)


def brute(blocks: Sequence[Block], marker: int) -> float:
    """Of every base by itself, by scikit-learn."""
    values = np.concatenate([probabilities[marker] for probabilities, _ in blocks])
    labels = np.concatenate([labels[marker] for _, labels in blocks])
    return float(average_precision_score(labels, values))


def test_scores_of_a_fold_and_of_all_pooled_equal_those_of_every_base(
    random: np.random.Generator,
) -> None:
    folds = [[some_block(random, 2) for _ in range(6)], [some_block(random, 1) for _ in range(5)]]
    found = scored(folds)
    assert list(found) == ["0", "1", POOLED]
    everything = [*folds[0], *folds[1]]
    for name, blocks in zip(found, (*folds, everything), strict=True):
        each = [brute(blocks, marker) for marker in range(len(MARKERS))]
        for scores, expected in zip(found[name].markers, each, strict=True):
            assert scores.average_precision == pytest.approx(expected, abs=1e-3)
            assert scores.bases == BASES * len(blocks)
        assert found[name].sampled["TFBS"].score == pytest.approx(np.mean(each[:2]), abs=1e-3)
        assert found[name].sampled["Histone"].score == pytest.approx(each[2], abs=1e-3)
        assert found[name].sampled["TFBS"].blocks == len(blocks)


def test_a_marker_without_a_peak_in_a_fold_is_left_out_there_and_counts_in_the_pool(
    random: np.random.Generator,
) -> None:
    first = [some_block(random, 2) for _ in range(6)]
    second = [some_block(random, 2) for _ in range(6)]
    for _, labels in second:
        labels[1:] = 0
    found = scored([first, second])
    assert [scores.scored for scores in found["1"].markers] == [True, False, False]
    assert found["1"].sampled.keys() == {"TFBS"}
    only = found["1"].markers[0].average_precision
    assert found["1"].sampled["TFBS"].score == pytest.approx(only)
    assert found[POOLED].markers[1].average_precision == pytest.approx(
        brute([*first, *second], 1), abs=1e-3
    )


def test_a_network_does_not_differ_from_itself(random: np.random.Generator) -> None:
    sampled = scored([[some_block(random, 1) for _ in range(8)]])[POOLED].sampled["TFBS"]
    assert difference(sampled, sampled) == Estimate(0, 0, 0)
    assert ratio(sampled, sampled) == Estimate(1, 1, 1)
    assert verdict(difference(sampled, sampled)) == UNCLEAR


def test_a_network_that_is_clearly_better_is_said_to_be_so(random: np.random.Generator) -> None:
    blocks = [some_block(random, 1) for _ in range(12)]
    sharper = [(np.where(labels, p**0.7, p), labels) for p, labels in blocks]  # p is below 1
    good, poor = (scored([one])[POOLED].sampled["TFBS"] for one in (sharper, blocks))
    found = difference(good, poor)
    assert 0 < found.low < found.value < found.high
    assert verdict(found) == BETTER
    assert verdict(difference(poor, good)) == WORSE
    relative = ratio(good, poor)
    assert relative.value == pytest.approx(good.score / poor.score)
    assert 1 < relative.low < relative.value < relative.high


def test_the_interval_of_two_that_are_equally_good_holds_0_nineteen_times_in_twenty() -> None:
    held = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        one, other = [], []
        for _ in range(15):
            # Blocks differ in how hard they are, for both; each network errs in its own way.
            probabilities, labels = some_block(random, random.normal(2, 1), 0.02, 0.3)
            odds = probabilities / (1 - probabilities)
            for blocks in (one, other):
                own = odds * np.exp(0.8 * random.normal(size=odds.shape))
                blocks.append(((own / (1 + own)).astype(np.float32), labels))
        pair = (scored([blocks])[POOLED].sampled["TFBS"] for blocks in (one, other))
        held += verdict(difference(*pair)) == UNCLEAR
    assert 35 <= held <= 40


def test_blocks_that_are_hard_for_both_do_not_widen_the_interval_of_the_difference(
    random: np.random.Generator,
) -> None:
    blocks = [some_block(random, 4 * random.random()) for _ in range(15)]
    noisy = [(p * np.float32(0.99) ** (labels + 1), labels) for p, labels in blocks]
    one, other = (scored([some])[POOLED].sampled["TFBS"] for some in (blocks, noisy))
    low, high = one.interval
    found = difference(one, other)
    assert found.high - found.low < 0.2 * (high - low)


def test_of_too_few_blocks_nothing_is_said(random: np.random.Generator) -> None:
    one, other = (
        scored([[some_block(random, skill) for _ in range(4)]])[POOLED].sampled["TFBS"]
        for skill in (3, 0)
    )
    found = difference(one, other)
    assert found.value > 0
    assert math.isnan(found.low)
    assert verdict(found) == UNCLEAR


def test_several_seeds_count_as_their_mean() -> None:
    drawn = np.zeros(REPLICATES)
    runs = {
        seed: {POOLED: FoldScores((), {"TFBS": Sampled(score, drawn + seed, 9)})}
        for seed, score in ((1, 0.2), (2, 0.4))
    }
    network = CrossNetwork("mine", 10, runs, ())
    mean = network.sampled(POOLED, "TFBS")
    assert mean is not None
    assert mean.score == pytest.approx(0.3)
    np.testing.assert_allclose(mean.replicates, 1.5)
    second = network.sampled(POOLED, "TFBS", 2)
    assert second is not None
    assert second.score == pytest.approx(0.4)
    assert network.sampled(POOLED, "Histone") is None
