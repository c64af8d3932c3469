"""Made-up tandem repeats in training windows, in which no marker has a peak.

A network that looks for motifs at every base finds one of them hundreds of times in a tandem
repeat, more than anywhere in real training sequence, and calls every marker there. From made-up
ones it learns not to (docs/results.md).
"""

from __future__ import annotations

import numpy as np

from regtrack.genome.fasta import Codes
from regtrack.genome.intervals import Positions

# Bases of a unit, and of all its copies together.
_SHORTEST_UNIT, _LONGEST_UNIT = 6, 60
_SHORTEST, _LONGEST = 300, 3_000

# Share of the repeats whose unit is cut from a peak of the window, where it has one.
_FROM_PEAKS = 0.8

# Shares of letters that are drawn anew, each in a third of the repeats: copies differ in life.
_CHANGED = (0.0, 0.02, 0.08)


def put_repeat(
    codes: Codes, peaks: Positions, random: np.random.Generator
) -> tuple[Codes, Positions]:
    """A window with a tandem repeat somewhere, in place of what was there.

    Parameters
    ----------
    codes
        uint8 (length,).
    peaks
        int64 (n, 3): marker, start and end within the window.

    Returns
    -------
    codes, peaks
        Copies. Of a peak that reaches into the repeat, the parts outside are left.
    """
    start, repeat = made_repeat(codes, peaks, random)
    end = start + len(repeat)
    codes = codes.copy()
    codes[start:end] = repeat
    return codes, _outside(peaks, start, end)


def made_repeat(codes: Codes, peaks: Positions, random: np.random.Generator) -> tuple[int, Codes]:
    """A tandem repeat for a window, and where it begins.

    Parameters
    ----------
    codes, peaks
        As `put_repeat`: what the unit may be cut from, four times in five; without peaks, it is
        letters by chance.
    """
    most = min(_LONGEST, len(codes) // 2)
    length = int(random.integers(min(_SHORTEST, most), most, endpoint=True))
    start = int(random.integers(0, len(codes) - length, endpoint=True))
    unit = _unit(codes, peaks, random)
    repeat = np.resize(unit, length)
    changed = random.random(length) < _CHANGED[random.integers(len(_CHANGED))]
    repeat[changed] = random.integers(1, 5, changed.sum())
    return start, repeat


def _unit(codes: Codes, peaks: Positions, random: np.random.Generator) -> Codes:
    """What is repeated: a stretch of a peak, or letters by chance; never N."""
    length = min(int(random.integers(_SHORTEST_UNIT, _LONGEST_UNIT, endpoint=True)), len(codes))
    letters = random.integers(1, 5, length).astype(np.uint8)
    if not len(peaks) or random.random() >= _FROM_PEAKS:
        return letters
    _, start, end = peaks[random.integers(len(peaks))].tolist()
    middle = int(random.integers(start, end))
    first = min(max(middle - length // 2, 0), len(codes) - length)
    cut = codes[first : first + length]
    return np.where(cut > 0, cut, letters)


def _outside(peaks: Positions, start: int, end: int) -> Positions:
    """The parts of peaks left and right of [start, end)."""
    left, right = peaks.copy(), peaks.copy()
    left[:, 2] = np.minimum(left[:, 2], start)
    right[:, 1] = np.maximum(right[:, 1], end)
    parts = np.concatenate((left, right))
    return parts[parts[:, 1] < parts[:, 2]]
