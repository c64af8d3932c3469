"""Tandem repeats in which most markers have peaks: found when tracks are made, in `repeats.bed`.

There is no such place in measured peaks but at promoters; a network that looks for motifs finds
one hundreds of times in a tandem repeat, and may call every marker there (docs/predict.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regtrack.atomic import write_text
from regtrack.errors import InputError
from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import Regions, total_bases
from regtrack.genome.repeats import LONGEST_UNIT, REACH, repeat_units
from regtrack.listing import counted
from regtrack.tracks.segments import Records

REPEATS = "repeats.bed"

# Of fewer markers with peaks, more than half may well have one at the same place.
FEWEST_MARKERS = 10

# Where more than half of the markers have a peak: 0-based, half-open, on a chromosome.
CROWDED = np.dtype([("start", "<u4"), ("end", "<u4")])

# Crowded stretches at most so many bases apart are one; shorter ones are none.
_MAX_GAP = 100
_LEAST = 100

# Bases whose sequence is read at once.
_READ_BASES = 1_000_000


@dataclass(frozen=True)
class RepeatCounts:
    """What `tracks.json` says of `repeats.bed`: how many stretches it has, and their bases."""

    stretches: int
    bases: int

    @classmethod
    def of(cls, repeats: Sequence[Repeat]) -> RepeatCounts:
        """Those of some repeats, which are disjoint."""
        return cls(len(repeats), sum(one.end - one.start for one in repeats))

    def describe(self) -> str:
        """In words, without where they are."""
        repeats = counted(self.stretches, "tandem repeat")
        return f"{repeats} ({self.bases:,} bases) with peaks of more than half of all markers"


@dataclass(frozen=True)
class Repeat:
    """A crowded stretch that is mostly a tandem repeat; 0-based, half-open.

    Parameters
    ----------
    unit
        Bases of what is repeated in most of it.
    """

    chrom: str
    start: int
    end: int
    unit: int


def crowded_stretches(peaks: Records, markers: int) -> Records:
    """CROWDED: where more than half of some markers have a peak; of few markers, nowhere.

    Parameters
    ----------
    peaks
        With `start` and `end`, in any order; those of one marker are disjoint.
    markers
        How many may have peaks.
    """
    if markers < FEWEST_MARKERS or 2 * len(peaks) <= markers:
        return np.empty(0, CROWDED)
    at = np.concatenate((peaks["start"], peaks["end"]))
    steps = np.repeat((1, -1), len(peaks))
    # Where one ends and another begins, their number does not fall.
    order = np.lexsort((-steps, at))
    at, depth = at[order], np.cumsum(steps[order])
    is_crowded = np.concatenate(([False], 2 * depth > markers))
    edges = np.flatnonzero(is_crowded[1:] != is_crowded[:-1])
    found = np.empty(len(edges) // 2, CROWDED)
    found["start"], found["end"] = at[edges[::2]], at[edges[1::2]]
    return found[found["start"] < found["end"]]


def find_repeats(genome: Genome, crowded: Iterable[tuple[str, Records]]) -> list[Repeat]:
    """The crowded stretches of which more than half of the bases lie in tandem repeats.

    Parameters
    ----------
    crowded
        CROWDED of consecutive blocks, each with its chromosome, from left to right.

    Raises
    ------
    InputError, OSError
        When the sequence cannot be read.
    """
    found = []
    for chrom, start, end in _joined(crowded):
        units = _units(genome, chrom, start, end)
        if 2 * sum(units[1:]) > end - start:
            found.append(Repeat(chrom, start, end, int(np.argmax(units[1:])) + 1))
    return found


def write_repeats(folder: Path, repeats: Iterable[Repeat]) -> None:
    """Write `repeats.bed`; the name of each is the length of its unit, `27bp`."""
    lines = (f"{one.chrom}\t{one.start}\t{one.end}\t{one.unit}bp\n" for one in repeats)
    write_text(folder / REPEATS, "".join(lines))


def read_repeats(folder: Path, counts: RepeatCounts, chrom_sizes: Mapping[str, int]) -> Regions:
    """Where they are.

    Raises
    ------
    InputError
        When the file is not the one that was written.
    OSError
        When it cannot be read.
    """
    repeats = read_bed(folder / REPEATS, chrom_sizes)
    if total_bases(repeats) != counts.bases:
        raise InputError(
            folder / REPEATS,
            f"has {total_bases(repeats):,} bases, but tracks.json names {counts.bases:,}",
        )
    return repeats


def _joined(crowded: Iterable[tuple[str, Records]]) -> Iterator[tuple[str, int, int]]:
    """Crowded stretches over small gaps and the ends of blocks; no short ones."""
    last: tuple[str, int, int] | None = None
    for chrom, stretches in crowded:
        for start, end in stretches.tolist():
            if last and last[0] == chrom and start - last[2] <= _MAX_GAP:
                last = (chrom, last[1], end)
                continue
            if last and last[2] - last[1] >= _LEAST:
                yield last
            last = (chrom, start, end)
    if last and last[2] - last[1] >= _LEAST:
        yield last


def _units(genome: Genome, chrom: str, start: int, end: int) -> list[int]:
    """How many bases of a stretch lie in a repeat of each length of unit, 0 for none."""
    counts = np.zeros(LONGEST_UNIT + 1, np.int64)
    for first in range(start, end, _READ_BASES):
        behind = min(first + _READ_BASES, end)
        codes = genome.codes(chrom, first - REACH, behind + REACH)
        counts += np.bincount(repeat_units(codes)[REACH:-REACH], minlength=len(counts))
    listed: list[int] = counts.tolist()
    return listed
