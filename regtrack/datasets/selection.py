"""Which windows of a genome's grid are kept, in which split, and why the rest is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from regtrack.datasets.settings import SPLITS, PrepareSettings
from regtrack.datasets.windows import Windows
from regtrack.errors import ArgumentError, InputError
from regtrack.genome.alternative import tell_left_out, without_peaks
from regtrack.genome.assemblies import describe, describe_other
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import (
    EMPTY,
    Interval,
    IntervalSet,
    Positions,
    Regions,
    intersect,
    total_bases,
)
from regtrack.genome.names import nothing_in_common, resolve_chrom
from regtrack.genome.regions import read_regions
from regtrack.genome.unknown_sequence import longest_sequence
from regtrack.observer import Observer, staged
from regtrack.tracks.bigwig_sections import BigWigSections


class Excluded:
    """Excluded bases, given one chromosome at a time: mappability is a large file.

    Parameters
    ----------
    exclude
        BED files.
    mappability
        BigWig. On the chromosomes that it has, bases with a value under `minimum`, or
        without one, are excluded.
    chrom_sizes
        Length of every chromosome of the genome, in bases.
    clip
        As `regtrack.genome.bed.Rules`, for BED files.

    Raises
    ------
    InputError
        As `BedFiles.excluded`; when `mappability` is not a BigWig, has no chromosome in common
        with the genome, or has one of another length.
    """

    def __init__(
        self,
        exclude: Sequence[Path],
        mappability: Path | None,
        minimum: float,
        chrom_sizes: Mapping[str, int],
        clip: bool = False,
    ) -> None:
        files = BedFiles(chrom_sizes, clip)
        self._listed = [files.excluded(path) for path in exclude]
        files.tell()
        self._mappability = mappability
        self._minimum = minimum
        self._chrom_sizes = chrom_sizes
        self._spelling: dict[str, str] = {}
        if mappability is not None:
            with BigWigSections(mappability) as reader:
                self._spelling = _common(mappability, reader.chrom_sizes, chrom_sizes)

    def on(self, chrom: str) -> IntervalSet:
        """The excluded bases of a chromosome."""
        sets = [regions[chrom] for regions in self._listed if chrom in regions]
        if self._mappability is not None and chrom in self._spelling:
            size = self._chrom_sizes[chrom]
            with BigWigSections(self._mappability) as reader:
                mapped = reader.at_least(Interval(self._spelling[chrom], 0, size), self._minimum)
            sets.append(IntervalSet.of([0], [size]).minus(mapped))
        return IntervalSet.union(sets)


def _common(path: Path, sizes: Mapping[str, int], chrom_sizes: Mapping[str, int]) -> dict[str, str]:
    """The file's spelling of each chromosome of the genome that it has."""
    spelling = {}
    for name, size in sizes.items():
        chrom = resolve_chrom(name, chrom_sizes)
        if chrom is None:
            continue
        if size != chrom_sizes[chrom]:
            raise InputError(
                path,
                f"is of {describe(sizes, name)}, but the genome is "
                f"{describe_other(chrom_sizes, chrom, sizes)}",
            )
        spelling[chrom] = name
    if not spelling:
        raise nothing_in_common(path, sizes, chrom_sizes)
    return spelling


# Why a stretch of a chromosome is dropped, in the order of the checks.
OUTSIDE, UNKNOWN, EXCLUDED, PARTIAL = REASONS = ("outside", "N", "excluded", "partial")

Choice = npt.NDArray[np.bool_]
Splits = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Selection:
    """Every window of a genome, kept or dropped.

    Parameters
    ----------
    kept
        Per split, its windows.
    dropped
        Stretches that are not kept as windows, sorted, each with one of `REASONS`.
    known
        The bases of the kept windows that are not N.
    """

    kept: Mapping[str, Windows]
    dropped: Sequence[tuple[Interval, str]]
    known: Regions

    def known_in(self, split: str) -> dict[str, IntervalSet]:
        """The bases of a split's windows that are not N."""
        return intersect(self.known, self.kept[split].regions())


def most_bases(share: float, length: int) -> int:
    """The largest number of bases that is not more than a share: exact for the decimal typed."""
    return int(Fraction(str(share)) * length)


def drop_windows(
    windows: Windows,
    known: Regions,
    excluded: Callable[[str], IntervalSet],
    max_unknown: float,
    max_excluded: float,
) -> tuple[Choice, Choice]:
    """Which windows are too much N, and which of the others too much excluded; bool (n,) each."""
    unknown = windows.length - windows.count(bases_of(known))
    too_unknown = unknown > most_bases(max_unknown, windows.length)
    out = windows.count(excluded) > most_bases(max_excluded, windows.length)
    return too_unknown, out & ~too_unknown


def assign_regions(windows: Windows, regions: Mapping[str, Regions]) -> Splits:
    """Split of every window by the regions that hold it whole; -1 where none does.

    Parameters
    ----------
    regions
        Per split, its regions. Without those of `train`, all windows train that touch no
        region of another split.

    Raises
    ------
    ArgumentError
        When a window lies in regions of two splits.
    """
    split = np.full(len(windows), -1, dtype=np.int8)
    touched = np.zeros(len(windows), dtype=bool)
    for number, name in enumerate(SPLITS):
        if name not in regions:
            continue
        inside = windows.count(bases_of(regions[name]))
        whole = inside == windows.length
        twice = np.flatnonzero(whole & (split >= 0))
        if len(twice):
            first = int(twice[0])
            raise ArgumentError(
                name,
                f"overlaps --{SPLITS[split[first]]}: both hold the window {windows[first]}",
            )
        split[whole] = number
        touched |= inside > 0
    if SPLITS[0] not in regions:
        split[~touched] = 0
    return split


