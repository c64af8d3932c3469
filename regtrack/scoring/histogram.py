"""Counts of probabilities inside and outside of peaks: all that scores are made of.

Bins are even in the logarithm of the odds, near 0 and near 1 alike, so that rare markers,
whose probabilities never leave the first percent, are told apart as finely as common ones.
A bin is what a float32 comes to when the lowest bits of its mantissa are dropped: of p below
0.5, and of 1 - p from there on. Coarser bins are unions of finer ones.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.genome.intervals import Positions
from regtrack.scoring.metrics import RankingScores, best_f1, score_counts
from regtrack.tracks.bigwig_sections import Sections
from regtrack.tracks.segments import Records

# Mantissa bits that are kept. Of unrounded probabilities: with the order inside of a bin
# taken for even, average precision agrees with that of sorted ones to 1e-4.
UNROUNDED = 7
# Of the values in tracks, many of which are equal: fine enough to tell their decimals apart.
WRITTEN = 12
# Of what is resampled a thousand times.
COARSE = 3

# Under 2**-40 all is one bin, and so are the last octaves of float32 below 1.
_LOW_OCTAVES = 39
_HIGH_OCTAVES = 24
_MANTISSA = 23
_FIRST_EXPONENT = 127 - _LOW_OCTAVES - 1

Counts = npt.NDArray[np.int64]
_Edges = npt.NDArray[np.float64]


def bin_count(bits: int) -> int:
    """Number of bins when `bits` bits of the mantissa are kept."""
    return _half(bits) + (_HIGH_OCTAVES << bits)


class BinLayout(NamedTuple):
    """How a float32 comes to its bin, for who counts elsewhere: see `_bin`.

    Parameters
    ----------
    dropped_bits
        That say nothing.
    first
        What is left of the lowest number that is in bin 1.
    half
        Number of bins below 0.5.
    total
        Number of all.
    """

    dropped_bits: int
    first: int
    half: int
    total: int

    @classmethod
    def of(cls, bits: int) -> BinLayout:
        """When `bits` bits of the mantissa are kept."""
        first = (_FIRST_EXPONENT << bits) - 1
        return cls(_MANTISSA - bits, first, _half(bits), bin_count(bits))


@functools.cache
def bin_edges(bits: int) -> _Edges:
    """Float64 (bins + 1,): bin i holds the probabilities from edge i up to edge i + 1."""
    half = _half(bits)
    kept = np.arange(half, dtype=np.int32) + (_FIRST_EXPONENT << bits)
    low = np.append(0.0, (kept << (_MANTISSA - bits)).view(np.float32).astype(np.float64))
    high = 1 - low[half : half - (_HIGH_OCTAVES << bits) : -1]
    return np.concatenate((low[:half], high, [1.0]))


@functools.cache
def coarser(bits: int, to: int) -> npt.NDArray[np.int32]:
    """int32 (bins,): in which of the coarser bins each of the finer ones lies."""
    lower = bin_edges(bits)[:-1]
    return (np.searchsorted(bin_edges(to)[:-1], lower, side="right") - 1).astype(np.int32)


@dataclass(frozen=True)
class Ranking:
    """The bins that hold any base, by rising probability.

    Parameters
    ----------
    bits
        Fineness of the bins.
    bins
        int64 (n,): their numbers.
    counts
        int64 (2, n): bases outside and inside of peaks.
    """

    bits: int
    bins: npt.NDArray[np.int64]
    counts: Counts

    @classmethod
    def of(cls, counts: Counts, bits: int) -> Ranking:
        """From the counts of all bins."""
        used = np.flatnonzero(counts[0] | counts[1])
        return cls(bits, used, counts[:, used])

    @property
    def lower(self) -> _Edges:
        """Probability from which each bin holds bases."""
        return bin_edges(self.bits)[self.bins]

    @property
    def upper(self) -> _Edges:
        """Probability from which it does not any more."""
        return bin_edges(self.bits)[self.bins + 1]


def _half(bits: int) -> int:
    """Number of bins below 0.5."""
    return (_LOW_OCTAVES << bits) + 1


class ScoreHistogram:
    """Counts of unrounded probabilities inside and outside of peaks, per marker.

    Takes 8 bytes x `bin_count(UNROUNDED)`, or 65 kB, per marker.

    Attributes
    ----------
    counts
        uint32 (markers, 2, bins): outside, then inside of peaks.
    """

    def __init__(self, markers: int) -> None:
        self.counts = np.zeros((markers, 2, bin_count(UNROUNDED)), dtype=np.uint32)

    @classmethod
    def of(cls, counts: npt.NDArray[np.uint32]) -> ScoreHistogram:
        """Of what was counted elsewhere, which is not copied."""
        histogram = cls(0)
        histogram.counts = counts
        return histogram

    def add(
        self,
        probabilities: npt.NDArray[np.float32],
        labels: npt.NDArray[np.uint8],
        known: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Count some bases.

        Parameters
        ----------
        probabilities
            float32 (markers, bases), between 0 and 1; fastest when the markers of a base lie
            side by side.
        labels
            uint8 (markers, bases), 1 inside a peak and 0 outside.
        known
            bool (markers, bases) or (markers, 1): where False, nothing was measured and
            nothing is counted. None counts all.
        """
        if not np.isfinite(probabilities.sum()):
            raise ValueError("a probability is not a number")
        if labels.shape != probabilities.shape:
            raise ValueError("expected a label for every probability")
        if known is None:
            known = np.ones((1, 1), dtype=np.bool_)
        _count(
            self.counts.reshape(-1),
            np.ascontiguousarray(probabilities.T),
            np.ascontiguousarray(labels.T),
            np.broadcast_to(known, probabilities.shape).T,
            bool(known.all()),
            UNROUNDED,
            _half(UNROUNDED),
            bin_count(UNROUNDED),
        )

    def scores(self) -> list[RankingScores]:
        """Scores of each marker."""
        return [score_counts(outside, inside, tied=False) for outside, inside in self.counts]

    def mean_loss(self, positive_weight: float = 1.0) -> float:
        """Binary cross-entropy, mean over all counted pairs of a base and a marker.

        From the middle of each bin: within 0.6% of that of the probabilities themselves, as long
        as these lie between 2**-40 and 1 - 2**-25, the ends that bins have.

        Parameters
        ----------
        positive_weight
            As `regtrack.training.step.summed_loss`: the weight is not part of the divisor.
        """
        edges = bin_edges(UNROUNDED)
        middle = (edges[:-1] + edges[1:]) / 2
        outside, inside = self.counts.sum(axis=0, dtype=np.int64)
        pairs = int(outside.sum() + inside.sum())
        total = -outside @ np.log1p(-middle) - positive_weight * (inside @ np.log(middle))
        return float(total) / max(pairs, 1)

    def best_f1_thresholds(self, fallback: float) -> list[float]:
        """Per marker the probability from which calling a base positive has the best F1.

        `fallback` stands for markers without positives, where there is no best.
        """
        edges = bin_edges(UNROUNDED)
        return [
            float(edges[best_f1(outside, inside)[1]]) if inside.any() else fallback
            for outside, inside in self.counts
        ]


