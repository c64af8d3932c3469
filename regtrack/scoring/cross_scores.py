"""Scores of networks on the folds of a cross-validation, and how sure their differences are.

The same blocks of the genome are drawn for all networks, so a stretch on which every network
fails, or does well, does not widen the interval of a difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from regtrack.genome.markers import Marker, in_order
from regtrack.scoring.histogram import Counts
from regtrack.scoring.metrics import CategoryMeans, RankingScores, category_means, score_counts
from regtrack.scoring.resampling import REPLICATES, Replicates, interval, percentiles, replicate

# What all folds together are called.
POOLED = "pooled"

BETTER, WORSE, UNCLEAR = "better", "worse", "unclear"

# Markers whose counts are in memory at one time.
_AT_ONCE = 16

# Counts of some markers on each fold: int64 (markers, 2, bins) of unrounded probabilities, and
# int64 (blocks, markers, 2, coarse bins) of the same by block.
FoldCounts = Sequence[tuple[Counts, Counts]]


@dataclass(frozen=True)
class Sampled:
    """Mean average precision of a category, and its resamples.

    Parameters
    ----------
    score
        Mean over the scored markers.
    replicates
        Float64 (REPLICATES,): that of each resample, minus `score`.
    blocks
        Blocks that hold a positive, of the marker that has the most.
    """

    score: float
    replicates: Replicates = field(repr=False)
    blocks: int

    @classmethod
    def mean(cls, several: Sequence[Sampled]) -> Sampled:
        """Of several trainings of one network, scored on the same blocks."""
        return cls(
            sum(one.score for one in several) / len(several),
            np.mean([one.replicates for one in several], axis=0),
            several[0].blocks,
        )

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the score; NaN where there are too few blocks."""
        return interval(self.score, self.replicates, self.blocks)


@dataclass(frozen=True)
class Estimate:
    """A difference or a ratio, with its 95% interval; NaN where there are too few blocks."""

    value: float
    low: float
    high: float


def difference(one: Sampled, reference: Sampled) -> Estimate:
    """How much higher one score is than another on the same blocks."""
    value = one.score - reference.score
    low, high = percentiles(one.replicates - reference.replicates, one.blocks)
    return Estimate(value, value + low, value + high)


def ratio(one: Sampled, reference: Sampled) -> Estimate:
    """How many times as high one score is as another on the same blocks."""
    if not reference.score:
        return Estimate(math.nan, math.nan, math.nan)
    # No resample of a mean over markers comes to nothing, but for one without any positive.
    floor = 1e-9
    resampled = np.maximum(one.score + one.replicates, 0) / np.maximum(
        reference.score + reference.replicates, floor
    )
    return Estimate(one.score / reference.score, *percentiles(resampled, one.blocks))


def verdict(of_difference: Estimate) -> str:
    """`BETTER` or `WORSE` where the interval leaves out 0; else `UNCLEAR`."""
    if of_difference.low > 0:
        return BETTER
    return WORSE if of_difference.high < 0 else UNCLEAR


@dataclass(frozen=True)
class FoldScores:
    """Scores of one training on a fold, or of the trainings of one seed on all folds together.

    Parameters
    ----------
    markers
        Of each marker; one that has no peak there is not `scored`.
    sampled
        Per category that has a scored marker.
    """

    markers: tuple[RankingScores, ...]
    sampled: Mapping[str, Sampled]


def score_folds(
    markers: Sequence[Marker], folds: Sequence[str], read: Callable[[int, int], FoldCounts]
) -> dict[str, FoldScores]:
    """Scores on each fold and, of the counts of all folds together, as `POOLED`.

    Parameters
    ----------
    folds
        Their names.
    read
        Gives the counts of the markers [first, last) on each fold.
    """
    names = [*folds, POOLED]
    scores: dict[str, list[RankingScores]] = {name: [] for name in names}
    sums: dict[tuple[str, str], _Sum] = {}
    for first in range(0, len(markers), _AT_ONCE):
        last = min(first + _AT_ONCE, len(markers))
        counts = read(first, last)
        for row in range(last - first):
            parts = [(total[row], blocks[:, row]) for total, blocks in counts]
            totals, by_block = zip(*parts, strict=True)
            parts.append((np.sum(totals, axis=0), np.concatenate(by_block)))
            for name, (total, blocks) in zip(names, parts, strict=True):
                scored = score_counts(*total, tied=False)
                scores[name].append(scored)
                if scored.scored:
                    key = name, markers[first + row].category
                    sums.setdefault(key, _Sum()).add(scored, blocks)
    return {
        name: FoldScores(
            tuple(scores[name]),
            {category: total.mean() for (of, category), total in sums.items() if of == name},
        )
        for name in names
    }