def assign_randomly(count: int, shares: Sequence[Fraction], seed: int) -> Splits:
    """Split of each of `count` windows at random, in numbers nearest to the shares.

    The same on every platform: numpy promises only of the raw numbers of its generators that
    they stay as they are, so windows are ordered by those.
    """
    valid, test = (int(share * count + Fraction(1, 2)) for share in shares[1:])
    order = np.argsort(np.random.PCG64(seed).random_raw(count), kind="stable")
    split = np.zeros(count, dtype=np.int8)
    split[order[:valid]] = 1
    split[order[valid : valid + test]] = 2
    return split


def bases_of(regions: Regions) -> Callable[[str], IntervalSet]:
    """The bases of a chromosome, none where the regions have none."""
    return lambda chrom: regions.get(chrom, EMPTY)


def select_windows(settings: PrepareSettings, genome: Genome, observer: Observer) -> Selection:
    """Choose the windows of a dataset.

    Raises
    ------
    ArgumentError
        For a window in two splits, or a split without any window; only `test` may be empty, when
        splits are by region.
    InputError
        For regions or files that cannot be used.
    """
    sizes = genome.chrom_sizes
    regions = {
        name: read_regions(texts, sizes, settings.clip, left_out=without_peaks)
        for name in SPLITS
        if (texts := getattr(settings, name))
    }
    excluded = Excluded(
        settings.exclude, settings.mappability, settings.min_mappability, sizes, settings.clip
    )
    grid = Windows.grid(sizes, settings.window)
    split = assign_regions(grid, regions) if regions else np.zeros(len(grid), dtype=np.int8)
    split[_unnamed(grid, sizes, regions)] = -1
    inside = np.flatnonzero(split >= 0)
    candidates = grid.choose(inside)
    known = _scan(genome, candidates.regions(), observer)
    too_unknown, too_excluded = drop_windows(
        candidates, known, excluded.on, settings.max_unknown, settings.max_excluded
    )
    kept = inside[~(too_unknown | too_excluded)]
    if not regions:
        split[kept] = assign_randomly(len(kept), settings.shares(), settings.seed)
    windows = {name: grid.choose(kept[split[kept] == at]) for at, name in enumerate(SPLITS)}
    dropped = {
        OUTSIDE: np.flatnonzero(split < 0),
        UNKNOWN: inside[too_unknown],
        EXCLUDED: inside[too_excluded],
    }
    for name, chosen in windows.items():
        if not len(chosen) and (name != "test" or not regions or regions.get("test")):
            counts = ", ".join(
                f"{len(where):,} {why}" for why, where in dropped.items() if len(where)
            )
            where = ""
            if len(dropped[UNKNOWN]):  # it reads whole chromosomes
                chroms = regions.get(name) or sizes
                where = f"; {longest_sequence(chroms, genome, settings.window)}"
            raise ArgumentError(
                name if regions else "split",
                f"no window of {settings.window:,} bases left for {name}; "
                f"{len(kept):,} are kept in all, and dropped are: {counts or 'none'}{where}",
            )
    known_kept = intersect(known, grid.choose(kept).regions())
    return Selection(windows, _list_dropped(grid, dropped, sizes), known_kept)


def _unnamed(
    grid: Windows, chrom_sizes: Mapping[str, int], regions: Mapping[str, Regions]
) -> Choice:
    """Windows where no peaks are measured, unless a region named their sequence; bool (n,)."""
    named = {chrom for where in regions.values() for chrom in where}
    aside = [chrom for chrom in without_peaks(chrom_sizes) if chrom not in named]
    tell_left_out(aside, chrom_sizes)
    numbers = [number for number, chrom in enumerate(chrom_sizes) if chrom in set(aside)]
    return np.isin(grid.chrom, numbers)


def _scan(genome: Genome, regions: Regions, observer: Observer) -> dict[str, IntervalSet]:
    """The bases of some regions that are not N."""
    known: dict[str, IntervalSet] = {}
    with staged(observer, "scanning sequence", "bp", total_bases(regions)) as advance:
        for chrom, intervals in regions.items():
            known |= genome.known({chrom: intervals})
            advance(intervals.bases)
    return known


def _list_dropped(
    grid: Windows, dropped: Mapping[str, Positions], chrom_sizes: Mapping[str, int]
) -> list[tuple[Interval, str]]:
    """Dropped windows, and ends of chromosomes that are shorter than a window, sorted."""
    reasons = {int(index): why for why, where in dropped.items() for index in where}
    stretches: list[tuple[Interval, str]] = []
    for number, (chrom, size) in enumerate(chrom_sizes.items()):
        here = grid.on(number)
        stretches += [
            (grid[at], reasons[at]) for at in range(here.start, here.stop) if at in reasons
        ]
        if size % grid.length:
            stretches.append((Interval(chrom, size - size % grid.length, size), PARTIAL))
    return stretches