class UnsoundSegmentsError(Exception):
    """Segments that cannot be a track's; `position` says where on the line."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


def count_segments(
    sections: Sections,
    edges: npt.NDArray[np.int64],
    strata: npt.NDArray[np.int32],
    counts: Counts,
    stratum_counts: Counts,
    reached: Positions,
) -> None:
    """Count the bases of a track's segments.

    Parameters
    ----------
    sections
        Consecutive ones of a track.
    edges, strata
        int64 (n + 1,), positions on the line from 0 on, and int32 (n,): from edge i up to edge
        i + 1 lie bases of stratum i, which is 2 x a block's number, plus 1 inside of a peak; or of
        none, where it is -1.
    counts
        int64 (2, `bin_count(WRITTEN)`): bases outside and inside of peaks are added to it.
    stratum_counts
        int64 (strata, `bin_count(COARSE)`): the same for each stratum.
    reached
        int64 (1,): where the segments before ended on the line; is moved on.

    Raises
    ------
    UnsoundSegmentsError
        When a segment is empty, out of order or past its chromosome's end, or its value no
        probability.
    """
    unsound = _count_segments(
        sections.records,
        sections.firsts,
        sections.origins,
        sections.lengths,
        edges,
        strata,
        counts,
        stratum_counts,
        coarser(WRITTEN, COARSE),
        reached,
        WRITTEN,
        _half(WRITTEN),
    )
    if unsound >= 0:
        raise UnsoundSegmentsError(int(sections.origins[unsound]))


@compiled
def _bits(value: np.float32) -> np.int32:
    return np.float32(value).view(np.int32)


@compiled
def _bin(p: np.float32, bits: int, half: int, bins: int) -> int:
    """The bin of a probability."""
    high = p >= np.float32(0.5)
    # One less, so that a bin above 0.5, too, begins with its lower edge.
    value = _bits(np.float32(1) - p) - 1 if high else _bits(p)
    low = max(int(value >> (_MANTISSA - bits)) - (_FIRST_EXPONENT << bits) + 1, 0)
    return min(2 * half - 1 - low, bins - 1) if high else low


@compiled
def _count(
    counts: npt.NDArray[np.uint32],
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    known: npt.NDArray[np.bool_],
    all_known: bool,
    bits: int,
    half: int,
    bins: int,
) -> None:
    bases, markers = probabilities.shape
    places = np.empty(markers, np.uint32)
    for base in range(bases):
        # First where, then the counting: the former becomes vector instructions.
        for marker in range(markers):
            row = np.uint32(2 * marker) + np.uint32(labels[base, marker])
            place = _bin(probabilities[base, marker], bits, half, bins)
            places[marker] = row * np.uint32(bins) + np.uint32(place)
        if all_known:
            for marker in range(markers):
                counts[places[marker]] += np.uint32(1)
        else:
            for marker in range(markers):
                counts[places[marker]] += np.uint32(known[base, marker])


@compiled
def _count_segments(
    records: Records,
    firsts: Positions,
    origins: Positions,
    lengths: Positions,
    edges: Positions,
    strata: npt.NDArray[np.int32],
    counts: Counts,
    stratum_counts: Counts,
    to_coarse: npt.NDArray[np.int32],
    reached: Positions,
    bits: int,
    half: int,
) -> int:
    """Add all up; returns the first section that is unsound, or -1."""
    last = len(strata)
    for section in range(len(origins)):
        origin = origins[section]
        behind = origin + lengths[section]
        first, until_record = firsts[section], firsts[section + 1]
        if first == until_record:
            continue
        reached[0] = max(reached[0], origin)
        begin = origin + np.int64(records[first]["start"])
        stretch = int(np.searchsorted(edges, begin, side="right")) - 1
        for index in range(first, until_record):
            start = origin + np.int64(records[index]["start"])
            end = origin + np.int64(records[index]["end"])
            value = records[index]["value"]
            if not (
                reached[0] <= start < end <= behind and np.float32(0) <= value <= np.float32(1)
            ):
                return section
            reached[0] = end
            place = _bin(value, bits, half, counts.shape[1])
            coarse = to_coarse[place]
            while start < end:
                while stretch < last and edges[stretch + 1] <= start:
                    stretch += 1
                if stretch == last:
                    break
                until = min(end, edges[stretch + 1])
                stratum = strata[stretch]
                if stratum >= 0:
                    counts[stratum & 1, place] += until - start
                    stratum_counts[stratum, coarse] += until - start
                start = until
    return -1