class _Sum:
    """Sums over the scored markers of a category."""

    def __init__(self) -> None:
        self._markers, self._score, self._blocks = 0, 0.0, 0
        self._replicates = np.zeros(REPLICATES)

    def add(self, scores: RankingScores, by_block: Counts) -> None:
        """Add a marker: its scores, and int64 (blocks, 2, coarse bins)."""
        self._markers += 1
        self._score += scores.average_precision
        self._replicates += replicate(by_block)
        self._blocks = max(self._blocks, int(by_block[:, 1].any(axis=1).sum()))

    def mean(self) -> Sampled:
        """Their means."""
        return Sampled(self._score / self._markers, self._replicates / self._markers, self._blocks)


@dataclass(frozen=True)
class Trained:
    """What one training took, and what it came to.

    Parameters
    ----------
    steps, best_step
        That it did, and the one whose weights validated best and were tested.
    seconds
        That it took, validations included. This and the steps are None where its log is gone.
    """

    seed: int
    fold: str
    steps: int | None
    best_step: int
    seconds: float | None


@dataclass(frozen=True)
class CrossNetwork:
    """One network of a cross-validation.

    Parameters
    ----------
    name
        As tables call it.
    parameters
        Trainable ones.
    runs
        By seed, then by fold and `POOLED`.
    trained
        One for each fold and seed.
    """

    name: str
    parameters: int
    runs: Mapping[int, Mapping[str, FoldScores]]
    trained: tuple[Trained, ...]

    def sampled(self, fold: str, category: str, seed: int | None = None) -> Sampled | None:
        """On a fold or `POOLED`, of a seed or (None) the mean of all; None without a marker."""
        chosen = self.runs.values() if seed is None else [self.runs[seed]]
        several = [of_seed[fold].sampled.get(category) for of_seed in chosen]
        return Sampled.mean([one for one in several if one]) if all(several) else None

    def means(
        self, markers: Sequence[Marker], fold: str, category: str, seed: int | None = None
    ) -> list[CategoryMeans]:
        """Means of all scores, one for each seed, or for one of them; empty without a marker."""
        return [
            mean
            for of_seed in (self.runs.values() if seed is None else [self.runs[seed]])
            for mean in category_means(markers, of_seed[fold].markers)
            if mean.category == category
        ]


@dataclass(frozen=True)
class CrossScores:
    """The networks of a cross-validation, scored on the same bases.

    Parameters
    ----------
    dataset, digest
        Name of the dataset, and what names its content.
    markers
        In the order of the scores.
    folds
        Their names.
    windows
        Number of windows of each fold.
    seeds
        Of the trainings.
    networks
        At least one.
    reference
        Name of the one that the others are held against.
    """

    dataset: str
    digest: str
    markers: tuple[Marker, ...]
    folds: tuple[str, ...]
    windows: tuple[int, ...]
    seeds: tuple[int, ...]
    networks: tuple[CrossNetwork, ...]
    reference: str

    @property
    def categories(self) -> tuple[str, ...]:
        """Those that have a scored marker."""
        return in_order(self.networks[0].runs[self.seeds[0]][POOLED].sampled)

    @property
    def others(self) -> list[CrossNetwork]:
        """All networks but the reference."""
        return [network for network in self.networks if network.name != self.reference]

    def network(self, name: str) -> CrossNetwork:
        """By its name."""
        return next(network for network in self.networks if network.name == name)

    def pair(
        self, network: CrossNetwork, fold: str, category: str, seed: int | None = None
    ) -> tuple[Sampled, Sampled] | None:
        """A network and the reference, as `CrossNetwork.sampled`; None without a marker."""
        one = network.sampled(fold, category, seed)
        reference = self.network(self.reference).sampled(fold, category, seed)
        return (one, reference) if one and reference else None
