"""Folds: windows in stretches, each fold in turn what networks are tested on and never see."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.selection import bases_of
from regtrack.datasets.settings import SPLITS
from regtrack.datasets.windows import Windows
from regtrack.errors import ArgumentError, InputError
from regtrack.genome.intervals import IntervalSet, Positions, Regions
from regtrack.genome.names import resolve_chrom
from regtrack.genome.textfile import read_lines
from regtrack.listing import counted

# A fold has so many stretches, from all over the genome, unless these would be of fewer windows.
_MOST_STRETCHES = 4
_LEAST_WINDOWS = 8
# One window in so many chooses the checkpoint.
_CHOOSING = 10

_COLUMNS = 4
_PASSED_OVER = ("#", "track", "browser")


@dataclass(frozen=True)
class Folds:
    """Which fold each window of a dataset is in.

    Parameters
    ----------
    windows
        All of the dataset, whatever their split was.
    names
        Of the folds, in order; at least two.
    of_window
        int64 (windows,): number of the fold, from 0; -1 of a window that is in none, and never
        tested.
    """

    windows: Windows
    names: tuple[str, ...]
    of_window: Positions

    def table(self) -> str:
        """As `read_folds` reads them: BED, with a row for each stretch of a fold."""
        rows: list[list[int]] = []
        numbers = self.of_window.tolist()
        places = zip(self.windows.chrom.tolist(), self.windows.start.tolist(), strict=True)
        for number, (chrom, start) in zip(numbers, places, strict=True):
            if number < 0:
                continue
            end = start + self.windows.length
            if rows and rows[-1][0] == chrom and rows[-1][2:] == [start, number]:
                rows[-1][2] = end
            else:
                rows.append([chrom, start, end, number])
        return "".join(
            f"{self.windows.chroms[chrom]}\t{start}\t{end}\t{self.names[number]}\n"
            for chrom, start, end, number in rows
        )

    def sizes(self) -> list[int]:
        """Number of windows of each fold."""
        numbers: list[int] = np.bincount(
            self.of_window[self.of_window >= 0], minlength=len(self.names)
        ).tolist()
        return numbers


class Parts(NamedTuple):
    """What the windows are for while one fold is tested.

    Parameters
    ----------
    splits
        Windows by `train`, `valid` (which choose the checkpoint) and `test`.
    left_out
        Number of windows that are for nothing: too near to the others' edges.
    """

    splits: Mapping[str, Windows]
    left_out: int


def windows_of(dataset: DenseDataset) -> Windows:
    """All windows of a dataset, in the order of the genome."""
    parts = [dataset.windows(split) for split in SPLITS]
    chrom, start = (np.concatenate([getattr(part, name) for part in parts]) for name in _SORTED)
    order = np.lexsort((start, chrom))
    return Windows(parts[0].chroms, chrom[order], start[order], dataset.window)


_SORTED = ("chrom", "start")


def count_gc(dataset: DenseDataset, windows: Windows) -> Positions:
    """Bases of each window that are G or C; int64 (windows,)."""
    counts = np.zeros(len(windows), np.int64)
    for number in range(len(windows)):
        chrom, start, end = (getattr(windows[number], name) for name in ("chrom", "start", "end"))
        codes = dataset.genome.codes(chrom, start, end)
        counts[number] = np.count_nonzero((codes > 0) & (codes % 2 == 0))  # C is 2, G is 4
    return counts


def make_folds(windows: Windows, gc: Positions, number: int) -> Folds:
    """Cut windows into stretches, and deal these out so that folds are alike.

    The same every time. Sizes of folds differ by a window at most. A fold has up to four stretches,
    of eight windows at least, and of all ways to deal them out that swapping two of them leads to,
    it is the one in which the G and C of folds differ least.

    Parameters
    ----------
    gc
        int64 (windows,): bases of each window that are G or C.
    number
        Of folds.

    Raises
    ------
    ArgumentError
        When there are fewer than two folds, or not even two windows for each.
    """
    if number < 2:
        raise ArgumentError("folds", f"expected 2 or more, got {number}")
    if len(windows) < 2 * number:
        raise ArgumentError(
            "folds", f"{number} are too many for {counted(len(windows), 'window')}; expected fewer"
        )
    each = max(1, min(_MOST_STRETCHES, len(windows) // (number * _LEAST_WINDOWS)))
    cuts = np.arange(number * each) * len(windows) // (number * each)
    dealt = _dealt(np.add.reduceat(gc, cuts).tolist(), number)
    names: dict[int, int] = {}  # the first stretch is of the first fold, and so on
    fold_of = [names.setdefault(fold, len(names)) for fold in dealt]
    lengths = _lengths(fold_of, len(windows), number)
    return Folds(
        windows,
        tuple(str(place + 1) for place in range(number)),
        np.repeat(np.array(fold_of, np.int64), lengths),
    )


def _dealt(weights: Sequence[int], number: int) -> list[int]:
    """Fold of each stretch: as many for each, and weights as equal as swaps make them."""
    order = sorted(range(len(weights)), key=lambda place: (-weights[place], place))
    fold_of = [0] * len(weights)
    for rank, place in enumerate(order):
        turn, column = divmod(rank, number)
        fold_of[place] = number - 1 - column if turn % 2 else column
    totals = [0] * number
    for place, fold in enumerate(fold_of):
        totals[fold] += weights[place]
    while True:
        # By how much a swap changes the sum of squares, whose least is that of equal folds.
        gains = [
            (2 * more * (more - totals[fold_of[one]] + totals[fold_of[other]]), one, other)
            for one in range(len(weights))
            for other in range(len(weights))
            if (more := weights[one] - weights[other]) > 0 and fold_of[one] != fold_of[other]
        ]
        gain, one, other = min(gains, default=(0, 0, 0))
        if gain >= 0:
            return fold_of
        more = weights[one] - weights[other]
        totals[fold_of[one]] -= more
        totals[fold_of[other]] += more
        fold_of[one], fold_of[other] = fold_of[other], fold_of[one]


def _lengths(fold_of: Sequence[int], windows: int, number: int) -> list[int]:
    """Windows of each stretch, so that folds differ by one at most."""
    each = len(fold_of) // number
    seen = [0] * number
    lengths = []
    for fold in fold_of:
        size = windows // number + (fold < windows % number)
        first, last = (size * turn // each for turn in (seen[fold], seen[fold] + 1))
        lengths.append(last - first)
        seen[fold] += 1
    return lengths


def read_folds(path: Path, windows: Windows, chrom_sizes: Mapping[str, int]) -> Folds:
    """Read folds from a BED file: a fold's name stands in the fourth column.

    A window is in a fold whose rows hold all of it. Rows on chromosomes that the genome does not
    have are left out.

    Raises
    ------
    InputError
        For a line that is not BED with a name, a row past its chromosome's end, fewer than two
        names, a fold without a window, or a window in two folds.
    OSError
        When the file cannot be read.
    """
    rows: dict[str, dict[str, list[tuple[int, int]]]] = {}
    for line, text in read_lines(path):
        if not text.strip() or text.startswith(_PASSED_OVER):
            continue
        try:
            spelled, start, end, name = text.split("\t")[:_COLUMNS]
            begin, behind = int(start), int(end)
        except ValueError:
            raise InputError(
                path, "expected chromosome, start, end and a fold's name, with tabs", line
            ) from None
        of_fold = rows.setdefault(name.strip(), {})
        chrom = resolve_chrom(spelled, chrom_sizes)
        if chrom is None:
            continue
        if not 0 <= begin < behind <= chrom_sizes[chrom]:
            raise InputError(
                path, f"expected 0 <= start < end <= {chrom_sizes[chrom]:,} on {chrom}", line
            )
        of_fold.setdefault(chrom, []).append((begin, behind))
    if len(rows) < 2:
        raise InputError(path, f"has {counted(len(rows), 'fold')}; expected two or more names")
    of_window = np.full(len(windows), -1, np.int64)
    for number, (name, by_chrom) in enumerate(rows.items()):
        regions = {
            chrom: IntervalSet.of(*zip(*some, strict=True)) for chrom, some in by_chrom.items()
        }
        inside = windows.count(bases_of(regions)) == windows.length
        if not inside.any():
            raise InputError(path, f"no window of the dataset lies in fold {name!r}")
        if (of_window[inside] >= 0).any():
            first = int(np.flatnonzero(inside & (of_window >= 0))[0])
            twice = list(rows)[int(of_window[first])]
            raise InputError(path, f"window {windows[first]} is in folds {twice!r} and {name!r}")
        of_window[inside] = number
    return Folds(windows, tuple(rows), of_window)


def split_by_fold(dataset: DenseDataset, folds: Folds, number: int, reach: int) -> Parts:
    """What each window is for while one fold is tested.

    One window in ten, the first ones of the next fold, chooses the checkpoint. A window is for
    nothing if it is nearer than `reach` to a tested base, so that a prediction there would see
    what was trained on, or if a peak goes on from it into a tested window, which would give away
    where the peak ends. The same holds between the windows that choose and those that train.

    Parameters
    ----------
    number
        Of the fold, from 0.
    reach
        Bases, 1 at least.

    Raises
    ------
    ArgumentError
        When nothing is left to train on, or to choose by.
    """
    windows = folds.windows
    tested = folds.of_window == number
    after = (number + 1) % len(folds.names)
    near = _near(dataset, windows, tested, reach)
    could = np.flatnonzero((folds.of_window == after) & ~near)
    chooses = np.zeros(len(windows), np.bool_)
    chooses[could[: max(1, len(windows) // _CHOOSING)]] = True
    near |= _near(dataset, windows, chooses, reach)
    trains = ~(tested | chooses | near)
    for what, chosen in ("choose the checkpoint by", chooses), ("train on", trains):
        if not chosen.any():
            raise ArgumentError(
                "folds", f"no window is left to {what} while {folds.names[number]} is tested"
            )
    chosen = dict(zip(SPLITS, (trains, chooses, tested), strict=True))
    return Parts(
        {split: windows.choose(which) for split, which in chosen.items()},
        len(windows) - sum(int(which.sum()) for which in chosen.values()),
    )


def _near(
    dataset: DenseDataset, windows: Windows, chosen: npt.NDArray[np.bool_], reach: int
) -> npt.NDArray[np.bool_]:
    """Which windows are too near to some that are chosen, or share a peak with them."""
    regions = windows.choose(chosen).regions()
    bases = functools.cache(lambda chrom: _around(dataset, regions, chrom, reach))
    return (windows.count(bases) > 0) & ~chosen


def _around(dataset: DenseDataset, regions: Regions, chrom: str, reach: int) -> IntervalSet:
    """The bases of a chromosome near some regions, and those of peaks that reach into them."""
    if chrom not in regions:
        return IntervalSet.of([], [])
    inside = regions[chrom]
    peaks = dataset.labels.all_peaks(chrom)
    shared = inside.bases_before(peaks.ends) > inside.bases_before(peaks.starts)
    return IntervalSet.of(
        np.concatenate((np.maximum(inside.starts - reach, 0), peaks.starts[shared])),
        np.concatenate((inside.ends + reach, peaks.ends[shared])),
    )
