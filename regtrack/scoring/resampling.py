"""How sure a score is: a bootstrap over blocks of the genome.

Neighbouring bases are alike, so single bases must not be resampled; blocks of 100 kb and more
may. The same blocks are drawn for all markers, so that the mean of a category, too, gets an
interval that knows that markers rise and fall together.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regtrack.genome.intervals import IntervalSet, Positions
from regtrack.genome.line import Line
from regtrack.scoring.metrics import average_precision

LEAST_LENGTH = 100_000
REPLICATES = 1_000
LEVEL = 0.95

# More would make intervals hardly better.
MOST_BLOCKS = 128
# With positives in fewer blocks than this, resampling says nothing.
LEAST_BLOCKS = 5

Replicates = npt.NDArray[np.float64]
# Edges and strata, as `regtrack.scoring.histogram.count_segments` reads them.
Strata = tuple[Positions, npt.NDArray[np.int32]]


@dataclass(frozen=True)
class BootstrapBlocks:
    """Blocks that together hold all scored bases.

    A block is a unit of `LEAST_LENGTH` bases, from a multiple of it on, or, where there would be
    too many, several such units in a row, the last ones of one chromosome with the first ones of
    the next.

    Parameters
    ----------
    numbers
        By chromosome and index of a unit on it, the number of its block, from 0.
    """

    numbers: Mapping[tuple[str, int], int]

    @classmethod
    def of(cls, where: Mapping[str, IntervalSet], most: int = MOST_BLOCKS) -> BootstrapBlocks:
        """The shortest blocks that are not too many."""
        units = [
            (chrom, index)
            for chrom, intervals in where.items()
            for index in intervals.units(LEAST_LENGTH)
        ]
        count = min(len(units), most)
        return cls({unit: place * count // len(units) for place, unit in enumerate(units)})

    def __len__(self) -> int:
        """Number of blocks."""
        return max(self.numbers.values(), default=-1) + 1

    @property
    def length(self) -> int:
        """Bases of the longest block, between its first and last ones that are scored."""
        return LEAST_LENGTH * -(-len(self.numbers) // max(len(self), 1))

    def spans(self, chrom: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Block, start and end of the part of each unit that lies in [start, end)."""
        for index in range(start // LEAST_LENGTH, (end - 1) // LEAST_LENGTH + 1):
            first, last = index * LEAST_LENGTH, (index + 1) * LEAST_LENGTH
            yield self.numbers[chrom, index], max(first, start), min(last, end)

    def strata(self, line: Line, where: IntervalSet, peaks: IntervalSet) -> Strata:
        """Edges and strata of a genome, as positions on its line.

        Parameters
        ----------
        where
            The bases to score; all of them lie in blocks.
        peaks
            Measured ones.
        """
        chroms = line.origins(chrom for chrom, _ in self.numbers)
        cuts = chroms + LEAST_LENGTH * np.array([index for _, index in self.numbers], np.int64)
        order = np.argsort(cuts)
        cuts, numbers = cuts[order], np.fromiter(self.numbers.values(), np.int32)[order]
        parts = [np.zeros(1), cuts, where.starts, where.ends, peaks.starts, peaks.ends]
        edges = np.unique(np.concatenate(parts).astype(np.int64))
        first = edges[:-1]
        strata = np.full(len(first), -1, np.int32)
        is_scored = where.holds(first)
        units = np.searchsorted(cuts, first[is_scored], side="right") - 1
        strata[is_scored] = 2 * numbers[units] + peaks.holds(first[is_scored])
        return edges, strata


@functools.cache
def _weights(blocks: int) -> npt.NDArray[np.float32]:
    """How often each block is drawn: float32 (REPLICATES, blocks), the same at every call."""
    drawn = np.random.default_rng(0).multinomial(blocks, np.full(blocks, 1 / blocks), REPLICATES)
    return drawn.astype(np.float32)


def replicate(counts: npt.NDArray[np.int64]) -> Replicates:
    """Average precision of each resample.

    Parameters
    ----------
    counts
        int64 (blocks, 2, bins): bases outside and inside of peaks, in bins of rising value.

    Returns
    -------
    float64 (REPLICATES,)
        Minus that of the blocks as they are, in the same coarse bins; 0 where a resample has no
        positive.
    """
    used = np.flatnonzero(counts.any(axis=(0, 1)))
    # In float32: a share of 1e-7 is nothing beside what resampling is about.
    kept = np.ascontiguousarray(counts[:, :, used].transpose(1, 0, 2), np.float32)
    outside, inside = (_weights(counts.shape[0]) @ part for part in kept)
    resampled = np.asarray(average_precision(outside, inside, tied=False))
    shift = average_precision(*counts.sum(axis=0), tied=False)
    return np.nan_to_num(resampled - shift)


def percentiles(replicates: Replicates, blocks: int) -> tuple[float, float]:
    """The ends of the middle 95% of what was computed from resamples of some blocks.

    The percentiles are those of Hesterberg 2015, "What teachers should know about the
    bootstrap", section 5.3 (expanded percentiles): plain ones are too narrow by as much as a
    normal distribution is against Student's, which for 14 blocks is a tenth.

    Parameters
    ----------
    blocks
        Those that hold a positive.

    Returns
    -------
    float, float
        NaN when there are fewer than `LEAST_BLOCKS`.
    """
    if blocks < LEAST_BLOCKS:
        return math.nan, math.nan
    # Loaded when it is used: to predict needs none of it, in any worker.
    from scipy import special  # noqa: PLC0415

    half = special.stdtrit(blocks - 1, (1 + LEVEL) / 2) * math.sqrt(blocks / (blocks - 1))
    tail = float(special.ndtr(-half))
    low, high = np.quantile(replicates, [tail, 1 - tail]).tolist()
    return low, high


def interval(score: float, replicates: Replicates, blocks: int) -> tuple[float, float]:
    """95% interval of a score, from resamples of some blocks.

    Parameters
    ----------
    score
        The score over all blocks, from 0 to 1.
    replicates
        Differences of resamples to it, as `replicate` gives them.
    blocks
        As `percentiles`.

    Returns
    -------
    float, float
        NaN when there are fewer than `LEAST_BLOCKS`, or no score.
    """
    if math.isnan(score):
        return math.nan, math.nan
    low, high = percentiles(replicates, blocks)
    return max(score + low, 0.0), min(score + high, 1.0)
